/**
 * A teacher's choice of a course, as it lies in the LMS: in the custom parameters of the activity, which
 * whoever edits the activity can also type. So the choice carries a MAC over the platform, the LMS course it was
 * made in and the course: what was typed by hand opens nothing, and a copy in another LMS course is seen as one.
 *
 *   course         the course's key
 *   course_choice  key id "." base64url(LMS course id) "." base64url(HMAC-SHA-256, 16 bytes)
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyRing } from '../data/key-ring.ts'

export type Choice = { platformId: string; contextId: string; courseKey: string }

/** The custom parameters of an activity that opens this course. */
export function signChoice(ring: KeyRing, choice: Choice): Record<string, string> {
  const context = Buffer.from(choice.contextId).toString('base64url')
  const signature = mac(ring, ring.current, choice).toString('base64url')
  return { course: choice.courseKey, course_choice: `${ring.current}.${context}.${signature}` }
}

/** The choice that was really made on this platform; undefined when there is none, or it is not ours. */
export function readChoice(
  ring: KeyRing,
  platformId: string,
  custom: Record<string, unknown>,
): Choice | undefined {
  const { course: courseKey, course_choice: signed } = custom
  if (typeof courseKey !== 'string' || typeof signed !== 'string') return undefined
  const [, keyId = '', context = '', signature = ''] =
    /^([\w-]+)\.([\w-]+)\.([\w-]{22})$/.exec(signed) ?? []
  const choice = {
    platformId,
    contextId: Buffer.from(context, 'base64url').toString('utf8'),
    courseKey,
  }
  return keyId && isSigned(ring, keyId, choice, signature) ? choice : undefined
}

function isSigned(ring: KeyRing, keyId: string, choice: Choice, signature: string): boolean {
  try {
    return timingSafeEqual(Buffer.from(signature, 'base64url'), mac(ring, keyId, choice))
  } catch {
    // The key has left the ring: activities opened once are linked in our record, others are chosen anew.
    return false
  }
}

function mac(ring: KeyRing, keyId: string, choice: Choice): Buffer {
  const text = [choice.platformId, choice.contextId, choice.courseKey].join('\n')
  return createHmac('sha256', ring.derive('course choice', keyId))
    .update(text)
    .digest()
    .subarray(0, 16)
}
