/**
 * The reconciler: compares what the approved blueprint wants now with what is there, and asks for the
 * difference. Level-triggered: it may run at any moment, any number of times; missed ones do not matter.
 */
import type { Blueprint } from '../../stacks/blueprint.ts'
import { type Wanted, wantedAt } from '../../stacks/rules/wanted.ts'
import { blueprintReader } from '../../api/data/blueprint.ts'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { type Sender, sendJob } from '../../api/data/jobs.ts'
import { settlePlaces } from '../../api/data/place.ts'
import { seatReasons, wantWarmSeats } from '../../api/data/reasons.ts'
import { closeSessions } from '../../api/data/session-close.ts'
import { coursesWithDuePlaces, moveSessions } from '../../api/data/session-life.ts'
import { endCancelledDeadRuns } from '../../api/data/run-control.ts'
import {
  dueStacks,
  markAsked,
  releaseHolds,
  stacksInHand,
  wantStacks,
} from '../../api/data/stack-wish.ts'
import { serveQueue, startWorkspace, stopWorkspace } from '../../api/data/workspace.ts'
import { followSessions, warnWorkspaces, workspacesDue } from '../../api/data/workspace-time.ts'
import { type Place, wishesOf } from './content.ts'
import { leadLearner } from './learn-leads.ts'
import { watchSessions } from './watch-sessions.ts'
import { honourFreezes } from './freezes.ts'
import { type Budget, nextStacks } from './next.ts'

export type Reconciler = { reconcile(): Promise<void> }

type Means = { pool: Pool; boss: Sender; place: Place; now: () => Date; budget: Budget }

const CLOCK = { name: 'clock', role: 'labplan' } as const

export function reconciler(means: Means): Reconciler {
  const approved = blueprintReader()
  const leads = leadLearner(means)
  return {
    async reconcile() {
      const blueprint = await approved(means.pool)
      if (!blueprint) return
      await moveWorkspaces(means)
      await leads.learn(blueprint)
      const running = await seatReasons(means.pool)
      const wanted = wantedAt(blueprint, means.now().toISOString(), running)
      await withTransaction(means.pool, (tx) => turnSeats(tx, wanted, means.now()))
      await askForRuns(means, wanted, keptUntil(blueprint))
      await watchSessions(means.pool, { warm: wanted.warm, now: means.now() })
    },
  }
}

/** What time alone changes for people: places, who is past the end, who may come in, who waits. */
async function moveWorkspaces({ pool, now }: Means): Promise<void> {
  for (const id of await coursesWithDuePlaces(pool, now()))
    await withTransaction(pool, (tx) => settlePlaces(tx, { id, now: now() }))
  await withTransaction(pool, async (tx) => {
    await followSessions(tx, now())
    await warnWorkspaces(tx, now())
  })
  const due = await workspacesDue(pool, now())
  const act = (workspaceId: string) => ({ workspaceId, actor: CLOCK, now: now() })
  for (const { id, reason } of due.stop)
    await withTransaction(pool, (tx) => stopWorkspace(tx, { ...act(id), reason }))
  for (const id of due.open) await withTransaction(pool, (tx) => startWorkspace(tx, act(id)))
  for (const courseId of due.queued)
    await withTransaction(pool, (tx) => serveQueue(tx, { courseId, now: now() }))
}

async function turnSeats(tx: Db, wanted: Wanted, now: Date): Promise<void> {
  const sessions = new Map(wanted.sessions.map((session) => [session.key, session]))
  await wantWarmSeats(
    tx,
    wanted.warm.map((warm) => ({
      courseKey: warm.course,
      numbers: warm.seats,
      // Who stopped before it opened was in the class before: their seat is warm for this one.
      since: new Date(sessions.get(warm.session)?.opensAt ?? warm.from),
      atOnce: sessions.get(warm.session)?.atOnce ?? warm.seats.length,
    })),
  )
  await moveSessions(tx, {
    now,
    warm: wanted.warm.map((warm) => ({ key: warm.session, seats: warm.seats.length })),
  })
}

/** By course, until when its volumes are kept. */
const keptUntil = ({ courses }: Blueprint): Map<string, string | null> =>
  new Map(courses.map((course) => [course.key, course.volumes?.until ?? null]))

/** One job for each stack that differs, in the transaction that records what it should be. */
async function askForRuns(
  { pool, boss, place, now, budget }: Means,
  wanted: Wanted,
  kept: Map<string, string | null>,
): Promise<void> {
  await withTransaction(pool, async (tx) => {
    const wished = await honourFreezes(tx, wanted.stacks, now())
    const stacks = await wishesOf(tx, place, wished)
    await wantStacks(tx, { stacks, now: now() })
    await closeSessions(tx, { now: now(), keptUntil: kept })
    await releaseHolds(tx, now())
    await endCancelledDeadRuns(tx, now())
    const sizes = new Map(wanted.stacks.map((stack) => [stack.key, stack.seats.length]))
    await askForNext(tx, { boss, budget, sizes }, now())
  })
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
  await markAsked(tx, keys, now)
  for (const stackKey of keys) await sendJob(boss, tx, 'apply-stack', { stackKey })
}
