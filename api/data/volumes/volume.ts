/** Volumes of seats: what each is held to, what of it is used, and whether it is there. */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { policyInForce } from '../courses/documents.ts'
import { newId } from '../ids.ts'
import { isAway } from './storage-outage.ts'
import type { SeatState } from '../seats/seat.ts'

export type VolumeBackend = 'engine' | 'local' | 'nfs' | 'cephfs' | 'manila'
export type VolumeState = 'wanted' | 'ready' | 'missing' | 'damaged' | 'purging' | 'purged'

export type AppliedVolume = {
  seatId: string
  generation: number
  name: string
  /** Null for one that the engine keeps itself. */
  limit: { backend: Exclude<VolumeBackend, 'engine'>; limitMb: number } | null
}

/** Terraform made these, or changed what they are held to: the storage agent is told next. */
export async function recordVolumes(
  tx: Db,
  applied: { volumes: AppliedVolume[]; now: Date },
): Promise<void> {
  const column = <T>(of: (volume: AppliedVolume) => T) => applied.volumes.map(of)
  const made = sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
        select v.id, seat_id, generation, name, coalesce(backend, 'engine'), limit_mb,
          case when backend is null then 'ready' else 'wanted' end, ${applied.now}, ${applied.now}
        from unnest(${column(newId)}::uuid[], ${column((v) => v.seatId)}::uuid[], ${column((v) => v.generation)}::int[],
            ${column((v) => v.name)}::text[], ${column((v) => v.limit?.backend ?? null)}::text[],
            ${column((v) => v.limit?.limitMb ?? null)}::int[]) as v (id, seat_id, generation, name, backend, limit_mb)
        on conflict (seat_id, generation) do update set limit_mb = excluded.limit_mb,
          -- A course that goes on after its files were purged begins anew.
          state = case when volume.state = 'purged' then 'wanted' else volume.state end,
          limit_bytes = case when volume.state = 'purged' then null else volume.limit_bytes end,
          used_bytes = case when volume.state = 'purged' then null else volume.used_bytes end
          where volume.backend = excluded.backend and volume.erased_at is null
            and (volume.limit_mb is distinct from excluded.limit_mb or volume.state = 'purged')`
  await Promise.all([execute(tx, made), execute(tx, sql`select pg_notify('storage', '')`)])
}

export type KeptVolume = {
  id: string
  name: string
  backend: VolumeBackend
  state: VolumeState
  limit_mb: number
  limit_bytes: number | null
  used_bytes: number | null
  message_code: string | null
}

const keptColumns = sql`id, name, backend, state, limit_mb, limit_bytes, used_bytes, message_code`
const isKept = sql`backend <> 'engine' and state not in ('purging', 'purged')`

/** Every volume that a storage agent keeps, by name. */
export async function keptVolumes(db: Db): Promise<KeptVolume[]> {
  return many(db, sql`select ${keptColumns} from volume where ${isKept} order by name`)
}

/** One of them as it is now; undefined once it is to be purged. */
export async function keptVolume(db: Db, id: string): Promise<KeptVolume | undefined> {
  return findOne(db, sql`select ${keptColumns} from volume where id = ${id} and ${isKept}`)
}

export type VolumeSight = {
  id: string
  /** What the record said when it was looked at. */
  was: VolumeState
  state: VolumeState
  limitBytes: number | null
  usedBytes: number | null
  message: { code: string; params: Record<string, string | number> } | null
}

/**
 * What the agent says of volumes, each once; whoever looks at their seats' pages is told. Nothing of one that became something else
 * meanwhile: a purge that was ordered stays ordered, and one that was proved stays proved.
 */
export async function recordSights(
  tx: Db,
  { sights, now }: { sights: VolumeSight[]; now: Date },
): Promise<void> {
  const column = <T>(of: (sight: VolumeSight) => T) => sights.map(of)
  await execute(
    tx,
    sql`with told as (
          update volume set state = seen.state, state_at = case when volume.state = seen.state then state_at else ${now} end,
            limit_bytes = coalesce(seen.limit_bytes, volume.limit_bytes), used_bytes = coalesce(seen.used_bytes, volume.used_bytes),
            seen_at = ${now}, message_code = seen.message_code, message_params = seen.message_params
          from unnest(${column(({ id }) => id)}::uuid[], ${column(({ was }) => was)}::text[], ${column(({ state }) => state)}::text[],
              ${column(({ limitBytes }) => limitBytes)}::bigint[], ${column(({ usedBytes }) => usedBytes)}::bigint[],
              ${column(({ message }) => message?.code ?? null)}::text[],
              ${column(({ message }) => JSON.stringify(message?.params ?? {}))}::jsonb[])
            as seen (id, was, state, limit_bytes, used_bytes, message_code, message_params)
          where volume.id = seen.id and volume.state = seen.was returning seat_id, person_id)
        select pg_notify('workspace', workspace.id::text) from workspace
          join told on told.seat_id = workspace.seat_id or told.person_id = workspace.person_id`,
  )
}

/** Of which nothing runs, nor is tried again by the Swarm. */
const STILL: SeatState[] = ['absent', 'cold']

/**
 * An operator's word that one that is missing is made anew, in the audit log before anything is made. Refused where it is not missing, and
 * while its seat is not still: a container that the Swarm tries again would begin in the empty home.
 */
export async function orderRecreation(
  tx: Db,
  { name, actor, now }: { name: string; actor: Actor; now: Date },
): Promise<{ limitMb: number } | { refused: 'not-missing' | 'seat-on' }> {
  const found = await findOne<{ limit_mb: number; backend: VolumeBackend; is_on: boolean }>(
    tx,
    sql`select limit_mb, backend, exists (select from seat where seat.id = seat_id and seat.applied_generation = volume.generation
            and seat.state <> all(${STILL}::text[])) as is_on
        from volume where name = ${name} and state = 'missing' for update`,
  )
  if (!found) return { refused: 'not-missing' }
  if (found.is_on) return { refused: 'seat-on' }
  const { limit_mb: limitMb, backend } = found
  const subject = { kind: 'volume', id: name }
  await audit(tx, { actor, action: 'volume.recreate', subject, detail: { backend, limitMb }, now })
  return { limitMb }
}

/** What a volume's message says when it is full by the number of its files. */
export const NO_FILES_LEFT = 'volume.no-files-left'

export type DiskLevel = 'fine' | 'nearly' | 'full'

/** What a person is shown of a volume that is held to a limit. */
export type DiskView = {
  state: VolumeState
  /** What keeps it does not answer now. */
  isAway: boolean
  limitBytes: number
  usedBytes: number
  level: DiskLevel
  /** When its files go, as planned now; null while nothing says so. */
  keptUntil: Date | null
  /** Why it is not as the plan says. */
  message: { code: string; params: Record<string, string | number> } | null
}

export const NEARLY = 0.9
/** Less room than this is none: a file of a page would not fit beside what programs write. */
export const NOTHING_LEFT_BYTES = 1024 * 1024

export function diskLevel({
  limitBytes,
  usedBytes,
}: {
  limitBytes: number
  usedBytes: number
}): DiskLevel {
  if (limitBytes - usedBytes < NOTHING_LEFT_BYTES) return 'full'
  return usedBytes >= limitBytes * NEARLY ? 'nearly' : 'fine'
}

/** What is read of a volume for `diskView`. */
export type DiskRow = {
  state: VolumeState
  limit_mb: number
  limit_bytes: number | null
  used_bytes: number | null
  message_code: string | null
  message_params: Record<string, string | number>
  kept_until: Date | null
  is_away: boolean
}

/** The volume in use of each of these seats; those that nobody holds to a limit are left out. */
export async function disksOf(db: Db, seatIds: string[]): Promise<Map<string, DiskView>> {
  const rows = await many<DiskRow & { seat_id: string }>(
    db,
    sql`select seat_id, volume.state, limit_mb, limit_bytes, used_bytes, volume.message_code, volume.message_params,
          course.volumes_until as kept_until, ${isAway(sql`volume.backend`)} as is_away
        from volume join seat on seat.id = seat_id join course on course.id = seat.course_id
        where seat_id = any(${seatIds}::uuid[]) and volume.generation = seat.generation and backend <> 'engine'
          and volume.state not in ('purging', 'purged')`,
  )
  return new Map(rows.map((row) => [row.seat_id, diskView(row)]))
}

export function diskView(row: DiskRow): DiskView {
  const limitBytes = row.limit_bytes ?? row.limit_mb * 1024 * 1024
  const usedBytes = row.used_bytes ?? 0
  const { state, message_code: code, message_params: params } = row
  return {
    state,
    isAway: row.is_away,
    limitBytes,
    usedBytes,
    level: code === NO_FILES_LEFT ? 'full' : diskLevel({ limitBytes, usedBytes }),
    keptUntil: row.kept_until,
    message: code === null ? null : { code, params },
  }
}

/**
 * Until when a person's own is kept: the last date of their courses that have it. Where one of them has no date, or none has it any
 * more, at least `keepDays` after they last began with it; to the end of a week, so that who is told is told of many at once.
 */
export const personalUntil = (
  keepDays: number,
) => sql`(select greatest(max((held.personal ->> 'until')::timestamptz),
      case when count(held.id) = 0 or bool_or(held.personal ->> 'until' is null) then
        date_trunc('week', coalesce(volume.last_used_at, volume.created_at), 'UTC') + make_interval(days => 7 + ${keepDays}::int) end)
  from workspace mine join course held on held.id = mine.course_id
  where mine.person_id = volume.person_id and held.personal is not null)`

export type VolumeLine = {
  name: string
  /** Null with the seat for a person's own: whose it is is told to nobody. */
  course: string | null
  seat: number | null
  generation: number
  backend: VolumeBackend
  state: VolumeState
  limit_mb: number | null
  kept_until: Date | null
  limit_bytes: number | null
  used_bytes: number | null
  message_code: string | null
  message_params: Record<string, string | number>
}

/** All volumes, or a course's, by course and number. */
export async function volumeLines(db: Db, courseKey?: string): Promise<VolumeLine[]> {
  const { keepDays } = await policyInForce(db)
  return many(
    db,
    sql`select volume.name, course.key as course, seat.number as seat, volume.generation, backend, volume.state, limit_mb,
          case when volume.person_id is null then volumes_until else ${personalUntil(keepDays)} end as kept_until, limit_bytes, used_bytes, volume.message_code, volume.message_params
        from volume left join seat on seat.id = seat_id left join course on course.id = seat.course_id
        where ${courseKey ?? null}::text is null or course.key = ${courseKey ?? null}
        order by course.key, seat.number, volume.generation, volume.name`,
  )
}

/** The volume behind a workspace, as it is now; undefined while it has none. */
export async function volumeOfWorkspace(
  db: Db,
  workspaceId: string,
): Promise<{ name: string; backend: VolumeBackend } | undefined> {
  return findOne(
    db,
    sql`select volume.name, backend from volume join seat on seat.id = volume.seat_id
          join workspace on workspace.seat_id = seat.id
        where workspace.id = ${workspaceId} and volume.generation = seat.generation
          and volume.state not in ('purging', 'purged')`,
  )
}
