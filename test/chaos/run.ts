/**
 * One run: a class begins, its students come back to their seats and files, it ends; and in one phase of that, at an
 * instant its seed decides, something is killed or cut off. Nobody helps; then all must be as if nothing had been.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { findOne, many, sql } from '../../api/data/db.ts'
import { random } from '../campus/random.ts'
import { whatIsWrongAfterClass, whatIsWrongInClass } from './checks.ts'
import { VICTIMS, type Victim, type World } from './world.ts'

export const PHASES = ['apply', 'adoption', 'launch', 'destroy'] as const
export type Phase = (typeof PHASES)[number]
export type Harm = { seed: number; phase: Phase; victim: Victim; delayMs: number; cutMs: number }

export type Outcome = Harm & {
  /** From the kill until all was right again. */
  convergedMs: number
  /** Whether the victim was there to be killed at that instant. */
  hit: boolean
}

export const CONVERGED_BAR_MS = 90_000
/** How long we go on looking, to tell "late" from "never". */
const LOOK_MS = 240_000
const CLASS_MINUTES = 600

/** About how long each phase takes, so that instants are spread over all of it. */
const PHASE_MS: Record<Phase, number> = {
  apply: 9_000,
  adoption: 7_000,
  launch: 1_500,
  destroy: 9_000,
}

/** The seed decides all: the same seed does the same harm at the same instant. */
export function harmOf(seed: number): Harm {
  const { pick, between } = random(seed)
  const phase = pick(PHASES)
  const victim = pick(victimsIn(phase))
  return {
    seed,
    phase,
    victim,
    delayMs: between(0, PHASE_MS[phase]),
    cutMs: between(3_000, 15_000),
  }
}

/** Nobody runs Terraform while students launch into a class that is there. */
const victimsIn = (phase: Phase): Victim[] =>
  VICTIMS.filter(
    (victim) => phase !== 'launch' || (victim !== 'terraform' && victim !== 'provider'),
  )

/** From `first` on, the first seed of each victim in each phase. */
export function seedsOfEach(first: number): number[] {
  const missing = new Set(
    PHASES.flatMap((phase) => victimsIn(phase).map((victim) => `${victim} ${phase}`)),
  )
  const seeds: number[] = []
  for (let seed = first; missing.size > 0; seed++) {
    const { victim, phase } = harmOf(seed)
    if (missing.delete(`${victim} ${phase}`)) seeds.push(seed)
  }
  return seeds
}

/** @throws what was not right in time, with the seed that does it again */
export async function chaosRun(world: World, harm: Harm): Promise<Outcome> {
  try {
    return await classWith(world, harm)
  } catch (error) {
    const { seed, phase, victim, delayMs } = harm
    const what = `${victim} in ${phase} after ${delayMs} ms (scripts/bench chaos --runs 1 --seed ${seed})`
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  } finally {
    await world.whole()
  }
}

async function classWith(world: World, harm: Harm): Promise<Outcome> {
  const harmed = { at: Number.NaN, hit: false }
  const strike = async () => {
    await sleep(harm.delayMs)
    harmed.hit = await strikeSoon(world, harm)
    harmed.at = performance.now()
  }
  const right = async (look: (world: World) => Promise<string[]>) => {
    const ended = await untilRight(world, look)
    return Math.round(ended - harmed.at)
  }

  await switchClass(world, 'on')
  if (harm.phase === 'apply') await strike()
  if (harm.phase === 'adoption') {
    const killed = await untilWorkIsUnderWay(world)
    await world.harm('worker', 0)
    await untilWorkIsUnderWay(world, killed)
    await strike()
  }
  let convergedMs = await right(whatIsWrongInClass)
  const people = await Promise.all([
    comeBack(world),
    harm.phase === 'launch' ? strike() : Promise.resolve(),
  ])
  if (harm.phase === 'launch') convergedMs = await right(whatIsWrongInClass)
  await everyoneIsHome(world, people[0])

  await switchClass(world, 'off')
  if (harm.phase === 'destroy') await strike()
  const offMs = await right(whatIsWrongAfterClass)
  if (harm.phase === 'destroy') convergedMs = offMs
  if (convergedMs > CONVERGED_BAR_MS)
    throw new Error(`right again only ${Math.round(convergedMs / 1000)} s after the kill`)
  return { ...harm, convergedMs, hit: harmed.hit }
}

/** Terraform is there for seconds only: the kill waits a little until there is one to kill. */
async function strikeSoon(world: World, harm: Harm): Promise<boolean> {
  for (let waited = 0; waited < PHASE_MS[harm.phase]; waited += 50) {
    if (await world.harm(harm.victim, harm.cutMs)) return true
    await sleep(50)
  }
  return false
}

