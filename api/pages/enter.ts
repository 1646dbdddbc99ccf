/** What an invite shows before it is used: mail programs open links too, so only the button uses it up. */
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'

export function invitePage(visit: Visit, token: string): Html {
  const title = say(visit.locale, 'enter.title')
  return frame(visit, {
    title,
    main: html`<article class="sheet quiet-page">
      <h1>${title}</h1>
      <p class="lead">${say(visit.locale, 'enter.explain')}</p>
      <form method="post" action="${paths.enter()}">
        ${csrfField(visit)}
        <input type="hidden" name="invite" value="${token}" />
        <button class="button primary big">${say(visit.locale, 'enter.go')}</button>
      </form>
    </article>`,
  })
}
