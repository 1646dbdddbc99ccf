/**
 * Retention: until when a course's files are kept, who was told, and what was purged. A purge is ordered in the record, done by
 * the storage agent, and its receipt says what was there and that it is gone; receipts are a chain, each with the hash before it.
 */
import { canonicalJson, sha256 } from '../../../stacks/blueprint.ts'
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { markDataPurged } from './course-data.ts'
import { policyInForce, readKnown, valuesOf } from '../courses/documents.ts'
import { personalUntil } from './volume.ts'

const DAY_MS = 86_400_000
const CLOCK: Actor = { name: 'retention', role: 'labplan' }

export type KeptUntil = { key: string; until: string | null }

/** What the blueprint in force says, for every course; `until` is an instant. Where it says none, by when it was used last. */
export async function setKeptUntil(tx: Db, courses: KeptUntil[]): Promise<void> {
  const undated = courses.filter(({ until }) => until === null).map(({ key }) => key)
  const used = await usedUntil(tx, undated)
  const untils = courses.map(({ key, until }) => until ?? used.get(key) ?? null)
  await execute(
    tx,
    sql`update course set volumes_until = c.until from unnest(${courses.map((one) => one.key)}::text[],
            ${untils}::timestamptz[]) as c (key, until)
        where course.key = c.key and course.volumes_until is distinct from c.until`,
  )
}

/**
 * A draft, or a course without any session, has no last day: what is there of it is kept as long after it was last used, by whoever
 * began or stopped in it, or published data.
 */
async function usedUntil(tx: Db, keys: string[]): Promise<Map<string, string>> {
  const rows = await many<{ key: string; document: string; used: Date | null }>(
    tx,
    sql`select key, document, greatest(
            (select max(volume.created_at) from volume join seat on seat.id = seat_id
              where seat.course_id = course.id),
            (select max(published_at) from course_data where course_id = course.id),
            (select max(state_at) from workspace where course_id = course.id)) as used
        from course where key = any(${keys}::text[])
          and (exists (select from volume join seat on seat.id = seat_id where seat.course_id = course.id)
            or exists (select from course_data where course_id = course.id and published_at is not null))`,
  )
  if (rows.length === 0) return new Map()
  const policy = await policyInForce(tx)
  return new Map(
    rows.flatMap(({ key, document, used }) => {
      const [course] = valuesOf([readKnown({ kind: 'Course', key, text: document })], 'Course')
      const keepDays = course?.keepDays ?? policy.keepDays
      return used ? [[key, new Date(used.getTime() + keepDays * DAY_MS).toISOString()]] : []
    }),
  )
}

export type EndingFiles = { id: string; key: string; until: Date; volumes: number }

/** Courses that have volumes an agent keeps, whose date comes before `before`. */
export async function endingFiles(db: Db, before: Date): Promise<EndingFiles[]> {
  return many(
    db,
    sql`select course.id, course.key, volumes_until as until, count(*)::int as volumes
        from course join seat on seat.course_id = course.id join volume on volume.seat_id = seat.id
        where volumes_until <= ${before} and backend <> 'engine' and volume.state <> 'purged'
        group by course.id order by course.key`,
  )
}

/** Persons' own volumes whose date comes before `before`, by that date: of nobody whose seat has it now. */
export async function endingPersonal(
  db: Db,
  before: Date,
): Promise<{ until: Date; ids: string[] }[]> {
  const { keepDays } = await policyInForce(db)
  return many(
    db,
    sql`select until, array_agg(id) as ids from (
          select volume.id, ${personalUntil(keepDays)} as until from volume
          where person_id is not null and state not in ('purging', 'purged')
            and not exists (select from seat where slot_volume_id = volume.id)) as own
        where until <= ${before} group by until order by until`,
  )
}

/** When a course was told for the last time before its date; undefined while it was not. */
export async function toldAt(db: Db, dedupeKey: string): Promise<Date | undefined> {
  const row = await findOne<{ at: Date }>(
    db,
    sql`select created_at as at from notice where dedupe_key = ${dedupeKey}`,
  )
  return row?.at
}

/** When a thread was last told of by an instant; undefined while it was not. */
export async function threadToldAt(
  db: Db,
  of: { thread: string; by: Date },
): Promise<Date | undefined> {
  const { at } = await one<{ at: Date | null }>(
    db,
    sql`select max(created_at) as at from notice where thread = ${of.thread} and created_at <= ${of.by}`,
  )
  return at ?? undefined
}

/**
 * Orders the purge of all that an agent keeps for a course. Nothing while a seat of it exists: somebody may be in. Twice does
 * no harm. Answers how many were ordered.
 */
