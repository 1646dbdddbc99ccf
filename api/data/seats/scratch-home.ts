/** Files on scratch homes, one row for each node where a seat began on one: from there to the volume, and until nothing is left. */
import type { ServiceTemplate } from '../../../stacks/blueprint.ts'
import { audit } from '../audit.ts'
import { type Db, type Query, execute, findOne, many, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { isOnScratch } from './scratch.ts'

export type ScratchTrouble = 'node-away' | 'no-room' | 'cannot'
export type ScratchState = 'open' | 'merging' | 'merged' | 'cleared'
export type ScratchResult = 'folder' | 'home' | 'nothing' | 'discarded'

export type ScratchLeft = { number: number; trouble: ScratchTrouble | null }

/** What a course still has to bring home, by seat number. */
export async function homesLeft(db: Db, courseId: string): Promise<ScratchLeft[]> {
  return many(
    db,
    sql`select seat.number, min(home.trouble) as trouble from scratch_home home join seat on seat.id = home.seat_id
        where seat.course_id = ${courseId} and home.state in ('open', 'merging') group by seat.number order by seat.number`,
  )
}

/** Over all courses: what could not be brought home so far. */
export async function troubledHomes(
  db: Db,
): Promise<{ course: string; number: number; trouble: ScratchTrouble }[]> {
  return many(
    db,
    sql`select course.key as course, seat.number, home.trouble from scratch_home home join seat on seat.id = home.seat_id
          join course on course.id = seat.course_id
        where home.state in ('open', 'merging') and home.trouble is not null order by course.key, seat.number`,
  )
}

/** What a student is told of a scratch home of theirs. */
export type SeatScratch = {
  /** Their seat is on it now, or begins on it. */
  isOn: boolean
  folder: string | null
  state: ScratchState | null
  result: ScratchResult | null
  trouble: ScratchTrouble | null
}

const SHOWN_MS = 7 * 86_400_000

/** Undefined where there is nothing to say: none, or one whose files have been home for a week. */
export async function seatScratch(
  db: Db,
  seatId: string,
  now: Date,
): Promise<SeatScratch | undefined> {
  const since = new Date(now.getTime() - SHOWN_MS)
  return findOne<SeatScratch>(
    db,
    sql`select seen.is_on as "isOn", home.folder, home.state, home.result, home.trouble
        from (select seat.id, seat.generation,
            coalesce(seat.state <> 'absent' and ${isOnScratch(sql`template.body`)}, false) as is_on
          from seat left join seat_template template on template.digest = seat.template_digest where seat.id = ${seatId}) seen
        left join lateral (select folder, state, result, trouble from scratch_home
            where seat_id = seen.id and generation = seen.generation
              and (merged_at is null or merged_at > ${since}) and result is distinct from 'nothing'
            order by merged_at is null desc, created_at desc limit 1) home on true
        where seen.is_on or home.folder is not null`,
  )
}

/** The name of the folder that its files come to. */
const folderName = (at: Date): string =>
  `from-scratch-${at.toISOString().slice(0, 16).replace(':', '-')}Z`

/**
 * Containers of these seats run on these nodes: in a part of the statement that says so, before anybody has a way in. Nothing for a
 * seat in its own home.
 */
export const beginHomes = (of: { seats: { id: string; nodeId: string }[]; now: Date }): Query =>
  sql`insert into scratch_home (id, seat_id, generation, node_id, template_digest, folder, state, state_at, created_at)
      select home, seat.id, seat.applied_generation, node, template.digest, ${folderName(of.now)}, 'open', ${of.now}, ${of.now}
      from unnest(${of.seats.map(newId)}::uuid[], ${of.seats.map(({ id }) => id)}::uuid[], ${of.seats.map(({ nodeId }) => nodeId)}::text[])
          as run (home, seat_id, node)
        join seat on seat.id = run.seat_id join seat_template template on template.digest = seat.template_digest
      where ${isOnScratch(sql`template.body`)}
      on conflict (seat_id, generation, node_id) where state <> 'cleared' do nothing`

export type ScratchHome = {
  id: string
  course8: string
  number: number
  generation: number
  node_id: string
  folder: string
  state: ScratchState
  state_at: Date
  retry_at: Date | null
  template: ServiceTemplate
  /** Nothing of its seat runs, and the next start is in its own home. */
  is_cold: boolean
  /** Its volume can be written. */
  is_home_there: boolean
  /** Its volume is being purged, and this with it. */
  is_discarded: boolean
}

/** All that is not cleared, in the order in which they began. */
export async function openHomes(db: Db): Promise<ScratchHome[]> {
  return many(
    db,
    sql`select home.id, course.code as course8, seat.number, home.generation, home.node_id, home.folder, home.state,
          home.state_at, home.retry_at, template.body as template, ${isCold} as is_cold,
          coalesce(volume.state = 'ready', false) and not exists (select from storage_outage
            where ended_at is null and backend = volume.backend) as is_home_there,
          coalesce(volume.state in ('purging', 'purged'), false) as is_discarded
        from scratch_home home join seat on seat.id = home.seat_id join course on course.id = seat.course_id
          join seat_template template on template.digest = home.template_digest
          left join volume on volume.seat_id = seat.id and volume.generation = home.generation
        where home.state <> 'cleared' order by home.created_at, home.id`,
  )
}

const isCold = sql`(seat.state in ('cold', 'absent') and not exists (select from seat_template own
  where own.digest = seat.template_digest and ${isOnScratch(sql`own.body`)}))`

/** False when its seat is no longer cold: it begins, and is brought home at its next stop. */
export async function beginMerge(tx: Db, home: { id: string; now: Date }): Promise<boolean> {
  const begun = await execute(
    tx,
    sql`update scratch_home set state = 'merging', state_at = ${home.now}, trouble = null, retry_at = null
        from seat where seat.id = scratch_home.seat_id and scratch_home.id = ${home.id} and scratch_home.state = 'open' and ${isCold}
          and not exists (select from scratch_home other where other.seat_id = seat.id and other.state = 'merging')`,
  )
  return begun === 1
}

/** It could not be brought home: its seat may start meanwhile. */
export async function putOffMerge(
  tx: Db,
  home: { id: string; trouble: ScratchTrouble; retryAt: Date; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`with moved as (update scratch_home set state = 'open', state_at = ${home.now}, trouble = ${home.trouble}, retry_at = ${home.retryAt}
          where id = ${home.id} and state = 'merging' returning seat_id), ${told}`,
  )
}

/** All its files are on the volume's disk. Only now may they go from the node. */
export async function recordMerge(
  tx: Db,
  home: { id: string; result: ScratchResult; now: Date },
): Promise<void> {
  const { id, result, now } = home
  const changed = await execute(
    tx,
    sql`update scratch_home set state = 'merged', state_at = ${now}, merged_at = ${now}, result = ${result}, trouble = null
        where id = ${id} and state in ('open', 'merging')`,
  )
  if (changed === 0) return
  await audit(tx, {
    ...{ actor: { name: 'clock', role: 'labplan' }, action: 'seat.scratch-merged' },
    ...{ subject: { kind: 'scratch-home', id }, detail: { result }, now },
  })
  await execute(tx, sql`with moved as (select seat_id from scratch_home where id = ${id}), ${told}`)
}

/** Nothing of it is left on its node. */
export async function recordCleared(tx: Db, home: { id: string; now: Date }): Promise<void> {
  await execute(
    tx,
    sql`with moved as (update scratch_home set state = 'cleared', state_at = ${home.now} where id = ${home.id} and state = 'merged'
          returning seat_id), ${told}`,
  )
}

/** Whoever looks at its page, their teacher, and the driver. */
const told = sql`heard as (update workspace set version = version + 1
    where seat_id in (select seat_id from moved) returning id)
  select pg_notify('workspace', id::text) from heard union all select pg_notify('workspace', '')
  union all select pg_notify('seats', '')`

/** Nodes that have files which are not home yet: they are not taken away. Ids of the Swarm. */
export async function nodesWithHomes(db: Db): Promise<Set<string>> {
  const rows = await many<{ node_id: string }>(
    db,
    sql`select distinct node_id from scratch_home where state in ('open', 'merging')`,
  )
  return new Set(rows.map(({ node_id }) => node_id))
}

/** What becomes of what was begun in a session, for its receipt: names of volumes, and where the files are. */
export async function scratchDuring(
  db: Db,
  span: { courseId: string; from: Date; until: Date },
): Promise<{ seat: number; from: Date; result: ScratchResult | null; mergedAt: Date | null }[]> {
  return many(
    db,
    sql`select seat.number as seat, home.created_at as from, home.result, home.merged_at as "mergedAt"
        from scratch_home home join seat on seat.id = home.seat_id
        where seat.course_id = ${span.courseId} and home.created_at between ${span.from} and ${span.until}
        order by seat.number, home.created_at, home.id`,
  )
}
