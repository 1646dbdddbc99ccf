/**
 * What time does to a workspace: its automatic stop, the warning before it, the click that moves it. The rules
 * are in stacks/rules/lifecycle.ts; here are their facts, and what follows from their answers.
 */
import {
  type Account,
  type Extension,
  type OpenSession,
  type Running,
  extension,
  follow,
  isIdle,
  isReservation,
  warnsAt,
} from '../../../stacks/rules/lifecycle.ts'
import { idleMinutesOf } from '../../../stacks/rules/idle.ts'
import type { BlueprintSession } from '../../../stacks/blueprint.ts'
import type { Lifecycle } from '../../../stacks/terms.ts'
import { type Actor, audit, auditEach } from '../audit.ts'
import { type CourseName, andOf } from '../courses/courses-at-work.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import { type StopReason, stopEach } from './workspace-stop.ts'

/** What follows is done in all courses, or in one (`of`). */
const ofCourse = (of: CourseName | undefined) => andOf(of, sql`workspace.course_id`)

const CLOCK: Actor = { name: 'clock', role: 'labplan' }

/** Rows that one transaction stops: who acts on one of them waits for it. */
const STOPPED_AT_ONCE = 100

/** In these states it holds a place and its time runs. */
const timed = sql`workspace.state in ('starting', 'ready', 'resetting', 'failed')`

type SessionKind = BlueprintSession['kind']

type RunRow = {
  id: string
  stops_at: Date
  turn_ends_at: Date | null
  idle_stops_at: Date | null
  /** The first of these. */
  stop_at: Date
  seat_id: string | null
  warned_at: Date | null
  extensions: number
  session_id: string | null
  grace_ends_at: Date | null
  kind: SessionKind | null
  outside_until: Date | null
  gpus: number
  lifecycle: Lifecycle
}

/** Whether it works or not. */
const endsAt = sql`least(workspace.stops_at, workspace.turn_ends_at)`
const stopAt = sql`least(workspace.stops_at, workspace.turn_ends_at, workspace.idle_stops_at)`
const runColumns = sql`workspace.id, workspace.seat_id, workspace.stops_at, workspace.turn_ends_at, workspace.idle_stops_at, ${stopAt} as stop_at, workspace.warned_at, workspace.extensions,
  workspace.session_id, session.grace_ends_at, session.kind, course.outside_until, course.gpus, course.lifecycle`
const runTable = sql`workspace join course on course.id = workspace.course_id
  left join session on session.id = workspace.session_id`

const runningOf = (row: RunRow): Running => ({
  ...accountOf(row),
  stopsAt: row.stops_at.getTime(),
  extensions: row.extensions,
  turnEndsAt: row.turn_ends_at?.getTime() ?? null,
  idleStopsAt: row.idle_stops_at?.getTime() ?? null,
  idleMinutes: idleMinutesOf(row.lifecycle, row.kind),
})

function accountOf(row: RunRow): Account {
  const isPlanned = row.grace_ends_at !== null
  const heldUntil = isPlanned ? row.grace_ends_at : row.outside_until
  return {
    kind: isPlanned ? 'session' : 'outside',
    heldUntil: heldUntil?.getTime() ?? null,
    isReservation: row.kind !== null && isReservation(row.kind, row.gpus),
  }
}

/** What a click would do now to a workspace that runs, or why it does nothing. */
export async function extensionOf(
  db: Db,
  id: string,
  now: Date,
): Promise<{ extension: Extension; isIdle: boolean; stopsAt: Date } | undefined> {
  const row = await findOne<RunRow>(
    db,
    sql`select ${runColumns} from ${runTable} where workspace.id = ${id} and ${timed}
        and workspace.stops_at is not null`,
  )
  if (!row) return undefined
  const running = runningOf(row)
  const idle = isIdle(running, row.lifecycle, now.getTime())
  const answer = extension(running, row.lifecycle, now.getTime())
  return { extension: answer, isIdle: idle, stopsAt: idle ? row.stop_at : endOf(row) }
}

const endOf = (row: RunRow): Date =>
  row.turn_ends_at && row.turn_ends_at < row.stops_at ? row.turn_ends_at : row.stops_at

/**
 * One click: moves the stop as far as the rules allow, or says that somebody is there. `from` is the stop the page
 * showed: a second click, or one on an old page, changes nothing.
 */
export async function extendWorkspace(
  tx: Db,
  act: { workspaceId: string; from: Date; actor: Actor; now: Date },
): Promise<void> {
  const row = await findOne<RunRow>(
    tx,
    sql`select ${runColumns} from ${runTable} where workspace.id = ${act.workspaceId} and ${timed}
        and workspace.stops_at is not null for update of workspace`,
  )
  if (!row) return
  if (isIdle(runningOf(row), row.lifecycle, act.now.getTime())) return stayAwake(tx, row, act)
  if (endOf(row).getTime() !== act.from.getTime()) return
  const answer = extension(runningOf(row), row.lifecycle, act.now.getTime())
  if ('refused' in answer) return
  const to = new Date(answer.to)
  await execute(
    tx,
    sql`update workspace set stops_at = ${to}, extensions = extensions + 1, warned_at = null,
        version = version + 1 where id = ${act.workspaceId}`,
  )
  await auditMove(tx, act, 'workspace.extend', {
    from: act.from.toISOString(),
    to: to.toISOString(),
  })
  await notify(tx, 'workspace', act.workspaceId)
}

