/**
 * What happens to a seat's container, recorded by the worker that saw it. Each change and what it means
 * for the workspace on it are one transaction; pages, gateway and worker are told when it commits.
 */
import { type CourseName, andOf } from '../courses/courses-at-work.ts'
import { beginHomes } from './scratch-home.ts'
import { lockedSeats } from './seat-lock.ts'
import { type Db, type Query, execute, many, one, sql } from '../db.ts'
import type { PlaceLeft } from '../workspaces/settle-places.ts'
import { isAtWork } from '../runs/stack-wish.ts'
import {
  passOnPlaces,
  placesGivenBack,
  seatsBecameCold,
  seatsBecameReady,
  seatsFailed,
  seatsWentAway,
} from '../workspaces/workspace-seat.ts'

/** On the channel `seats`, where the driver has nothing to do next with the seat that came to rest. */
export const AT_REST = 'at rest'

type Message = { code: string; params?: Record<string, string | number> }

// Each takes as many seats as made the step in the same moment.

/** Their services were scaled up: a task is on its way, for the restart count `started`. */
export async function markStarting(
  db: Db,
  { seats, now }: { seats: { id: string; started: number }[]; now: Date },
): Promise<void> {
  const ids = idsOf(seats)
  await moveSeats(db, ids, {
    changes: sql`state = 'starting', state_at = ${now}, started = said.started, task_id = null,
      node_address = null, identity_port = null, message_code = null, message_params = '{}'`,
    said: sql`unnest(${ids}::uuid[], ${seats.map((one) => one.started)}::int[]) as said (id, started)`,
    holders: seatsWentAway({ ids, now }),
    isTold: true,
  })
}

export type RunningSeat = {
  id: string
  taskId: string
  nodeAddress: string
  /** Of the Swarm. */
  nodeId: string
}

/** Their containers run; the ports are being checked. */
export async function markRunning(
  db: Db,
  { seats, now }: { seats: RunningSeat[]; now: Date },
): Promise<void> {
  const ids = idsOf(seats)
  const tasks = seats.map((one) => one.taskId)
  const addresses = seats.map((one) => one.nodeAddress)
  await execute(
    db,
    sql`with began as (${beginHomes({ seats, now })}), runs as (
          update seat set task_id = said.task, node_address = said.address, homeless_at = null
          from unnest(${ids}::uuid[], ${tasks}::text[], ${addresses}::text[]) as said (id, task, address)
          where seat.id = said.id and seat.id = any(${lockedSeats(ids)})), ${toldHolders(ids)}`,
  )
}

export type ReadySeat = {
  id: string
  taskId: string
  nodeAddress: string
  identityPort: number
  /** Container port → published. */
  ports: Map<number, number>
}

/** Every required port answered, and each seat proved who it is. */
export async function markReady(
  db: Db,
  { seats, now }: { seats: ReadySeat[]; now: Date },
): Promise<void> {
  const ids = idsOf(seats)
  const column = <T>(of: (seat: ReadySeat) => T) => seats.map(of)
  await moveSeats(db, ids, {
    changes: sql`state = 'ready', state_at = ${now}, task_id = said.task, node_address = said.address,
      identity_port = said.identity_port, start_failures = 0, start_after = null, message_code = null, message_params = '{}'`,
    said: sql`unnest(${ids}::uuid[], ${column((one) => one.taskId)}::text[], ${column((one) => one.nodeAddress)}::text[],
      ${column((one) => one.identityPort)}::int[]) as said (id, task, address, identity_port)`,
    ports: seats.flatMap(({ id, ports }) => [...ports].map((port) => [id, ...port] as const)),
    holders: seatsBecameReady({ ids, now }),
  })
}

/** It did not come up. Tried again after `retryAt`. */
export async function markFailed(
  db: Db,
  seat: { id: string; retryAt: Date; message: Message; now: Date },
): Promise<void> {
  const ids = [seat.id]
  await moveSeats(db, ids, {
    changes: sql`state = 'failed', state_at = ${seat.now}, start_failures = start_failures + 1,
      start_after = ${seat.retryAt}, message_code = ${seat.message.code},
      message_params = ${JSON.stringify(seat.message.params ?? {})}`,
    holders: seatsFailed({ ids, now: seat.now, message: seat.message }),
  })
}

/** They were scaled down: no new connection may be made to them. */
export async function markStopping(
  db: Db,
  { ids, now }: { ids: string[]; now: Date },
): Promise<void> {
  await moveSeats(db, ids, {
    changes: sql`state = 'stopping', state_at = ${now}, task_id = null, identity_port = null`,
    holders: seatsWentAway({ ids, now }),
  })
}

/** No container of them is alive any more. */
export async function markCold(tx: Db, { ids, now }: { ids: string[]; now: Date }): Promise<void> {
  const left = await moveSeats(tx, ids, {
    // One that is tried again waits for room as it did before.
    changes: sql`state = 'cold', state_at = ${now}, task_id = null, node_address = null, identity_port = null,
      homeless_at = case when wanted_on then homeless_at end`,
    holders: seatsBecameCold({ ids, now }),
    stoppedAt: now,
    rests: true,
    freesDevices: true,
  })
  await passOnPlaces(tx, left, now)
}

