/** A teacher's course: the next sessions, who is in the class now, what the planner says. Live. */
import type { Note } from '../../stacks/terms.ts'
import type { SeenCourse } from '../access.ts'
import type { PastSession } from '../data/sessions/receipt.ts'
import type { Notice } from '../data/notice.ts'
import type { CourseRoster } from '../data/lms/roster-view.ts'
import type { Session } from '../data/sessions/session.ts'
import { clock, say, shortDay, shortMoment } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { earlyTag, leadHint } from './lead.ts'
import { live } from './live.ts'
import { noticeBanner } from './notices.ts'
import { noteList } from './notes.ts'
import { pastSection } from './receipt.ts'
import { type ScratchView, scratchSection } from './scratch.ts'
import { type CourseSubmissions, submissionsSection } from './submission.ts'
import { rosterSection } from './roster.ts'
import { type Look, tableOf, tag } from './table.ts'
import { type ClassView, classSection } from './class.ts'

export type CourseView = {
  course: SeenCourse
  scratch: ScratchView
  /** Since when its seats begin without their student's personal folder. */
  personalLackSince: Date | undefined
  sessions: Session[]
  notes: Note[]
  past: PastSession[]
  notices: Notice[]
  /** Undefined where none are taken, or for who does not teach these students. */
  handedIn: CourseSubmissions | undefined
  /** Whether the reader may plan it. */
  mayPlan: boolean
  rosters: CourseRoster[]
} & ClassView

export function coursePage(visit: Visit, view: CourseView): Html {
  return courseFrame(visit, {
    course: view.course,
    ...{ part: 'class', seesPlan: view.mayPlan, mayChange: view.mayPlan },
    refreshSeconds: 15,
    aside: html`<form method="post" action="${paths.courseWorkspace(view.course.key)}">
      ${csrfField(visit)}
      <button class="button plain" aria-describedby="own-hint">
        ${say(visit.locale, 'course.own')}
      </button>
      <p class="hint" id="own-hint">${say(visit.locale, 'course.own.explain')}</p>
    </form>`,
    main: html`${live(visit, paths.courseEvents(view.course.key), courseFragment(visit, view))}`,
  })
}

export function courseFragment(visit: Visit, view: CourseView): Html {
  return html`${view.notices.length > 0 && noticeBanner(visit, view.notices)}
  ${view.personalLackSince && lackNote(visit, view.personalLackSince, view.course)}
  ${scratchSection(visit, view.scratch, view.course)}
  ${notesSection(visit, view, 'course.notes', (note) => note.severity !== 'info')}
  ${sessionsSection(visit, view)} ${classSection(visit, view, view.course.time_zone)}
  ${view.handedIn && submissionsSection(visit, view.handedIn, view.course)}
  ${view.rosters.length > 0 && rosterSection(visit, view)}
  ${notesSection(visit, view, 'course.remarks', (note) => note.severity === 'info')}
  ${pastSection(visit, view.past, view.course.time_zone)}`
}

function lackNote({ locale, at }: Visit, since: Date, { time_zone: timeZone }: SeenCourse): Html {
  const when = shortMoment(locale, timeZone, since, at)
  return html`<section class="notices" role="status">
    <div class="notice">
      <p>
        <strong>${say(locale, 'course.personal-lacking')}</strong>
        <span class="faint unbroken">${when}</span>
      </p>
      <p>${say(locale, 'course.personal-lacking.text')}</p>
    </div>
  </section>`
}

/** What asks for something stands on top of the page; what is only good to know, below the class. */
function notesSection(
  visit: Visit,
  { notes, course }: CourseView,
  title: 'course.notes' | 'course.remarks',
  isShown: (note: Note) => boolean,
): Html | undefined {
  const shown = notes.filter(isShown)
  if (shown.length === 0) return undefined
  return html`<section class="sheet" aria-labelledby="${title}">
    <h2 id="${title}">${say(visit.locale, title)}</h2>
    ${noteList(visit, shown, { timeZone: course.time_zone })}
  </section>`
}

function sessionsSection(visit: Visit, { sessions, course, mayPlan }: CourseView): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    { head: t('course.when'), cell: (row: Session) => whenOf(visit, row, course.time_zone) },
    { head: t('course.students'), cell: (row: Session) => studentsOf(visit, row) },
    { head: t('course.state'), cell: (row: Session) => sessionTag(visit, row) },
  ]
  return html`<section class="sheet" aria-labelledby="sessions-title">
    <h2 id="sessions-title">${t('course.sessions')}</h2>
    ${tableOf(t('course.sessions'), columns, sessions, t('course.no-sessions'), 'few')}
    ${leadHint(visit, sessions, course.time_zone)}
    ${mayPlan ? '' : html`<p class="hint">${t('plan.how')}</p>`}
  </section>`
}

function whenOf({ locale }: Visit, session: Session, timeZone: string): Html {
  const hours = `${clock(locale, timeZone, session.starts_at)}–${clock(locale, timeZone, session.ends_at)}`
  return html`<span class="unbroken">${shortDay(locale, timeZone, session.starts_at)}</span>
    <span class="hours unbroken">${hours}</span>`
}

function studentsOf(visit: Visit, session: Session): Html {
  if (session.at_once === session.students) return html`${session.students}`
  const places = say(visit.locale, 'course.at-once', { count: session.at_once })
  return html`${session.students} <span class="faint unbroken">${places}</span>`
}

function sessionTag(visit: Visit, session: Session): Html {
  const { state, message_code } = session
  if (message_code === 'session.does-not-fit') return tag('bad', say(visit.locale, message_code))
  const partly = message_code === 'session.fits-partly'
  const isLost = hasLostReady(session, visit.at)
  return html`${(state !== 'preparing' || !isLost) && tag(looks[state] ?? 'calm', say(visit.locale, `session.${state}`))}
  ${isLost && tag('bad', say(visit.locale, 'session.ready-no-more'))}
  ${partly && tag('bad', say(visit.locale, message_code, session.message_params))}
  ${earlyTag(visit, session)}`
}

/** It was ready, and lacks seats before it has begun. */
const hasLostReady = ({ state, ready_at, unready_at, starts_at }: Session, at: Date): boolean =>
  (state === 'preparing' || state === 'open') &&
  ready_at === null &&
  unready_at !== null &&
  starts_at > at

const looks: Partial<Record<Session['state'], Look>> = {
  ready: 'good',
  open: 'good',
  preparing: 'busy',
}