export async function orderPurge(tx: Db, course: { id: string; now: Date }): Promise<number> {
  const rows = await many<{ id: string }>(
    tx,
    sql`update volume set state = 'purging', state_at = ${course.now}
        from seat where seat.id = volume.seat_id and seat.course_id = ${course.id}
          and backend <> 'engine' and volume.state not in ('purging', 'purged')
          and not exists (select from seat other where other.course_id = ${course.id} and other.state <> 'absent')
        returning volume.id`,
  )
  await notePurges(tx, rows, course.now)
  if (rows.length > 0)
    await audit(tx, {
      ...{ actor: CLOCK, action: 'volume.purge', subject: { kind: 'course', id: course.id } },
      ...{ detail: { volumes: rows.length }, now: course.now },
    })
  return rows.length
}

/** The same for persons' own, unless a seat has one. Answers how many were ordered. */
export async function orderPersonalPurge(
  tx: Db,
  own: { ids: string[]; now: Date },
): Promise<number> {
  const rows = await many<{ id: string }>(
    tx,
    sql`update volume set state = 'purging', state_at = ${own.now}
        where id = any(${own.ids}::uuid[]) and person_id is not null and state not in ('purging', 'purged')
          and not exists (select from seat where slot_volume_id = volume.id)
        returning id`,
  )
  await notePurges(tx, rows, own.now)
  return rows.length
}

async function notePurges(tx: Db, rows: { id: string }[], now: Date): Promise<void> {
  const ids = rows.map((row) => row.id)
  await execute(
    tx,
    sql`insert into purge (id, volume_id, ordered_at) select id, volume_id, ${now}
        from unnest(${ids.map(newId)}::uuid[], ${ids}::uuid[]) as p (id, volume_id)
        on conflict do nothing`,
  )
}

/** One that had come back after it was purged and erased. */
export async function orderPurgeAgain(tx: Db, volume: { id: string; now: Date }): Promise<void> {
  await execute(
    tx,
    sql`update volume set state = 'purging', state_at = ${volume.now}, erased_at = coalesce(erased_at, ${volume.now})
        where id = ${volume.id}`,
  )
  await execute(
    tx,
    sql`insert into purge (id, volume_id, ordered_at, reason) values (${newId()}, ${volume.id}, ${volume.now}, 'erasure')
        on conflict do nothing`,
  )
}

export type OpenPurge = {
  id: string
  /** Null for a version of a course's data. */
  volume_id: string | null
  data_id: string | null
  data_version: number | null
  name: string
  /** Kept by the engine itself, and by no storage agent. */
  is_engines: boolean
  reason: 'retention' | 'erasure'
  /** Null for a person's own, as the two below. */
  course: string | null
  course_id: string | null
  seat: number | null
  /** Null for data, which has versions. */
  generation: number | null
  kept_until: Date | null
  ordered_at: Date
  /** It was on its disk once. */
  was_made: boolean
  /** When it was still seen there, after this purge was ordered. */
  found_at: Date | null
  /** Of an erasure that a database of before had forgotten: it may have gone then. */
  is_replayed: boolean
}

/** None whose seat may still run: on some backends its files would go from under it. What a node has of it goes first. */
export async function openPurges(db: Db): Promise<OpenPurge[]> {
  const { keepDays } = await policyInForce(db)
  return many(
    db,
    sql`select purge.id, volume_id, data_id, data.version as data_version, coalesce(volume.name, data.name) as name,
          coalesce(backend = 'engine', false) as is_engines, purge.reason, course.key as course, course.id as course_id, seat.number as seat,
          volume.generation, case when volume.person_id is null then volumes_until else ${personalUntil(keepDays)} end as kept_until,
          ordered_at, data_id is not null or limit_bytes is not null as was_made, found_at,
          exists (select from erasure_item item join erasure on erasure.id = item.erasure_id
            where item.kind = 'volume' and item.name = volume.name and ordered_by = 'replay') as is_replayed
        from purge left join volume on volume.id = volume_id left join course_data data on data.id = data_id
          left join seat on seat.id = volume.seat_id left join course on course.id = coalesce(seat.course_id, data.course_id)
        where done_at is null and not exists (select from scratch_home home where home.seat_id = seat.id
            and home.generation = volume.generation and home.state <> 'cleared') and (seat.state in ('absent', 'cold') or volume.person_id is not null or data_id is not null) order by name`,
  )
}

/** Before anything of it goes: who finds nothing any more later knows that it was there. */
export async function noteFound(db: Db, of: { purge: string; now: Date }): Promise<void> {
  await execute(db, sql`update purge set found_at = ${of.now} where id = ${of.purge}`)
}

/** What keeps it is there, and it is not: said on lists and by doctor until it is. */
export async function noteNotThere(db: Db, volumeId: string): Promise<void> {
  await execute(
    db,
    sql`update volume set message_code = 'volume.not-there', message_params = '{}'
        where id = ${volumeId} and state = 'purging' and message_code is distinct from 'volume.not-there'`,
  )
}

/** Of the notice that says it of a version of data, which has no line of its own for it. */
export const dataNotThereKey = (purge: string): string => `data-not-there/${purge}`

