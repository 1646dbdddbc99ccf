/**
 * The reconciler: compares what the approved blueprint wants now with what is there, and asks for the
 * difference. Level-triggered: it may run at any moment, any number of times; missed ones do not matter.
 */
import type { Blueprint } from '../../stacks/blueprint.ts'
import { type Wanted, wantedAt } from '../../stacks/rules/wanted.ts'
import { blueprintReader } from '../../api/data/blueprint.ts'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import type { Due } from '../../api/data/due.ts'
import { type Sender, sendJob } from '../../api/data/jobs.ts'
import { settlePlacesOf } from '../../api/data/settle-places.ts'
import type { WarmSeat } from '../../api/data/reasons.ts'
import { giveUpLeases } from '../../api/data/left-lease.ts'
import { closeSessions } from '../../api/data/session-close.ts'
import { settleStopped } from '../../api/data/seat-life.ts'
import { moveSessions } from '../../api/data/session-life.ts'
import { type Warm, loseReady, readySessions } from '../../api/data/session-ready.ts'
import { endCancelledDeadRuns } from '../../api/data/run-control.ts'
import {
  type StackWish,
  dueStacks,
  markAsked,
  readWishMark,
  releaseHolds,
  stacksInHand,
  wantStacks,
} from '../../api/data/stack-wish.ts'
import { coursesInLine, serveQueue } from '../../api/data/serve-queue.ts'
import { startWorkspace, stopWorkspace } from '../../api/data/workspace-act.ts'
import {
  followSessions,
  stopWhoIsOver,
  warnWorkspaces,
  workspacesDue,
} from '../../api/data/workspace-time.ts'
import { type Place, wishReader } from './content.ts'
import { type PassReader, type WarmSession, passReader } from './pass-reader.ts'
import { leadLearner } from './learn-leads.ts'
import { watchSessions } from './watch-sessions.ts'
import { honourFreezes } from './freezes.ts'
import { machineWisher } from './machines.ts'
import { type Budget, nextStacks } from './next.ts'

export type Reconciler = { reconcile(): Promise<void> }

type Means = { pool: Pool; boss: Sender; place: Place; now: () => Date; budget: Budget }

/** Courses whose places are made right in one transaction: launches of the same course wait for it. */
const SETTLED_AT_ONCE = 20
const CLOCK = { name: 'clock', role: 'labplan' } as const

export function reconciler(means: Means): Reconciler {
  const approved = blueprintReader()
  const leads = leadLearner(means)
  const reader = passReader(means.pool)
  const ask = runAsker(means, reader)
  const wishMachines = machineWisher(means)
  return {
    async reconcile() {
      const due = await reader.look(means.now())
      const blueprint = await approved(means.pool, due.head)
      if (!blueprint) return
      const isMoved = await moveWorkspaces(means, due)
      const isLearned = await leads.learn(blueprint, due.lessons)
      if (isMoved || isLearned) await reader.lookAgain()
      const at = means.now()
      const running = await reader.running(blueprint)
      const wanted = wantedAt(blueprint, at.toISOString(), running)
      await reader.turnSeats(warmSeats(wanted))
      const warm = warmSessions(wanted)
      await reader.noteShort(warm, means.now())
      const moved = await moveThem(means.pool, due, { warm, now: means.now() })
      const machines = await wishMachines(blueprint, {
        ...{ areThere: due.machines, leads: running.leads ?? {} },
      })
      // One that time moved may be over, and its grace with it; one that only became ready is not.
      const now = { ...due, closing: due.closing || (due.sessions && moved > 0) }
      await ask(now, { wanted, machines }, keptUntil(blueprint))
      const isLate = wanted.warm.some(({ session }) => due.late.includes(session))
      if (due.news || isLate || moved > 0)
        await watchSessions(means.pool, { warm: wanted.warm, now: means.now() })
    },
  }
}

/** What time alone changes for people: places, who is past the end, who may come in, who waits. Answers whether anybody moved. */
async function moveWorkspaces({ pool, now }: Means, due: Due): Promise<boolean> {
  for (let i = 0; i < due.places.length; i += SETTLED_AT_ONCE) {
    const ids = due.places.slice(i, i + SETTLED_AT_ONCE)
    await withTransaction(pool, (tx) => settlePlacesOf(tx, { ids, now: now() }))
  }
  // Places that came or went may change each of the following.
  const isNew = due.places.length > 0
  let moved = 0
  if (due.stops) moved += await withTransaction(pool, (tx) => settleStopped(tx, now()))
  if (due.moves || isNew)
    await withTransaction(pool, async (tx) => {
      await followSessions(tx, now())
      await warnWorkspaces(tx, now())
    })
  if (due.turns || isNew) moved += await endAndOpen(pool, now)
  const lines = await coursesInLine(pool, due.places)
  for (const courseId of new Set([...lines, ...due.queues]))
    moved += await withTransaction(pool, (tx) => serveQueue(tx, { courseId, now: now() }))
  return moved > 0
}

