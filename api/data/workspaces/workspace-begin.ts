/** How a workspace begins: its seat number for good, then a place, or the queue, or the next opening. */
import { type Db, type Query, execute, findOne, notify, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { type Opening, opening, ownPlace } from './place.ts'
import { freePlace, settlePlaces } from './settle-places.ts'
import { wantPersonalVolume } from '../volumes/personal-volume.ts'
import { openStay } from './queue.ts'
import { tellNumbersOut } from '../seats/seat-number.ts'
import { type SeatState, takeSeat } from '../seats/seat.ts'
import {
  type Workspace,
  type WorkspaceState,
  changesOfState,
  isStartable,
  moveTo,
  workspaceColumns,
} from './workspace.ts'

export type Claim = {
  courseId: string
  personId: string
  now: Date
  /** Where in the environment the way in leads, a path that was looked at (`seatPath`); its start unless said. */
  openPath?: string | undefined
}

/**
 * The launch: finds or makes the person's workspace of the course, takes a seat number for good and a
 * place if there is one, else queues. Idempotent: double clicks, two tabs and reloads get the same one.
 */
export async function claimWorkspace(
  tx: Db,
  launch: Claim,
): Promise<{ id: string; state: WorkspaceState; seatNumber: number | null }> {
  // What the next step needs is asked in the same breath.
  const [known, open] = await Promise.all([
    visitOwn(tx, launch),
    opening(tx, { id: launch.courseId, now: launch.now }),
  ])
  const workspace = known ?? (await createWorkspace(tx, launch))
  if (!isStartable(workspace))
    return { id: workspace.id, state: workspace.state, seatNumber: workspace.seat_number }
  const { state, seat } = await begin(tx, workspace, launch.now, open)
  return { id: workspace.id, state, seatNumber: seat?.number ?? null }
}

/**
 * The person's workspace, locked, with this launch noted; undefined when there is none yet. Its seat is locked first, as
 * `lockWorkspace` does: a launch and a stop at the same moment would meet half way.
 */
async function visitOwn(tx: Db, launch: Claim): Promise<Workspace | undefined> {
  return findOne<Workspace>(
    tx,
    sql`with seat_first as materialized (select id from seat where id = (select seat_id from workspace
            where course_id = ${launch.courseId} and person_id = ${launch.personId}) for no key update), own as (
          update workspace set last_launch_at = ${launch.now}, open_path = ${launch.openPath ?? null}
          where course_id = ${launch.courseId} and person_id = ${launch.personId}
            and (select count(*) from seat_first) >= 0 returning *)
        select ${workspaceColumns} from own workspace left join seat on seat.id = workspace.seat_id`,
  )
}

async function createWorkspace(tx: Db, own: Claim): Promise<Workspace> {
  const id = newId()
  const made = await execute(
    tx,
    sql`insert into workspace (id, course_id, person_id, state, state_at, created_at, last_launch_at, open_path)
        values (${id}, ${own.courseId}, ${own.personId}, 'closed', ${own.now}, ${own.now}, ${own.now},
          ${own.openPath ?? null})
        on conflict (course_id, person_id) do nothing`,
  )
  // Another tab's launch made it a moment ago.
  const workspace = made === 1 ? freshWorkspace(id, own) : await visitOwn(tx, own)
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

/** Gives a stopped workspace its seat and a place; answers the state it reached. `known`: read in this transaction. */
export async function begin(
  tx: Db,
  workspace: Workspace,
  now: Date,
  known?: Opening,
): Promise<Begun> {
  const seen = known ?? (await opening(tx, { id: workspace.course_id, now }))
  const isBehind = workspace.seat_id === null && seen.isNumberWaitedFor
  const seat = isBehind ? undefined : await seatFor(tx, workspace, now)
  const open = await settled(tx, { courseId: workspace.course_id, open: seen, now })
  if (open.places === 0) return { state: await closeUntilNext(tx, workspace, now), seat }
  const isTheirTurn = workspace.held_until !== null
  const isLast = !seat || (!isTheirTurn && seen.isWaitedFor)
  if (isLast || !(await runInPlace(tx, { workspace, seat, open, now })))
    return { state: await enqueue(tx, { workspace, seat, now }), seat }
  return { state: stateOn(seat), seat }
}

type OwnSeat = { id: string; number: number; state: SeatState }

export async function seatFor(
  tx: Db,
  workspace: Workspace,
  now: Date,
): Promise<OwnSeat | undefined> {
  const { seat_id: id, seat_number: number, seat_state: state } = workspace
  if (id && number !== null && state) return { id, number, state }
  return takeSeat(tx, { courseId: workspace.course_id, workspaceId: workspace.id, now })
}

/** The opening, with its rows of place made right when they are due: rarely, so launches do not queue for it. */
export async function openingNow(tx: Db, courseId: string, now: Date): Promise<Opening> {
  return settled(tx, { courseId, open: await opening(tx, { id: courseId, now }), now })
}

async function settled(
  tx: Db,
  { courseId, open, now }: { courseId: string; open: Opening; now: Date },
): Promise<Opening> {
  return open.isSettled ? open : settlePlaces(tx, { id: courseId, now })
}

export type Start = {
  workspace: Workspace
  seat: OwnSeat
  open: Pick<Opening, 'sessionId' | 'stopsAt' | 'period' | 'hasPersonal'>
  now: Date
}

const stateOn = (seat: OwnSeat): WorkspaceState => (seat.state === 'ready' ? 'ready' : 'starting')

/** Takes a free place for the workspace, or finds the one it has, and starts it; false, and nothing done, when there is none. */
export async function runInPlace(tx: Db, start: Start): Promise<boolean> {
  const { seat, open, now } = start
  const { id: workspaceId, course_id: courseId } = start.workspace
  // Each of their parts is about other rows: all of them are one statement.
  const told = await execute(
    tx,
    sql`with ${ownPlace({ courseId, workspaceId })}, moved as (
          update workspace set state = ${stateOn(seat)}, state_at = ${now}, ${changesOfState}, message_code = null, message_params = '{}',
            queued_at = null, opens_at = null, warned_at = null, extensions = 0, started_at = ${now},
            stops_at = ${open.stopsAt}, session_id = ${open.sessionId}
          where id = ${workspaceId} and exists (select from place_of) returning id),
        stays as (${openStay({ workspaceId, courseId, period: open.period, now })}),
        ${turnOn(seat)}
        select pg_notify('workspace', id::text) from moved
        -- The gateways hear of it.
        union all select pg_notify('route', ${seat.id}) from moved
        union all select pg_notify(case when is_made then 'seats' else 'work' end, id::text) from turned`,
  )
  if (told === 0) return false
  if (open.hasPersonal) await wantPersonalVolume(tx, start.workspace, now)
  return true
}

/**
 * A part of a statement. A warm seat is on already: then there is nothing to do for the worker. One that is made is the driver's
 * alone: what follows from it, a new one in its place, the reconciler sees in its next round.
 */
const turnOn = (seat: { id: string }): Query => sql`turned as (
          update seat set wanted_on = true, start_failures = 0, start_after = null
          where id = ${seat.id} and exists (select from place_of) and (not wanted_on or start_failures > 0 or start_after is not null)
          returning id, state <> 'absent' and applied_generation = generation as is_made)`

async function enqueue(
  tx: Db,
  { workspace, seat, now }: { workspace: Workspace; seat: OwnSeat | undefined; now: Date },
): Promise<WorkspaceState> {
  const fresh = sql`, queued_at = ${now}, opens_at = null, stops_at = null, session_id = null`
  await Promise.all([moveTo(tx, workspace.id, 'queued', now, fresh), notify(tx, 'work', '')])
  if (!seat) await tellNumbersOut(tx, { courseId: workspace.course_id, now })
  return 'queued'
}

export async function closeUntilNext(
  tx: Db,
  workspace: Workspace,
  now: Date,
): Promise<WorkspaceState> {
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
