/**
 * The life of a class's volumes: written to, sized, left for the next generation, stopped, mounted again, purged, made anew. In up to
 * each of these steps, at an instant that a seed decides, something is killed. Nobody helps; then all must be right.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { many, sql } from '../../api/data/db.ts'
import type { Line } from '../chaos/record.ts'
import { formTo } from '../visitor.ts'
import { type Wanted, whatIsWrong } from './checks.ts'
import { type Backend, type Harm, type Step, STEPS } from './harm.ts'
import { nextQuota, planOf, STUDENTS, untilDone, type World } from './world.ts'
import { startWriters, type Writers } from './writers.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

/**
 * Until all is right again. A dead node is noticed by the Swarm after half a minute, and its seat begins on machines where that is
 * dear (nfs); Ceph, also where Manila hands it out, keeps a dead client's files for a minute (session_timeout), and a metadata server
 * waits 45 s for it.
 */
export const BAR_MS: Record<Backend, number> = {
  ...{ local: 90_000, nfs: 240_000 },
  ...{ cephfs: 240_000, manila: 240_000 },
}
/** How long we go on looking, to tell "late" from "never". */
const LOOK_MS = 420_000
const CLICK_MS = 120_000
const SAY_MS = 20_000

type Say = (text: string) => void
type Life = {
  world: World
  wanted: Wanted
  writers: Writers | undefined
  file: number
  say: Say
}

const lives = new WeakMap<World, Life>()

export type Telling = {
  say: Say
  /** No step begins after it. */
  isOver: () => boolean
  /** What a harm led to, as soon as that is known. */
  ended: (lines: Line[]) => void
}

/**
 * One life with these harms. The first that is not right again in time ends it, with a failure that says how to do it again. Answers
 * whether the class can live on. @throws when it was not right before anything was killed
 */
export async function live(world: World, harms: Harm[], telling: Telling): Promise<boolean> {
  const { say, isOver, ended } = telling
  const life = lives.get(world) ?? (await begin(world, say))
  lives.set(world, life)
  let last: Harm | undefined
  try {
    await enter(life)
    for (const step of STEPS) {
      if (isOver()) return false
      const harm = harms.find((one) => one.step === step)
      last = harm ?? last
      const line = await take(life, step, harm)
      say(`${world.backend}: ${step}${harm ? `, ${harm.victim} killed` : ''}`)
      if (line) ended([line])
    }
    return true
  } catch (error) {
    if (!last) throw error
    const why = whyOf(error)
    const { seed, step, victim, delayMs } = last
    const again = `scripts/bench storage-kills --backend ${world.backend} --seed ${seed} --runs 1`
    ended([{ seed, failure: `${victim} in ${step} after ${delayMs} ms (${again}): ${why}` }])
    return false
  }
}

async function begin(world: World, say: Say): Promise<Life> {
  const wanted: Wanted = { seats: 'running', files: new Map(), gone: new Set(), generation: 1 }
  const life: Life = { world, wanted, writers: undefined, file: 0, say }
  await untilRight(life)
  return life
}

async function take(life: Life, step: Step, harm: Harm | undefined): Promise<Line | undefined> {
  const { world } = life
  const doing = acts[step](life)
  // Told below.
  doing.catch(() => {})
  let struck: { at: number; hit: boolean } | undefined
  if (harm) {
    await sleep(harm.delayMs)
    struck = { hit: await world.harm(harm.victim, harm.choice), at: performance.now() }
  }
  await doing
  const rightAt = await untilRight(life)
  // What one killed node is back for is the next harm, not this one.
  await world.whole()
  if (!harm || !struck) return undefined
  const convergedMs = Math.max(0, Math.round(rightAt - struck.at))
  if (convergedMs > BAR_MS[world.backend])
    throw new Error(`right again only ${Math.round(convergedMs / 1000)} s after the kill`)
  const { victim, delayMs } = harm
  return { seed: harm.seed, ...{ step, victim, delayMs }, convergedMs, hit: struck.hit } as Line
}

