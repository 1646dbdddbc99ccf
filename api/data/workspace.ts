/**
 * Workspaces: a seat taken by a student for as long as the course lasts. Everything here is rows;
 * the worker sees what is wanted and makes it so.
 */
import { type Actor, audit } from './audit.ts'
import { type Db, execute, findOne, many, notify, one, sql } from './db.ts'
import { newId } from './ids.ts'
import { closeStay, holdMinutes, openStay, settleTurns, waiters } from './queue.ts'
import { freePlace, opening, settlePlaces, takePlace } from './place.ts'
import type { StopReason } from './workspace-time.ts'
import { type SeatState, takeSeat, wantFreshStart, wantNewGeneration, wantSeat } from './seat.ts'

export type WorkspaceState =
  | 'closed'
  | 'queued'
  | 'starting'
  | 'ready'
  | 'resetting'
  | 'stopping'
  | 'stopped'
  | 'failed'

export type Workspace = {
  id: string
  course_id: string
  person_id: string
  seat_id: string | null
  seat_state: SeatState | null
  seat_number: number | null
  session_id: string | null
  state: WorkspaceState
  state_at: Date
  queued_at: Date | null
  opens_at: Date | null
  held_until: Date | null
  stops_at: Date | null
  version: number
  message_code: string | null
  message_params: Record<string, string | number>
}

/** From which states each act may be done; elsewhere it changes nothing (double clicks, two tabs). */
export const actable = {
  start: ['closed', 'stopped', 'failed'],
  stop: ['queued', 'starting', 'ready', 'failed', 'closed'],
  restart: ['starting', 'ready', 'failed'],
  reset: ['starting', 'ready', 'stopped', 'closed', 'failed'],
} as const satisfies Record<string, readonly WorkspaceState[]>

const workspaceColumns = sql`workspace.id, workspace.course_id, workspace.person_id, workspace.seat_id,
  seat.state as seat_state, seat.number as seat_number, workspace.session_id, workspace.state, workspace.state_at,
  workspace.queued_at, workspace.opens_at, workspace.held_until, workspace.stops_at, workspace.version, workspace.message_code,
  workspace.message_params`

const workspaceTable = sql`workspace left join seat on seat.id = workspace.seat_id`

export async function findWorkspace(db: Db, id: string): Promise<Workspace | undefined> {
  return findOne<Workspace>(
    db,
    sql`select ${workspaceColumns} from ${workspaceTable} where workspace.id = ${id}`,
  )
}

/** The row, locked against every other act on the same workspace until the caller's transaction ends. */
async function lockWorkspace(tx: Db, id: string): Promise<Workspace> {
  return one<Workspace>(
    tx,
    sql`select ${workspaceColumns} from ${workspaceTable} where workspace.id = ${id} for update of workspace`,
  )
}

/**
 * The launch: finds or makes the person's workspace of the course, takes a seat number for good and a
 * place if there is one, else queues. Idempotent: double clicks, two tabs and reloads get the same one.
 */
export async function claimWorkspace(
  tx: Db,
  launch: { courseId: string; personId: string; now: Date },
): Promise<{ id: string; state: WorkspaceState; seatNumber: number | null }> {
  const known = await findOwn(tx, launch)
  const workspace = known ?? (await createWorkspace(tx, launch))
  if (known)
    await execute(
      tx,
      sql`update workspace set last_launch_at = ${launch.now} where id = ${workspace.id}`,
    )
  if (!isStartable(workspace))
    return { id: workspace.id, state: workspace.state, seatNumber: workspace.seat_number }
  const { state, seat } = await begin(tx, workspace, launch.now)
  return { id: workspace.id, state, seatNumber: seat?.number ?? null }
}

/** Also who waits, once it is their turn: a place is held for the click. */
const isStartable = (workspace: Workspace): boolean =>
  workspace.held_until !== null ||
  (actable.start as readonly WorkspaceState[]).includes(workspace.state)

async function findOwn(
  tx: Db,
  own: { courseId: string; personId: string },
): Promise<Workspace | undefined> {
  return findOne<Workspace>(
    tx,
    sql`select ${workspaceColumns} from ${workspaceTable}
        where workspace.course_id = ${own.courseId} and workspace.person_id = ${own.personId} for update of workspace`,
  )
}

async function createWorkspace(
  tx: Db,
  own: { courseId: string; personId: string; now: Date },
): Promise<Workspace> {
  const id = newId()
  const made = await execute(
    tx,
    sql`insert into workspace (id, course_id, person_id, state, state_at, created_at, last_launch_at)
        values (${id}, ${own.courseId}, ${own.personId}, 'closed', ${own.now}, ${own.now}, ${own.now})
        on conflict (course_id, person_id) do nothing`,
  )
  // Another tab's launch made it a moment ago.
  const workspace = made === 1 ? freshWorkspace(id, own) : await findOwn(tx, own)
  if (!workspace) throw new Error('A workspace that was just made is not there.')
  return workspace
}

