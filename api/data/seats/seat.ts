/** Seats: numbered places of a course, each one Swarm service, one volume, one credential. */
import { randomInt } from 'node:crypto'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import { newId, randomLabel } from '../ids.ts'
import type { KeyRing, Sealed } from '../key-ring.ts'
import type { DeviceNeeds } from './seat-device.ts'
import { scratchAllows } from './scratch.ts'
import { freeNumbers } from './seat-number.ts'
import { isAway } from '../volumes/storage-outage.ts'

export type SeatState = 'absent' | 'cold' | 'starting' | 'ready' | 'stopping' | 'failed'
export type PortKind = 'web' | 'ssh' | 'vnc' | 'tcp'

export type SeatPort = {
  container_port: number
  name: string
  kind: PortKind
  host_label: string
  published_port: number | null
  required: boolean
  title: { en: string; fr: string }
}

export type Seat = {
  id: string
  course_id: string
  course_code: string
  pool_id: string
  number: number
  generation: number
  wanted_generation: number
  applied_generation: number | null
  template_digest: string | null
  state: SeatState
  state_at: Date
  wanted_on: boolean
  wanted_start: number
  started: number
  start_failures: number
  start_after: Date | null
  held: boolean
  /** Since when no node has room for it; null while one has. */
  homeless_at: Date | null
  taken: boolean
  service_id: string | null
  task_id: string | null
  node_address: string | null
  identity_port: number | null
  pids_limit: number
  /** Its volume is where it will be mounted, and nothing is on its way there; true for one that the engine keeps itself. */
  volume_ready: boolean
  /** What keeps its volume does not answer. */
  storage_away: boolean
  /** Since when; null while it does. */
  away_since: Date | null
  /** Null for a seat without GPUs. */
  device_needs: DeviceNeeds | null
  credential_key_id: string
  credential: Buffer
}

export type Credential = { login: string; password: string }

export const seatColumns = sql`seat.id, seat.course_id, course.code as course_code, seat.pool_id, seat.number, seat.generation,
  seat.wanted_generation, seat.applied_generation, seat.template_digest, seat.state, seat.state_at, seat.wanted_on,
  seat.wanted_start, seat.started, seat.start_failures, seat.start_after, seat.held, seat.homeless_at, seat.taken, seat.service_id,
  seat.task_id, seat.node_address, seat.identity_port, seat.credential_key_id, seat.credential,
  coalesce((template.body ->> 'pidsLimit')::int, 256) as pids_limit,
  (template.body -> 'volume' ->> 'backend' is null
    or exists (select from volume where seat_id = seat.id and volume.generation = seat.applied_generation and volume.state = 'ready'))
    and (template.body -> 'personal' is null or seat.slot_made) and ${scratchAllows(sql`template.body`)} as volume_ready,
  ${isAway(sql`(template.body -> 'volume' ->> 'backend')`)} as storage_away,
  (select since_at from storage_outage where ended_at is null and backend = template.body -> 'volume' ->> 'backend') as away_since,
  case when jsonb_typeof(template.body -> 'gpu') = 'object' then template.body end as device_needs`
export const seatTable = sql`seat join course on course.id = seat.course_id
  left join seat_template template on template.digest = seat.template_digest`

/**
 * Makes the rows of seats 1..`seats` of a course with the ports of its environment. Existing seats
 * keep number, credential and host names; ports that an environment lost or gained follow it.
 */
export async function ensureSeats(
  tx: Db,
  ring: KeyRing,
  course: {
    id: string
    poolId: string
    seats: number
    ports: {
      number: number
      name: string
      kind: PortKind
      required: boolean
      title: { en: string; fr: string }
    }[]
    now: Date
  },
): Promise<void> {
  const known = await many<{ number: number }>(
    tx,
    sql`select number from seat where course_id = ${course.id}`,
  )
  const taken = new Set(known.map((row) => row.number))
  const numbers = Array.from({ length: course.seats }, (_, i) => i + 1)
  await insertSeats(tx, ring, { ...course, numbers: numbers.filter((n) => !taken.has(n)) })
  await execute(
    tx,
    sql`update seat set pool_id = ${course.poolId} where course_id = ${course.id} and state = 'absent'`,
  )
  await ensurePorts(tx, course)
}

