/**
 * The reconciler: compares what the approved blueprint wants now with what is there, and asks for the
 * difference. Level-triggered: it may run at any moment, any number of times; missed ones do not matter.
 */
import type { Blueprint } from '../../stacks/blueprint.ts'
import { type Wanted, wantedAt } from '../../stacks/rules/wanted.ts'
import { blueprintReader } from '../../api/data/changes/blueprint.ts'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import type { Due } from '../../api/data/runs/due.ts'
import { type Sender, sendJob } from '../../api/data/jobs.ts'
import type { WarmSeat } from '../../api/data/workspaces/reasons.ts'
import { giveUpLeases } from '../../api/data/runs/left-lease.ts'
import { closeSessions, sessionsOver } from '../../api/data/sessions/session-close.ts'
import { moveSessions } from '../../api/data/sessions/session-life.ts'
import { loseReady, readySessions } from '../../api/data/sessions/session-ready.ts'
import { endCancelledDeadRuns } from '../../api/data/runs/run-control.ts'
import {
  type StackWish,
  dueStacks,
  markAsked,
  readWishMark,
  releaseHolds,
  stacksInHand,
  wantStacks,
} from '../../api/data/runs/stack-wish.ts'
import { type Place, wishReader } from './content.ts'
import { type PassReader, type WarmSession, passReader } from './pass-reader.ts'
import { leadLearner } from './learn-leads.ts'
import { watchSessions } from './watch-sessions.ts'
import { moveWorkspaces } from './move-workspaces.ts'
import { type Steps, passSteps } from './pass-steps.ts'
import { honourFreezes } from './freezes.ts'
import { machineWisher } from './machines.ts'
import { type Budget, nextStacks } from './next.ts'

export type Reconciler = { reconcile(): Promise<void> }

type Means = {
  pool: Pool
  boss: Sender
  place: Place
  now: () => Date
  /** The clock that leases are dated by. */
  leaseNow: () => Date
  budget: Budget
}

export function reconciler(
  given: Omit<Means, 'leaseNow'> & Partial<Pick<Means, 'leaseNow'>>,
): Reconciler {
  const means: Means = { leaseNow: given.now, ...given }
  const approved = blueprintReader()
  const leads = leadLearner(means)
  const reader = passReader(means.pool)
  const ask = runAsker(means, reader)
  const wishMachines = machineWisher(means)
  return {
    async reconcile() {
      const due = await reader.look(means.now(), means.leaseNow())
      const blueprint = await approved(means.pool, due.head)
      if (!blueprint) return
      const steps = passSteps(means)
      const isMoved = await moveWorkspaces(means, due, steps)
      const learn = () => leads.learn(blueprint, due.lessons)
      const isLearned = await steps.take('No lead could be learned.', learn, false)
      if (isMoved || isLearned) await reader.lookAgain()
      const at = means.now()
      const running = await reader.running(blueprint)
      const wanted = wantedAt(blueprint, at.toISOString(), running)
      await reader.turnSeats(warmSeats(wanted), steps)
      const warm = warmSessions(wanted)
      const note = () => reader.noteShort(warm, means.now())
      await steps.take('Sessions that lack seats could not be noted.', note, undefined)
      const moved = await moveThem(means, due, { warm, steps })
      const machines = await steps.take(
        'What machines are wanted could not be said.',
        () => wishMachines(blueprint, { areThere: due.machines, leads: running.leads ?? {} }),
        undefined,
      )
      // One that time moved may be over, and its grace with it; one that only became ready is not.
      const now = { ...due, closing: due.closing || (due.sessions && moved > 0) }
      await ask(now, { wanted, machines, steps }, keptUntil(blueprint))
      const isLate = wanted.warm.some(({ session }) => due.late.includes(session))
      const tell = () =>
        watchSessions(means.pool, {
          ...{ warm: wanted.warm, steps },
          ...{ now: means.now(), leaseNow: means.leaseNow() },
        })
      // Whatever else did not go well: who waits for a class hears of it.
      if (due.news || isLate || moved > 0)
        await steps.take('Nobody could be told of classes.', tell, undefined)
      steps.end()
    },
  }
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
  { pool, now }: Means,
  due: Pick<Due, 'sessions' | 'preparing' | 'short'>,
  { warm, steps }: { warm: WarmSession[]; steps: Steps },
): Promise<number> {
  const keys = warm.flatMap(({ key }) => (due.short.includes(key) ? [key] : []))
  const lose = () => loseReady(pool, { now: now(), keys })
  const lost = keys.length > 0 ? await steps.take(`Courses: ${NOT_MOVED}`, lose, 0) : 0
  const waiting = warm.filter(({ key }) => due.preparing.includes(key))
  if (!due.sessions && waiting.length === 0) return lost
  const moved = await steps.inCourses(NOT_MOVED, (of) => {
    const own = (all: WarmSession[]) => all.filter(({ courseKey }) => !of || courseKey === of.key)
    if (!due.sessions) return readySessions(pool, { now: now(), warm: own(waiting) })
    return withTransaction(pool, (tx) => moveSessions(tx, { now: now(), warm: own(warm), of }))
  })
  return lost + moved
}

