/**
 * The platforms' public keys (RFC 7517), kept for minutes: a launch does not wait for the LMS, also not for one that is slow to say
 * them again. A key id that
 * is not known asks again at once, so that an LMS may change keys at any moment; not more often than every few
 * seconds, so that forged tokens do not make us hammer it.
 */
import { type KeyObject, createPublicKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Reach } from '../reach.ts'
import { askLms } from './lms-fetch.ts'

const FRESH_MS = 5 * 60_000
/** While the LMS does not answer, what it said last holds for so long. */
const STALE_MS = 60 * 60_000
const AGAIN_MS = 5_000
/** So long the first launch of those minutes waits to hear whether a key that is known still is one. */
const HEAR_MS = 1_000
/** Below this an RSA key is not one (NIST SP 800-131A). */
const LEAST_BITS = 2048

const keySetAnswer = z.object({ keys: z.array(z.looseObject({ kid: z.string().optional() })) })

export type FoundKey = { key: KeyObject } | { failure: 'unknown' | 'unreachable'; detail: string }

type KeySet = { keys: Map<string, KeyObject>; readAtMs: number; askedAtMs: number }

export type KeySets = { find(url: string, kid: string): Promise<FoundKey> }

export function openKeySets(parts: { reach: Reach; now(): Date }): KeySets {
  const sets = new Map<string, KeySet>()
  const asking = new Map<string, Promise<string | undefined>>()

  /** Reads the key set anew, one question at a time; answers what went wrong. */
  const refresh = (url: string): Promise<string | undefined> => {
    const running = asking.get(url)
    if (running) return running
    const question = readKeySet(parts.reach, url)
      .then((read) => {
        const at = parts.now().getTime()
        const known = sets.get(url)
        if ('keys' in read) sets.set(url, { keys: read.keys, readAtMs: at, askedAtMs: at })
        else if (known) known.askedAtMs = at
        return 'failure' in read ? read.failure : undefined
      })
      .finally(() => asking.delete(url))
    asking.set(url, question)
    return question
  }

  const after = (failure: string | undefined, url: string, kid: string): FoundKey => {
    const set = sets.get(url)
    const key = set?.keys.get(kid)
    const isStale = !set || parts.now().getTime() - set.readAtMs > STALE_MS
    if (failure && isStale) return { failure: 'unreachable', detail: failure }
    return key ? { key } : { failure: 'unknown', detail: kid }
  }

  return {
    async find(url, kid) {
      const [set, nowMs] = [sets.get(url), parts.now().getTime()]
      const known = usable(set, kid, nowMs)
      if (known) return known
      const held = heldKey(set, kid, nowMs)
      if (!held) return after(await refresh(url), url, kid)
      if (asking.has(url)) return held
      const question = refresh(url).then((failure) => ({ failure }))
      const heard = await Promise.race([question, sleep(HEAR_MS, undefined, { ref: false })])
      return heard ? after(heard.failure, url, kid) : held
    },
  }
}

/** A key that holds until the LMS says otherwise, for an hour. */
function heldKey(set: KeySet | undefined, kid: string, nowMs: number): FoundKey | undefined {
  const key = set && nowMs - set.readAtMs <= STALE_MS ? set.keys.get(kid) : undefined
  return key && { key }
}

/** What can be answered without asking the LMS. */
function usable(set: KeySet | undefined, kid: string, nowMs: number): FoundKey | undefined {
  if (!set) return undefined
  const key = set.keys.get(kid)
  if (key && nowMs - set.readAtMs < FRESH_MS) return { key }
  if (nowMs - set.askedAtMs >= AGAIN_MS) return undefined
  if (nowMs - set.readAtMs > STALE_MS) return { failure: 'unreachable', detail: 'asked just now' }
  return key ? { key } : { failure: 'unknown', detail: kid }
}

async function readKeySet(
  reach: Reach,
  url: string,
): Promise<{ keys: Map<string, KeyObject> } | { failure: string }> {
  const answer = await askLms(reach, url)
  if ('failure' in answer) return { failure: `${answer.failure}: ${answer.detail}` }
  const parsed = keySetAnswer.safeParse(answer.json)
  if (!parsed.success) return { failure: `${url} does not answer a key set` }
  const keys = parsed.data.keys.flatMap((jwk) => {
    const key = jwk.kid && signingKey(jwk)
    return key ? [[jwk.kid ?? '', key] as const] : []
  })
  return { keys: new Map(keys) }
}

/** Undefined for anything but a sound RSA signing key: one odd key must not spoil the others. */
function signingKey(jwk: Record<string, unknown>): KeyObject | undefined {
  if (jwk['kty'] !== 'RSA' || (jwk['use'] ?? 'sig') !== 'sig') return undefined
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    return bits >= LEAST_BITS ? key : undefined
  } catch {
    return undefined
  }
}
