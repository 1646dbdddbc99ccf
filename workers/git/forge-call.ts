/** The one place that asks a forge. The token goes into one header, and into nothing that is said or kept. */
import type { Ask } from './forge.ts'

const ANSWER_MS = 15_000
const MOST_WAIT_MS = 3_600_000
const ANSWER_SHOWN = 200

/** Nothing can be said to it now: it is away, wants to be left alone for a while, or does not know us. */
export class ForgeAway extends Error {
  retryAfterMs: number | undefined
  constructor(message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
  }
}

/** It has something against this one question. */
export class ForgeRefused extends Error {
  status: number
  answer: string
  constructor(message: string, status: number, answer: string) {
    super(message)
    this.status = status
    this.answer = answer
  }
}

export type Call = (ask: Ask) => Promise<unknown>

/** @param token read at each pass: it may be another by then */
export function forgeCall(api: string, token: string, now: () => Date): Call {
  return async ({ method, path, json }) => {
    const host = new URL(api).host
    let response: Response
    let text: string
    try {
      response = await fetch(`${api}${path}`, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS),
        headers: {
          ...{ accept: 'application/json', 'user-agent': 'labplan' },
          authorization: `Bearer ${token}`,
          ...(json !== undefined && { 'content-type': 'application/json' }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      })
      text = await response.text()
    } catch (cause) {
      throw new ForgeAway(`${host} did not answer (${reasonOf(cause)}).`, undefined, { cause })
    }
    if (response.ok) return parsed(host, text)
    throw refusalOf({ host, method, path, response, text }, now())
  }
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  if (!(inner instanceof Error)) return 'no reason given'
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message
}

function parsed(host: string, text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch (cause) {
    throw new ForgeAway(`${host} did not answer JSON: is LABPLAN_FORGE right?`, undefined, {
      cause,
    })
  }
}

type Refusal = { host: string; method: string; path: string; response: Response; text: string }

function refusalOf({ host, method, path, response, text }: Refusal, now: Date): Error {
  const { status, headers } = response
  const wait = waitOf(headers, now)
  // GitHub says 403 where others say 429.
  const isTooMuch = status === 429 || (status === 403 && wait !== undefined)
  if (isTooMuch) return new ForgeAway(`${host} asks us to wait (${status}).`, wait)
  if (status === 401)
    return new ForgeAway(
      `${host} does not know the token in LABPLAN_FORGE_TOKEN_FILE (401): make another.`,
    )
  if (status >= 500) return new ForgeAway(`${host} answered ${status}.`, wait)
  if (status >= 300 && status < 400)
    return new ForgeAway(`${host} sends us elsewhere (${status}): correct LABPLAN_FORGE_URL.`)
  const isList = method === 'GET' && path.includes('?')
  if (isList && (status === 403 || status === 404))
    return new ForgeAway(
      `${host} shows us no such repository (${status}): correct LABPLAN_FORGE_URL, or what the token may do.`,
    )
  const answer = text.slice(0, ANSWER_SHOWN).replaceAll(/\s+/g, ' ')
  return new ForgeRefused(
    `${host} answered ${status} to ${method} ${path}: ${answer}`,
    status,
    text,
  )
}

/** `Retry-After` in seconds or as a date; else when the limit is set anew, once nothing is left of it. */
function waitOf(headers: Headers, now: Date): number | undefined {
  const after = headers.get('retry-after')
  const left = headers.get('x-ratelimit-remaining') ?? headers.get('ratelimit-remaining')
  const reset = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset')
  const until = after === null ? NaN : Date.parse(after)
  const ms =
    after !== null && /^\d+$/.test(after)
      ? Number(after) * 1000
      : Number.isFinite(until)
        ? until - now.getTime()
        : left === '0' && reset !== null
          ? Number(reset) * 1000 - now.getTime()
          : NaN
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 1000), MOST_WAIT_MS) : undefined
}
