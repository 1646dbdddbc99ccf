/**
 * The nonce of a login (OpenID Connect core §3.1.2.1), made so that nothing has to be stored for it: a MAC over
 * the login's state, which lives in the browser's cookie. It proves at launch that we issued it, for this login,
 * and when. That it comes back only once is lti_nonce's part (see store.ts).
 *
 *   base36(seconds) "." base64url(HMAC-SHA-256(key, seconds, state, issuer, client id), 16 bytes)
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

const LOGIN_SECONDS = 600
/** How long a used nonce is remembered: longer than a login, and than a token, can be used. */
export const NONCE_SECONDS = 2 * LOGIN_SECONDS

export type LoginOf = { state: string; issuer: string; clientId: string }

export function issueNonce(key: Buffer, login: LoginOf, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000).toString(36)
  return `${seconds}.${mac(key, login, seconds)}`
}

export type NonceVerdict = 'good' | 'missing' | 'unknown' | 'other-login' | 'late'

export function judgeNonce(key: Buffer, nonce: unknown, login: LoginOf, now: Date): NonceVerdict {
  if (typeof nonce !== 'string' || nonce === '') return 'missing'
  const [, seconds = '', given = ''] = /^([0-9a-z]{1,9})\.([\w-]{22})$/.exec(nonce) ?? []
  if (!given) return 'unknown'
  if (!timingSafeEqual(Buffer.from(given), Buffer.from(mac(key, login, seconds))))
    return 'other-login'
  const age = now.getTime() / 1000 - Number.parseInt(seconds, 36)
  return age <= LOGIN_SECONDS ? 'good' : 'late'
}

function mac(key: Buffer, login: LoginOf, seconds: string): string {
  const text = [seconds, login.state, login.issuer, login.clientId].join('\n')
  return createHmac('sha256', key).update(text).digest().subarray(0, 16).toString('base64url')
}
