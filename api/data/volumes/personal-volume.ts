/**
 * Volumes of persons: one for all of their courses that ask for it, and which seat shows whose. The seat's service has an
 * empty slot; the person is in this record alone.
 */
import { randomInt } from 'node:crypto'
import { personalPath, serviceName, volumeName } from '../../../stacks/parts/names.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { policyInForce } from '../courses/documents.ts'
import { newId } from '../ids.ts'
import { isOnScratch } from '../seats/scratch.ts'
import { beginsWithout } from '../seats/slot-lack.ts'
import { isAway } from './storage-outage.ts'
import {
  type DiskRow,
  type DiskView,
  diskView,
  personalUntil,
  type VolumeBackend,
} from './volume.ts'

/**
 * In the transaction of who takes or starts a seat: their own volume is wanted from now on, if the course asks for one, and the
 * worker is told. It is held to the largest that their courses say. Names tell nothing of whose they are.
 */
export async function wantPersonalVolume(
  tx: Db,
  of: { course_id: string; person_id: string },
  now: Date,
): Promise<void> {
  await execute(
    tx,
    sql`with asked as (
          select personal, installation_id from course where id = ${of.course_id} and personal is not null),
        made as (
          insert into volume (id, person_id, generation, name, backend, limit_mb, state, state_at, last_used_at, created_at)
          select ${newId()}, ${of.person_id}, 1, 'lp-' || installation_id || ${volumeSuffix()}, personal ->> 'backend',
            (personal ->> 'quotaMb')::int, 'wanted', ${now}, ${now}, ${now} from asked
          on conflict (person_id) do update set last_used_at = ${now},
            -- Who comes again after a purge begins anew.
            backend = case when volume.state = 'purged' then excluded.backend else volume.backend end,
            state = case when volume.state = 'purged' and volume.erased_at is null then 'wanted' else volume.state end,
            limit_bytes = case when volume.state = 'purged' then null else volume.limit_bytes end,
            used_bytes = case when volume.state = 'purged' then null else volume.used_bytes end)
        select pg_notify('storage', '') from asked`,
  )
}

/** What follows the installation in its name, as in that of any volume: `personal` stands where a course's code does. */
function volumeSuffix(): string {
  const number = randomInt(1e12)
  const whole = volumeName({ installation: '', course8: 'personal', number, generation: 1 })
  return whole.slice('lp-'.length)
}

/** Holds every person's own volume to the largest that their courses say now. */
export async function limitPersonalVolumes(tx: Db): Promise<void> {
  await execute(
    tx,
    sql`update volume set limit_mb = said.quota_mb
        from (select person_id, max((course.personal ->> 'quotaMb')::int) as quota_mb
              from workspace join course on course.id = course_id where course.personal is not null group by person_id) as said
        where said.person_id = volume.person_id and volume.limit_mb <> said.quota_mb
          and volume.state not in ('purging', 'purged')`,
  )
}

export type SlotWish = {
  seatId: string
  /** Of the slot: that of the seat's service. */
  slot: string
  isMade: boolean
  shownId: string | null
  /** What it shall show: the volume of the seat's holder while the seat runs or is about to; null for nothing. */
  volume: { id: string; name: string } | null
}

type SlotRow = {
  seat_id: string
  number: number
  course8: string
  installation: string
  slot_made: boolean
  slot_volume_id: string | null
  volume_id: string | null
  volume: string | null
}

/** Every seat that has a slot. Nothing of it depends on the time: asked twice, it is the same. */
export async function slotWishes(db: Db): Promise<SlotWish[]> {
  const rows = await many<SlotRow>(
    db,
    sql`select seat.id as seat_id, seat.number, course.code as course8, seat.installation_id as installation,
          seat.slot_made, seat.slot_volume_id, volume.id as volume_id, volume.name as volume
        from seat join course on course.id = seat.course_id join seat_template template on template.digest = seat.template_digest
          left join workspace on workspace.seat_id = seat.id and (seat.wanted_on or seat.state not in ('cold', 'absent'))
          left join volume on volume.person_id = workspace.person_id and volume.state = 'ready'
        where template.body -> 'personal' is not null and seat.state <> 'absent'
        order by course.code, seat.number`,
  )
  return rows.map(({ seat_id: seatId, slot_made: isMade, slot_volume_id: shownId, ...row }) => ({
    ...{ seatId, isMade, shownId, slot: serviceName(row) },
    volume: row.volume_id && row.volume ? { id: row.volume_id, name: row.volume } : null,
  }))
}