function freshWorkspace(
  id: string,
  own: { courseId: string; personId: string; now: Date },
): Workspace {
  const nothing = { seat_id: null, seat_state: null, seat_number: null, session_id: null }
  const never = { queued_at: null, opens_at: null, held_until: null, stops_at: null }
  const said = { message_code: null, message_params: {} }
  const row = { id, course_id: own.courseId, person_id: own.personId, state_at: own.now }
  return { ...row, state: 'closed', version: 1, ...nothing, ...never, ...said }
}

type Begun = { state: WorkspaceState; seat: OwnSeat | undefined }

/** Gives a stopped workspace its seat and a place; answers the state it reached. */
async function begin(tx: Db, workspace: Workspace, now: Date): Promise<Begun> {
  const seat = await seatFor(tx, workspace, now)
  const open = await openingNow(tx, workspace.course_id, now)
  if (open.places === 0) return { state: await closeUntilNext(tx, workspace, now), seat }
  const place = { courseId: workspace.course_id, workspaceId: workspace.id }
  const isTheirTurn = workspace.held_until !== null
  const isLast = !seat || (!isTheirTurn && (await someoneWaits(tx, workspace.course_id)))
  if (isLast || !(await takePlace(tx, place)))
    return { state: await enqueue(tx, workspace, now), seat }
  return { state: await run(tx, { workspace, seat, open, now }), seat }
}

type OwnSeat = { id: string; number: number; state: SeatState }

async function seatFor(tx: Db, workspace: Workspace, now: Date): Promise<OwnSeat | undefined> {
  const { seat_id: id, seat_number: number, seat_state: state } = workspace
  if (id && number !== null && state) return { id, number, state }
  const seat = await takeSeat(tx, workspace.course_id)
  if (!seat) return undefined
  await execute(tx, sql`update workspace set seat_id = ${seat.id} where id = ${workspace.id}`)
  await audit(tx, {
    actor: { name: 'launch', role: 'labplan' },
    action: 'seat.take',
    subject: { kind: 'workspace', id: workspace.id },
    detail: { seat: seat.number },
    now,
  })
  return seat
}

/** The opening, with its rows of place made right when they are due: rarely, so launches do not queue for it. */
async function openingNow(tx: Db, courseId: string, now: Date) {
  const { places_until } = await one<{ places_until: Date | null }>(
    tx,
    sql`select places_until from course where id = ${courseId}`,
  )
  const stale = !places_until || places_until <= now
  return stale ? settlePlaces(tx, { id: courseId, now }) : opening(tx, { id: courseId, now })
}

async function someoneWaits(tx: Db, courseId: string): Promise<boolean> {
  const found = await findOne(
    tx,
    sql`select 1 as waits from workspace where course_id = ${courseId} and state = 'queued'
        and held_until is null limit 1`,
  )
  return found !== undefined
}

async function run(
  tx: Db,
  start: {
    workspace: Workspace
    seat: OwnSeat
    open: { sessionId: string | null; stopsAt: Date; period: string }
    now: Date
  },
): Promise<WorkspaceState> {
  const state: WorkspaceState = start.seat.state === 'ready' ? 'ready' : 'starting'
  await moveTo(
    tx,
    start.workspace.id,
    state,
    start.now,
    sql`, queued_at = null, opens_at = null, warned_at = null, extensions = 0, started_at = ${start.now},
    stops_at = ${start.open.stopsAt}, session_id = ${start.open.sessionId}`,
  )
  const { id: workspaceId, course_id: courseId } = start.workspace
  await openStay(tx, { workspaceId, courseId, period: start.open.period, now: start.now })
  await turnOn(tx, start.seat)
  return state
}

/** The gateways hear of it. A warm seat is on already: then there is nothing to do for the worker. */
async function turnOn(tx: Db, seat: { id: string }): Promise<void> {
  await execute(
    tx,
    sql`with turned as (
          update seat set wanted_on = true, start_failures = 0, start_after = null
          where id = ${seat.id} and (not wanted_on or start_failures > 0 or start_after is not null) returning id)
        select pg_notify('route', ${seat.id}) union all select pg_notify('work', id::text) from turned`,
  )
}

async function enqueue(tx: Db, workspace: Workspace, now: Date): Promise<WorkspaceState> {
  const fresh = sql`, queued_at = ${now}, opens_at = null, stops_at = null, session_id = null`
  await moveTo(tx, workspace.id, 'queued', now, fresh)
  await notify(tx, 'work', '')
  return 'queued'
}

