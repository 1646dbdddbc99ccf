/**
 * A page shown in another site's frame has a cookie of that frame only; a tab it opens has none. So a form
 * that opens a door in a new tab carries a pass: it stands for the login that the page was made for, for
 * that one door, and ends with it. base64url(login's hash) "." base64url(HMAC-SHA-256)
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyRing } from './data/key-ring.ts'

const PURPOSE = 'door pass'

export function doorPass(ring: KeyRing, door: { loginHash: Buffer; path: string }): string {
  return `${door.loginHash.toString('base64url')}.${mac(ring, door).toString('base64url')}`
}

/** The hash of the login that a pass for `path` stands for; undefined when it is not ours. */
export function loginOfPass(ring: KeyRing, pass: string, path: string): Buffer | undefined {
  const [hash = '', signature = ''] = pass.split('.')
  const loginHash = Buffer.from(hash, 'base64url')
  const given = Buffer.from(signature, 'base64url')
  const wanted = mac(ring, { loginHash, path })
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? loginHash : undefined
}

function mac(ring: KeyRing, door: { loginHash: Buffer; path: string }): Buffer {
  return createHmac('sha256', ring.derive(PURPOSE))
    .update(door.loginHash)
    .update(door.path)
    .digest()
}
