/** A new course for an activity of the LMS: a few fields, and what they mean beside them. */
import type { Preview } from '../data/changes/change-preview.ts'
import type { CourseOffers } from '../data/courses/new-course.ts'
import type { CourseDraft } from '../teaching/course-draft.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { FormError } from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { planFrame } from './plan-frame.ts'
import { noteList } from './notes.ts'
import { costLine, wallOfSlot } from './plan-answer.ts'
import { errorsOf, followField, invalid, numberField } from './plan-fields.ts'
import { wallDay } from './wall-day.ts'

export type NewCourseView = {
  linkId: string
  offers: CourseOffers
  draft: CourseDraft
  errors: FormError[]
  preview?: Preview
  /** It was sent for review. */
  waits?: boolean
}

export function newCoursePage(visit: Visit, view: NewCourseView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { linkId, offers } = view
  const main = html`<div class="page-head">
      <h1>${t('course-new.title')}</h1>
      <a class="button plain" href="${paths.deepLink(linkId)}">${t('course-new.back')}</a>
    </div>
    ${view.waits && html`<p class="note is-info" role="status">${t('course-new.waits')}</p>`}
    ${
      offers.environments.length === 0
        ? html`<p class="empty">${t('course-new.none')}</p>`
        : planFrame(
            visit,
            { src: paths.newCoursePreview(linkId), saved: view.waits === true },
            form(visit, view),
          )
    }`
  return frame(visit, { title: t('course-new.title'), isWide: true, main })
}

function form(visit: Visit, view: NewCourseView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<form class="plan is-plain" method="post" action="${paths.newCourse(view.linkId)}">
    ${csrfField(visit)}<input type="hidden" name="read" value="${view.linkId}" />
    <button class="unseen" name="check" value="1" tabindex="-1">${t('plan.check')}</button>
    <div class="plan-calendar plan-new">${fields(visit, view)}</div>
    <div class="plan-board">${meaningFragment(visit, view)}</div>
    ${!view.waits && makeActs(visit)}
  </form>`
}

/** Once it is sent, no more: to send it again would ask for a second one. */
function makeActs({ locale }: Visit): Html {
  const t = (code: string) => say(locale, code)
  return html`<div class="plan-acts acts">
    <button class="button primary">${t('course-new.go')}</button>
    <button class="button plain plan-check" name="check" value="1">${t('plan.check')}</button>
  </div>`
}

function fields(visit: Visit, { draft, offers, errors }: NewCourseView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const number = (name: keyof CourseDraft, least = 1, placeholder?: number) =>
    numberField({
      name,
      label: t(`course-new.${name}`),
      value: draft[name],
      errors,
      least,
      placeholder,
    })
  const usual = offers.environments.find((one) => one.key === draft.environment)?.seat
  return html`<fieldset class="sheet">
      <legend>${t('plan.course')}</legend>
      <label class="field is-long"
        >${t('course-new.name')}
        <input
          id="title"
          name="title"
          value="${draft.title}"
          maxlength="200"
          required
          ${invalid(errors, 'title')}
        />
      </label>
      ${select(t('course-new.environment'), 'environment', draft.environment, offers.environments, visit)}
      ${offers.pools.length > 1 && select(t('course-new.pool'), 'pool', draft.pool, offers.pools, visit)}
      ${number('students')} ${followField(visit, draft.follow)}
    </fieldset>
    <fieldset class="sheet">
      <legend>${t('course-new.classes')}</legend>
      <label class="field"
        >${t('course-new.start')}
        <input
          type="datetime-local"
          id="start"
          name="start"
          value="${draft.start}"
          ${invalid(errors, 'start')}
        />
      </label>
      ${number('minutes', 5)} ${number('weeks')}
    </fieldset>
    <details class="sheet">
      <summary>${t('course-new.size')}</summary>
      <fieldset>
        ${number('cpu', 0, usual?.cpu)} ${number('memoryMb', 16, usual?.memoryMb)}
        ${number('filesMb', 1, usual?.volumeQuotaMb)}
      </fieldset>
    </details>`
}

type Option = { key: string; title: { en: string; fr: string } }

function select(label: string, name: string, value: string, options: Option[], visit: Visit): Html {
  return html`<label class="field is-long"
    >${label}
    <select id="${name}" name="${name}">
      ${options.map(
        ({ key, title }) =>
          html`<option value="${key}" ${key === value ? html`selected` : ''}>
            ${title[visit.locale]}
          </option>`,
      )}
    </select>
  </label>`
}

/** What it would mean, which follows while one types. */
export function meaningFragment(visit: Visit, view: NewCourseView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { preview, errors } = view
  return html`<div class="plan-side">
    <section class="plan-answer sheet" aria-labelledby="answer-title">
      <h2 id="answer-title">${t('plan.answer')}</h2>
      <div class="plan-means" aria-live="polite">
        ${preview ? meaning(visit, preview) : html`<p class="hint">${t('course-new.fill')}</p>`}
        ${view.draft.title !== '' && errors.length > 0 && errorsOf(visit, errors, FIELDS)}
      </div>
    </section>
  </div>`
}

const FIELDS: Record<string, string> = {
  title: 'course-new.name',
  environment: 'course-new.environment',
  start: 'course-new.start',
  students: 'course-new.students',
  minutes: 'course-new.minutes',
  weeks: 'course-new.weeks',
  cpu: 'course-new.cpu',
  memoryMb: 'course-new.memoryMb',
  filesMb: 'course-new.filesMb',
}

function meaning(visit: Visit, preview: Preview): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const misses = preview.notes.filter((note) => note.severity === 'error')
  const [first] = misses.map((note) => note.params['slots']).filter((one) => Array.isArray(one))
  return html`<p class="headline">${t(misses.length > 0 ? 'plan.fits-not' : 'plan.fits')}</p>
    ${preview.notes.length > 0 && noteList(visit, preview.notes, { timeZone: preview.timeZone })}
    ${
      first &&
      first.length > 0 &&
      html`<div class="slots">
        <p>${t('course-new.slots')}</p>
        ${first.map((slot) => {
          const wall = wallOfSlot(slot)
          return html`<button class="button plain" name="start-at" value="${wall}">
            ${wallDay(visit.locale, wall)}
          </button>`
        })}
      </div>`
    }
    ${costLine(visit, preview.cost)}
    <p class="note ${preview.lane === 'automatic' ? 'is-info' : 'is-warning'}">
      ${t(`course-new.lane.${preview.lane}`)}
    </p>`
}