/** Names of volumes, and of versions of data, whose purge waits for their disk. */
export async function purgesNotThere(db: Db): Promise<string[]> {
  const rows = await many<{ name: string }>(
    db,
    sql`select name from volume where state = 'purging' and message_code = 'volume.not-there'
        union select data.name from purge join course_data data on data.id = data_id
          where done_at is null and exists (select from notice where dedupe_key = ${dataNotThereKey('')} || purge.id)
        order by name`,
  )
  return rows.map(({ name }) => name)
}

/** What was there before; null when there was nothing any more. And that it is gone, looked at afterwards. */
export type Gone = {
  before: { bytes: number; diskBytes: number; snapshots?: number } | null
  after: { file: false; mounted: false; listed: false; snapshots?: false }
}

/** Whose a person's own was is in no receipt. */
function subjectOf({ name, course, seat, generation, data_version: version }: OpenPurge): object {
  if (version !== null) return { data: { name, course, version } }
  const of = course === null ? { personal: true } : { course, seat }
  return { volume: { name, generation, ...of } }
}

/** Writes the receipt. The volumes stack is wanted away with the last of its course. */
export async function recordPurge(
  tx: Db,
  done: { purge: OpenPurge; gone: Gone; toldAt: Date | undefined; installation: string; now: Date },
): Promise<void> {
  const { purge, gone, now } = done
  // One at a time, so that the chain has no fork.
  await execute(tx, sql`lock table purge in share row exclusive mode`)
  const last = await findOne<{ number: number; hash: string }>(
    tx,
    sql`select number, hash from purge where number is not null order by number desc limit 1`,
  )
  const number = (last?.number ?? 0) + 1
  const body = canonicalJson({
    ...{ apiVersion: 'labplan/v1', kind: 'PurgeReceipt', installation: done.installation },
    ...{ number, previous: last?.hash ?? null, reason: purge.reason },
    ...subjectOf(purge),
    times: {
      ...{
        keptUntil: purge.kept_until?.toISOString() ?? null,
        toldAt: done.toldAt?.toISOString() ?? null,
      },
      ...{ orderedAt: purge.ordered_at.toISOString(), doneAt: now.toISOString() },
      ...(purge.found_at && { foundAt: purge.found_at.toISOString() }),
    },
    ...gone,
  })
  await execute(
    tx,
    sql`update purge set done_at = ${now}, number = ${number}, body = ${body}, hash = ${sha256(body)} where id = ${purge.id}`,
  )
  if (purge.data_id !== null) return markDataPurged(tx, { id: purge.data_id, now })
  await execute(
    tx,
    sql`update volume set state = 'purged', state_at = ${now}, used_bytes = 0, message_code = null where id = ${purge.volume_id}`,
  )
  await execute(
    tx,
    sql`update stack set wanted_digest = null, failures = 0, retry_at = null
        where kind = 'volumes' and course_id = ${purge.course_id} and ${purge.reason} = 'retention' and not exists (
          select from volume join seat on seat.id = volume.seat_id
          where seat.course_id = ${purge.course_id} and volume.state <> 'purged')`,
  )
}

/** A course that is over, and of whose volumes each was erased before: nothing is left that its last purge would let go of. */
export async function letGoOfEmpty(db: Db, now: Date): Promise<void> {
  await execute(
    db,
    sql`update stack set wanted_digest = null, failures = 0, retry_at = null from course
        where stack.kind = 'volumes' and course.id = stack.course_id and volumes_until <= ${now} and wanted_digest is not null
          and exists (select from volume join seat on seat.id = seat_id
            where seat.course_id = course.id and erased_at is not null)
          and not exists (select from volume join seat on seat.id = seat_id
            where seat.course_id = course.id and volume.state <> 'purged')
          and not exists (select from seat where seat.course_id = course.id and seat.state <> 'absent')`,
  )
}

/** Generations of a course's seats whose volume is purged; undefined while one is not. */
export async function purgedVolumes(
  db: Db,
  courseId: string,
): Promise<{ seat: number; generation: number }[] | undefined> {
  const { left } = await one<{ left: number }>(
    db,
    sql`select count(*)::int as left from volume join seat on seat.id = seat_id
        where seat.course_id = ${courseId} and volume.state <> 'purged'`,
  )
  if (left > 0) return undefined
  return many(
    db,
    sql`select seat.number as seat, volume.generation from volume join seat on seat.id = seat_id
        where seat.course_id = ${courseId} order by 1, 2`,
  )
}

export type PurgeReceipt = { number: number; body: string; hash: string }

export async function purgeReceipts(db: Db): Promise<PurgeReceipt[]> {
  return many(
    db,
    sql`select number, body, hash from purge where number is not null order by number`,
  )
}

/** The number of the first receipt that is not what its neighbours say; undefined when all are. Pure. */
export function firstBroken(receipts: PurgeReceipt[]): number | undefined {
  let previous: string | null = null
  for (const [i, { number, body, hash }] of receipts.entries()) {
    const said = JSON.parse(body) as { number: number; previous: string | null }
    const holds = sha256(body) === hash && said.previous === previous && said.number === number
    if (!holds || number !== i + 1) return i + 1
    previous = hash
  }
  return undefined
}
