/**
 * A course's data: versions that the storage agent keeps, each a volume that is sealed when it is published. Which one is in
 * force the course's document says; which one a seat has, the template it was made of.
 */
import { dataVolumeName } from '../../../stacks/parts/names.ts'
import { type Actor, audit } from '../audit.ts'
import { type Db, type Query, execute, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type DataState = 'draft' | 'published' | 'purging' | 'purged'

export type DataVersion = {
  id: string
  version: number
  name: string
  size_mb: number
  state: DataState
  files: number | null
  bytes: number | null
  created_at: Date
  published_at: Date | null
  /** Seats that were made with it. */
  seats: number
}

export type DataRules = {
  sizeMb: number | null
  path: string | null
  /** In force; null while nothing was published. */
  version: number | null
}

export async function dataRules(db: Db, courseId: string): Promise<DataRules> {
  return one(
    db,
    sql`select data_size_mb as "sizeMb", data_path as path, data_version as version from course where id = ${courseId}`,
  )
}

const seatsWith = sql`(select count(*)::int from seat join seat_template on digest = template_digest
  where seat.course_id = course_data.course_id and (body -> 'data' ->> 'version')::int = course_data.version)`
const columns = sql`course_data.id, version, name, size_mb, state, files, bytes, created_at, published_at, ${seatsWith} as seats`

/** Newest first. */
export async function dataVersions(db: Db, courseId: string): Promise<DataVersion[]> {
  return many(
    db,
    sql`select ${columns} from course_data where course_id = ${courseId} order by version desc`,
  )
}

export async function findDataVersion(
  db: Db,
  of: { courseId: string; version: number },
): Promise<DataVersion | undefined> {
  return findOne(
    db,
    sql`select ${columns} from course_data where course_id = ${of.courseId} and version = ${of.version}`,
  )
}

type Act = { courseId: string; actor: Actor; now: Date }

/** The draft, begun if there is none. The agent is told next; asked for again, it is the same one. */
export async function beginVersion(
  tx: Db,
  act: Act & { sizeMb: number; installation: string },
): Promise<{ version: number; name: string; size_mb: number }> {
  const { courseId, now } = act
  const course = await one<{ code: string }>(
    tx,
    sql`select code from course where id = ${courseId} for update`,
  )
  const known = await findOne<{ version: number; name: string; size_mb: number }>(
    tx,
    sql`select version, name, size_mb from course_data where course_id = ${courseId} and state = 'draft'`,
  )
  if (known) return known
  const { version } = await one<{ version: number }>(
    tx,
    sql`select coalesce(max(version), 0) + 1 as version from course_data where course_id = ${courseId}`,
  )
  const name = dataVolumeName({ installation: act.installation, course8: course.code, version })
  await execute(
    tx,
    sql`insert into course_data (id, course_id, version, name, size_mb, state, state_at, created_at)
        values (${newId()}, ${courseId}, ${version}, ${name}, ${act.sizeMb}, 'draft', ${now}, ${now})`,
  )
  await note(tx, act, 'course-data.begin', version)
  return { version, name, size_mb: act.sizeMb }
}

/** It is sealed: from now on it is what it is. Twice does no harm. */
export async function publishVersion(
  tx: Db,
  act: Act & { version: number; files: number; bytes: number },
): Promise<void> {
  const { courseId, version, now } = act
  const done = await execute(
    tx,
    sql`update course_data set state = 'published', state_at = ${now}, published_at = ${now}, last_used_at = ${now},
          files = ${act.files}, bytes = ${act.bytes}
        where course_id = ${courseId} and version = ${version} and state = 'draft'`,
  )
  if (done > 0) await note(tx, act, 'course-data.publish', version)
}

async function note(tx: Db, act: Act, action: string, version: number): Promise<void> {
  await audit(tx, {
    ...{ actor: act.actor, action, subject: { kind: 'course', id: act.courseId } },
    ...{ detail: { version }, now: act.now },
  })
}

/** How many stay whatever their age: one goes back to them with a click. Besides, what is in force, or in a seat. */
const KEPT_VERSIONS = 3

const isUsed = sql`(course_data.version = course.data_version or ${seatsWith} > 0)`

/** Orders away what nobody used since `before`. */
export async function orderUnusedData(tx: Db, of: { now: Date; before: Date }): Promise<void> {
  const { now, before } = of
  await execute(
    tx,
    sql`update course_data set last_used_at = ${now} from course
        where course.id = course_id and course_data.state = 'published' and ${isUsed}
          and last_used_at < ${new Date(now.getTime() - 3_600_000)}`,
  )
  await orderWhere(tx, {
    now,
    is: sql`not ${isUsed} and last_used_at < ${before}
      and ${KEPT_VERSIONS} <= (select count(*) from course_data newer where newer.course_id = course.id
        and newer.version > course_data.version and newer.state = 'published')`,
  })
}

export type EndingData = {
  id: string
  key: string
  until: Date
  /** The version in force goes, too: the course is archived. */
  is_all: boolean
  newest: number
  versions: number
}

const goes = sql`(course.state = 'archived' or course_data.version is distinct from course.data_version)`

/** Courses whose files come to their date before `before`, with what of their data goes then. */
export async function endingData(db: Db, before: Date): Promise<EndingData[]> {
  return many(
    db,
    sql`select course.id, course.key, volumes_until as until, course.state = 'archived' as is_all,
          max(version) as newest, count(*)::int as versions
        from course_data join course on course.id = course_id
        where volumes_until <= ${before} and course_data.state = 'published' and ${goes}
        group by course.id order by course.key`,
  )
}

/** Nothing while a seat of the course exists. Twice does no harm. */
export async function orderDataPurge(tx: Db, course: { id: string; now: Date }): Promise<void> {
  await orderWhere(tx, {
    now: course.now,
    is: sql`course.id = ${course.id} and (course.state = 'archived' or not ${isUsed})
      and not exists (select from seat where seat.course_id = course.id and seat.state <> 'absent')`,
  })
}

async function orderWhere(tx: Db, { is, now }: { is: Query; now: Date }): Promise<void> {
  await execute(
    tx,
    sql`with ordered as (
          update course_data set state = 'purging', state_at = ${now} from course
          where course.id = course_id and course_data.state = 'published' and ${is} returning course_data.id)
        insert into purge (id, data_id, ordered_at) select gen_random_uuid(), id, ${now} from ordered on conflict do nothing`,
  )
}

/** Its purge is proved. */
export async function markDataPurged(tx: Db, of: { id: string; now: Date }): Promise<void> {
  const row = await one<{ version: number; course_id: string }>(
    tx,
    sql`update course_data set state = 'purged', state_at = ${of.now} where id = ${of.id} returning version, course_id`,
  )
  const actor = { name: 'retention', role: 'labplan' } as const
  await note(tx, { courseId: row.course_id, actor, now: of.now }, 'course-data.purge', row.version)
}

/** What the seat behind a workspace has, and what it gets at its next start. */
export type SeatData = { has: number | null; next: number; path: string }

export async function dataOfSeat(db: Db, seatId: string): Promise<SeatData | undefined> {
  return findOne(
    db,
    sql`select case when seat.state in ('starting', 'ready') then (body -> 'data' ->> 'version')::int end as has, data_version as next,
          coalesce(case when seat.state in ('starting', 'ready') then body -> 'data' ->> 'mountPath' end, data_path) as path
        from seat join course on course.id = seat.course_id left join seat_template on digest = template_digest
        where seat.id = ${seatId} and data_version is not null`,
  )
}

/** Its files are gone already; its number is used again. */
export async function discardDraft(tx: Db, act: Act & { version: number }): Promise<void> {
  await execute(
    tx,
    sql`delete from course_data where course_id = ${act.courseId} and version = ${act.version} and state = 'draft'`,
  )
  await note(tx, act, 'course-data.discard', act.version)
}

/** The draft that files are uploaded into. */
export async function draftName(db: Db, courseId: string): Promise<string | undefined> {
  const row = await findOne<{ name: string }>(
    db,
    sql`select name from course_data where course_id = ${courseId} and state = 'draft'`,
  )
  return row?.name
}