const NOT_MOVED = 'its sessions could not go on to what they are by now.'

/** By course, until when its volumes are kept. */
const keptUntil = ({ courses }: Blueprint): Map<string, string | null> =>
  new Map(courses.map((course) => [course.key, course.volumes?.until ?? null]))

/** One job for each stack that differs, in the transaction that records what it should be; none when nothing does. */
function runAsker(means: Means, reader: PassReader) {
  const { pool, place, now } = means
  const wishesOf = wishReader(place)
  let known = { wishes: '', mark: '' }
  return async (due: Due, asked: Asked, kept: Map<string, string | null>): Promise<void> => {
    const { wanted, machines, steps } = asked
    await letGo(means, due, steps)
    const ask = async (): Promise<{ unsaid: Set<string> } | undefined> => {
      const read = due.frozen ? await honourFreezes(pool, wanted.stacks, now()) : wanted.stacks
      const unusual = await reader.unusualSeats(read)
      const { wishes: ofCourses, unsaid } = await wishesOf(pool, { stacks: read, unusual, steps })
      const stacks = [...(machines ?? []), ...ofCourses]
      const wishes = stacks.map((stack) => `${stack.key} ${stack.digest}`).join()
      const isSame = wishes === known.wishes && due.wishMark === known.mark
      const answer = { unsaid: new Set(unsaid.map(({ course }) => course)) }
      if (isSame && !due.runs && !due.holds && !due.dead) return answer
      await withTransaction(pool, async (tx) => {
        const keys = unsaid.map(({ key }) => key)
        const left = { keys, kinds: machines ? [] : MACHINES }
        if (!isSame) await wantStacks(tx, { stacks, unsaid: left, now: now() })
        const sizes = new Map(wanted.stacks.map((stack) => [stack.key, stack.seats.length]))
        await askForNext(tx, means, sizes)
        known = { wishes, mark: isSame ? due.wishMark : await readWishMark(tx) }
      })
      return answer
    }
    const answer = await steps.take('Runs could not be asked for.', ask, undefined)
    if (due.closing && answer) await closeThem(means, { kept, steps, unsaid: answer.unsaid })
  }
}

type Asked = { wanted: Wanted; machines: StackWish[] | undefined; steps: Steps }
const MACHINES: StackWish['kind'][] = ['base', 'nodes']

/** What a worker that died held. */
async function letGo({ pool, now, leaseNow }: Means, due: Due, steps: Steps): Promise<void> {
  if (due.holds)
    await steps.inCourses('its seats that a dead run held could not be let go of.', (of) =>
      withTransaction(pool, (tx) => releaseHolds(tx, leaseNow(), of)),
    )
  const end = async (tx: Db) => {
    await endCancelledDeadRuns(tx, now(), leaseNow())
    await giveUpLeases(tx, now(), leaseNow())
  }
  const work = () => withTransaction(pool, end)
  if (due.dead) await steps.take('Runs of a dead worker could not be ended.', work, undefined)
}

/**
 * Each in a transaction of its own, once what is wanted was recorded; not where that could not be said, since what is there
 * may still be to go.
 */
async function closeThem(
  { pool, now }: Means,
  close: { kept: Map<string, string | null>; unsaid: Set<string>; steps: Steps },
): Promise<void> {
  const { kept: keptUntil, steps } = close
  for (const { id, key, course_key } of await sessionsOver(pool, now())) {
    if (close.unsaid.has(course_key)) continue
    const work = (tx: Db) => closeSessions(tx, { now: now(), keptUntil, only: id })
    await steps.take(
      `Course ${course_key}: session ${key} could not be closed.`,
      () => withTransaction(pool, work),
      0,
    )
  }
}

/** As many of them as may run beside what runs: what waits is chosen anew in the next pass. */
async function askForNext(
  tx: Db,
  { boss, budget, ...clocks }: Means,
  sizes: Map<string, number>,
): Promise<void> {
  const [now, leaseNow] = [clocks.now(), clocks.leaseNow()]
  const sized = <Stack extends { key: string; seats: number }>(stack: Stack): Stack => ({
    ...stack,
    seats: Math.max(stack.seats, sizes.get(stack.key) ?? 0),
  })
  const due = (await dueStacks(tx, now, leaseNow)).map(sized)
  const running = (await stacksInHand(tx, now, leaseNow)).map(sized)
  const keys = nextStacks({ due, running, budget, now })
  if (keys.length === 0) return
  await markAsked(tx, keys, now)
  for (const stackKey of keys) await sendJob(boss, tx, 'apply-stack', { stackKey })
}
