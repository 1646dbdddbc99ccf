/** Everybody who waits: what the page told them when they came, and when they were served. */
import { findOne, many, type Pool, sql } from '../../api/data/db.ts'
import { queueView } from '../../api/data/workspaces/queue.ts'
import type { VirtualClock } from './clock.ts'
import { stop } from './press-stop.ts'
import type { SeenWorkspace } from './told.ts'

export type QueueWatch = {
  watch(waiter: { id: string; course: string; patienceMs: number }): void
  isWatched(workspaceId: string): boolean
  look(workspace: SeenWorkspace): void
}
type Waiter = { course: string; since: number; estimateAt: number | undefined }
export type Served = {
  saidSeconds: number | undefined
  waitedSeconds: number
  /**
   * How many of the same queue came before and wait on; where turns are least served first, none counts. Nor does who has no seat
   * number where the course has none left: no place would be of use to them.
   */
  passed: number
}

/** `onServed`: seconds waited, and seconds the page had said; undefined when it named no time. */
export function queueWatch(means: {
  pool: Pool
  clock: VirtualClock
  /** Whose queue is not first come first served. */
  hasTurns: (course: string) => boolean
  onServed: (wait: Served) => void
}): QueueWatch {
  const { pool, clock, hasTurns, onServed } = means
  const waiters = new Map<string, Waiter>()

  const waitingOf = (id: string) =>
    findOne<{ course_id: string; held_until: Date | null }>(
      pool,
      sql`select course_id, held_until from workspace where id = ${id} and state = 'queued'`,
    )
  const begin = async (id: string, course: string, patienceMs: number): Promise<void> => {
    if (waiters.has(id)) return
    const waiter: Waiter = { course, since: clock.ms, estimateAt: undefined }
    waiters.set(id, waiter)
    const row = await waitingOf(id)
    if (!row) return void waiters.delete(id)
    // What the page shows of the queue, and no more of the page.
    const mine = { id, courseId: row.course_id, heldUntil: row.held_until, isToldByMail: false }
    const { estimateAt } = await queueView(pool, { ...mine, now: clock.now() })
    waiter.estimateAt = estimateAt?.getTime()
    if (patienceMs < Infinity) clock.at(clock.ms + patienceMs, () => void giveUp(id, waiter))
  }
  const giveUp = async (id: string, waiter: Waiter): Promise<void> => {
    if (waiters.get(id) !== waiter) return
    waiters.delete(id)
    if (await waitingOf(id)) await stop(means, id)
  }
  const stillWaiting = async (served: Waiter): Promise<number> => {
    const before = [...waiters].filter(
      ([, one]) => one.course === served.course && one.since < served.since,
    )
    const rows = await many(
      pool,
      sql`select workspace.id from workspace join course on course.id = workspace.course_id
          where workspace.id = any(${before.map(([id]) => id)}::uuid[]) and workspace.state = 'queued'
            and (seat_id is not null or exists (select from seat where seat.course_id = course.id and not taken
              and number <= course.allowance_seats + course.dormant_holders))`,
    )
    return rows.length
  }
  const look = async ({ id, state }: SeenWorkspace): Promise<void> => {
    const waiter = waiters.get(id)
    if (!waiter || state === 'queued') return
    waiters.delete(id)
    if (state !== 'starting' && state !== 'ready') return
    const said = waiter.estimateAt
    onServed({
      saidSeconds: said === undefined ? undefined : (said - waiter.since) / 1000,
      waitedSeconds: (clock.ms - waiter.since) / 1000,
      passed: hasTurns(waiter.course) ? 0 : await stillWaiting(waiter),
    })
  }
  return {
    watch: ({ id, course, patienceMs }) => void begin(id, course, patienceMs),
    isWatched: (id) => waiters.has(id),
    look: (workspace) => void look(workspace),
  }
}
