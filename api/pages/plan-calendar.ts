/** The classes of a course on a calendar: a week by the hour, or a month; on a narrow screen, days in a list. */
import { type Locale, say } from '../locale.ts'
import {
  STEP_MINUTES,
  daysOf,
  endOf,
  holidayOn,
  hoursOf,
  slotsOf,
  viewAfter,
  viewAt,
  writeView,
} from '../teaching/plan-calendar.ts'
import { type PlanClass, writeId } from '../teaching/plan-edits.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import type { PlanView } from './plan.ts'
import { lostNote } from './plan-answer.ts'
import { dayWords } from './wall-day.ts'

export function calendarSection(visit: Visit, view: PlanView): Html {
  const { classes, shown } = view
  const t = (code: string) => say(visit.locale, code)
  const days = daysOf(shown)
  const here = classes.filter((one) => days.includes(one.wall.slice(0, 10)))
  return html`<section class="plan-calendar sheet" aria-labelledby="calendar-title">
    ${lostNote(visit, view)} ${head(visit, view)}
    ${classes.length === 0 && html`<p class="empty">${t('plan.no-class')}</p>`}
    ${classes.length > 0 && here.length === 0 && html`<p class="hint">${t('plan.none-here')}</p>`}
    <p class="unseen" id="calendar-keys">${t('plan.keys')}</p>
    ${shown.unit === 'week' ? week(visit, view, days, here) : month(visit, view, days, here)}
    <p class="hint cal-hint" aria-hidden="true">${t('plan.drag')}</p>
  </section>`
}

function head({ locale }: Visit, { shown, today, classes }: PlanView): Html {
  const t = (code: string) => say(locale, code)
  const other = shown.unit === 'week' ? 'month' : 'week'
  const days = daysOf(shown)
  const anchor = classes.find((one) => days.includes(one.wall.slice(0, 10)))?.wall ?? shown.day
  const go = (to: string, label: string, sign: string) =>
    html`<button class="button small" name="go" value="${to}" aria-label="${label}">
      ${sign}
    </button>`
  return html`<div class="cal-head">
    <h2 id="calendar-title" aria-live="polite">${titleOf(locale, shown.unit, days, shown.day)}</h2>
    <div class="cal-go">
      ${go(writeView(viewAfter(shown, -1)), t(`plan.before.${shown.unit}`), '‹')}
      <button class="button small" name="go" value="${writeView(viewAt(shown.unit, today))}">
        ${t('plan.today')}
      </button>
      ${go(writeView(viewAfter(shown, 1)), t(`plan.after.${shown.unit}`), '›')}
      <button
        class="button small"
        name="go"
        value="${writeView(viewAt(other, anchor.slice(0, 10)))}"
      >
        ${t(`plan.as.${other}`)}
      </button>
    </div>
  </div>`
}

function titleOf(locale: Locale, unit: 'week' | 'month', days: string[], day: string): string {
  if (unit === 'month') return dayWords(locale, day, { month: 'long', year: 'numeric' })
  const [first = day, last = day] = [days[0], days.at(-1)]
  const from = dayWords(locale, first, { day: 'numeric', month: 'short' })
  return `${from} – ${dayWords(locale, last, { day: 'numeric', month: 'short', year: 'numeric' })}`
}

function week(visit: Visit, view: PlanView, days: string[], here: PlanClass[]): Html {
  const hours = hoursOf(here)
  const count = hours.to - hours.from
  const step = 60 / STEP_MINUTES
  return html`<div
    class="week hours-${count}"
    data-from="${hours.from * 60}"
    data-step="${STEP_MINUTES}"
  >
    <div class="week-hours" aria-hidden="true">
      ${Array.from({ length: count }, (_, n) => html`<span class="at-${n * step}">${hours.from + n}:00</span>`)}
    </div>
    <ol class="week-days">
      ${days.map((day) => {
        const own = here.filter((one) => one.wall.startsWith(day))
        const { slots, lanes } = slotsOf(own, hours)
        return html`<li class="cal-day ${dayLook(view, day, own)}" data-date="${day}">
          ${dayHead(visit, view, day)}
          <ol class="week-grid lanes-${lanes}">
            ${own.map((one, i) => {
              const slot = slots[i]
              return html`<li class="at-${slot?.at} for-${slot?.steps} lane-${slot?.lane}">
                ${event(visit, view, one)}
              </li>`
            })}
          </ol>
        </li>`
      })}
    </ol>
  </div>`
}

function month(visit: Visit, view: PlanView, days: string[], here: PlanClass[]): Html {
  const isOther = (day: string) => day.slice(0, 7) !== view.shown.day.slice(0, 7)
  return html`<ol class="month">
    ${days.map((day) => {
      const own = here.filter((one) => one.wall.startsWith(day))
      return html`<li
        class="cal-day ${dayLook(view, day, own)} ${isOther(day) && 'is-other'}"
        data-date="${day}"
      >
        ${dayHead(visit, view, day)}
        <ol class="month-list">
          ${own.map((one) => html`<li>${event(visit, view, one)}</li>`)}
        </ol>
      </li>`
    })}
  </ol>`
}

function dayLook({ zone, today }: PlanView, day: string, own: PlanClass[]): string {
  const looks = [
    holidayOn(day, zone.holidays) && 'is-holiday',
    day === today && 'is-today',
    own.length === 0 && 'is-empty',
  ]
  return looks.filter(Boolean).join(' ')
}

function dayHead({ locale }: Visit, { zone, today }: PlanView, day: string): Html {
  const holiday = holidayOn(day, zone.holidays)
  const parts = [
    ['cal-weekday', dayWords(locale, day, { weekday: 'short' })],
    ['cal-number', dayWords(locale, day, { day: 'numeric' })],
    ['cal-month', dayWords(locale, day, { month: 'short' })],
  ]
  return html`<h3 class="cal-name" ${day === today ? html`aria-current="date"` : ''}>
      ${parts.map(([look, text]) => html`<span class="${look}">${text}</span> `)}
    </h3>
    ${holiday && html`<p class="cal-holiday">${holiday.title}</p>`}`
}

function event({ locale }: Visit, view: PlanView, one: PlanClass): Html {
  const id = writeId(one.id)
  const isChosen = view.edited.at !== undefined && writeId(view.edited.at) === id
  const notes = view.preview?.notes ?? []
  const isUnfit = notes.some((note) => note.severity === 'error' && note.where.session === one.key)
  const day = dayWords(locale, one.wall, { weekday: 'long', day: 'numeric', month: 'long' })
  const count = one.students
  const students = count !== undefined && say(locale, 'plan.event-students', { count })
  const exam = one.isExam && say(locale, 'plan.exam')
  const label = [one.title, one.group, students, exam].filter(Boolean)
  return html`<button
    class="event ${isChosen && 'is-chosen'} ${isUnfit && 'is-unfit'}"
    name="choose"
    value="${id}"
    data-start="${one.wall}"
    data-minutes="${one.minutes}"
    aria-pressed="${isChosen ? 'true' : 'false'}"
    aria-describedby="calendar-keys"
  >
    <span class="unseen">${day}</span>
    <span class="event-time">${one.wall.slice(11)}–${endOf(one)}</span>
    ${label.length > 0 && html`<span class="event-label">${label.join(' · ')}</span>`}
    ${isUnfit && html`<span class="event-unfit">${say(locale, 'plan.event-unfit')}</span>`}
  </button>`
}
