// Small pages: something went wrong, a form on its way, a choice that came back.
import { html } from 'hono/html'
import { bareDocument, layout } from './layout.ts'
import { wordsIn } from './words.ts'
import type { Course } from '../state.ts'
import type { DeepLinkingOutcome } from '../deep-linking.ts'
import type { Html } from './layout.ts'
import type { PostForm } from '../launch.ts'
import type { Viewer } from '../session.ts'

export function errorPage(viewer: Viewer, message: string): Html {
  const words = wordsIn(viewer.language)
  const content = html`<p class="card problem">${message}</p>
    <p><a class="button" href="/" target="_top">${words.backToCourses}</a></p>`
  return layout(viewer, { title: words.oops, content })
}

/** A form the page's script posts at once; with a button for when there is no script. */
export function postingPage(viewer: Viewer, { action, fields }: PostForm): Html {
  const words = wordsIn(viewer.language)
  const content = html`<form method="post" action="${action}" data-post-now>
    ${Object.entries(fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}
    <p>${words.going}</p>
    <button>${words.continue}</button>
  </form>`
  return bareDocument(viewer, words.going, content)
}

/** Shown inside the frame in which the teacher chose; the script takes the whole window back to the course. */
export function chosenPage(viewer: Viewer, outcome: DeepLinkingOutcome): Html {
  const words = wordsIn(viewer.language)
  const { course, activities, message, error } = outcome
  const said = error ?? message
  const content = html`${said === undefined ? '' : html`<p class="card">${words.toolSaid} ${said}</p>`}
    <p>
      ${activities.length > 0 ? words.added : words.nothingAdded}
      ${activities.map(({ title }) => html`<strong>${title[viewer.language]}</strong> `)}
    </p>
    <p>
      <a
        class="button"
        href="/courses/${course.id}"
        target="_top"
        ${said === undefined ? 'data-follow-now' : ''}
        >${words.back}</a
      >
    </p>`
  return layout(viewer, { title: course.fullName, content })
}

export function returnedPage(viewer: Viewer, course: Course, said: string): Html {
  const words = wordsIn(viewer.language)
  const content = html`<p class="card">${words.toolSaid} ${said}</p>
    <p><a class="button" href="/courses/${course.id}" target="_top">${words.back}</a></p>`
  return layout(viewer, { title: course.fullName, content })
}
