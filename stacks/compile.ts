/** The compiler: courses, pools, policy, zones, inventory and a moment → the blueprint and its notes. */
import type { Blueprint } from './blueprint.ts'
import { assemble } from './rules/assemble.ts'
import { dimensions } from './rules/demand.ts'
import type { Demand } from './rules/demand.ts'
import { fitNotes } from './rules/fit.ts'
import { Layered } from './rules/layered.ts'
import { marketOf } from './rules/machines.ts'
import type { Market } from './rules/machines.ts'
import { forkSolved, nothingSolved, placePool } from './rules/placement.ts'
import type { Placed, Solved } from './rules/placement.ts'
import { planCourse } from './rules/plan.ts'
import type { CoursePlan, PlanContext } from './rules/plan.ts'
import type { Course, Environment, Inventory, Note, Zone } from './terms.ts'
import type { Pool } from './terms-pool.ts'
import type { Policy } from './terms-policy.ts'

export interface CompileInput {
  courses: Course[]
  environments: Environment[]
  pools: Pool[]
  policy: Policy
  zones: Zone[]
  inventory?: Partial<Inventory>
  /** ISO instant. Notes about what is past and the slots proposed depend on it, never the bytes. */
  now: string
  /** No other slots for sessions without room: who asks about one course looks for its slots alone. */
  hasNoSlots?: boolean
}

export interface Compiled {
  blueprint: Blueprint
  notes: Note[]
  /** How it was placed, for further questions: forecast, nearest slots. */
  placed: Map<string, Placed>
  plans: CoursePlan[]
}

const nothing: Inventory = {
  ...{
    nodes: [],
    taken: {},
    dormant: {},
    granted: {},
    roster: {},
    listed: {},
    volumes: {},
    seated: [],
    closed: {},
  },
}

/** Pure: the same inputs in any order give the same blueprint and notes. */
export function compile(input: CompileInput): Compiled {
  return createCompiler()(input)
}

/** A compiler, and another one that begins with its memory: what the other is asked leaves this one as it was. */
export type Compiler = ((input: CompileInput) => Compiled) & { fork(): Compiler }

/**
 * A compiler that remembers its last answers, so that an edit costs what it touches. The memory never
 * changes an answer: each call equals `compile(input)`. Inputs must not be modified between calls.
 */
export function createCompiler(): Compiler {
  return compilerWith({
    common: '',
    plans: new Map(),
    markets: new Map(),
    assembled: new Layered(),
  })
}

function compilerWith(memory: Memory): Compiler {
  return Object.assign((input: CompileInput) => compileWith(memory, input), {
    fork: () => compilerWith(forked(memory)),
  })
}

function forked({ common, plans, markets, assembled }: Memory): Memory {
  const copies = [...markets].map(([key, one]): [string, PoolMemory] => [
    key,
    { ...one, solved: forkSolved(one.solved) },
  ])
  return { common, plans, markets: new Map(copies), assembled: assembled.above() }
}

interface Memory {
  /** What every plan depends on besides its course: zones, pools, policy. */
  common: string
  plans: Map<string, { course: Course; text: string; around: Around; plan: CoursePlan | Note }>
  markets: Map<string, PoolMemory>
  assembled: Layered<object, object>
}

interface PoolMemory {
  text: string
  market: Market
  solved: Solved
  /** The plans it was last placed for, who sat there, and what came of it. */
  last?: { plans: CoursePlan[]; seated: string; placed: Placed }
}

function compileWith(memory: Memory, input: CompileInput): Compiled {
  const inventory: Inventory = { ...nothing, ...input.inventory }
  const notes: Note[] = []
  const courses = uniqueCourses(input.courses, notes)
  const context = contextOf(input, courses, inventory)
  const plans = plansOf(memory, courses, context, notes)
  const placed = new Map<string, Placed>()
  const askers = plansByPool(plans)
  for (const { pool, dims } of context.pools.values()) {
    const text = JSON.stringify([
      pool,
      dims,
      inventory.nodes.filter((one) => one.pool === pool.key),
    ])
    let known = memory.markets.get(pool.key)
    if (known?.text !== text) {
      known = { text, market: marketOf(pool, dims, inventory), solved: nothingSolved() }
      memory.markets.set(pool.key, known)
    }
    placed.set(pool.key, placedFor(known, askers.get(pool.key) ?? [], inventory))
  }
  notes.push(...fitNotes(plans, placed, input))
  const blueprint = assemble(memory.assembled, plans, placed, input.policy)
  return { blueprint, notes: notes.toSorted(byWhere), placed, plans }
}

