/** What browsers are told about every page: where it may be framed, and that it runs nothing but our own files. */
import type { Config } from './config.ts'

/**
 * `frameOrigins`: who may show the page in a frame; none for pages that no LMS embeds. `formOrigins`: where a form
 * of the page may lead besides our own addresses and the doors of seats.
 */
export function securityHeaders(
  config: Pick<Config, 'publicUrl' | 'seatUrl'>,
  frameOrigins: string[],
  formOrigins: string[] = [],
): Record<string, string> {
  const seats = new URL(config.seatUrl)
  // A door is a form that answers with a redirect to the seat's host, and form-action covers redirects.
  const doors = `${seats.protocol}//*.${seats.host}`
  const policy = [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self'`,
    `img-src 'self'`,
    `connect-src 'self'`,
    `form-action ${["'self'", doors, ...formOrigins].join(' ')}`,
    `base-uri 'none'`,
    `frame-ancestors ${frameOrigins.length ? frameOrigins.join(' ') : `'none'`}`,
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(config.publicUrl.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=31536000' }
      : {}),
  }
}