type Act = { workspaceId: string; actor: Actor; now: Date }

/** The click counts as work: its minutes begin anew. */
async function stayAwake(tx: Db, row: RunRow, act: Act): Promise<void> {
  const { now } = act
  const minutes = idleMinutesOf(row.lifecycle, row.kind)
  const to = new Date(now.getTime() + minutes * 60_000)
  await execute(
    tx,
    sql`update workspace set idle_stops_at = ${to}, warned_at = null, version = version + 1 where id = ${row.id}`,
  )
  await execute(tx, sql`update seat_sample set worked_at = ${now} where seat_id = ${row.seat_id}`)
  await auditMove(tx, act, 'workspace.stay', { to: to.toISOString() })
  await notify(tx, 'workspace', row.id)
}

async function auditMove(
  tx: Db,
  act: Act,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const subject = { kind: 'workspace', id: act.workspaceId }
  await audit(tx, { actor: act.actor, action, subject, detail, now: act.now })
}

/** Their warning is due, or to be taken back. For these and those below: what stands after `from`. */
export const toWarn = (
  now: Date,
) => sql`${runTable} where ${timed} and workspace.stops_at is not null
  and (workspace.warned_at is null) = (${stopAt} <= ${now}::timestamptz
    + make_interval(mins => (course.lifecycle ->> 'warnMinutes')::int))`

/**
 * Warns whose stop is near, once for each stop, and takes the warning back when it went away again; who watches
 * the page is told. Answers how many were warned.
 */
export async function warnWorkspaces(tx: Db, now: Date, of?: CourseName): Promise<number> {
  const rows = await many<RunRow>(
    tx,
    sql`select ${runColumns} from ${toWarn(now)} ${ofCourse(of)} for update of workspace skip locked`,
  )
  const isNear = (row: RunRow): boolean =>
    warnsAt(row.stop_at.getTime(), row.lifecycle) <= now.getTime()
  const near = rows.filter((row) => isNear(row) && row.warned_at === null)
  const far = rows.filter((row) => !isNear(row) && row.warned_at !== null)
  await Promise.all([
    setWarned(tx, near, now),
    setWarned(tx, far, null),
    auditEach(
      tx,
      near.map((row) => ({
        actor: CLOCK,
        action: 'workspace.warn',
        subject: { kind: 'workspace', id: row.id },
        detail: { stopsAt: row.stop_at.toISOString(), reason: reasonOf(row) },
        now,
      })),
    ),
  ])
  return near.length
}

/** All of them at once: a class is warned in the same second. */
async function setWarned(tx: Db, rows: RunRow[], at: Date | null): Promise<void> {
  if (rows.length === 0) return
  await execute(
    tx,
    sql`with warned as (
          update workspace set warned_at = ${at}, version = version + 1
          where id = any(${rows.map(({ id }) => id)}::uuid[]) returning id)
        select pg_notify('workspace', id::text) from warned`,
  )
}

/**
 * Whose session or stop is another by the rule `follow`, said here once more in SQL, so that nobody is read for whom it changes
 * nothing: a reservation ends before its session, all day long.
 */
export const toFollow = (now: Date) => sql`${runTable} left join lateral (
    select id, grace_ends_at, kind from session s where s.course_id = workspace.course_id
      and s.state <> 'cancelled' and s.opens_at <= ${now} and s.grace_ends_at > ${now}
    order by s.kind = 'project', s.grace_ends_at desc, s.key limit 1) open on true
  cross join lateral (select coalesce(open.grace_ends_at
    > case when session.state <> 'cancelled' then session.grace_ends_at else workspace.stops_at end, false) as is_taken) rule
  cross join lateral (select case when rule.is_taken then open.id when session.state <> 'cancelled' then session.id end as id,
    case when rule.is_taken then open.grace_ends_at else session.grace_ends_at end as ends_at,
    course.gpus > 0 or case when rule.is_taken then open.kind else session.kind end = 'project' as is_reservation) account
  where ${timed} and workspace.stops_at is not null and account.id is not null
    and (account.id is distinct from workspace.session_id or account.ends_at < workspace.stops_at
      or (account.ends_at > workspace.stops_at and not account.is_reservation))`

