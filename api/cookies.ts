/**
 * Cookies as LTI needs them: `__Host-` binds them to this host, Partitioned lets them live in the frame of an
 * LMS where third-party cookies are blocked (CHIPS). Browsers take Secure on http://*.localhost too.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { type Locale, acceptedLocale, isLocale } from './locale.ts'
import type { Cookie } from './visit.ts'

export const LOGIN_COOKIE = '__Host-labplan'
export const LOCALE_COOKIE = '__Host-labplan-locale'
/** As the LMS said it with the last launch: for who is not signed in any more. */
export const LMS_LOCALE_COOKIE = '__Host-labplan-lms-locale'
export const LMS_LOCALE_SECONDS = 30 * 24 * 3600

export function readCookies(header: string | undefined): Map<string, string> {
  const pairs = (header ?? '').split(';').map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const
  })
  return new Map(pairs.filter(([name]) => name !== ''))
}

/** Of somebody whom nobody knows: what they chose here, what their LMS said last, what their browser asks for. */
export function localeOf(headers: IncomingHttpHeaders): Locale {
  const cookies = readCookies(headers.cookie)
  const known = [LOCALE_COOKIE, LMS_LOCALE_COOKIE].map((name) => cookies.get(name)).find(isLocale)
  return known ?? acceptedLocale(headers['accept-language']) ?? 'en'
}

export function writtenCookie({ name, value, maxAgeSeconds }: Cookie): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=None; Partitioned`
}
