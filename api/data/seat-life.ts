/**
 * What happens to a seat's container, recorded by the worker that saw it. Each change and what it means
 * for the workspace on it are one transaction; pages, gateway and worker are told when it commits.
 */
import { canonicalJson, sha256 } from '../../stacks/blueprint.ts'
import { beginHome } from './scratch-home.ts'
import { AlteredRecord } from './seal.ts'
import { type Db, type Query, execute, many, one, sql } from './db.ts'
import {
  type Holder,
  passOnPlaces,
  seatsBecameCold,
  seatsBecameReady,
  seatsFailed,
  seatsWentAway,
} from './workspace-seat.ts'

/** On the channel `seats`, where the driver has nothing to do next with the seat that came to rest. */
export const AT_REST = 'at rest'

type Message = { code: string; params?: Record<string, string | number> }

/** The service was scaled up: a task is on its way, for the restart count `started`. */
export async function markStarting(
  db: Db,
  seat: { id: string; started: number; now: Date },
): Promise<void> {
  const ids = [seat.id]
  await moveSeats(db, ids, {
    changes: sql`state = 'starting', state_at = ${seat.now}, started = ${seat.started}, task_id = null,
      node_address = null, identity_port = null, message_code = null, message_params = '{}'`,
    holders: seatsWentAway({ ids, now: seat.now }),
    isTold: true,
  })
}

/** Its container runs; the ports are being checked. `nodeId`: of the Swarm. */
export async function markRunning(
  db: Db,
  seat: { id: string; taskId: string; nodeAddress: string; nodeId: string; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`with began as (${beginHome({ seatId: seat.id, nodeId: seat.nodeId, now: seat.now })}), runs as (update seat set task_id = ${seat.taskId}, node_address = ${seat.nodeAddress}, homeless_at = null where id = ${seat.id}),
        ${toldHolders([seat.id])}`,
  )
}

