/** With whom a course is shared; and the course as one file, and as the start of another. */
import type { PlannedCourse } from '../access.ts'
import {
  type Capability,
  type Colleague,
  type Share,
  capabilities,
} from '../data/courses/course-share.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { joinLinkSection } from './join.ts'

export type SharingView = {
  course: PlannedCourse
  shares: Share[]
  usableByAll: boolean
  /** What was looked for, and whether it was enough to look. */
  text: string
  isLong: boolean
  found: Colleague[]
  /** Day of the first class. */
  first: string | undefined
  /** The link by which students join, and the path typed for it. */
  join: Parameters<typeof joinLinkSection>[2]
  /** A copy was sent for review. */
  isCopied: boolean
}

export function sharingPage(visit: Visit, view: SharingView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { course } = view
  return courseFrame(visit, {
    ...{ course, part: 'sharing', seesPlan: true, mayChange: true },
    main: html`${view.isCopied && html`<p class="note is-info" role="status">${t('sharing.copy-waits')}</p>`}
    ${colleagues(visit, view)} ${joinLinkSection(visit, course, view.join)} ${library(visit, view)}
    ${copies(visit, view)}`,
  })
}

function colleagues(visit: Visit, view: SharingView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { course, shares, found, text, isLong } = view
  const isNew = ({ id }: Colleague) => !shares.some((one) => one.person_id === id)
  return html`<section class="sheet" aria-labelledby="sharing-title">
    <h2 id="sharing-title">${t('sharing.title')}</h2>
    ${
      shares.length === 0
        ? html`<p class="empty">${t('sharing.nobody')}</p>`
        : html`<ul class="shares">
            ${shares.map((one) => shareLine(visit, course, one.person_id, one.display_name, one.capability))}
          </ul>`
    }
    <form class="buttons" method="get" action="${paths.courseSharing(course.key)}">
      <label class="field"
        >${t('sharing.find')}
        <input name="find" value="${text}" minlength="3" maxlength="200" required />
      </label>
      <button class="button plain">${t('sharing.look')}</button>
    </form>
    ${text !== '' && !isLong && html`<p class="hint">${t('sharing.longer')}</p>`}
    ${isLong && found.length === 0 && html`<p class="hint">${t('sharing.none')}</p>`}
    ${
      found.some(isNew) &&
      html`<ul class="shares">
        ${found.filter(isNew).map((one) => shareLine(visit, course, one.id, one.display_name))}
      </ul>`
    }
  </section>`
}

function shareLine(
  visit: Visit,
  course: PlannedCourse,
  personId: string,
  name: string | null,
  capability?: Capability,
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const who = name ?? t('sharing.unnamed')
  return html`<li>
    <form class="buttons" method="post" action="${paths.courseSharing(course.key)}">
      ${csrfField(visit)}<input type="hidden" name="person" value="${personId}" />
      <span class="share-name">${who}</span>
      <select name="capability" aria-label="${t('sharing.capability', { who })}">
        ${capabilities.map(
          (one) =>
            html`<option value="${one}" ${one === capability ? html`selected` : ''}>
              ${t(`sharing.${one}`)}
            </option>`,
        )}
      </select>
      <button class="button small" name="act" value="share">
        ${t(capability ? 'sharing.change' : 'sharing.share')}
      </button>
      ${capability && html`<button class="button small" name="act" value="unshare">${t('sharing.end')}</button>`}
    </form>
  </li>`
}

function library(visit: Visit, { course, usableByAll }: SharingView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section class="sheet" aria-labelledby="library-title">
    <h2 id="library-title">${t('sharing.library')}</h2>
    <p>${t(usableByAll ? 'sharing.for-all' : 'sharing.not-for-all')}</p>
    <form class="buttons" method="post" action="${paths.courseSharing(course.key)}">
      ${csrfField(visit)}
      <button class="button plain" name="act" value="${usableByAll ? 'own' : 'all'}">
        ${t(usableByAll ? 'sharing.make-own' : 'sharing.make-all')}
      </button>
    </form>
  </section>`
}

function copies(visit: Visit, { course, first }: SharingView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section class="sheet" aria-labelledby="copies-title">
    <h2 id="copies-title">${t('sharing.copies')}</h2>
    <p>${t('sharing.copies-why')}</p>
    <form class="buttons" method="post" action="${paths.courseCopies(course.key)}">
      ${csrfField(visit)}
      <label class="field"
        >${t('course-new.name')}
        <input name="title" value="${course.title[visit.locale]}" maxlength="200" required />
      </label>
      ${
        first &&
        html`<label class="field"
          >${t('sharing.from')} <input type="date" name="from" value="${first}" />
        </label>`
      }
      <button class="button plain">${t('sharing.copy')}</button>
    </form>
    <p class="buttons">
      <a class="button plain" href="${paths.courseExport(course.key)}" download
        >${t('sharing.export')}</a
      >
      <a class="button plain" href="${paths.courseImport()}">${t('import.open')}</a>
    </p>
  </section>`
}