/** The course's plan says that its class is on, or over; said again until the api has taken it. */
async function switchClass({ practice, seats }: World, to: 'on' | 'off'): Promise<void> {
  const plan = { students: seats, cpu: 0.1, minutes: to === 'on' ? CLASS_MINUTES : 5 }
  await patiently('the plan to be taken', () => practice.replan(plan))
}

/** The run that makes something; `after` one that was killed, its successor's from its first step on. */
async function untilWorkIsUnderWay({ practice }: World, after?: string): Promise<string> {
  const deadline = performance.now() + LOOK_MS
  for (;;) {
    const run = await findOne<{ id: string }>(
      practice.inst.pool,
      after === undefined
        ? sql`select id from run where state = 'applying'`
        : sql`select id from run where ended_at is null and id > ${after}`,
    ).catch(() => undefined)
    if (run) return run.id
    if (performance.now() > deadline) throw new Error('Nobody applied anything in time.')
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

type Home = { person: string; number: number; volume: string }

/** Everyone launches, all at once; a browser whose page does not come is reloaded. */
async function comeBack(world: World): Promise<string[]> {
  const people = Array.from({ length: world.seats - 1 }, (_, i) => `student${i + 1}`)
  await Promise.all(
    people.map((person) =>
      patiently(`the launch of ${person}`, async () => {
        const { page } = await world.practice.launch(person)
        if (page.status !== 200 || !page.url.includes('/workspaces/'))
          throw new Error(`answered ${page.status} at ${page.url}: ${page.text.slice(0, 300)}`)
      }),
    ),
  )
  return people
}

const homes = new WeakMap<World, Map<string, Home>>()

/** Each in their own seat, the same as ever, with the file they left there the first time. */
async function everyoneIsHome(world: World, people: string[]): Promise<void> {
  await untilRight(world, async () => {
    const open = await many<{ state: string }>(
      world.practice.inst.pool,
      sql`select state from workspace where state <> 'ready'`,
    )
    return open.map((row) => `a workspace is ${row.state}`)
  })
  const known = homes.get(world) ?? new Map<string, Home>()
  homes.set(world, known)
  const now = await homesNow(world)
  const numbers = new Set([...now.values()].map((home) => home.number))
  if (numbers.size !== people.length)
    throw new Error(`${people.length} students sit in ${numbers.size} seats`)
  for (const person of people) {
    const home = now.get(person)
    if (!home) throw new Error(`${person} has no seat`)
    const before = known.get(person)
    if (before && before.number !== home.number)
      throw new Error(`${person} was in seat ${before.number} and is in ${home.number}`)
    const file = fileIn(world, home, before ? 'read' : 'write')
    if (file !== person) throw new Error(`${person} found ${file || 'no file'} in their own seat`)
    known.set(person, home)
  }
}

async function homesNow({ practice }: World): Promise<Map<string, Home>> {
  const { inst, lms } = practice
  const rows = await many<{ sub: string; number: number; code: string }>(
    inst.pool,
    sql`select person.sub, seat.number, course.code from workspace join person on person.id = person_id
        join seat on seat.id = seat_id join course on course.id = seat.course_id`,
  )
  const names = new Map([...lms.cast.values()].map((one) => [String(one.id), one.username]))
  return new Map(
    rows.map(({ sub, number, code }) => {
      const person = names.get(sub) ?? sub
      const service = `lp-${inst.id}-${code}-s${String(number).padStart(3, '0')}`
      return [person, { person, number, volume: service }]
    }),
  )
}

/** Inside the seat's container, in the folder of its volume. */
function fileIn({ practice }: World, home: Home, act: 'read' | 'write'): string {
  const docker = (...words: string[]) =>
    execFileSync('docker', ['-H', practice.bed.dockerHost, ...words], { encoding: 'utf8' }).trim()
  const id = docker('ps', '-q', '--filter', `name=^${home.volume}\\.`)
  const file = '/home/whose.txt'
  if (act === 'write') docker('exec', id, 'sh', '-c', `echo ${home.person} > ${file}; sync ${file}`)
  return docker('exec', id, 'cat', file)
}

/** Again until it works: what a person does whose page did not come. */
async function patiently(what: string, act: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + CONVERGED_BAR_MS
  for (;;) {
    try {
      await act()
      return
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      if (performance.now() > deadline) throw new Error(`${what} never worked: ${why}`, { cause })
      await sleep(500)
    }
  }
}
