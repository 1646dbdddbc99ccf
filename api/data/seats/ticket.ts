/**
 * How a person gets from our pages into a seat: a ticket (in an address, 30 s, used once) becomes a pass
 * (the gateway's own cookie). Both are signed statements, checked without a database:
 *
 *   base64url(JSON) "." base64url(HMAC-SHA-256 under a key derived for this purpose)
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { KeyRing } from '../key-ring.ts'

/** Who may enter where: one person, one seat of one generation, one port's host name. */
export type Entry = { personId: string; seatId: string; generation: number; hostLabel: string }
/** `id` is used once; `expiresAt` is in milliseconds since 1970. */
export type Ticket = Entry & { id: string; expiresAt: number }
export type Pass = Entry & { expiresAt: number }

export const TICKET_SECONDS = 30
/** Longer than a class and than a day's work; what it opens is checked again at every request. */
export const PASS_SECONDS = 12 * 3600

const entry = z.strictObject({
  personId: z.string().min(1),
  seatId: z.string().min(1),
  generation: z.int().positive(),
  hostLabel: z.string().min(1),
  expiresAt: z.int(),
  key: z.string(),
})
const ticketBody = entry.extend({ id: z.string().min(1) })

/** A ticket for the address that `doorUrl` makes. The caller has checked that the person holds the seat. */
export function mintTicket(ring: KeyRing, holder: Entry, now: Date): string {
  const expiresAt = now.getTime() + TICKET_SECONDS * 1000
  return sign(ring, 'gateway ticket', { ...only(holder), id: randomUUID(), expiresAt })
}

/** The address that lets its bearer in, once; `to` is a path of the environment, `/` unless said. */
export function doorUrl(
  seatUrl: string,
  door: { hostLabel: string; ticket: string; to?: string },
): string {
  const url = new URL('/.labplan/enter', seatUrl)
  url.hostname = `${door.hostLabel}.${url.hostname}`
  url.searchParams.set('ticket', door.ticket)
  if (door.to !== undefined) url.searchParams.set('to', door.to)
  return url.href
}

/** The ticket when it is ours and still valid; whether it was used before is the gateway's to know. */
export function readTicket(ring: KeyRing, text: string, now: Date): Ticket | undefined {
  const body = read(ring, 'gateway ticket', text)
  const parsed = ticketBody.safeParse(body)
  if (!parsed.success || parsed.data.expiresAt <= now.getTime()) return undefined
  return { ...only(parsed.data), id: parsed.data.id, expiresAt: parsed.data.expiresAt }
}

export function mintPass(ring: KeyRing, holder: Entry, now: Date): string {
  const expiresAt = now.getTime() + PASS_SECONDS * 1000
  return sign(ring, 'gateway pass', { ...only(holder), expiresAt })
}

export function readPass(ring: KeyRing, text: string, now: Date): Pass | undefined {
  const parsed = entry.safeParse(read(ring, 'gateway pass', text))
  if (!parsed.success || parsed.data.expiresAt <= now.getTime()) return undefined
  return { ...only(parsed.data), expiresAt: parsed.data.expiresAt }
}

const only = ({ personId, seatId, generation, hostLabel }: Entry): Entry => ({
  personId,
  seatId,
  generation,
  hostLabel,
})

type Purpose = 'gateway ticket' | 'gateway pass'

function sign(ring: KeyRing, purpose: Purpose, statement: object): string {
  const body = Buffer.from(JSON.stringify({ ...statement, key: ring.current })).toString(
    'base64url',
  )
  return `${body}.${mac(ring, purpose, ring.current, body).toString('base64url')}`
}

/** The statement, when one of our keys signed it for this purpose. */
function read(ring: KeyRing, purpose: Purpose, text: string): unknown {
  const [body, signature, ...more] = text.split('.')
  if (!body || !signature || more.length > 0 || text.length > 2048) return undefined
  try {
    const statement: unknown = JSON.parse(Buffer.from(body, 'base64url').toString())
    // The key's name is read before it is trusted: an unknown one has no key, a known one must have signed.
    const { key } = z.object({ key: z.string() }).parse(statement)
    const wanted = mac(ring, purpose, key, body)
    const given = Buffer.from(signature, 'base64url')
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? statement : undefined
  } catch {
    return undefined
  }
}

function mac(ring: KeyRing, purpose: Purpose, keyId: string, body: string): Buffer {
  return createHmac('sha256', ring.derive(purpose, keyId)).update(body).digest()
}
