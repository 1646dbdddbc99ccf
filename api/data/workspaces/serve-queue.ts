/** Free places, given to those who wait for one. */
import { audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import type { Waiter } from '../../../stacks/rules/turns.ts'
import { type Opening, takePlace } from './place.ts'
import { tellTurn } from './turn-mail.ts'
import { holdMinutes, settleTurns, waiters } from './queue.ts'
import { closeUntilNext, openingNow, runInPlace, seatFor, type Start } from './workspace-begin.ts'
import { type Workspace, workspaceColumns, workspaceTable } from './workspace.ts'

/**
 * Gives free places to those who wait, except who has no seat number while there is none for them: in turn, and on GPUs held for a click rather than started for somebody who
 * may be away; where the session has ended, closes who waits until the next. Answers how many.
 */
export async function serveQueue(tx: Db, course: { courseId: string; now: Date }): Promise<number> {
  const { courseId, now } = course
  if (!(await isInLine(tx, courseId))) return 0
  const open = await openingNow(tx, courseId, now)
  if (open.places === 0) return closeQueue(tx, course)
  let served = 0
  const line = await waiters(tx, { id: courseId }, open)
  for (const waiting of await queueOf(tx, line)) {
    const seat = await seatFor(tx, waiting, now)
    // Somebody takes that number just now: who comes after has one, perhaps.
    if (!seat) continue
    if (!(await serve(tx, { workspace: waiting, seat, open, now }))) break
    served++
  }
  await settleTurns(tx, { id: courseId }, { ...open, ...(served === 0 && { line }) })
  if (served > 0) await notifyQueue(tx, courseId)
  return served
}

/** Gives one of them a free place: false when there is none. */
async function serve(tx: Db, start: Start & { open: Opening }): Promise<boolean> {
  const { workspace, open, now } = start
  const minutes = holdMinutes(open.sharing)
  if (minutes === undefined) return runInPlace(tx, start)
  const place = { courseId: workspace.course_id, workspaceId: workspace.id }
  if (!(await takePlace(tx, place))) return false
  await holdPlace(tx, workspace, { minutes, now })
  return true
}

/** Of these courses, those where anybody waits, or is told of an end because somebody did. */
export async function coursesInLine(db: Db, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await many<{ course_id: string }>(
    db,
    sql`select distinct course_id from workspace
        where course_id = any(${ids}::uuid[]) and (state = 'queued' or turn_ends_at is not null)`,
  )
  return rows.map((row) => row.course_id)
}

/** Whether anybody waits, or is told of an end because somebody did: most who stop leave nobody behind them. */
async function isInLine(tx: Db, courseId: string): Promise<boolean> {
  const found = await findOne(
    tx,
    sql`select 1 as waits from workspace where course_id = ${courseId}
        and (state = 'queued' or turn_ends_at is not null) limit 1`,
  )
  return found !== undefined
}

/** The session ended while they waited: they are let in when the next one opens. */
async function closeQueue(
  tx: Db,
  { courseId, now }: { courseId: string; now: Date },
): Promise<number> {
  const waits = await many<Workspace>(
    tx,
    sql`select ${workspaceColumns} from ${workspaceTable} where workspace.course_id = ${courseId}
        and workspace.state = 'queued' for update of workspace`,
  )
  for (const waiting of waits) await closeUntilNext(tx, waiting, now)
  return waits.length
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
  await tellTurn(tx, { workspaceId: id, until, now: hold.now })
}

/**
 * Who waits for a place, in the order they get one, as they are once they are locked: whoever served the same line a moment ago
 * may have given one of them a place, or a seat, since the line was read.
 */
async function queueOf(tx: Db, line: Waiter[]): Promise<Workspace[]> {
  const order = line.map(({ id }) => id)
  if (order.length === 0) return []
  const [seats, , rows] = await Promise.all([
    // Seats first, as `lockWorkspace` does: who gives up waiting at the same moment would be met half way. None is waited for: who
    // serves may have a seat that has just stopped, and a run that holds both would have locked this one first.
    many<{ id: string }>(
      tx,
      sql`select id from seat where id in (select seat_id from workspace where id = any(${order}::uuid[]))
          order by id for no key update skip locked`,
    ),
    execute(tx, sql`select from workspace where id = any(${order}::uuid[]) order by id for update`),
    // A statement of its own: one that waited for a lock would see the workspace as it is, and no seat that came with it.
    many<Workspace>(
      tx,
      sql`select ${workspaceColumns} from ${workspaceTable} where workspace.id = any(${order}::uuid[])
          and workspace.state = 'queued' and held_until is null`,
    ),
  ])
  const waits = rows.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
  const locked = new Set(seats.map(({ id }) => id))
  const given = waits.findIndex(({ seat_id: id }) => id !== null && !locked.has(id))
  // Somebody has that seat just now, or it cannot be locked any more without meeting somebody half way. Nobody behind it comes
  // first: the next round.
  return given < 0 ? waits : waits.slice(0, given)
}

/** Those still waiting have moved up a place. */
async function notifyQueue(tx: Db, courseId: string): Promise<void> {
  await execute(
    tx,
    sql`select pg_notify('workspace', id::text) from workspace where course_id = ${courseId} and state = 'queued'`,
  )
}
