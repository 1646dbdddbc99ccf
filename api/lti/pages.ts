/** The pages of the handshake itself: small, without a login, in the reader's language, readable in a frame. */
import type { Config } from '../config.ts'
import { type Locale, colon, say } from '../locale.ts'
import { type Html, html } from '../pages/html.ts'
import { paths } from '../paths.ts'
import { type Refusal, refusals } from './refusals.ts'

const styles = ['tokens.css', 'base.css', 'parts.css', 'pages.css']

function sheet(locale: Locale, page: { title: string; main: Html; script?: string }): string {
  const document = html`<html lang="${locale}">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${page.title} · Labplan</title>
      <link rel="icon" href="${paths.asset('mark.svg')}" type="image/svg+xml" />
      ${styles.map((name) => html`<link rel="stylesheet" href="${paths.asset(name)}" />`)}
      ${page.script && html`<script type="module" src="${paths.asset(page.script)}"></script>`}
    </head>
    <body>
      <main id="main" tabindex="-1">
        <article class="sheet quiet-page">
          <h1>${page.title}</h1>
          ${page.main}
        </article>
      </main>
    </body>
  </html>`
  return `<!doctype html>\n${document.toString()}`
}

/** `reference` finds the line in our log. */
export function refusalPage(locale: Locale, refusal: Refusal, reference: string): string {
  const suffix = refusal.code.startsWith('registration') ? '.registration' : ''
  const code = suffix || refusal.code.endsWith('-teacher') ? 'lti.code.support' : 'lti.code'
  const main = html`<p class="lead">
      ${say(locale, `lti.refused.${refusal.code}`, refusal.params)}
    </p>
    <p>${say(locale, `lti.next.${refusals[refusal.code].next}`)}</p>
    <p class="hint">
      ${say(locale, code)}${colon(locale)} <code>${refusal.code} ${reference}</code>
    </p>`
  return sheet(locale, { title: say(locale, `lti.title${suffix}`), main })
}

/** Where an administrator opens the registration link in a browser instead of pasting it into the LMS. */
export function pastePage(locale: Locale): string {
  const main = html`<p class="lead">${say(locale, 'lti.paste.how')}</p>`
  return sheet(locale, { title: say(locale, 'lti.paste.title'), main })
}

/** Ends the LMS's registration dialog (LTI Dynamic Registration 1.0 §3.7) and says what remains to be done. */
export function registeredPage(
  locale: Locale,
  registered: { name: string; isActive: boolean },
): string {
  const code = registered.isActive ? 'lti.registered.again' : 'lti.registered.pending'
  const main = html`<p class="lead">${say(locale, code, { name: registered.name })}</p>`
  return sheet(locale, {
    title: say(locale, 'lti.registered.title'),
    main,
    script: 'lti-close.js',
  })
}

/** In a frame whose cookies are blocked: the same login again, in a window of its own. */
export function breakoutPage(locale: Locale, login: Record<string, string>): string {
  const main = html`<p class="lead">${say(locale, 'lti.breakout.why')}</p>
    <form method="post" action="/lti/login" target="_blank">
      ${Object.entries(login).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <button class="button primary big">${say(locale, 'lti.breakout.go')}</button>
    </form>
    <p class="hint">${say(locale, 'lti.breakout.teacher')}</p>`
  return sheet(locale, { title: say(locale, 'lti.breakout.title'), main })
}

/** Headers of these pages. `formOrigins`: where the form may lead, redirects included. */
export function pageHeaders(
  config: Pick<Config, 'publicUrl'>,
  may: { frameOrigins: string[]; formOrigins?: string[] },
): Record<string, string> {
  const policy = [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self'`,
    `img-src 'self'`,
    `form-action ${["'self'", ...(may.formOrigins ?? [])].join(' ')}`,
    `base-uri 'none'`,
    `frame-ancestors ${may.frameOrigins.length > 0 ? may.frameOrigins.join(' ') : `'none'`}`,
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(config.publicUrl.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=31536000' }
      : {}),
  }
}
