/**
 * A class begins, its students come back to their seats and files, it ends; and in up to three phases of that, at instants
 * that seeds decide, something is killed or cut off. Nobody helps; then all must be as if nothing had been.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { findOne, many, sql } from '../../api/data/db.ts'
import { whatIsWrongAfterClass, whatIsWrongInClass } from './checks.ts'
import { type Harm, PHASE_MS, type Phase } from './harm.ts'
import { comeBack, everyoneIsHome, patiently, whoIsNotIn } from './homes.ts'
import type { Failure, Outcome as Told } from './record.ts'
import type { World } from './world.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

type Outcome = Harm & Pick<Told, 'convergedMs' | 'hit'>
export type Line = Outcome | Failure

export const CONVERGED_BAR_MS = 90_000
/** How long we go on looking, to tell "late" from "never". */
const LOOK_MS = 240_000
const CLASS_MINUTES = 600

/**
 * One class with these harms, in the order of its phases. The first that is not right again in time ends the class, with
 * a failure that says how to do it again; what was to come after it is not in the answer.
 */
export async function chaosClass(world: World, harms: Harm[]): Promise<Line[]> {
  const lines: Line[] = []
  let last = harms[0]!
  const harm = (next: Harm) => {
    last = next
    return strike(world, next)
  }
  try {
    for await (const outcome of outcomesOf(world, { harms, harm })) lines.push(outcome)
    return lines
  } catch (error) {
    const why = whyOf(error)
    // What comes out only after all seemed right again is the doing of what came last.
    return [...lines.filter(({ seed }) => seed !== last.seed), failureOf(harms, last, why)]
  } finally {
    await world.whole()
  }
}

function failureOf(harms: Harm[], { seed, phase, victim, delayMs }: Harm, why: string): Failure {
  const again = `scripts/bench chaos --beds 1 --together ${harms.map((harm) => harm.seed).join(',')}`
  return { seed, failure: `${victim} in ${phase} after ${delayMs} ms (${again}): ${why}` }
}

type Harming = { harms: Harm[]; harm: (next: Harm) => Promise<Struck> }

async function* outcomesOf(world: World, { harms, harm }: Harming): AsyncGenerator<Outcome> {
  const inPhase = (...phases: Phase[]) => harms.find(({ phase }) => phases.includes(phase))
  const [begin, launch, end] = [inPhase('apply', 'adoption'), inPhase('launch'), inPhase('destroy')]
  await switchClass(world, 'on')
  if (begin?.phase === 'adoption') await untilAdoption(world)
  const struckBegin = begin && (await harm(begin))
  const begunAt = await untilRight(world, whatIsWrongInClass)
  if (struckBegin) yield outcomeOf(struckBegin, begunAt)

  const [people, struckLaunch] = await Promise.all([comeBack(world), launch && harm(launch)])
  if (struckLaunch) yield outcomeOf(struckLaunch, await untilRight(world, whatIsWrongInClass))
  await untilRight(world, whoIsNotIn)
  await everyoneIsHome(world, people)

  await switchClass(world, 'off')
  const struckEnd = end && (await harm(end))
  const endedAt = await untilRight(world, whatIsWrongAfterClass)
  if (struckEnd) yield outcomeOf(struckEnd, endedAt)
}

type Struck = { harm: Harm; at: number; hit: boolean }

async function strike(world: World, harm: Harm): Promise<Struck> {
  await sleep(harm.delayMs)
  const hit = await strikeSoon(world, harm)
  return { harm, at: performance.now(), hit }
}

/** Terraform is there for seconds only: the kill waits a little until there is one to kill. */
async function strikeSoon(world: World, harm: Harm): Promise<boolean> {
  for (let waited = 0; waited < PHASE_MS[harm.phase]; waited += 50) {
    if (await world.harm(harm.victim, harm.cutMs)) return true
    await sleep(50)
  }
  return false
}

/** @throws when it was right again, but too late */
function outcomeOf({ harm, at, hit }: Struck, rightAt: number): Outcome {
  const convergedMs = Math.round(rightAt - at)
  if (convergedMs > CONVERGED_BAR_MS)
    throw new Error(`right again only ${Math.round(convergedMs / 1000)} s after the kill`)
  return { ...harm, convergedMs, hit }
}

/** The course's plan says that its class is on, or over; said again until the api has taken it. */
async function switchClass({ practice, seats }: World, to: 'on' | 'off'): Promise<void> {
  const plan = { students: seats, cpu: 0.1, minutes: to === 'on' ? CLASS_MINUTES : 5 }
  await patiently('the plan to be taken', () => practice.replan(plan))
}

/** Kills the worker as something is made; from then on its successor is at one of the stacks it left. */
async function untilAdoption(world: World): Promise<void> {
  const { pool } = world.practice.inst
  const applying = sql`select id from run where state = 'applying'`
  await untilFound(world, applying, 'Nobody applied anything in time.')
  await world.harm('worker', 0)
  const left = await many<{ id: string; stack_id: string }>(
    pool,
    sql`select id, stack_id from run where ended_at is null`,
  )
  const [runs, stacks] = [left.map((run) => run.id), left.map((run) => run.stack_id)]
  const taken = sql`select id from run where ended_at is null and stack_id = any(${stacks})
    and id <> all(${runs})`
  await untilFound(world, taken, 'Nobody took up what the killed worker left.')
}

async function untilFound(
  { practice }: World,
  row: ReturnType<typeof sql>,
  why: string,
): Promise<void> {
  const deadline = performance.now() + LOOK_MS
  while (!(await findOne(practice.inst.pool, row).catch(() => undefined))) {
    if (performance.now() > deadline) throw new Error(why)
    await sleep(50)
  }
}

/** The instant from which nothing was wrong any more, seen twice. */
async function untilRight(
  world: World,
  look: (world: World) => Promise<string[]>,
): Promise<number> {
  const deadline = performance.now() + LOOK_MS
  let since: number | undefined
  for (;;) {
    const begun = performance.now()
    const wrong = await look(world).catch((error: unknown) => [String(error)])
    if (wrong.length > 0) since = undefined
    else if (since !== undefined) return since
    else since = begun
    if (performance.now() > deadline)
      throw new Error(`${wrong.join('; ')}\n${world.practice.inst.log('worker').slice(-4000)}`)
    await sleep(since === undefined ? 200 : 1_500)
  }
}
