/** What a seat knows of itself: the content of its Swarm secret, and how others check who it is. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyRing } from '../key-ring.ts'

type Keyed = { id: string; generation: number; credential_key_id: string }

/**
 * The key a seat proves itself with: derived, so that the gateway needs no database for it. From the key that
 * sealed its credential and not the ring's current one: seats that run stay reachable when the ring turns.
 */
export function identityKey(ring: KeyRing, seat: Keyed): Buffer {
  return ring.derive(`seat identity ${seat.id} g${seat.generation}`, seat.credential_key_id)
}

/** The Swarm secret as `labplan-seat` reads it from /run/secrets/labplan. */
export function seatSecret(
  ring: KeyRing,
  seat: Keyed,
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
