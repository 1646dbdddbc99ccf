/** Times in which storage does not answer. What runs waits with it; what would begin or end waits for it. */
import { audit } from '../audit.ts'
import { type Db, type Query, execute, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import type { VolumeBackend } from './volume.ts'

export type KeptBackend = Exclude<VolumeBackend, 'engine'>
export type Outage = { backend: KeptBackend; since_at: Date; reason: string }

const CLOCK = { name: 'clock', role: 'labplan' } as const

/** Whether what keeps this backend's volumes is away now. */
export const isAway = (backend: Query): Query =>
  sql`exists (select from storage_outage where storage_outage.ended_at is null and storage_outage.backend = ${backend})`

export async function openOutages(db: Db): Promise<Outage[]> {
  return many(
    db,
    sql`select backend, since_at, reason from storage_outage where ended_at is null order by backend`,
  )
}

/** Nobody waits for what is known not to answer. */
export async function isKnownAway(db: Db, backend: VolumeBackend): Promise<boolean> {
  return (await openOutages(db)).some((outage) => outage.backend === backend)
}

/** Backends that keep any volume now. */
export async function backendsInUse(db: Db): Promise<KeptBackend[]> {
  const rows = await many<{ backend: KeptBackend }>(
    db,
    sql`select distinct backend from volume where backend <> 'engine' and state not in ('purging', 'purged') order by backend`,
  )
  return rows.map(({ backend }) => backend)
}

/** Whether it has to have any volume: one was there once, and is not purged; a version of data is on whatever there is. */
export async function hasMade(db: Db, backend: KeptBackend): Promise<boolean> {
  const { has } = await one<{ has: boolean }>(
    db,
    sql`select exists (select from volume where backend = ${backend} and state <> 'purged' and limit_bytes is not null)
          or exists (select from course_data where state in ('published', 'purging')) as has`,
  )
  return has
}

/** Addresses of the servers that seats which exist mount from. */
export async function serversInUse(db: Db): Promise<string[]> {
  const rows = await many<{ server: string }>(
    db,
    sql`select distinct body -> 'volume' ->> 'server' as server from seat_template
        where body -> 'volume' ->> 'backend' = 'nfs' and digest in (select template_digest from seat) order by 1`,
  )
  return rows.map(({ server }) => server)
}

/** False when it was known already. */
export async function beginOutage(
  tx: Db,
  outage: { backend: KeptBackend; since: Date; reason: string; now: Date },
): Promise<boolean> {
  const { backend, since, reason, now } = outage
  const id = newId()
  const isNew = await execute(
    tx,
    sql`insert into storage_outage (id, backend, since_at, noticed_at, reason)
        values (${id}, ${backend}, ${since}, ${now}, ${reason}) on conflict (backend) where ended_at is null do nothing`,
  )
  if (isNew === 0) return false
  await note(tx, 'storage.away', { id, backend, now })
  await tellPages(tx, backend)
  return true
}

/**
 * Answers since when it was away; undefined when it was not. Whoever waited for it starts at once, and nobody is taken for
 * idle for the time in which nothing could be done.
 */
export async function endOutage(
  tx: Db,
  outage: { backend: KeptBackend; now: Date },
): Promise<Date | undefined> {
  const { backend, now } = outage
  const ended = await findOne<{ id: string; since_at: Date }>(
    tx,
    sql`update storage_outage set ended_at = ${now} where backend = ${backend} and ended_at is null returning id, since_at`,
  )
  if (!ended) return undefined
  await execute(
    tx,
    sql`update seat_sample set worked_at = greatest(worked_at, ${now}) where seat_id in (select id from (${seatsOn(backend)}) own)`,
  )
  await execute(
    tx,
    sql`update seat set start_failures = 0, start_after = null
        where start_after is not null and id in (select id from (${seatsOn(backend)}) own)`,
  )
  await execute(
    tx,
    sql`update stack set retry_at = null where kind = 'seats' and retry_at > ${now} and cancelled_run_id is null
        and course_id in (select course_id from (${seatsOn(backend)}) own)`,
  )
  await note(tx, 'storage.back', { id: ended.id, backend, now })
  await tellPages(tx, backend)
  return ended.since_at
}

const seatsOn = (backend: KeptBackend): Query =>
  sql`select seat.id, seat.course_id from seat join volume on volume.seat_id = seat.id and volume.generation = seat.generation
      where volume.backend = ${backend} and volume.state not in ('purging', 'purged')`

async function note(
  tx: Db,
  action: 'storage.away' | 'storage.back',
  of: { id: string; backend: KeptBackend; now: Date },
): Promise<void> {
  const subject = { kind: 'storage', id: of.id }
  await audit(tx, {
    ...{ actor: CLOCK, action, subject, detail: { backend: of.backend }, now: of.now },
  })
}

/** Students' pages, their teachers', and the driver. */
async function tellPages(tx: Db, backend: KeptBackend): Promise<void> {
  await execute(
    tx,
    sql`with heard as (update workspace set version = version + 1
          where seat_id in (select id from (${seatsOn(backend)}) own) returning id)
        select pg_notify('workspace', id::text) from heard union all select pg_notify('work', '')`,
  )
}

export type CourseUnderWay = { id: string; ends_at: Date | null }

/** Courses whose people feel it now: a class of theirs is prepared or on, or somebody is at work. */
export async function coursesOn(db: Db, backend: KeptBackend): Promise<CourseUnderWay[]> {
  return many(
    db,
    sql`select course.id, (select max(ends_at) from session where session.course_id = course.id
            and session.state in ('preparing', 'ready', 'open')) as ends_at
        from course where course.id in (select course_id from (${seatsOn(backend)}) own)
          and (exists (select from session where session.course_id = course.id and session.state in ('preparing', 'ready', 'open'))
            or exists (select from workspace where workspace.course_id = course.id
              and workspace.state in ('starting', 'ready', 'resetting', 'stopping')))
        order by course.key`,
  )
}

export type PastOutage = { backend: KeptBackend; since_at: Date; ended_at: Date | null }

/** What a course's volumes went through between two instants. */
export async function outagesDuring(
  db: Db,
  span: { courseId: string; from: Date; until: Date },
): Promise<PastOutage[]> {
  return many(
    db,
    sql`select backend, since_at, ended_at from storage_outage
        where since_at <= ${span.until} and (ended_at is null or ended_at >= ${span.from})
          and backend in (select volume.backend from volume join seat on seat.id = volume.seat_id where seat.course_id = ${span.courseId})
        order by since_at`,
  )
}