async function closeUntilNext(tx: Db, workspace: Workspace, now: Date): Promise<WorkspaceState> {
  const next = await findOne<{ opens_at: Date }>(
    tx,
    sql`select opens_at from session where course_id = ${workspace.course_id} and state <> 'cancelled'
        and opens_at > ${now} order by opens_at limit 1`,
  )
  const opensAt = next?.opens_at ?? null
  const place = { courseId: workspace.course_id, workspaceId: workspace.id, now }
  if (workspace.held_until) await freePlace(tx, place)
  await moveTo(tx, workspace.id, 'closed', now, sql`, queued_at = null, opens_at = ${opensAt}`)
  return 'closed'
}

/** Every change of state: raises the version, tells who watches the page. */
async function moveTo(
  tx: Db,
  id: string,
  state: WorkspaceState,
  now: Date,
  more = sql``,
  message: { code: string; params?: Record<string, string | number> } | null = null,
): Promise<void> {
  await execute(
    tx,
    sql`with moved as (
          update workspace set state = ${state}, state_at = ${now}, ${changesOfState},
            message_code = ${message?.code ?? null}, message_params = ${JSON.stringify(message?.params ?? {})} ${more}
          where id = ${id} returning id)
        select pg_notify('workspace', id::text) from moved`,
  )
}

const changesOfState = sql`version = version + 1, held_until = null, turn_ends_at = null, idle_stops_at = null`

type Act = { workspaceId: string; actor: Actor; now: Date }

export async function startWorkspace(tx: Db, act: Act): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  if (!isStartable(workspace)) return workspace.state
  await auditAct(tx, act, 'workspace.start')
  return (await begin(tx, workspace, act.now)).state
}

/** Stops, keeping seat number and files. The place is given back when the seat is seen cold. */
export async function stopWorkspace(
  tx: Db,
  act: Act & { reason?: 'asked' | StopReason },
): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  if (!(actable.stop as readonly WorkspaceState[]).includes(workspace.state)) return workspace.state
  const reason = act.reason ?? 'asked'
  const message = reason === 'asked' ? null : { code: `stopped.${reason}` }
  await auditAct(tx, act, 'workspace.stop', { reason })
  const runs =
    ['starting', 'ready', 'failed'].includes(workspace.state) && workspace.seat_id !== null
  await moveTo(
    tx,
    workspace.id,
    runs ? 'stopping' : 'stopped',
    act.now,
    sql`, queued_at = null, opens_at = null`,
    message,
  )
  await closeStay(tx, { workspaceId: workspace.id, reason, now: act.now })
  if (runs && workspace.seat_id) await wantSeat(tx, { id: workspace.seat_id, on: false })
  if (workspace.held_until) await passOn(tx, workspace, act.now)
  return runs ? 'stopping' : 'stopped'
}

/** The place that was held goes to the next in line. */
async function passOn(tx: Db, { id, course_id }: Workspace, now: Date): Promise<void> {
  await freePlace(tx, { courseId: course_id, workspaceId: id, now })
  await serveQueue(tx, { courseId: course_id, now })
}

/** A fresh container, the same files. */
export async function restartWorkspace(tx: Db, act: Act): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  if (
    !(actable.restart as readonly WorkspaceState[]).includes(workspace.state) ||
    !workspace.seat_id
  )
    return workspace.state
  await auditAct(tx, act, 'workspace.restart')
  await moveTo(tx, workspace.id, 'starting', act.now)
  await wantFreshStart(tx, { id: workspace.seat_id })
  return 'starting'
}

/** A fresh start: with the files kept it is a restart, else the seat's next generation with an empty volume. */
export async function resetWorkspace(
  tx: Db,
  act: Act & { keepFiles: boolean },
): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  if (!(actable.reset as readonly WorkspaceState[]).includes(workspace.state) || !workspace.seat_id)
    return workspace.state
  await auditAct(tx, act, 'workspace.reset', { keepFiles: act.keepFiles })
  if (!act.keepFiles) await wantNewGeneration(tx, { id: workspace.seat_id })
  if (isStartable(workspace)) return (await begin(tx, workspace, act.now)).state
  await moveTo(tx, workspace.id, act.keepFiles ? 'starting' : 'resetting', act.now)
  await wantFreshStart(tx, { id: workspace.seat_id })
  return act.keepFiles ? 'starting' : 'resetting'
}

async function auditAct(
  tx: Db,
  act: Act,
  action: string,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await audit(tx, {
    actor: act.actor,
    action,
    subject: { kind: 'workspace', id: act.workspaceId },
    detail,
    now: act.now,
  })
}

/** The worker saw the workspace's seat ready: its owner may enter. */
export async function seatBecameReady(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  await settleHolder(tx, seat, ['starting', 'resetting', 'failed'], 'ready')
}

