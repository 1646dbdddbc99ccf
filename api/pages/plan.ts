/** A teacher's plan: the course's numbers, its classes on a calendar, and what all that means, which follows at once. */
import type { Group } from '../../stacks/terms.ts'
import type { PlannedCourse } from '../access.ts'
import type { Change } from '../data/changes/change.ts'
import type { Preview } from '../data/changes/change-preview.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import { type CalendarView, writeView } from '../teaching/plan-calendar.ts'
import { type CalendarZone, type PlanClass, writeEdits } from '../teaching/plan-edits.ts'
import {
  type EditedPlan,
  type FormError,
  type PlanForm,
  baseOf,
  planForm,
  planStates,
} from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { answerSection, errorList } from './plan-answer.ts'
import { calendarSection } from './plan-calendar.ts'
import { classPanel } from './plan-class.ts'
import { planFrame } from './plan-frame.ts'
import { followField, numberField } from './plan-fields.ts'
import { type Refused, savedNote } from './saved-note.ts'

export type PlanView = {
  course: PlannedCourse
  form: PlanForm
  errors: FormError[]
  /** Digest of the document that the form was made of. */
  read: string
  zone: CalendarZone
  timeZone: string
  /** As they would be. */
  classes: PlanClass[]
  edited: EditedPlan
  /** Steps that change nothing, since their classes are gone. */
  lost: number
  /** Of the course. */
  groups: Group[]
  shown: CalendarView
  /** Wall day, `2026-11-23`. */
  today: string
  preview?: Preview
  isSame?: boolean
  isStale?: boolean
  refused?: Refused | undefined
  saved?: Change
  /** Only looked at: it is shared to be seen or used. */
  mayChange?: boolean
}

export function planPage(visit: Visit, view: PlanView): Html {
  const { course, mayChange = true } = view
  return courseFrame(visit, {
    ...{ course, mayChange, part: 'plan', seesPlan: true },
    main: html`${savedNote(visit, course, { saved: view.saved, part: 'plan' })}
    ${view.isStale && html`<p class="note is-warning" role="alert">${say(visit.locale, 'plan.stale')}</p>`}
    ${planFrame(visit, { src: paths.coursePlanPreview(course.key), saved: view.saved !== undefined }, form(visit, view))}`,
  })
}

function form(visit: Visit, view: PlanView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<form
    class="plan"
    id="plan-fields"
    method="post"
    action="${paths.coursePlan(view.course.key)}"
  >
    ${csrfField(visit)}<input type="hidden" name="read" value="${view.read}" />
    <input
      type="hidden"
      name="base"
      value="${JSON.stringify(baseOf(planForm(view.course.document)))}"
    />
    <button class="unseen" name="check" value="1" tabindex="-1">${t('plan.check')}</button>
    ${courseFields(visit, view)}
    <div class="plan-board">${boardFragment(visit, view)}</div>
    <div class="plan-acts acts">
      ${
        view.mayChange === false
          ? html`<p class="hint">${t('plan.look-only')}</p>`
          : html`<button class="button primary">${t('plan.save')}</button>`
      }
      <button class="button plain plan-check" name="check" value="1">${t('plan.check')}</button>
    </div>
  </form>`
}

/** All of the page that an edit may change. */
export function boardFragment(visit: Visit, view: PlanView): Html {
  const { form: of, shown } = view
  return html`<input type="hidden" name="edits" value="${writeEdits(of.edits)}" />
    <input type="hidden" name="view" value="${writeView(shown)}" />
    ${calendarSection(visit, view)}
    <div class="plan-side">
      ${errorList(visit, view)} ${classPanel(visit, view)} ${answerSection(visit, view)}
    </div>`
}

function courseFields(visit: Visit, { form: of, errors }: PlanView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<fieldset class="sheet plan-course">
    <legend>${t('plan.course')}</legend>
    ${numberField({ name: 'students', label: t('plan.students'), value: of.students, errors, isRequired: true })}
    ${numberField({ name: 'atOnce', label: t('plan.at-once'), value: of.atOnce, errors })}
    ${followField(visit, of.follow)}
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
  </fieldset>`
}