// One statement for all: an import of many courses makes thousands.
async function insertSeats(
  tx: Db,
  ring: KeyRing,
  course: { id: string; poolId: string; numbers: number[]; now: Date },
): Promise<void> {
  const seats = course.numbers.map((number) => {
    const id = newId()
    return { id, number, ...sealNewCredential(ring, id) }
  })
  const column = <T>(of: (seat: (typeof seats)[number]) => T) => seats.map(of)
  await execute(
    tx,
    sql`insert into seat (id, course_id, pool_id, number, state, state_at, credential_key_id, credential)
        select id, ${course.id}, ${course.poolId}, number, 'absent', ${course.now}, key_id, credential
        from unnest(${column((s) => s.id)}::uuid[], ${column((s) => s.number)}::int[],
          ${column((s) => s.keyId)}::text[], ${column((s) => s.bytes)}::bytea[]) as t (id, number, key_id, credential)`,
  )
}

/** For a seat that is new, or whose holder is somebody else from now on. */
export const sealNewCredential = (ring: KeyRing, seatId: string): Sealed =>
  ring.seal(JSON.stringify(newCredential()), `seat ${seatId}`)

// Read aloud and typed from a projector: no 0/O, 1/l, no look-alikes.
const PASSWORD_CHARACTERS = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A login that names nobody, and a password of 12 characters of 5 bits. */
function newCredential(): Credential {
  const pick = (length: number) =>
    Array.from({ length }, () => PASSWORD_CHARACTERS[randomInt(PASSWORD_CHARACTERS.length)]).join(
      '',
    )
  return { login: `lab${pick(4)}`, password: pick(12) }
}

export function credentialOf(
  ring: KeyRing,
  seat: Pick<Seat, 'id' | 'credential' | 'credential_key_id'>,
): Credential {
  const plain = ring.open(
    { keyId: seat.credential_key_id, bytes: seat.credential },
    `seat ${seat.id}`,
  )
  return JSON.parse(plain.toString()) as Credential
}

type PortPlan = Parameters<typeof ensureSeats>[2]

async function ensurePorts(tx: Db, course: Pick<PortPlan, 'id' | 'ports'>): Promise<void> {
  const numbers = course.ports.map((port) => port.number)
  await execute(
    tx,
    sql`delete from seat_port using seat where seat.id = seat_id and seat.course_id = ${course.id}
        and not container_port = any(${numbers}::int[])`,
  )
  for (const port of course.ports) {
    await execute(
      tx,
      sql`update seat_port set name = ${port.name}, kind = ${port.kind}, required = ${port.required},
          title = ${JSON.stringify(port.title)} from seat
          where seat.id = seat_id and seat.course_id = ${course.id} and container_port = ${port.number}`,
    )
    const without = await many<{ id: string }>(
      tx,
      sql`select id from seat where course_id = ${course.id} and not exists
          (select from seat_port where seat_id = seat.id and container_port = ${port.number})`,
    )
    await execute(
      tx,
      sql`insert into seat_port (seat_id, container_port, name, kind, host_label, required, title)
          select id, ${port.number}, ${port.name}, ${port.kind}, label, ${port.required}, ${JSON.stringify(port.title)}
          from unnest(${without.map((seat) => seat.id)}::uuid[], ${without.map(() => randomLabel(26))}::text[]) as t (id, label)`,
    )
  }
}

/**
 * Takes a number for good: a ready seat first, then what is on its way, then any the allowance holds. It is the workspace's from
 * then on. Two launches never take the same one, and neither waits for the other.
 */
export async function takeSeat(
  tx: Db,
  taker: { courseId: string; workspaceId: string; now: Date },
): Promise<{ id: string; number: number; state: SeatState } | undefined> {
  const { courseId, workspaceId, now } = taker
  const untaken = (states: SeatState[], held = false) =>
    sql`(select seat.id from course, ${freeNumbers} and course.id = ${courseId} and seat.held = ${held} and seat.state = any(${states}::text[])
      order by seat.number limit 1 for update of seat skip locked)`
  const rest = untaken(['absent', 'stopping', 'failed'])
  // A run is about to stop it, whatever it does now.
  const goes = untaken(['ready', 'starting', 'cold', 'stopping', 'failed'], true)
  return findOne(
    tx,
    sql`with chosen as (update seat set taken = true
          where id = coalesce(${untaken(['ready'])}, ${untaken(['starting'])}, ${untaken(['cold'])}, ${rest}, ${goes})
          returning id, number, state),
        holding as (update workspace set seat_id = chosen.id from chosen where workspace.id = ${workspaceId}),
        noted as (insert into audit (id, at, actor, actor_role, action, subject_kind, subject_id, detail)
          select ${newId()}, ${now}, 'launch', 'labplan', 'seat.take', 'workspace', ${workspaceId}::uuid, jsonb_build_object('seat', number)
          from chosen)
        select id, number, state from chosen`,
  )
}

