/** A teacher's course: the next sessions, who is in the class now, what the planner says. Live. */
import type { Note } from '../../stacks/terms.ts'
import { type Language, sentence } from '../../stacks/rules/explain.ts'
import type { CourseRow } from '../data/course.ts'
import type { courseSeats } from '../data/seat.ts'
import type { Session } from '../data/session.ts'
import { clock, day, duration, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { live } from './live.ts'

export type CourseView = {
  course: CourseRow
  sessions: Session[]
  seats: Awaited<ReturnType<typeof courseSeats>>
  waiting: number
  notes: Note[]
}

export function coursePage(visit: Visit, view: CourseView): Html {
  const title = view.course.title[visit.locale]
  return frame(visit, {
    title,
    isWide: true,
    refreshSeconds: 15,
    main: html`<div class="page-head">
        <h1>${title}</h1>
        <form method="post" action="${paths.courseWorkspace(view.course.key)}">
          ${csrfField(visit)}
          <button class="button plain" aria-describedby="own-hint">
            ${say(visit.locale, 'course.own')}
          </button>
          <p class="hint" id="own-hint">${say(visit.locale, 'course.own.explain')}</p>
        </form>
      </div>
      ${live(visit, paths.courseEvents(view.course.key), courseFragment(visit, view))}`,
  })
}

export function courseFragment(visit: Visit, view: CourseView): Html {
  return html`${view.notes.length > 0 && notesSection(visit, view)}
  ${sessionsSection(visit, view)}${classSection(visit, view)}`
}

function notesSection(visit: Visit, { notes, course }: CourseView): Html {
  const order = { error: 0, warning: 1, info: 2 }
  const sorted = notes.toSorted((a, b) => order[a.severity] - order[b.severity])
  return html`<section class="sheet" aria-labelledby="notes-title">
    <h2 id="notes-title">${say(visit.locale, 'course.notes')}</h2>
    <ul class="notes">
      ${sorted.map(
        (note) =>
          html`<li class="note is-${note.severity}">
            <strong>${say(visit.locale, `severity.${note.severity}`)}</strong>
            <span>${noteText(note, visit.locale, course.time_zone)}</span>
          </li>`,
      )}
    </ul>
  </section>`
}

export function noteText(note: Note, language: Language, timeZone: string): string {
  return sentence(note, language, { timeZone })
}

function sessionsSection(visit: Visit, { sessions, course }: CourseView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { locale } = visit
  const rows = sessions.map(
    (session) =>
      html`<tr>
        <td>
          ${day(locale, course.time_zone, session.starts_at)},
          ${clock(locale, course.time_zone, session.starts_at)}–${clock(locale, course.time_zone, session.ends_at)}
        </td>
        <td class="number">${session.students}</td>
        <td class="number">${session.at_once}</td>
        <td>${sessionTag(visit, session)}</td>
      </tr>`,
  )
  return html`<section class="sheet" aria-labelledby="sessions-title">
    <h2 id="sessions-title">${t('course.sessions')}</h2>
    ${
      sessions.length === 0
        ? html`<p class="empty">${t('course.no-sessions')}</p>`
        : html`<div class="table-wrap" tabindex="0" role="group" aria-labelledby="sessions-title">
            <table>
              <thead>
                <tr>
                  <th scope="col">${t('course.when')}</th>
                  <th scope="col" class="number">${t('course.students')}</th>
                  <th scope="col" class="number">${t('course.at-once')}</th>
                  <th scope="col">${t('course.state')}</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>
          </div>`
    }
  </section>`
}

const looks: Record<string, string> = {
  ready: 'good',
  open: 'good',
  preparing: 'busy',
  starting: 'busy',
  stopping: 'busy',
  resetting: 'busy',
  queued: 'busy',
  failed: 'bad',
}

type Held = Pick<Session, 'state' | 'message_code' | 'message_params'>

export function sessionTag(visit: Visit, session: Held): Html {
  const { state, message_code } = session
  if (message_code === 'session.does-not-fit')
    return html`<span class="tag bad">${say(visit.locale, message_code)}</span>`
  const partly = message_code === 'session.fits-partly'
  return html`<span class="tag ${looks[state] ?? 'calm'}"
      >${say(visit.locale, `session.${state}`)}</span
    >
    ${partly && html`<span class="tag bad">${say(visit.locale, message_code, session.message_params)}</span>`}`
}

function classSection(visit: Visit, view: CourseView): Html {
  const t = (code: string) => say(visit.locale, code)
  const count = (state: string) => view.seats.filter((seat) => seat.state === state).length
  const counts = [
    ['course.count.ready', count('ready')],
    ['course.count.taken', view.seats.filter((seat) => seat.occupied).length],
    ['course.count.queued', view.waiting],
    ['course.count.failed', count('failed')],
  ] as const
  return html`<section class="sheet" aria-labelledby="class-title">
    <h2 id="class-title">${t('course.class')}</h2>
    ${
      view.seats.length === 0 && view.waiting === 0
        ? html`<p class="empty">${t('course.class.none')}</p>`
        : html`<ul class="counts">
              ${counts.map(([code, n]) => html`<li><strong>${n}</strong> ${t(code)}</li>`)}
            </ul>
            <div class="table-wrap" tabindex="0" role="group" aria-labelledby="class-title">
              <table>
                <thead>
                  <tr>
                    <th scope="col" class="number">${t('course.seat')}</th>
                    <th scope="col">${t('course.who')}</th>
                    <th scope="col">${t('course.state')}</th>
                    <th scope="col">${t('course.since')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${view.seats.map((seat) => seatRow(visit, seat, view.course.time_zone))}
                </tbody>
              </table>
            </div>`
    }
  </section>`
}

type SeatLine = CourseView['seats'][number]

/** What matters of a seat that somebody has is how they are; of a free one, how it is. */
function seatState(visit: Visit, { state, workspace_state }: SeatLine): Html {
  const shown = workspace_state ?? state
  const code = workspace_state ? `class.${workspace_state}` : `seat.${state}`
  return html`<span class="tag ${looks[shown] ?? 'calm'}">${say(visit.locale, code)}</span>`
}

function seatRow(visit: Visit, seat: SeatLine, timeZone: string): Html {
  const { locale, at } = visit
  const who = seat.display_name ?? say(locale, seat.occupied ? 'course.unnamed' : 'course.free')
  const ageMs = at.getTime() - seat.state_at.getTime()
  const since =
    ageMs < 12 * 3600_000 ? clock(locale, timeZone, seat.state_at) : duration(locale, ageMs)
  return html`<tr>
    <td class="number">${seat.number}</td>
    <td class="${!seat.display_name && 'faint'}">${who}</td>
    <td>${seatState(visit, seat)}</td>
    <td class="faint">${since}</td>
  </tr>`
}
