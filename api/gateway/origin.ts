/** Whether a request comes from a page that may act for the student here. */
import type { IncomingMessage } from 'node:http'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * What would change something in the environment must come from one of its own pages, or from no page at
 * all. The algorithm is that of Go's net/http.CrossOriginProtection (F. Valsorda, "Cross-Site Request
 * Forgery", 2025). `isOwn` answers for the other ports of the same seat, which are other host names.
 */
export function mayAct(request: IncomingMessage, isOwn: (origin: string) => boolean): boolean {
  if (SAFE_METHODS.has(request.method ?? '')) return true
  const { origin } = request.headers
  if (origin && isOwn(origin)) return true
  const site = request.headers['sec-fetch-site']
  if (site) return site === 'same-origin' || site === 'none'
  // Neither header: an old browser's form is SameSite's to stop; programs (curl, git, an IDE) say neither.
  return !origin
}

/**
 * A websocket is a GET that no same-origin policy holds back, so its Origin must be one of the seat's.
 * Every browser sends one; programs do not, and hold the pass on purpose.
 */
export function mayUpgrade(request: IncomingMessage, isOwn: (origin: string) => boolean): boolean {
  const { origin } = request.headers
  return origin === undefined || isOwn(origin)
}
