/**
 * Cookies as LTI needs them: `__Host-` binds them to this host, Partitioned lets them live in the frame of an
 * LMS where third-party cookies are blocked (CHIPS). Browsers take Secure on http://*.localhost too.
 */
import type { Cookie } from './visit.ts'

export const LOGIN_COOKIE = '__Host-labplan'
export const LOCALE_COOKIE = '__Host-labplan-locale'

export function readCookies(header: string | undefined): Map<string, string> {
  const pairs = (header ?? '').split(';').map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const
  })
  return new Map(pairs.filter(([name]) => name !== ''))
}

export function writtenCookie({ name, value, maxAgeSeconds }: Cookie): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=None; Partitioned`
}
