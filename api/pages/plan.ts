/** A teacher's plan: a form, and beside it what it means, which follows while one types. */
import type { Note, NoteValue } from '../../stacks/terms.ts'
import type { Change } from '../data/change.ts'
import type { Preview } from '../data/change-preview.ts'
import type { PlannedCourse } from '../access.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import { type FormError, type PlanForm, type SessionForm, planStates } from '../plan-form.ts'
import type { Visit } from '../visit.ts'
import { wordsOf } from './change.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'

export type PlanView = {
  course: PlannedCourse
  form: PlanForm
  errors: FormError[]
  /** Digest of the document that the form was made of. */
  read: string
  preview?: Preview
  isSame?: boolean
  isStale?: boolean
  isRefused?: boolean
  saved?: Change
}

export function planPage(visit: Visit, view: PlanView): Html {
  const { course } = view
  const title = course.title[visit.locale]
  return frame(visit, {
    title: `${say(visit.locale, 'plan.title')} · ${title}`,
    isWide: true,
    main: html`<div class="page-head">
        <h1>${title}</h1>
        <a class="button plain" href="${paths.course(course.key)}"
          >${say(visit.locale, 'plan.back')}</a
        >
      </div>
      ${savedNote(visit, view)}
      ${view.isStale && html`<p class="note is-warning" role="alert">${say(visit.locale, 'plan.stale')}</p>`}
      <plan-form class="plan" src="${paths.coursePlanPreview(course.key)}">
        ${form(visit, view)}
        <section class="sheet plan-answer" aria-labelledby="answer-title" aria-live="polite">
          ${previewFragment(visit, view)}
        </section>
      </plan-form>`,
  })
}

function savedNote(visit: Visit, { saved, course }: PlanView): Html | undefined {
  if (!saved) return undefined
  const t = (code: string) => say(visit.locale, code)
  if (saved.state !== 'approved')
    return html`<p class="note is-info" role="status">${t('plan.waits')}</p>`
  return html`<form class="note is-info" method="post" action="${paths.coursePlanUndo(course.key)}">
    ${csrfField(visit)}<input type="hidden" name="change" value="${saved.id}" />
    <span role="status">${t('plan.saved')}</span>
    <button class="button plain">${t('plan.undo')}</button>
  </form>`
}

function form(visit: Visit, view: PlanView): Html {
  const { form: of, course } = view
  const t = (code: string) => say(visit.locale, code)
  return html`<form
    class="plan-fields"
    id="plan-fields"
    method="post"
    action="${paths.coursePlan(course.key)}"
  >
    ${csrfField(visit)}<input type="hidden" name="read" value="${view.read}" />
    <input type="hidden" name="moves" value="${of.moves.join(' ')}" />
    ${errorList(visit, view)}
    <fieldset class="sheet">
      <legend>${t('plan.course')}</legend>
      ${number(view, 'students', t('plan.students'), of.students, { least: 1, isRequired: true })}
      ${number(view, 'atOnce', t('plan.at-once'), of.atOnce, { least: 1 })}
      <label class="field"
        >${t('plan.state')}
        <select name="state">
          ${planStates.map(
            (state) =>
              html`<option value="${state}" ${state === of.state ? html`selected` : ''}>
                ${t(`plan.state.${state}`)}
              </option>`,
          )}
        </select>
      </label>
    </fieldset>
    <h2>${t('plan.classes')}</h2>
    ${of.sessions.length === 0 && html`<p class="empty">${t('plan.no-class')}</p>`}
    ${of.sessions.map((session, i) => sessionFields(visit, view, `s${i}`, session, i + 1))}
    ${sessionFields(visit, view, 'added', of.added)}
    <div class="acts">
      <button class="button primary">${t('plan.save')}</button>
      <button class="button plain plan-check" name="check" value="1">${t('plan.check')}</button>
    </div>
  </form>`
}

function errorList(visit: Visit, { errors, isRefused }: PlanView): Html | undefined {
  if (errors.length === 0 && !isRefused) return undefined
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  return html`<div class="note is-error" role="alert">
    ${isRefused && html`<p>${t('plan.refused')}</p>`}
    ${
      errors.length > 0 &&
      html`<p>${t('plan.error')}</p>
        <ul>
          ${errors.map(
            ({ field, code, params }) =>
              html`<li><a href="#${field}">${fieldName(visit, field)}</a>: ${t(code, params)}</li>`,
          )}
        </ul>`
    }
  </div>`
}

const FIELD_CODES: Record<string, string> = {
  atOnce: 'plan.at-once',
  students: 'plan.students',
  state: 'plan.state',
}

