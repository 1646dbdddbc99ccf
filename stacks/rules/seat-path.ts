/** A path inside a student's own environment, as people type it: `/lab/tree/week3.ipynb?x=1#y`. Leads nowhere else. */
const BASE = 'http://seat.invalid'
const MOST = 500

/**
 * As a browser sends it: what needs an escape has one.
 * @returns undefined for anything that could lead to another host, or to what the gateway keeps for itself
 */
export function seatPath(text: string): string | undefined {
  // A backslash is a slash to browsers, and control characters are nothing to them.
  if (text.length > MOST || !/^\/(?!\/)/.test(text) || /[\\\p{Cc}]/u.test(text)) return undefined
  const url = URL.parse(text, BASE)
  if (url?.origin !== BASE) return undefined
  // `/.//other.example` becomes `//other.example`.
  if (url.pathname.startsWith('//') || url.pathname.startsWith('/.labplan')) return undefined
  return url.pathname + url.search + url.hash
}
