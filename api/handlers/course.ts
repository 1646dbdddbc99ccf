/** A teacher's course page and its stream; and, for anyone in the course, their own workspace. */
import { notesOfCourse } from '../data/changes/change.ts'
import { type SeenCourse, mayPlan } from '../access.ts'
import { withTransaction } from '../data/db.ts'
import { noticesOfCourse } from '../data/notice.ts'
import { waitingInCourse } from '../data/pools/overview.ts'
import { pastSessions } from '../data/sessions/receipt.ts'
import { rostersOfCourse } from '../data/lms/roster-view.ts'
import { classScratch } from '../data/seats/scratch.ts'
import { homesLeft } from '../data/seats/scratch-home.ts'
import { courseLackSince } from '../data/seats/slot-lack.ts'
import { courseSeats } from '../data/seats/seat.ts'
import { sessionsToCome } from '../data/sessions/session.ts'
import { submissionRules, submissionsOfCourse } from '../data/volumes/submission.ts'
import { disksOf } from '../data/volumes/volume.ts'
import { claimWorkspace } from '../data/workspaces/workspace-begin.ts'
import { type CourseView, courseFragment, coursePage } from '../pages/course.ts'
import { liveEvents } from '../pages/live.ts'
import { paths } from '../paths.ts'
import { type Handler, type Visit, personOf } from '../visit.ts'

const SESSIONS_SHOWN = 8
const PAST_SHOWN = 5

export const show: Handler<SeenCourse> = async (visit, course) => ({
  html: coursePage(visit, await viewOf(visit, course, visit.at)),
})

export const events: Handler<SeenCourse> = (visit, course) => {
  const render = async (at: Date) =>
    courseFragment({ ...visit, at }, await viewOf(visit, course, at))
  // Any workspace may be of this course; what has not changed is not sent.
  return { events: liveEvents(visit, 'workspace', () => true, render) }
}

async function viewOf(visit: Visit, course: SeenCourse, at: Date): Promise<CourseView> {
  const { pool } = visit
  const [sessions, seats, waiting, notes, past, notices, plans, rosters] = await Promise.all([
    sessionsToCome(pool, { courseIds: [course.id], now: at, limit: SESSIONS_SHOWN }),
    courseSeats(pool, { courseId: course.id }),
    waitingInCourse(pool, course.id),
    notesOfCourse(pool, course.key),
    pastSessions(pool, { id: course.id, limit: PAST_SHOWN }),
    noticesOfCourse(pool, { courseId: course.id, now: at }),
    mayPlan(visit, course),
    rostersOfCourse(pool, course.id),
  ])
  // Names are for who teaches these students, not for who runs the machines.
  const seen = course.role === 'teacher' ? seats : seats.map(nameless)
  const disks = await disksOf(
    pool,
    seats.map((seat) => seat.id),
  )
  const scratch = {
    now: await classScratch(pool, course.id),
    left: await homesLeft(pool, course.id),
  }
  const personalLackSince = await courseLackSince(pool, course.id)
  const rules = await submissionRules(pool, course.id)
  const rows = await submissionsOfCourse(pool, course.id)
  const handedIn =
    course.role === 'teacher' && (rules.takes || rows.length > 0) ? { rules, rows } : undefined
  return {
    course,
    scratch,
    personalLackSince,
    sessions,
    seats: seen,
    disks,
    handedIn,
    waiting,
    notes,
    past,
    notices,
    mayPlan: plans,
    rosters,
  }
}

const nameless = <Seat extends { display_name: string | null }>(seat: Seat): Seat => ({
  ...seat,
  display_name: null,
})

/** What a launch does, without leaving our pages: finds or takes the visitor's own seat. */
export const openWorkspace: Handler<SeenCourse> = async (visit, course) => {
  const { personId } = personOf(visit)
  const launch = { courseId: course.id, personId, now: visit.at }
  const { id } = await withTransaction(visit.pool, (tx) => claimWorkspace(tx, launch))
  return { seeOther: paths.workspace(id) }
}
