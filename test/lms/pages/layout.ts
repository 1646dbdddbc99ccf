// The frame around every page: what this is, who you are, where to go.
import { html } from 'hono/html'
import { wordsIn } from './words.ts'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Viewer } from '../session.ts'

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

type Page = { title: string; trail?: Html; wide?: boolean; content: Html }

export function layout(viewer: Viewer, { title, trail, wide = false, content }: Page): Html {
  const words = wordsIn(viewer.language)
  const admin = viewer.person?.siteAdmin
  return html`<!doctype html>
    <html lang="${viewer.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${words.practice}</title>
        <link rel="stylesheet" href="/static/lms.css" />
        <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
        <script src="/static/lms.js" type="module"></script>
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"
            ><span class="mark" aria-hidden="true"></span>${words.practice}</a
          >
          <p class="note">${words.practiceNote}</p>
          <nav class="tabs">
            ${viewer.person ? html`<a href="/">${words.myCourses}</a>` : ''}
            ${admin ? html`<a href="/admin/tools">${words.tools}</a>` : ''}
            ${viewer.person ? html`<a href="/faults">${words.faults}</a>` : ''}
          </nav>
          ${viewer.person ? whoami(viewer) : ''}
        </header>
        <main class="${wide ? 'wide' : ''}">
          ${trail ? html`<p class="trail">${trail}</p>` : ''}
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`
}

function whoami({ person, language }: Viewer): Html {
  const words = wordsIn(language)
  const other = language === 'en' ? 'fr' : 'en'
  return html`<div class="whoami">
    <span class="name">${person?.username}</span>
    <form method="post" action="/language/${other}">
      <button class="link" lang="${other}">${words.otherLanguage}</button>
    </form>
    <a href="/login">${words.leave}</a>
  </div>`
}
