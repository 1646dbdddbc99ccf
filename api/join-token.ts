/**
 * What stands in the address at which a course is joined:
 *
 *   key id "." course key "." number of the address "." base64url(HMAC-SHA-256, 16 bytes)
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyRing } from './data/key-ring.ts'

export type Joining = { key: string; number: number }

export function joinToken(ring: KeyRing, { key, number }: Joining, keyId = ring.current): string {
  const mac = createHmac('sha256', ring.derive('course join', keyId)).update(`${key}\n${number}`)
  return `${keyId}.${key}.${number}.${mac.digest().subarray(0, 16).toString('base64url')}`
}

/** Undefined for what this installation did not make. */
export function readJoinToken(ring: KeyRing, token: string): Joining | undefined {
  const [, keyId = '', key = '', digits = ''] =
    /^([\w-]+)\.([a-z0-9-]+)\.(\d{1,9})\.[\w-]{22}$/.exec(token) ?? []
  const joining = { key, number: Number(digits) }
  try {
    const ours = Buffer.from(keyId && joinToken(ring, joining, keyId))
    const given = Buffer.from(token)
    return given.length === ours.length && timingSafeEqual(given, ours) ? joining : undefined
  } catch {
    // The key has left the ring.
    return undefined
  }
}