async function endAndOpen(pool: Pool, now: () => Date): Promise<number> {
  const stopSome = () => withTransaction(pool, (tx) => stopWhoIsOver(tx, now()))
  let moved = 0
  for (let some = await stopSome(); some > 0; some = await stopSome()) moved += some
  const due = await workspacesDue(pool, now())
  const act = (workspaceId: string) => ({ workspaceId, actor: CLOCK, now: now() })
  // With a seat they were stopped, or somebody acts on them just now: the next round sees.
  const unseated = due.stop.filter(({ hasSeat }) => !hasSeat)
  for (const { id, reason } of unseated)
    await withTransaction(pool, (tx) => stopWorkspace(tx, { ...act(id), reason }))
  for (const id of due.open) await withTransaction(pool, (tx) => startWorkspace(tx, act(id)))
  return moved + unseated.length + due.open.length
}

function warmSeats(wanted: Wanted): WarmSeat[] {
  const sessions = new Map(wanted.sessions.map((session) => [session.key, session]))
  return wanted.warm.map((warm) => {
    const session = sessions.get(warm.session)
    return {
      courseKey: warm.course,
      numbers: warm.seats,
      // Who stopped before it opened was in the class before: their seat is warm for this one.
      since: new Date(session?.opensAt ?? warm.from),
      // An exam's spare seats are warm beside those of everybody who may be in.
      atOnce: session ? session.atOnce + session.spares : warm.seats.length,
    }
  })
}

const warmSessions = ({ warm }: Wanted): WarmSession[] =>
  warm.map(({ session, seats, course }) => ({ key: session, numbers: seats, courseKey: course }))

async function moveThem(
  pool: Pool,
  due: Pick<Due, 'sessions' | 'preparing' | 'short'>,
  { warm, now }: { warm: Warm; now: Date },
): Promise<number> {
  const keys = warm.flatMap(({ key }) => (due.short.includes(key) ? [key] : []))
  const lost = keys.length > 0 ? await loseReady(pool, { now, keys }) : 0
  if (due.sessions)
    return lost + (await withTransaction(pool, (tx) => moveSessions(tx, { now, warm })))
  const waiting = warm.filter(({ key }) => due.preparing.includes(key))
  return lost + (waiting.length > 0 ? await readySessions(pool, { now, warm: waiting }) : 0)
}

/** By course, until when its volumes are kept. */
const keptUntil = ({ courses }: Blueprint): Map<string, string | null> =>
  new Map(courses.map((course) => [course.key, course.volumes?.until ?? null]))

/** One job for each stack that differs, in the transaction that records what it should be; none when nothing does. */
function runAsker({ pool, boss, place, now, budget }: Means, reader: PassReader) {
  const wishesOf = wishReader(place)
  let known = { wishes: '', mark: '' }
  return async (
    due: Due,
    { wanted, machines }: { wanted: Wanted; machines: StackWish[] },
    kept: Map<string, string | null>,
  ): Promise<void> => {
    const wished = due.frozen ? await honourFreezes(pool, wanted.stacks, now()) : wanted.stacks
    const stacks = [
      ...machines,
      ...(await wishesOf(pool, wished, await reader.unusualSeats(wished))),
    ]
    const wishes = stacks.map((stack) => `${stack.key} ${stack.digest}`).join()
    const isSame = wishes === known.wishes && due.wishMark === known.mark
    const mayAsk = !isSame || due.runs || due.holds || due.dead
    if (!mayAsk && !due.closing) return
    await withTransaction(pool, async (tx) => {
      if (!isSame) await wantStacks(tx, { stacks, now: now() })
      if (due.closing) await closeSessions(tx, { now: now(), keptUntil: kept })
      if (due.holds) await releaseHolds(tx, now())
      if (due.dead) await endCancelledDeadRuns(tx, now())
      if (due.dead) await giveUpLeases(tx, now())
      // A session that is closed changes no stack.
      if (!mayAsk) return
      const sizes = new Map(wanted.stacks.map((stack) => [stack.key, stack.seats.length]))
      await askForNext(tx, { boss, budget, sizes }, now())
      known = { wishes, mark: isSame ? due.wishMark : await readWishMark(tx) }
    })
  }
}

/** As many of them as may run beside what runs: what waits is chosen anew in the next pass. */
async function askForNext(
  tx: Db,
  { boss, budget, sizes }: Pick<Means, 'boss' | 'budget'> & { sizes: Map<string, number> },
  now: Date,
): Promise<void> {
  const sized = <Stack extends { key: string; seats: number }>(stack: Stack): Stack => ({
    ...stack,
    seats: Math.max(stack.seats, sizes.get(stack.key) ?? 0),
  })
  const due = (await dueStacks(tx, now)).map(sized)
  const running = (await stacksInHand(tx, now)).map(sized)
  const keys = nextStacks({ due, running, budget, now })
  if (keys.length === 0) return
  await markAsked(tx, keys, now)
  for (const stackKey of keys) await sendJob(boss, tx, 'apply-stack', { stackKey })
}
