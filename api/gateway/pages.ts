/** What the gateway says itself: a calm page for people, a line of text for programs. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Locale, acceptedLocale, say } from '../locale.ts'
import { type Html, html } from '../pages/html.ts'
import { paths } from '../paths.ts'
import { hasBody } from './headers.ts'

export const STATUS = {
  stranger: 403,
  ticket: 403,
  foreign: 403,
  nowhere: 404,
  malformed: 400,
  broken: 500,
  silent: 502,
  away: 503,
  busy: 503,
} as const

export type Said = keyof typeof STATUS
export type Exchange = { request: IncomingMessage; response: ServerResponse }

/** For whatever the gateway itself answers. */
export const OWN_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** Answers in place of the environment. `workspaceId` is the visitor's own: the page then leads there. */
export function show(
  { request, response }: Exchange,
  said: Said,
  { publicUrl, workspaceId }: { publicUrl: string; workspaceId?: string | null },
): void {
  const locale = acceptedLocale(request.headers['accept-language']) ?? 'en'
  const status = STATUS[said]
  const isPage = request.headers.accept?.includes('text/html') ?? false
  // A page comes back by itself only where coming back repeats nothing.
  const waits = request.method === 'GET' && (said === 'away' || said === 'silent')
  const link = publicUrl + (workspaceId ? paths.workspace(workspaceId) : paths.home())
  const body = isPage ? page(locale, { said, waits, link }) : `${plain(locale, said)}\n`
  response.writeHead(status, {
    ...OWN_HEADERS,
    'Labplan-Said': said,
    'Content-Type': `text/${isPage ? 'html' : 'plain'}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'Content-Language': locale,
    ...(status === 503 && { 'Retry-After': '3' }),
    // What was sent with a request that is refused is not read.
    ...(hasBody(request) && { Connection: 'close' }),
  })
  response.end(body)
}

export function plain(locale: Locale, said: Said): string {
  return `${say(locale, `gateway.${said}.title`)}. ${say(locale, `gateway.${said}.text`)}`
}

function page(
  locale: Locale,
  { said, waits, link }: { said: Said; waits: boolean; link: string },
): string {
  const t = (code: string): string => say(locale, `gateway.${code}`)
  const isOwn = said === 'away' || said === 'silent' || said === 'busy'
  return String(
    html`<!doctype html>
      <html lang="${locale}" data-said="${said}">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>${t(`${said}.title`)} · Labplan</title>
          <link rel="icon" href="/.labplan/mark.svg" type="image/svg+xml" />
          ${STYLES.map((name) => html`<link rel="stylesheet" href="/.labplan/${name}" />`)}
          ${waits && retry()}
        </head>
        <body>
          <main id="main">
            <article class="sheet quiet-page">
              <h1>${t(`${said}.title`)}</h1>
              <p class="lead">${t(`${said}.text`)}</p>
              ${waits && html`<p class="waiting" role="status">${t('waiting')}</p>`}
              <p><a href="${link}" target="_top">${t(isOwn ? 'workspace' : 'activities')}</a></p>
            </article>
          </main>
        </body>
      </html>`,
  )
}

/** The site's own, and what only these pages have. */
const STYLES = ['tokens.css', 'base.css', 'parts.css', 'pages.css', 'page.css']

const retry = (): Html =>
  html`<script type="module" src="/.labplan/wait.js"></script>
    <noscript><meta http-equiv="refresh" content="5" /></noscript>`