const acts: Record<Step, (life: Life) => Promise<void>> = {
  async write(life) {
    life.file += 1
    life.writers = await startWriters(life.world, life.wanted.files, `lines-${life.file}`)
    await sleep(4_000)
  },
  async resize({ world }) {
    world.quotaMb = nextQuota(world)
    await untilDone('the plan', CLICK_MS, () => world.practice.replan(planOf(world.quotaMb)))
  },
  async reset(life) {
    const { wanted, world } = life
    wanted.generation = (await generation(world)) + 1
    await click(life, /\/reset$/, { files: 'empty' })
  },
  async stop(life) {
    life.wanted.seats = 'cold'
    await click(life, '/stop')
  },
  async mount(life) {
    life.wanted.seats = 'running'
    await enter(life)
  },
  async purge(life) {
    const { world, wanted } = life
    life.writers?.stop()
    const { inst } = world.practice
    const rows = await many<{ name: string }>(
      inst.pool,
      sql`select name from volume where state <> 'purged'`,
    )
    wanted.gone = new Set([...wanted.gone, ...rows.map(({ name }) => name)])
    wanted.generation = (await generation(world)) + 1
    wanted.files.clear()
    wanted.isUnderWay = true
    const people = await many<{ pseudonym: string }>(
      inst.pool,
      sql`select pseudonym from person join workspace on person.id = person_id where seat_id is not null`,
    )
    for (const { pseudonym } of people) await inst.labplan('person', 'erase', pseudonym, '--yes')
  },
  async make({ wanted }) {
    wanted.isUnderWay = false
  },
}

/** Of a life's seats: they go on together. */
async function generation({ practice }: World): Promise<number> {
  const rows = await many<{ generation: number }>(
    practice.inst.pool,
    sql`select max(generation)::int as generation from volume`,
  )
  return rows[0]?.generation ?? 0
}

/** Everyone comes; who was erased comes as somebody new. */
async function enter({ world }: Pick<Life, 'world'>): Promise<void> {
  await Promise.all(
    STUDENTS.map((person) =>
      untilDone(`the launch of ${person}`, CLICK_MS, async () => {
        const { page } = await world.practice.launch(person)
        if (page.status !== 200 || !page.url.includes('/workspaces/'))
          throw new Error(`${page.status} at ${page.url}: ${page.text.slice(0, 300)}`)
      }),
    ),
  )
}

/** Everyone presses it on the page of their workspace. */
async function click(
  { world }: Life,
  form: string | RegExp,
  more: Record<string, string> = {},
): Promise<void> {
  for (const person of STUDENTS)
    await untilDone(`${String(form)} of ${person}`, CLICK_MS, async () => {
      const { visitor, page } = await world.practice.launch(person)
      const found = formTo(page, form)
      await visitor.post(found.action, { ...found.fields, ...more })
    })
}

/** The instant from which nothing was wrong any more, seen twice. */
async function untilRight({ world, wanted, say }: Life): Promise<number> {
  const deadline = performance.now() + LOOK_MS
  let saidAt = performance.now()
  let since: number | undefined
  for (;;) {
    const begun = performance.now()
    const wrong = await whatIsWrong(world, wanted).catch((error: unknown) => [String(error)])
    if (wrong.length > 0) since = undefined
    else if (since !== undefined) return since
    else since = begun
    if (performance.now() > deadline)
      throw new Error(`${wrong.join('; ')}\n${world.practice.inst.log('worker').slice(-4000)}`)
    if (wrong.length > 0 && performance.now() - saidAt > SAY_MS) {
      say(`  not yet: ${wrong.slice(0, 3).join('; ').slice(0, 400)}`)
      saidAt = performance.now()
    }
    await sleep(since === undefined ? 400 : 1_500)
  }
}