/** The running task must be younger than this call: a restart. */
export async function wantFreshStart(tx: Db, seat: { id: string }): Promise<void> {
  await execute(
    tx,
    sql`update seat set wanted_on = true, wanted_start = wanted_start + 1, start_failures = 0, start_after = null
        where id = ${seat.id}`,
  )
  await notify(tx, 'seats', seat.id)
}

/** The next generation: a new volume, secret and host names, once the seat is cold. The old volume stays. */
export async function wantNewGeneration(tx: Db, seat: { id: string }): Promise<void> {
  await execute(
    tx,
    sql`update seat set wanted_generation = generation + 1, start_failures = 0, start_after = null where id = ${seat.id}`,
  )
  await notify(tx, 'seats', seat.id)
}

/** Steps a cold seat into its wanted generation; every host name of the old one stops working. */
export async function beginGeneration(tx: Db, seat: { id: string }): Promise<void> {
  await execute(tx, sql`update seat set generation = wanted_generation where id = ${seat.id}`)
  const ports = await many<{ container_port: number }>(
    tx,
    sql`select container_port from seat_port where seat_id = ${seat.id}`,
  )
  for (const port of ports)
    await execute(
      tx,
      sql`update seat_port set host_label = ${randomLabel(26)} where seat_id = ${seat.id} and container_port = ${port.container_port}`,
    )
  await notify(tx, 'route', seat.id)
  // Its service is made anew: that is the reconciler's.
  await notify(tx, 'work', seat.id)
}

export async function seatsOfCourse(db: Db, courseId: string): Promise<Seat[]> {
  return many<Seat>(
    db,
    sql`select ${seatColumns} from ${seatTable}
        where seat.course_id = ${courseId} order by seat.number`,
  )
}

/** Every number of a course, and no more of it than who it is: for who has a name of the Swarm's and looks for its row. */
export async function numbersOfCourse(
  db: Db,
  courseId: string,
): Promise<Pick<Seat, 'id' | 'number' | 'generation' | 'pool_id'>[]> {
  return many(
    db,
    sql`select id, number, generation, pool_id from seat where course_id = ${courseId} order by number`,
  )
}

/** Seats that exist or should, over all courses: what the worker looks after. */
export async function livingSeats(db: Db): Promise<Seat[]> {
  return many<Seat>(
    db,
    sql`select ${seatColumns} from ${seatTable}
        where seat.state <> 'absent' or seat.wanted_on order by seat.course_id, seat.number`,
  )
}

export async function seatPorts(
  db: Db,
  seatIds: string[],
): Promise<(SeatPort & { seat_id: string })[]> {
  return many(
    db,
    sql`select seat_id, container_port, name, kind, host_label, published_port, required, title from seat_port
        where seat_id = any(${seatIds}::uuid[]) order by seat_id, container_port`,
  )
}

/** A teacher's list: number, state and who sits there, by the name the LMS gave, if it gave one. */
export async function courseSeats(db: Db, course: { courseId: string }) {
  return many<{
    id: string
    number: number
    state: SeatState
    state_at: Date
    occupied: boolean
    display_name: string | null
    workspace_id: string | null
    workspace_state: string | null
    message_code: string | null
    message_params: Record<string, string | number>
  }>(
    db,
    sql`select seat.id, seat.number, seat.state, seat.state_at, seat.taken as occupied, person.display_name,
          workspace.id as workspace_id, workspace.state as workspace_state, seat.message_code, seat.message_params
        from seat left join workspace on workspace.seat_id = seat.id left join person on person.id = workspace.person_id
        where seat.course_id = ${course.courseId} and (seat.state <> 'absent' or seat.taken) order by seat.number`,
  )
}