/** Every required port answered, and the seat proved who it is. `ports`: container port → published. */
export async function markReady(
  db: Db,
  seat: {
    id: string
    taskId: string
    nodeAddress: string
    identityPort: number
    ports: Map<number, number>
    now: Date
  },
): Promise<void> {
  const ids = [seat.id]
  await moveSeats(db, ids, {
    changes: sql`state = 'ready', state_at = ${seat.now}, task_id = ${seat.taskId},
      node_address = ${seat.nodeAddress}, identity_port = ${seat.identityPort}, start_failures = 0,
      start_after = null, message_code = null, message_params = '{}'`,
    ports: seat.ports,
    holders: seatsBecameReady({ ids, now: seat.now }),
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

/** It was scaled down: no new connection may be made to it. */
export async function markStopping(db: Db, seat: { id: string; now: Date }): Promise<void> {
  const ids = [seat.id]
  await moveSeats(db, ids, {
    changes: sql`state = 'stopping', state_at = ${seat.now}, task_id = null, identity_port = null`,
    holders: seatsWentAway({ ids, now: seat.now }),
  })
}

/** No container of it is alive any more. */
export async function markCold(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  const ids = [seat.id]
  const holders = await moveSeats(tx, ids, {
    // One that is tried again waits for room as it did before.
    changes: sql`state = 'cold', state_at = ${seat.now}, task_id = null, node_address = null, identity_port = null,
      homeless_at = case when wanted_on then homeless_at end`,
    holders: seatsBecameCold({ ids, now: seat.now }),
    rests: true,
    freesDevices: true,
  })
  await passOnPlaces(tx, holders, seat.now)
}

type Move = {
  changes: Query
  /** Container port → published, from now on; none unless given. */
  ports?: Map<number, number>
  /** What becomes of the workspaces on them. */
  holders: Query
  /** Pages of who waits look again, also when only the seat's step changed. */
  isTold?: boolean
  /** Who waits for it to come to rest hears of it: the driver, where it has a next step for it or others wait for its GPUs. */
  rests?: boolean
  /** Its GPUs are for others. */
  freesDevices?: boolean
}

/**
 * Changes seats with their ports and the workspaces on them, and tells gateways and pages, in one statement: a warm-up makes
 * hundreds of such steps, and each is whole without a transaction of its own. Answers whose workspace moved.
 */
async function moveSeats(db: Db, ids: string[], move: Move): Promise<Holder[]> {
  const { ports, isTold, rests, freesDevices } = move
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
  const rows = await many<{ id: string | null; course_id: string }>(
    db,
    sql`with moved as (update seat set ${move.changes} where id = any(${ids}::uuid[])
            returning wanted_on or wanted_generation > generation as has_next),
          opened as (${ports ? openedPorts(ids, ports) : closedPorts(ids)}),
          settled as (${move.holders})${freed || sql``}${heard || sql``}
        select null::uuid as id, null::uuid as course_id, pg_notify('route', id) from unnest(${ids}::text[]) as id
        union all select id, course_id, pg_notify('workspace', id::text) from settled${rest || sql``}${told || sql``}`,
  )
  return rows.flatMap(({ id, course_id }) => (id === null ? [] : [{ id, course_id }]))
}

const openedPorts = (seatIds: string[], ports: Map<number, number>): Query =>
  sql`update seat_port set published_port = (
              select published from unnest(${[...ports.keys()]}::int[], ${[...ports.values()]}::int[])
                as open (container, published) where container = container_port)
            where seat_id = any(${seatIds}::uuid[])`

const closedPorts = (seatIds: string[]): Query =>
  sql`update seat_port set published_port = null where seat_id = any(${seatIds}::uuid[]) and published_port is not null`

// Two of a statement's parts: what is done, and who hears of it: pages look again, also when only the seat's step changed.
const toldHolders = (seatIds: string[]) => sql`told as (
    update workspace set version = version + 1
    where seat_id = any(${seatIds}::uuid[]) and state in ('starting', 'resetting'))
  select pg_notify('workspace', id::text) from workspace where seat_id = any(${seatIds}::uuid[])`

/** A run holds seats while it changes or removes them: nobody may scale a held seat. */
export async function holdSeats(db: Db, seats: { ids: string[]; held: boolean }): Promise<void> {
  await execute(
    db,
    sql`with holding as (update seat set held = ${seats.held} where id = any(${seats.ids}::uuid[]))
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
    // The driver hears of it: some are to start.
    sql`with changed as (update seat set state = case when state = 'absent' then 'cold' else state end,
          state_at = case when state = 'absent' then ${made.now} else state_at end,
          pool_id = coalesce(${made.poolId ?? null}::uuid, pool_id), service_id = made.service_id, applied_generation = made.generation,
          template_digest = made.template_digest, held = false
        from unnest(${ids}::uuid[], ${column((seat) => seat.serviceId)}::text[],
            ${column((seat) => seat.generation)}::int[], ${column((seat) => seat.templateDigest)}::text[])
          as made (id, service_id, generation, template_digest)
        where seat.id = made.id), ${toldHolders(ids)}
        union all select pg_notify('seats', '')`,
  )
}

/** Terraform removed the services of these seats; number, credential and volume stay. */
export async function markRemoved(tx: Db, gone: { ids: string[]; now: Date }): Promise<void> {
  if (gone.ids.length === 0) return
  const holders = await moveSeats(tx, gone.ids, {
    changes: sql`state = 'absent', state_at = ${gone.now}, service_id = null, task_id = null, node_address = null,
      identity_port = null, applied_generation = null, template_digest = null, held = false`,
    holders: seatsBecameCold(gone),
  })
  await passOnPlaces(tx, holders, gone.now)
}

export async function rememberTemplate(
  tx: Db,
  template: { digest: string; body: unknown },
): Promise<void> {
  await execute(
    tx,
    sql`insert into seat_template (digest, body) values (${template.digest}, ${JSON.stringify(template.body)})
        on conflict do nothing`,
  )
}

/** The last ones of this process. A digest says all of its template, and what was read was that: it is not read again. */
const templates = new Map<string, unknown>()
const MOST_TEMPLATES = 500

export async function seatTemplate<Body>(db: Db, digest: string): Promise<Body> {
  const known = templates.get(digest)
  if (known !== undefined) return known as Body
  const { body } = await one<{ body: Body }>(
    db,
    sql`select body from seat_template where digest = ${digest}`,
  )
  if (sha256(canonicalJson(body)) !== digest)
    throw new AlteredRecord('What a seat at work is made of was changed in the database.')
  if (templates.size >= MOST_TEMPLATES) templates.clear()
  templates.set(digest, body)
  return body
}

/** What stands after `from`: who waits for a stop that has already happened (an apply that failed left no container). */
export const toSettle = sql`workspace join seat on seat.id = seat_id
  where workspace.state = 'stopping' and seat.state in ('absent', 'cold')`

export async function settleStopped(tx: Db, now: Date): Promise<void> {
  const rows = await many<{ seat_id: string }>(tx, sql`select seat_id from ${toSettle}`)
  const ids = rows.map((row) => row.seat_id)
  const holders = await many<Holder>(
    tx,
    sql`with settled as (${seatsBecameCold({ ids, now })})
        select id, course_id, pg_notify('workspace', id::text) from settled`,
  )
  await passOnPlaces(tx, holders, now)
}
