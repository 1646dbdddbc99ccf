/**
 * The step from a launch into our pages: a code in the address and a secret in a cookie, together worth one
 * login, for half a minute. The address alone signs nobody in, so it cannot be handed to somebody else.
 */
import { LMS_LOCALE_COOKIE, LOGIN_COOKIE, LMS_LOCALE_SECONDS, writtenCookie } from '../cookies.ts'
import { type Pool, withTransaction } from '../data/db.ts'
import { findLogin, redeemLoginCode } from '../data/people/login.ts'
import { paths } from '../paths.ts'

const COOKIE_SECONDS = 60

// One cookie per launch, so that two tabs opened together do not lose each other's.
const cookieName = (code: string): string => `__Host-labplan-enter-${code.slice(0, 8)}`

/** Where to go after a launch, and the cookie to go there with. */
export function entryOf(way: { code: string; browser: string }): {
  location: string
  cookie: string
} {
  const cookie = {
    name: cookieName(way.code),
    value: way.browser,
    maxAgeSeconds: COOKIE_SECONDS,
  }
  return {
    location: `/lti/enter?code=${way.code}`,
    cookie: writtenCookie(cookie),
  }
}

export type Entry = { location: string; cookies: string[] }

/** Redeems the code; undefined when it opens nothing here. A reload of a used one goes to the start page. */
export async function openEntry(
  parts: { pool: Pool; now(): Date },
  asked: { code: unknown; cookies: Record<string, string> },
): Promise<Entry | undefined> {
  const now = parts.now()
  const code = typeof asked.code === 'string' && /^[\w-]{43}$/.test(asked.code) ? asked.code : ''
  const browser = asked.cookies[cookieName(code)]
  const opened =
    code && browser
      ? await withTransaction(parts.pool, (tx) => redeemLoginCode(tx, { code, browser, now }))
      : undefined
  if (!opened) {
    const login = asked.cookies[LOGIN_COOKIE]
    const isIn = login !== undefined && (await findLogin(parts.pool, login, now)) !== undefined
    return isIn ? { location: paths.home(), cookies: [] } : undefined
  }
  const maxAgeSeconds = Math.floor((opened.expiresAt.getTime() - now.getTime()) / 1000)
  return {
    location: opened.returnPath,
    cookies: [
      writtenCookie({ name: LOGIN_COOKIE, value: opened.token, maxAgeSeconds }),
      writtenCookie({ name: cookieName(code), value: '', maxAgeSeconds: 0 }),
      writtenCookie({
        name: LMS_LOCALE_COOKIE,
        value: opened.locale,
        maxAgeSeconds: LMS_LOCALE_SECONDS,
      }),
    ],
  }
}