/** Who is in follows the sessions: one whose end was moved, or one that opened meanwhile. */
export async function followSessions(tx: Db, now: Date, of?: CourseName): Promise<void> {
  type Open = { open_id: string | null; open_ends_at: Date | null; open_kind: SessionKind | null }
  type Row = RunRow & Open & { own_id: string | null }
  const rows = await many<Row>(
    tx,
    sql`select ${runColumns}, case when session.state <> 'cancelled' then session.id end as own_id,
          open.id as open_id, open.grace_ends_at as open_ends_at, open.kind as open_kind
        from ${toFollow(now)} ${ofCourse(of)} for update of workspace skip locked`,
  )
  for (const row of rows) {
    const own = sessionOf(row.own_id, row.grace_ends_at, row.kind, row.gpus)
    const open = sessionOf(row.open_id, row.open_ends_at, row.open_kind, row.gpus)
    const running = { stopsAt: row.stops_at.getTime() }
    const next = follow(running, own, open)
    const session = next.session ?? row.session_id
    if (next.stopsAt === running.stopsAt && session === row.session_id) continue
    await moveStop(tx, row, { session, stopsAt: new Date(next.stopsAt) })
  }
}

function sessionOf(
  id: string | null,
  endsAt: Date | null,
  kind: SessionKind | null,
  gpus: number,
): OpenSession | undefined {
  if (id === null || endsAt === null || kind === null) return undefined
  return { id, endsAt: endsAt.getTime(), isReservation: isReservation(kind, gpus) }
}

async function moveStop(
  tx: Db,
  row: RunRow,
  to: { session: string | null; stopsAt: Date },
): Promise<void> {
  // A warning was about the stop it named.
  const isSame = to.stopsAt.getTime() === row.stops_at.getTime()
  await execute(
    tx,
    sql`update workspace set session_id = ${to.session}, stops_at = ${to.stopsAt},
        warned_at = ${isSame ? row.warned_at : null}, version = version + 1 where id = ${row.id}`,
  )
  await notify(tx, 'workspace', row.id)
}

// Idle only when it was looked at since: who typed after the last look is not stopped.
const isOver = (now: Date) => sql`${timed} and (${endsAt} <= ${now}
  or (workspace.idle_stops_at <= ${now} and exists (select from seat_sample
        where seat_sample.seat_id = workspace.seat_id and sampled_at >= workspace.idle_stops_at)))`

export const toStop = (now: Date) => sql`${runTable} where ${isOver(now)}`

export const toPassOver = (now: Date) =>
  sql`workspace where workspace.state = 'queued' and workspace.held_until <= ${now}`

export const toOpen = (now: Date) =>
  sql`workspace where workspace.state = 'closed' and workspace.opens_at <= ${now}`

/**
 * Stops whoever runs past the end, a class in one go: answers how many. It waits for nobody: whose workspace or seat somebody else
 * changes just now is left to the next look. (A step of a seat locks the seat and then its workspace, a stop the other way round:
 * who holds many of one and waits for one of the other would soon meet somebody who waits for them.)
 */
export async function stopWhoIsOver(tx: Db, now: Date, of?: CourseName): Promise<number> {
  const rows = await many<RunRow>(
    tx,
    sql`select ${runColumns} from ${runTable} join seat on seat.id = workspace.seat_id
        where ${isOver(now)} and workspace.state <> 'resetting' ${ofCourse(of)}
        order by ${stopAt}, workspace.id limit ${STOPPED_AT_ONCE} for no key update of workspace, seat skip locked`,
  )
  await stopEach(
    tx,
    rows.map((row) => ({ id: row.id, reason: reasonOf(row) })),
    { actor: CLOCK, now },
  )
  return rows.length
}

/** What time alone changes: stops who is past the end, opens what was closed. Idempotent. */
export async function workspacesDue(
  db: Db,
  now: Date,
): Promise<{ stop: { id: string; reason: StopReason; hasSeat: boolean }[]; open: string[] }> {
  const ids = async (query: ReturnType<typeof sql>) =>
    (await many<{ id: string }>(db, query)).map((row) => row.id)
  const over = await many<RunRow>(
    db,
    sql`select ${runColumns} from ${toStop(now)} order by ${stopAt}, workspace.id`,
  )
  const passed = await ids(sql`select id from ${toPassOver(now)} order by held_until, id`)
  return {
    stop: [
      ...over.map((row) => ({ id: row.id, reason: reasonOf(row), hasSeat: row.seat_id !== null })),
      ...passed.map((id) => ({ id, reason: 'turn_passed' as const, hasSeat: false })),
    ],
    open: await ids(sql`select id from ${toOpen(now)} order by last_launch_at`),
  }
}

function reasonOf(row: RunRow): StopReason {
  if (row.idle_stops_at && row.idle_stops_at < endOf(row)) return 'idle'
  if (row.turn_ends_at && row.turn_ends_at < row.stops_at) return 'turn'
  if (row.grace_ends_at === null) return 'time'
  return row.stops_at < row.grace_ends_at ? 'reservation' : 'session_end'
}
