/** What the plan means: fits or not, where else it would, what it costs, whether somebody has to agree. */
import type { Note, NoteValue } from '../../stacks/terms.ts'
import type { Preview } from '../data/changes/change-preview.ts'
import { say } from '../locale.ts'
import { writeId } from '../teaching/plan-edits.ts'
import type { Visit } from '../visit.ts'
import { wordsOf } from './change.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'
import type { PlanView } from './plan.ts'
import { errorsOf } from './plan-fields.ts'
import { refusedNote } from './saved-note.ts'
import { wallDay } from './wall-day.ts'

export type AnswerView = Pick<PlanView, 'preview' | 'isSame' | 'timeZone' | 'classes'> & {
  /** What changes besides what the planner sees. */
  words?: string[]
  /** What else follows from it. */
  follows?: string | undefined
}

export function answerSection(visit: Visit, view: AnswerView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section class="plan-answer sheet" aria-labelledby="answer-title">
    <h2 id="answer-title">${t('plan.answer')}</h2>
    <div class="plan-means" aria-live="polite">${answer(visit, view)}</div>
  </section>`
}

function answer(visit: Visit, view: AnswerView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { preview, timeZone } = view
  if (!preview) return html`<p class="hint">${t('plan.error')}</p>`
  const misses = preview.notes.filter((note) => note.severity === 'error')
  return html`<p class="headline">${t(misses.length > 0 ? 'plan.fits-not' : 'plan.fits')}</p>
    ${preview.notes.length > 0 && noteList(visit, preview.notes, { timeZone })}
    ${misses.map((note) => slotButtons(visit, view, note))} ${costLine(visit, preview.cost)}
    ${view.follows && html`<p>${view.follows}</p>`}
    ${
      view.isSame
        ? html`<p class="hint">${t('plan.same')}</p>`
        : html`<ul>
              ${[
                ...(view.words ?? []),
                ...wordsOf(visit, preview.difference, preview.titles, timeZone),
              ].map((line) => html`<li>${line}</li>`)}
            </ul>
            ${laneNote(visit, view)}`
    }`
}

function laneNote(visit: Visit, { preview }: AnswerView): Html {
  const isAutomatic = preview?.lane === 'automatic'
  return html`<p class="note ${isAutomatic ? 'is-info' : 'is-warning'}">
    ${say(visit.locale, `plan.lane.${preview?.lane ?? 'review'}`)}
  </p>`
}

export function costLine({ locale }: Visit, cost: Preview['cost']): Html | undefined {
  const { price = 0, currency = '', nodeHours = 0, seatHours = 0 } = cost ?? {}
  const amount = (value: number) => value.toLocaleString(locale, { maximumFractionDigits: 2 })
  const bought = { price: `${amount(price)} ${currency}`.trim(), hours: amount(nodeHours) }
  return html`<p>
    ${say(locale, 'plan.seat-hours', { hours: amount(seatHours) })}
    ${nodeHours > 0 && say(locale, 'plan.price', bought)}
  </p>`
}

/** The nearest slots that fit, each one click away. */
function slotButtons(visit: Visit, { classes }: AnswerView, note: Note): Html | undefined {
  const slots = note.params['slots']
  const about = classes.find((one) => one.key === note.where.session)
  if (!Array.isArray(slots) || slots.length === 0 || !about) return undefined
  return html`<div class="slots">
    <p>${say(visit.locale, 'plan.slots', { class: wallDay(visit.locale, about.wall) })}</p>
    ${slots.map((slot) => {
      const wall = wallOfSlot(slot)
      return html`<button class="button plain" name="place" value="${writeId(about.id)}>${wall}">
        ${wallDay(visit.locale, wall)}
      </button>`
    })}
  </div>`
}

export function wallOfSlot(slot: NoteValue): string {
  const isSlot = typeof slot === 'object' && slot !== null && !Array.isArray(slot)
  return isSlot && typeof slot['wall'] === 'string' ? slot['wall'] : ''
}

/** Steps for classes that somebody took away meanwhile. */
export const lostNote = ({ locale }: Visit, { lost }: { lost: number }): Html | false =>
  lost > 0 &&
  html`<p class="note is-warning" role="alert">
    ${say(locale, 'plan.lost-steps', { count: lost })}
  </p>`

export const errorList = (visit: Visit, { errors, refused }: PlanView): Html | undefined =>
  refusedNote(visit, refused) ?? errorsOf(visit, errors, FIELDS)

const FIELDS: Record<string, string> = {
  students: 'plan.students',
  atOnce: 'plan.at-once',
  state: 'plan.state',
  start: 'plan.start',
  minutes: 'plan.minutes',
  weeks: 'plan.weeks',
  classStudents: 'plan.class-students',
}