const idsOf = (seats: { id: string }[]): string[] => seats.map(({ id }) => id)

type Move = {
  changes: Query
  /** What the changes say of each seat: rows `said (id, …)`. */
  said?: Query
  /** Seat, container port and what it is published as, from now on; none unless given. */
  ports?: (readonly [seatId: string, container: number, published: number])[]
  /** What becomes of the workspaces on them. */
  holders: Query
  /** Those workspaces have stopped, and give their places back. */
  stoppedAt?: Date
  /** Pages of who waits look again, also when only the seat's step changed. */
  isTold?: boolean
  /** Who waits for it to come to rest hears of it: the driver, where it has a next step for it or others wait for its GPUs. */
  rests?: boolean
  /** Its GPUs are for others. */
  freesDevices?: boolean
}

/**
 * Changes seats with their ports and the workspaces on them, and tells gateways and pages, in one statement: a warm-up makes
 * hundreds of such steps, and each is whole without a transaction of its own. Answers what places that were given back left to do.
 */
async function moveSeats(db: Db, ids: string[], move: Move): Promise<PlaceLeft[]> {
  const { said, ports, stoppedAt, isTold, rests, freesDevices } = move
  // Parts that have nothing to do are left out: each of them costs the server some time in every step of every seat.
  const freed =
    freesDevices &&
    sql`,
          freed as (delete from seat_device where seat_id = any(${ids}::uuid[]) returning seat_id)`
  const heard =
    isTold &&
    sql`,
          heard as (
            update workspace set version = version + 1
            where seat_id = any(${ids}::uuid[]) and state in ('starting', 'resetting') returning id)`
  const isNext = freesDevices ? sql`has_next or exists (select from freed)` : sql`has_next`
  const rest =
    rests &&
    sql`
        union all select null, null, pg_notify('seats', case when ${isNext} then '' else ${AT_REST} end) from moved`
  const told =
    isTold &&
    sql`
        union all select null, null, pg_notify('workspace', id::text) from heard`
  const settled = stoppedAt
    ? placesGivenBack(stoppedAt)
    : sql`(select id, course_id, 'nothing' as "left" from settled)`
  const rows = await many<{ course_id: string | null; left: PlaceLeft['left'] }>(
    db,
    sql`with moved as (update seat set ${move.changes} ${said ? sql`from ${said} where seat.id = said.id and` : sql`where`} seat.id = any(${lockedSeats(ids)})
            returning wanted_on or wanted_generation > generation as has_next),
          opened as (${ports ? openedPorts(ids, ports) : closedPorts(ids)}),
          settled as (${move.holders})${freed || sql``}${heard || sql``}
        select null::uuid as course_id, null as "left", pg_notify('route', id) from unnest(${ids}::text[]) as id
        union all select course_id, "left", pg_notify('workspace', id::text) from ${settled} stopped${rest || sql``}${told || sql``}`,
  )
  return rows.flatMap(({ course_id, left }) => (course_id === null ? [] : [{ course_id, left }]))
}

const openedPorts = (seatIds: string[], ports: NonNullable<Move['ports']>): Query =>
  sql`update seat_port set published_port = (
              select published from unnest(${ports.map(([id]) => id)}::uuid[], ${ports.map(([, container]) => container)}::int[],
                  ${ports.map(([, , published]) => published)}::int[]) as open (seat, container, published)
                where seat = seat_id and container = container_port)
            where seat_id = any(${seatIds}::uuid[])`

const closedPorts = (seatIds: string[]): Query =>
  sql`update seat_port set published_port = null where seat_id = any(${seatIds}::uuid[]) and published_port is not null`

// Two of a statement's parts: what is done, and who hears of it: pages look again, also when only the seat's step changed.
const toldHolders = (seatIds: string[]) => sql`told as (
    update workspace set version = version + 1
    where seat_id = any(${seatIds}::uuid[]) and state in ('starting', 'resetting'))
  select pg_notify('workspace', id::text) from workspace where seat_id = any(${seatIds}::uuid[])`

/** What a run takes away from who works on it: the seat as a whole, or only what runs in it, to make it anew. */
export type Touched = { id: string; isChanged: boolean }

/** Of these seats, those where somebody works: `isIn` where they may have begun to, and not only wait for it. */
export type AtWork = ReadonlyMap<string, { isIn: boolean }>

export async function seatsAtWork(db: Db, ids: string[]): Promise<AtWork> {
  const rows = await many<{ id: string; isIn: boolean }>(
    db,
    sql`select seat.id, ${isAtWork} as "isIn" from workspace join seat on seat.id = workspace.seat_id
        where seat.id = any(${ids}::uuid[]) and workspace.state in ('starting', 'ready', 'resetting', 'failed')`,
  )
  return new Map(rows.map(({ id, isIn }) => [id, { isIn }]))
}