/** The pools a plan asks: plans are never changed once they are among others. */
const poolsOf = new WeakMap<CoursePlan, Set<string>>()

/** Pool → the plans that ask it for something, in their order. */
function plansByPool(plans: CoursePlan[]): Map<string, CoursePlan[]> {
  const askers = new Map<string, CoursePlan[]>()
  for (const plan of plans) {
    const pools = poolsOf.get(plan) ?? new Set(plan.demands.map((demand) => demand.pool))
    poolsOf.set(plan, pools)
    for (const pool of pools) {
      const list = askers.get(pool)
      if (list) list.push(plan)
      else askers.set(pool, [plan])
    }
  }
  return askers
}

/** A pool that is asked for the very same as before is not placed again. */
function placedFor(known: PoolMemory, plans: CoursePlan[], { seated }: Inventory): Placed {
  const { market, solved, last } = known
  const sitting = JSON.stringify(seated)
  const isSame =
    last?.seated === sitting &&
    last.plans.length === plans.length &&
    last.plans.every((plan, i) => plan === plans[i])
  if (isSame) return { ...last.placed, touched: new Set() }
  const demands = plans.flatMap((plan) =>
    plan.demands.filter((demand) => demand.pool === market.pool.key),
  )
  const placed = placePool(market, demands, seated, solved)
  known.last = { plans, seated: sitting, placed }
  return placed
}

function uniqueCourses(courses: Course[], notes: Note[]): Course[] {
  const sorted = courses.toSorted((a, b) => compareText(a.key, b.key))
  return sorted.filter((course, i) => {
    const isSecond = sorted[i - 1]?.key === course.key
    const where = { course: course.key }
    if (isSecond)
      notes.push({
        code: 'duplicate-course',
        severity: 'error',
        where,
        params: { key: course.key },
      })
    return !isSecond
  })
}

function contextOf(input: CompileInput, courses: Course[], inventory: Inventory): PlanContext {
  const pools = input.pools.toSorted((a, b) => compareText(a.key, b.key))
  return {
    zones: new Map(input.zones.map((zone) => [zone.key, zone])),
    environments: new Map(input.environments.map((one) => [one.key, one])),
    pools: new Map(pools.map((pool) => [pool.key, { pool, dims: dimensions(pool, courses) }])),
    policy: input.policy,
    inventory,
  }
}

function plansOf(
  memory: Memory,
  courses: Course[],
  context: PlanContext,
  notes: Note[],
): CoursePlan[] {
  const common = JSON.stringify([[...context.zones], [...context.pools], context.policy])
  const isCommon = common === memory.common
  memory.common = common
  const plans: CoursePlan[] = []
  const known: Memory['plans'] = new Map()
  for (const course of courses) {
    const before = memory.plans.get(course.key)
    const text = before?.course === course ? before.text : JSON.stringify(course)
    const around = aroundOf(course, context, before?.around)
    const isSame = isCommon && before?.text === text && before.around.text === around.text
    const plan = isSame ? before.plan : planCourse(course, context)
    if (before !== undefined && !isSame) keepDemands(before.plan, plan)
    known.set(course.key, { course, text, around, plan })
    if ('code' in plan) {
      notes.push(plan)
    } else {
      plans.push(plan)
      notes.push(...plan.notes)
    }
  }
  memory.plans = known
  return plans
}

/** What a plan depends on besides its course and what all share. */
type Around = { of: unknown[]; text: string }

function aroundOf(course: Course, context: PlanContext, before: Around | undefined): Around {
  const { taken, dormant, granted, roster, listed, volumes } = context.inventory
  const of: unknown[] = [context.environments.get(course.environment)]
  for (const known of [taken, dormant, granted, roster, listed, volumes]) of.push(known[course.key])
  // Lists of seats are long; those of last time are the same objects.
  if (before?.of.every((one, i) => one === of[i])) return before
  return { of, text: JSON.stringify(of) }
}

/** Demands that did not change stay the same objects, so that their day need not be placed again. */
function keepDemands(before: CoursePlan | Note, after: CoursePlan | Note): void {
  if ('code' in before || 'code' in after) return
  const name = (demand: Demand) => JSON.stringify(demand)
  const known = new Map(before.demands.map((demand) => [name(demand), demand]))
  after.demands = after.demands.map((demand) => known.get(name(demand)) ?? demand)
}

function byWhere(a: Note, b: Note): number {
  return (
    compareText(a.where.course ?? '', b.where.course ?? '') ||
    compareText(a.where.session ?? '', b.where.session ?? '') ||
    compareText(a.code, b.code) ||
    compareText(JSON.stringify(a.params), JSON.stringify(b.params))
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