function fieldName({ locale }: Visit, field: string): string {
  const [which = '', what = ''] = field.split('-')
  if (what === '') return say(locale, FIELD_CODES[field] ?? field)
  const whose =
    which === 'added'
      ? say(locale, 'plan.add')
      : say(locale, 'plan.class', { number: Number(which.slice(1)) + 1 })
  return `${whose}, ${say(locale, `plan.${what}`, { zone: '' }).replace(' ()', '')}`
}

function sessionFields(
  visit: Visit,
  view: PlanView,
  name: string,
  session: SessionForm,
  place?: number,
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const legend = place === undefined ? t('plan.add') : t('plan.class', { number: place })
  return html`<fieldset class="sheet plan-session">
    <legend>${legend}</legend>
    <label class="field"
      >${t('plan.start', { zone: view.course.time_zone })}
      <input
        type="datetime-local"
        id="${name}-start"
        name="${name}-start"
        value="${session.start}"
        ${invalid(view, `${name}-start`)}
      />
    </label>
    ${number(view, `${name}-minutes`, t('plan.minutes'), session.minutes, { least: 5, step: 5 })}
    ${
      session.rule
        ? html`<p class="hint">${t('plan.rule', { rule: session.rule })}</p>`
        : number(view, `${name}-weeks`, t('plan.weeks'), session.weeks, { least: 1 })
    }
    ${
      place !== undefined &&
      html`<label class="tick">
        <input type="checkbox" name="${name}-remove" ${session.isRemoved ? html`checked` : ''} />
        ${t('plan.remove')}
      </label>`
    }
  </fieldset>`
}

function number(
  view: PlanView,
  name: string,
  label: string,
  value: string,
  rules: { least: number; step?: number; isRequired?: boolean },
): Html {
  return html`<label class="field"
    >${label}
    <input
      type="number"
      inputmode="numeric"
      id="${name}"
      name="${name}"
      value="${value}"
      min="${rules.least}"
      step="${rules.step === undefined ? 1 : 'any'}"
      ${rules.isRequired ? html`required` : ''}
      ${invalid(view, name)}
    />
  </label>`
}

const invalid = ({ errors }: PlanView, field: string): Html | string =>
  errors.some((error) => error.field === field) ? html`aria-invalid="true"` : ''

/** What the form means: fits or not, where else it would, what it costs, whether somebody has to agree. */
export function previewFragment(visit: Visit, view: PlanView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const title = html`<h2 id="answer-title">${t('plan.answer')}</h2>`
  const { preview } = view
  if (!preview) return html`${title} ${errorList(visit, view)}`
  const timeZone = view.course.time_zone
  const misses = preview.notes.filter((note) => note.severity === 'error')
  const { price = 0, currency = '' } = preview.cost ?? {}
  const amount = `${price} ${currency}`.trim()
  return html`${title}
    <p class="headline">${t(misses.length > 0 ? 'plan.fits-not' : 'plan.fits')}</p>
    ${preview.notes.length > 0 && noteList(visit, preview.notes, { timeZone })}
    ${misses.map((note) => slotButtons(visit, note))}
    ${
      view.isSame
        ? html`<p class="hint">${t('plan.same')}</p>`
        : html`<ul>
              ${wordsOf(visit, preview.difference, preview.titles, timeZone).map((line) => html`<li>${line}</li>`)}
            </ul>
            <p class="note ${preview.lane === 'automatic' ? 'is-info' : 'is-warning'}">
              ${t(preview.lane === 'automatic' ? 'plan.automatic' : 'plan.review')}
            </p>`
    }
    ${price > 0 && html`<p>${t('plan.price', { price: amount })}</p>`}`
}

/** The nearest slots that fit, each one click away. */
function slotButtons(visit: Visit, note: Note): Html | undefined {
  const slots = note.params['slots']
  const from = note.where.session?.split('/')[1]
  if (!Array.isArray(slots) || slots.length === 0 || from === undefined) return undefined
  return html`<div class="slots">
    <p>${say(visit.locale, 'plan.slots')}</p>
    ${slots.map((slot) => {
      const wall = wallOf(slot)
      return html`<button
        class="button plain"
        form="plan-fields"
        name="move"
        value="${from}>${wall}"
      >
        ${dayAndTime(visit, wall)}
      </button>`
    })}
  </div>`
}

function wallOf(slot: NoteValue): string {
  const isSlot = typeof slot === 'object' && slot !== null && !Array.isArray(slot)
  return isSlot && typeof slot['wall'] === 'string' ? slot['wall'] : ''
}

/** A wall time in words: it is nowhere's until somebody says a zone. */
function dayAndTime({ locale }: Visit, wall: string): string {
  const format = { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' } as const
  const day = new Intl.DateTimeFormat(locale, format).format(new Date(`${wall}:00Z`))
  return `${day} ${wall.slice(11)}`
}
