/** What a seat knows of itself: the content of its Swarm secret, and how others check who it is. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'

/** The key a seat proves itself with: derived, so that the gateway needs no database for it. */
export function identityKey(ring: KeyRing, seat: { id: string; generation: number }): Buffer {
  return ring.derive(`seat identity ${seat.id} g${seat.generation}`)
}

/** The Swarm secret as `labplan-seat` reads it from /run/secrets/labplan. */
export function seatSecret(
  ring: KeyRing,
  seat: { id: string; generation: number },
  credential: { login: string; password: string },
): string {
  return JSON.stringify({
    ...credential,
    identityKey: identityKey(ring, seat).toString('base64url'),
  })
}

/** Whether `proof` (base64url) is the HMAC-SHA-256 of "task.nonce" under this seat's key. */
export function identityProofHolds(
  key: Buffer,
  claim: { task: string; nonce: string; proof: string },
): boolean {
  const wanted = createHmac('sha256', key).update(`${claim.task}.${claim.nonce}`).digest()
  const given = Buffer.from(claim.proof, 'base64url')
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
