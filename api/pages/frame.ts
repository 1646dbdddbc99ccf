/** What stands around every page: head, header, language switch, main. */
import { type Locale, locales, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

export type Page = {
  title: string
  main: Html
  /** Wide pages are for tables. */
  isWide?: boolean
  /** Without JavaScript, a page that changes by itself is loaded again after so long. */
  refreshSeconds?: number | undefined
  /** Besides app.js, in this order. */
  scripts?: string[]
  /** Below the header: the administrator's tabs. */
  tabs?: Html | undefined
}

const styles = [
  ...['tokens.css', 'base.css', 'parts.css', 'table.css', 'pages.css'],
  ...['plan.css', 'calendar.css', 'calendar-rows.css', 'admin.css'],
]

export function frame(visit: Visit, page: Page): Html {
  const { locale } = visit
  const t = (code: string) => say(locale, code)
  return html`<html lang="${locale}">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${page.title} · Labplan</title>
      <link rel="icon" href="${paths.asset('mark.svg')}" type="image/svg+xml" />
      ${styles.map((name) => html`<link rel="stylesheet" href="${paths.asset(name)}" />`)}
      <script type="module" src="${paths.asset('app.js')}"></script>
      ${page.scripts?.map((name) => html`<script defer src="${paths.asset(name)}"></script>`)}
      ${page.refreshSeconds && html`<noscript><meta http-equiv="refresh" content="${page.refreshSeconds}" /></noscript>`}
    </head>
    <body>
      <a class="skip" href="#main">${t('frame.skip')}</a>
      <header class="top">
        <div class="top-inner ${page.isWide && 'wide'}">
          <a class="brand" href="${paths.home()}">${mark()}Labplan</a>
          <nav class="top-nav" aria-label="Labplan">
            ${visit.visitor && html`<a href="${paths.home()}">${t('frame.activities')}</a>`}
            ${visit.visitor?.administrator && html`<a href="${paths.admin()}">${t('frame.admin')}</a>`}
          </nav>
          ${languages(visit)}
        </div>
        ${page.tabs}
      </header>
      <main id="main" class="${page.isWide && 'wide'}" tabindex="-1">${page.main}</main>
    </body>
  </html>`
}

/** Two seats and the one that is yours. */
function mark(): Html {
  return html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    <rect x="2" y="2" width="9" height="9" rx="2.5" />
    <rect x="13" y="2" width="9" height="9" rx="2.5" />
    <rect x="2" y="13" width="9" height="9" rx="2.5" />
    <rect class="yours" x="13" y="13" width="9" height="9" rx="4.5" />
  </svg>`
}

const names: Record<Locale, string> = { en: 'English', fr: 'Français' }

/** One button, named in the language it leads to. */
function languages(visit: Visit): Html {
  return html`<form
    class="languages"
    method="post"
    action="${paths.locale()}"
    aria-label="${say(visit.locale, 'frame.language')}"
  >
    ${csrfField(visit)}
    <input type="hidden" name="back" value="${visit.page}" />
    ${locales
      .filter((locale) => locale !== visit.locale)
      .map(
        (locale) =>
          html`<button name="locale" value="${locale}" lang="${locale}">${names[locale]}</button>`,
      )}
  </form>`
}

/** Every form of somebody who is signed in carries this. */
export function csrfField(visit: Visit): Html | undefined {
  return visit.visitor && html`<input type="hidden" name="csrf" value="${visit.visitor.csrf}" />`
}