/** What the agent has done; who looks at the workspace is told. */
export async function recordSlot(
  tx: Db,
  done: { seatId: string; volumeId: string | null },
): Promise<void> {
  await execute(
    tx,
    sql`with told as (
          update seat set slot_made = true, slot_volume_id = ${done.volumeId} where id = ${done.seatId} returning id)
        select pg_notify('workspace', workspace.id::text) from workspace join told on told.id = workspace.seat_id
        union all select pg_notify('seats', '')`,
  )
}

/** Slots of seats that are gone, or have none any more. */
export async function forgetSlots(tx: Db, seatIds: string[]): Promise<void> {
  await execute(
    tx,
    sql`update seat set slot_made = false, slot_volume_id = null
        where (slot_made or slot_volume_id is not null) and not id = any(${seatIds}::uuid[])`,
  )
}

/** A person's own volume, as their page shows it beside one of their seats. */
export type PersonalView = {
  disk: DiskView
  /** Where it is in their environment; undefined where the seat has no place for it. */
  path: string | undefined
  /** Seats begin without it now: the storage agent cannot bring it into any. */
  isLacking: boolean
  /** It is in the seat that runs. */
  isOpen: boolean
  /** Titles of the other courses whose seat has it now. */
  alsoIn: { en: string; fr: string }[]
}

type PersonalRow = DiskRow & {
  id: string
  person_id: string
  said: { mountPath: string; server?: string } | null
  is_lacking: boolean
  is_open: boolean
}

/** Undefined where the course has none, there is no seat yet, or it is on a scratch home. */
export async function personalOf(db: Db, workspaceId: string): Promise<PersonalView | undefined> {
  const { keepDays } = await policyInForce(db)
  const row = await findOne<PersonalRow>(
    db,
    sql`select volume.id, volume.person_id, template.body -> 'personal' as said, volume.state, limit_mb,
          limit_bytes, used_bytes, volume.message_code, volume.message_params, ${personalUntil(keepDays)} as kept_until,
          seat.slot_volume_id is not distinct from volume.id as is_open,
          ${isAway(sql`volume.backend`)} as is_away, ${beginsWithout} as is_lacking
        from workspace join seat on seat.id = workspace.seat_id join volume on volume.person_id = workspace.person_id
          join course on course.id = workspace.course_id join seat_template template on template.digest = seat.template_digest
        where workspace.id = ${workspaceId} and (template.body -> 'personal' is not null or course.personal is not null)
          and not ${isOnScratch(sql`template.body`)} and volume.state not in ('purging', 'purged')`,
  )
  if (!row) return undefined
  const others = await many<{ title: { en: string; fr: string } }>(
    db,
    sql`select course.title from workspace join seat on seat.id = workspace.seat_id join course on course.id = seat.course_id
        where workspace.person_id = ${row.person_id} and workspace.id <> ${workspaceId} and seat.slot_volume_id = ${row.id}
        order by course.key`,
  )
  const alsoIn = others.map(({ title }) => title)
  const path = row.said ? personalPath(row.said) : undefined
  return { path, isLacking: row.is_lacking, isOpen: row.is_open, alsoIn, disk: diskView(row) }
}

/** That of whose workspace it is; undefined while there is none. */
export async function personalVolumeOf(
  db: Db,
  workspaceId: string,
): Promise<{ name: string; backend: VolumeBackend } | undefined> {
  return findOne(
    db,
    sql`select volume.name, backend from volume join workspace on workspace.person_id = volume.person_id
        where workspace.id = ${workspaceId} and volume.state not in ('wanted', 'purging', 'purged')`,
  )
}
