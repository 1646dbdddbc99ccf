/**
 * What a pass of the reconciler would find to do, in one statement. Each condition is the one its own file acts on:
 * what is not due is not looked at again, so that a quiet pass costs a handful of statements on any campus.
 */
import { type Db, type Query, one, sql } from '../db.ts'
import { destroyFreezes } from './freeze.ts'
import { unlearned } from '../sessions/lead-sample.ts'
import { leftLeases } from './left-lease.ts'
import { toServe } from '../workspaces/queue.ts'
import { cancelledDead } from './run-control.ts'
import { toClose } from '../sessions/session-close.ts'
import { toSettle } from '../seats/seat-life.ts'
import { isTimeToMove, withDuePlaces } from '../sessions/session-life.ts'
import { toBeLost, toBeReady } from '../sessions/session-ready.ts'
import { failingSeats, late, readyAfterAll } from '../sessions/session-watch.ts'
import { isRunnable, toRelease, wishMark } from './stack-wish.ts'
import { toFollow, toOpen, toPassOver, toStop, toWarn } from '../workspaces/workspace-time.ts'

export type Due = {
  /** Digest of the approved blueprint. */
  head: string | null
  /** Courses whose places are to be made right, and whose queue may move. */
  places: string[]
  queues: string[]
  /** Workspaces that follow another session, or whose warning is due. */
  moves: boolean
  /** Workspaces to stop or to let in. */
  turns: boolean
  /** Workspaces that wait for a stop which has already happened. */
  stops: boolean
  /** Sessions that time moves, keys of those that their seats may make ready, and those to close. */
  sessions: boolean
  preparing: string[]
  /** Keys of sessions that were ready, and have lacked seats for too long. */
  short: string[]
  closing: boolean
  /** Sessions have become ready, and nothing was learned from them yet. */
  lessons: boolean
  /** Runs to ask for. */
  runs: boolean
  /** Holds to let go of, and runs and leases to end, whose worker died. */
  holds: boolean
  dead: boolean
  /** Machines of a cloud are there, or wanted. */
  machines: boolean
  /** Seats that exist may not be destroyed. */
  frozen: boolean
  /** Sessions that are not ready although it is time, whether they warm any seat or not. */
  late: string[]
  /** People are to be told of something else. */
  news: boolean
  /** What every stack is wanted to be, in one word. */
  wishMark: string
}

const LEARNED_WITHIN_MS = 36 * 3_600_000

/** `leaseNow`: by the clock that leases are dated by. */
export async function whatIsDue(db: Db, now: Date, leaseNow = now): Promise<Due> {
  const since = new Date(now.getTime() - LEARNED_WITHIN_MS)
  return one<Due>(
    db,
    sql`select (select digest from blueprint_head) as head, ${ids(withDuePlaces(now))} as places, ${ids(toServe)} as queues,
      ${any(toFollow(now))} or ${any(toWarn(now))} as moves,
      ${any(toStop(now))} or ${any(toPassOver(now))} or ${any(toOpen(now))} as turns,
      ${any(toSettle)} as stops, ${isTimeToMove(now)} as sessions, array(select key from ${toBeReady}) as preparing,
      array(select key from ${toBeLost(now)}) as short, ${any(toClose(now))} as closing, ${any(unlearned(since))} as lessons,
      ${any(sql`stack where ${isRunnable(now, leaseNow)}`)} as runs, ${any(toRelease(leaseNow))} as holds, ${any(cancelledDead(leaseNow))} or ${any(leftLeases(leaseNow))} as dead,
      ${any(sql`node where state <> 'gone'`)} as machines, ${any(destroyFreezes(now))} as frozen,
      array(select key from ${late(now)}) as late, ${any(readyAfterAll(now))} or ${any(failingSeats)} as news,
      (select ${wishMark} from stack) as "wishMark"`,
  )
}

const any = (from: Query): Query => sql`exists (select from ${from})`
const ids = (from: Query): Query => sql`array(select id from ${from})`
