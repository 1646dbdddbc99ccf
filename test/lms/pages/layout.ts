// The frame around every page: what this is, who you are, where to go.
import { html } from 'hono/html'
import { wordsIn } from './words.ts'
import type { Course } from '../state.ts'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Viewer } from '../session.ts'

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

type Page = { title: string; trail?: Html; wide?: boolean; content: Html }

export function layout(viewer: Viewer, { title, trail, wide = false, content }: Page): Html {
  const words = wordsIn(viewer.language)
  const body = html`<body>
    <aside class="ribbon"><strong>${words.practice}</strong> ${words.practiceNote}</aside>
    ${viewer.person ? header(viewer) : ''}
    <main class="${wide ? 'wide' : ''}">
      ${trail ? html`<p class="trail">${trail}</p>` : ''}
      <h1>${title}</h1>
      ${content}
    </main>
    ${viewer.person ? footer(viewer) : ''}
  </body>`
  return document(viewer, `${title} · ${words.practice}`, body)
}

/** For the moment between two servers: nothing around it. */
export function bareDocument(viewer: Viewer, title: string, content: Html): Html {
  return document(
    viewer,
    title,
    html`<body class="bare">
      ${content}
    </body>`,
  )
}

function document(viewer: Viewer, title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="${viewer.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/static/lms.css" />
        <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
        <script src="/static/lms.js" type="module"></script>
      </head>
      ${body}
    </html>`
}

function header({ person, language }: Viewer): Html {
  const words = wordsIn(language)
  const other = language === 'en' ? 'fr' : 'en'
  return html`<header class="top">
    <nav class="tabs">
      <a class="home" href="/"><span class="mark" aria-hidden="true"></span>${words.myCourses}</a>
      ${person?.siteAdmin ? html`<a href="/admin/tools">${words.tools}</a>` : ''}
    </nav>
    <div class="whoami">
      <span class="name">${person?.username}</span>
      <form method="post" action="/language/${other}">
        <button class="link" lang="${other}">${words.otherLanguage}</button>
      </form>
      <a href="/login">${words.leave}</a>
    </div>
  </header>`
}

function footer({ language }: Viewer): Html {
  const words = wordsIn(language)
  return html`<footer>${words.forTesters} <a href="/faults">${words.faults}</a></footer>`
}

export function courseTrail(course: Course): Html {
  return html`<a href="/courses/${course.id}">${course.fullName}</a>`
}
