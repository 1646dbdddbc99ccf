/** Joining a course by its address; and, for its teacher, that address. */
import type { PlannedCourse } from '../access.ts'
import type { JoinLink, JoinedCourse } from '../data/lms/join-link.ts'
import { joinToken } from '../join-token.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { invalid } from './plan-fields.ts'
import { prose } from './prose.ts'

export function joinPage(
  visit: Visit,
  { course, token, path }: { course: JoinedCourse; token: string; path: string | undefined },
): Html {
  const t = (code: string) => say(visit.locale, code)
  const title = course.title[visit.locale]
  return frame(visit, {
    title,
    main: html`<article class="sheet quiet-page">
      <h1>${title}</h1>
      ${course.description && prose(course.description[visit.locale])}
      <p class="lead">${t('join.ask')}</p>
      ${path !== undefined && html`<p>${t('join.at')} <code>${path}</code></p>`}
      <form method="post" action="${paths.join(token)}">
        ${csrfField(visit)}
        ${path !== undefined && html`<input type="hidden" name="path" value="${path}" />`}
        <button class="button primary big">${t('join.go')}</button>
      </form>
    </article>`,
  })
}

export function signInToJoinPage(visit: Visit): Html {
  const t = (code: string) => say(visit.locale, code)
  return frame(visit, {
    title: t('join.who'),
    main: html`<article class="sheet quiet-page">
      <h1>${t('join.who')}</h1>
      <p class="lead">${t('join.sign-in')}</p>
      <p><a class="button plain" href="${visit.url}">${t('join.again')}</a></p>
    </article>`,
  })
}

/** The address, and the same leading to a path: `wanted` is what was typed for it, `path` what it became. */
export function joinLinkSection(
  visit: Visit,
  course: PlannedCourse,
  { link, wanted, path }: { link: JoinLink; wanted: string; path: string | undefined },
): Html {
  const t = (code: string) => say(visit.locale, code)
  const token = joinToken(visit.ring, { key: course.key, number: link.number })
  const address = visit.config.publicUrl + paths.join(token, path)
  const act = (name: 'open' | 'close', label: string) =>
    html`<button class="button plain" name="act" value="${name}">${t(label)}</button>`
  return html`<section class="sheet" aria-labelledby="join-title">
    <h2 id="join-title">${t('join.link')}</h2>
    <p>${t(link.isOpen ? 'join.link-why' : 'join.none')}</p>
    ${link.isOpen && linkWithPath(visit, course, { wanted, path, address })}
    <form class="buttons" method="post" action="${paths.courseJoinLink(course.key)}">
      ${csrfField(visit)}<input type="hidden" name="was" value="${link.number}" />
      ${act('open', link.isOpen ? 'join.renew' : 'join.make')}
      ${link.isOpen && act('close', 'join.close')}
    </form>
  </section>`
}

function linkWithPath(
  visit: Visit,
  course: PlannedCourse,
  { wanted, path, address }: { wanted: string; path: string | undefined; address: string },
): Html {
  const t = (code: string) => say(visit.locale, code)
  const errors =
    wanted !== '' && path === undefined ? [{ field: 'path', code: 'window.error.path' }] : []
  return html`<p class="feed-address"><code>${address}</code></p>
    <p>
      <copy-button value="${address}" done="${t('frame.copied')}"
        ><button type="button" class="button plain">${t('join.copy')}</button></copy-button
      >
    </p>
    <form class="buttons" method="get" action="${paths.courseSharing(course.key)}#join-title">
      <label class="field"
        >${t('join.path')}
        <input
          id="path"
          name="path"
          value="${wanted}"
          maxlength="500"
          placeholder="/lab/tree/week3.ipynb"
          ${invalid(errors, 'path')}
        />
      </label>
      <button class="button plain">${t('join.with-path')}</button>
    </form>
    ${errors.length > 0 && html`<p class="note is-error" role="alert">${t('window.error.path')}</p>`}`
}