/**
 * A run holds seats while it changes or removes them: nobody may scale a held seat. Holds all of them or none: none where
 * somebody came to work on one of them since `known` was read. Answers the ids of those. Every launch locks its seat first, so
 * that what is read once they are locked stays so until they are held.
 */
export async function holdFree(
  tx: Db,
  { touched, known }: { touched: Touched[]; known: AtWork },
): Promise<string[]> {
  const ids = idsOf(touched)
  await lockSeats(tx, ids)
  // A statement of its own: one that waited for a launch would not see it.
  const working = await seatsAtWork(tx, ids)
  const isLost = (one: Touched, at: AtWork): boolean =>
    one.isChanged ? at.get(one.id)?.isIn === true : at.has(one.id)
  const taken = touched.filter((one) => isLost(one, working) && !isLost(one, known))
  if (taken.length === 0) await holdSeats(tx, { ids, held: true })
  return idsOf(taken)
}

/** A run found them cold and altered: holds each where nobody works. Answers the ids of those it holds. */
export async function holdCold(tx: Db, ids: string[]): Promise<string[]> {
  await lockSeats(tx, ids)
  const working = await seatsAtWork(tx, ids)
  const held = await many<{ id: string }>(
    tx,
    sql`update seat set held = true where id = any(${ids.filter((id) => !working.has(id))}::uuid[]) and state = 'cold' returning id`,
  )
  return idsOf(held)
}

const lockSeats = (tx: Db, ids: string[]): Promise<number> =>
  execute(tx, sql`select from seat where id = any(${ids}::uuid[]) order by id for no key update`)

export async function holdSeats(db: Db, seats: { ids: string[]; held: boolean }): Promise<void> {
  await execute(
    db,
    sql`with holding as (update seat set held = ${seats.held} where id = any(${lockedSeats(seats.ids)}))
        select pg_notify('seats', '')`,
  )
}

/** How many of these may still have a container. */
export async function countWarm(db: Db, ids: string[]): Promise<number> {
  const { count } = await one<{ count: number }>(
    db,
    sql`select count(*) from seat where id = any(${ids}::uuid[]) and state not in ('cold', 'absent')`,
  )
  return count
}

export type MadeSeat = { id: string; serviceId: string; generation: number; templateDigest: string }

/** Terraform made or changed the services of these seats. `poolId`: of the stack that made them; as it was when absent. */
export async function markMade(
  tx: Db,
  made: { seats: MadeSeat[]; poolId?: string; now: Date },
): Promise<void> {
  const column = <T>(of: (seat: MadeSeat) => T) => made.seats.map(of)
  const ids = column((seat) => seat.id)
  await execute(
    tx,
    // The driver starts who is on; who is to be warm is turned on by the reconciler first.
    sql`with changed as (update seat set state = case when state = 'absent' then 'cold' else state end,
          state_at = case when state = 'absent' then ${made.now} else state_at end,
          pool_id = coalesce(${made.poolId ?? null}::uuid, pool_id), service_id = made.service_id, applied_generation = made.generation,
          template_digest = made.template_digest, held = false
        from unnest(${ids}::uuid[], ${column((seat) => seat.serviceId)}::text[],
            ${column((seat) => seat.generation)}::int[], ${column((seat) => seat.templateDigest)}::text[])
          as made (id, service_id, generation, template_digest)
        where seat.id = made.id and seat.id = any(${lockedSeats(ids)}) returning wanted_on), ${toldHolders(ids)}
        union all select pg_notify(case when bool_and(wanted_on) then 'seats' else 'work' end, '') from changed`,
  )
}

/** Terraform removed the services of these seats; number, credential and volume stay. */
export async function markRemoved(tx: Db, gone: { ids: string[]; now: Date }): Promise<void> {
  if (gone.ids.length === 0) return
  const left = await moveSeats(tx, gone.ids, {
    changes: sql`state = 'absent', state_at = ${gone.now}, service_id = null, task_id = null, node_address = null,
      identity_port = null, applied_generation = null, template_digest = null, held = false`,
    holders: seatsBecameCold(gone),
    stoppedAt: gone.now,
  })
  await passOnPlaces(tx, left, gone.now)
}

/** What stands after `from`: who waits for a stop that has already happened (an apply that failed left no container). */
export const toSettle = sql`workspace join seat on seat.id = seat_id
  where workspace.state = 'stopping' and seat.state in ('absent', 'cold')`

/** Answers how many. Of one course only, where `of` says which. */
export async function settleStopped(tx: Db, now: Date, of?: CourseName): Promise<number> {
  const rows = await many<{ seat_id: string }>(
    tx,
    sql`select seat_id from ${toSettle} ${andOf(of, sql`workspace.course_id`)}`,
  )
  const ids = rows.map((row) => row.seat_id)
  const left = await many<PlaceLeft>(
    tx,
    sql`with settled as (${seatsBecameCold({ ids, now })})
        select course_id, "left", pg_notify('workspace', id::text) from ${placesGivenBack(now)} stopped`,
  )
  await passOnPlaces(tx, left, now)
  return left.length
}