/** The worker saw the seat's task end while it should run: it is on its way back. */
export async function seatWentAway(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  await settleHolder(tx, seat, ['ready', 'failed'], 'starting', { code: 'starting.again' })
}

/** The seat does not come up; `message` says what was being done. It is tried again. */
export async function seatFailed(
  tx: Db,
  seat: {
    id: string
    now: Date
    message: { code: string; params?: Record<string, string | number> }
  },
): Promise<void> {
  await settleHolder(tx, seat, ['starting', 'resetting', 'ready'], 'failed', seat.message)
}

/** The worker saw the seat cold: a workspace that was stopping has stopped, and its place serves the next. */
export async function seatBecameCold(tx: Db, seat: { id: string; now: Date }): Promise<void> {
  const holder = await settleHolder(tx, seat, ['stopping'], 'stopped')
  if (!holder) return
  await freePlace(tx, { courseId: holder.course_id, workspaceId: holder.id, now: seat.now })
  await serveQueue(tx, { courseId: holder.course_id, now: seat.now })
}

async function settleHolder(
  tx: Db,
  seat: { id: string; now: Date },
  from: WorkspaceState[],
  to: WorkspaceState,
  message: { code: string; params?: Record<string, string | number> } | null = null,
): Promise<{ id: string; course_id: string } | undefined> {
  // Why it stopped stays readable once it has.
  const code =
    to === 'stopped' && !message ? sql`message_code` : sql`${message?.code ?? null}::text`
  return findOne<{ id: string; course_id: string }>(
    tx,
    sql`with moved as (
          update workspace set state = ${to}, state_at = ${seat.now}, ${changesOfState},
            message_code = ${code}, message_params = ${JSON.stringify(message?.params ?? {})}
          where seat_id = ${seat.id} and state = any(${from}::text[]) returning id, course_id)
        select id, course_id, pg_notify('workspace', id::text) from moved`,
  )
}

/**
 * Gives free places to those who wait: in turn, and on GPUs held for a click rather than started for somebody who
 * may be away. Answers how many.
 */
export async function serveQueue(tx: Db, course: { courseId: string; now: Date }): Promise<number> {
  const { courseId, now } = course
  const open = await openingNow(tx, courseId, now)
  if (open.places === 0) return closeQueue(tx, course)
  const hold = await holdMinutes(tx, courseId)
  let served = 0
  for (const waiting of await queueOf(tx, course)) {
    const seat = await seatFor(tx, waiting, now)
    if (!seat || !(await takePlace(tx, { courseId, workspaceId: waiting.id }))) break
    if (hold === undefined) await run(tx, { workspace: waiting, seat, open, now })
    else await holdPlace(tx, waiting, { minutes: hold, now })
    served++
  }
  await settleTurns(tx, { id: courseId, now })
  if (served > 0) await notifyQueue(tx, courseId)
  return served
}

/** The session ended while they waited: they are let in when the next one opens. */
async function closeQueue(tx: Db, { courseId, now }: { courseId: string; now: Date }) {
  const waits = await many<Workspace>(
    tx,
    sql`select ${workspaceColumns} from ${workspaceTable} where workspace.course_id = ${courseId}
        and workspace.state = 'queued' for update of workspace`,
  )
  for (const waiting of waits) await closeUntilNext(tx, waiting, now)
  return 0
}

async function holdPlace(
  tx: Db,
  { id }: Workspace,
  hold: { minutes: number; now: Date },
): Promise<void> {
  const until = new Date(hold.now.getTime() + hold.minutes * 60_000)
  await execute(
    tx,
    sql`update workspace set held_until = ${until}, version = version + 1 where id = ${id}`,
  )
  await audit(tx, {
    actor: { name: 'queue', role: 'labplan' },
    action: 'workspace.turn',
    subject: { kind: 'workspace', id },
    detail: { heldUntil: until.toISOString() },
    now: hold.now,
  })
  await notify(tx, 'workspace', id)
}

/** Who waits for a place, in the order they get one. */
async function queueOf(tx: Db, course: { courseId: string; now: Date }): Promise<Workspace[]> {
  const order = (await waiters(tx, { id: course.courseId, now: course.now })).map(({ id }) => id)
  if (order.length === 0) return []
  const rows = await many<Workspace>(
    tx,
    sql`select ${workspaceColumns} from ${workspaceTable} where workspace.id = any(${order}::uuid[])
        and workspace.state = 'queued' for update of workspace`,
  )
  return rows.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
}

/** Those still waiting have moved up a place. */
async function notifyQueue(tx: Db, courseId: string): Promise<void> {
  await execute(
    tx,
    sql`select pg_notify('workspace', id::text) from workspace where course_id = ${courseId} and state = 'queued'`,
  )
}
