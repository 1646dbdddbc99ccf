/**
 * Numbers of seats that nobody has yet. A number is somebody's for good, so a course may run out of them: who comes then waits
 * in a line of their own that holds up nobody else, and is told why; so are those who can plan more.
 */
import { type Db, execute, findOne, notify, one, sql } from '../db.ts'
import { sendNotice } from '../notice.ts'
import { studentsIn } from '../lms/roster-view.ts'

/** What stands after `from`, beside the row of `course`: its allowance is for those who come. */
export const freeNumbers = sql`seat where seat.course_id = course.id and not seat.taken
  and seat.number <= course.allowance_seats + course.dormant_holders`

/** Who left the list, or has not come for weeks, keeps their number and is counted in nothing else. */
export async function countDormantHolders(tx: Db): Promise<void> {
  const changed = await execute(
    tx,
    sql`with student as (${studentsIn(sql`resource.course_id is not null`)}),
        gone as (select workspace.course_id, count(*)::int as holders from student
          join workspace on workspace.course_id = student.course_id and workspace.person_id = student.person_id
          where not student.comes and workspace.seat_id is not null group by workspace.course_id)
        update course set dormant_holders = counted.holders
        from (select course.id, coalesce(gone.holders, 0) as holders from course left join gone on gone.course_id = course.id) counted
        where course.id = counted.id and course.dormant_holders <> counted.holders`,
  )
  if (changed > 0) await notify(tx, 'work')
}

/** How many of them there are. */
export async function countFreeNumbers(db: Db, courseId: string): Promise<number> {
  const { count } = await one<{ count: number }>(
    db,
    sql`select (select count(*) from ${freeNumbers}) as count from course where id = ${courseId}`,
  )
  return count
}

/** For whom it may be that there is no number: how many their course has in all; undefined for who has one. */
export async function numbersInAll(db: Db, workspaceId: string): Promise<number | undefined> {
  const row = await findOne<{ numbers: number }>(
    db,
    sql`select course.allowance_seats as numbers from workspace join course on course.id = workspace.course_id
        where workspace.id = ${workspaceId} and seat_id is null and workspace.state = 'queued'`,
  )
  return row?.numbers
}

/** How long the course's page says so: a class a week sees it twice. */
const SHOWN_MS = 14 * 24 * 3_600_000

const threadOf = (courseId: string): string => `seat-numbers/${courseId}`

/**
 * Somebody without a number has just queued: where there is none for them, whoever can plan more is told; once for so many, and again
 * when the page says it no more, since who waits reads that they were told.
 */
export async function tellNumbersOut(
  tx: Db,
  { courseId, now }: { courseId: string; now: Date },
): Promise<void> {
  const lack = await findOne<{ numbers: number }>(
    tx,
    sql`select allowance_seats as numbers from course where id = ${courseId}
          and (select count(*) from workspace where course_id = course.id and state = 'queued' and seat_id is null)
            > (select count(*) from ${freeNumbers})
          and not exists (select from notice where thread = ${threadOf(courseId)} and shown_until > ${now}
            and (params ->> 'count')::int = allowance_seats)`,
  )
  if (!lack) return
  const thread = threadOf(courseId)
  await sendNotice(tx, {
    ...{ code: 'notice.seat-numbers', to: 'both', params: { count: lack.numbers }, courseId },
    // Two who come at once see none of each other's.
    ...{ thread, dedupeKey: `${thread}/${lack.numbers}/${now.toISOString().slice(0, 10)}`, now },
    shownUntil: new Date(now.getTime() + SHOWN_MS),
  })
}
