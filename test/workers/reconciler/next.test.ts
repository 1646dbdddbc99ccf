// Which stacks run next: the laws of the choice on made-up moments, and a day of them one after the other.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DueStack } from '../../../api/data/runs/stack-wish.ts'
import {
  type Budget,
  nextStacks,
  preparedAtOnce,
  runMemoryMb,
  runsAtOnce,
} from '../../../workers/jobs/next.ts'

const START = Date.parse('2026-11-24T07:00:00Z')
const MINUTE = 60_000
const now = new Date(START + 60 * MINUTE)

const stack = (
  key: string,
  minutesAgo: number,
  kind: 'launch' | 'teardown' | 'warm-up',
  seats = 1,
): DueStack => ({
  seats,
  ...{ key, since: new Date(now.getTime() - minutesAgo * MINUTE) },
  ...{ isTeardown: kind === 'teardown', isAwaited: kind === 'launch' },
})

const kinds = fc.constantFrom('launch' as const, 'teardown' as const, 'warm-up' as const)
const seatCounts = fc.constantFrom(1, 30, 100)
const dues = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 8 }), kinds, seatCounts), { maxLength: 20 })
  .map((list) => list.map(([ago, kind, seats], i) => stack(`s${i}`, ago, kind, seats)))
const places = fc.integer({ min: 1, max: 6 })
const AMPLE_MB = 100_000
const memories = fc.constantFrom(200, 700, 1200, AMPLE_MB)
const budgetFor = (atOnce: number, memoryMb = AMPLE_MB) => ({ memoryMb, cores: atOnce / 2 })

type Moment = Parameters<typeof nextStacks>[0]
const atOnceOf = (moment: Moment) => runsAtOnce(moment.budget)
const laneLimit = (moment: Moment) => Math.max(1, atOnceOf(moment) - 1)
const memoryOf = (stacks: { seats: number }[]) =>
  stacks.reduce((sum, one) => sum + runMemoryMb(one.seats), 0)

/** A moment that earlier choices can have led to: neither lane is fuller than it may be. */
const moments: fc.Arbitrary<Moment> = fc
  .tuple(dues, places, memories, fc.array(fc.tuple(fc.boolean(), seatCounts), { maxLength: 6 }))
  .map(([due, atOnce, memoryMb, lanes]) => {
    const most = Math.max(1, atOnce - 1)
    const isFirstOfLane = (one: { isTeardown: boolean }, i: number, all: (typeof one)[]) =>
      all.slice(0, i).filter((other) => other.isTeardown === one.isTeardown).length < most
    const running = lanes
      .map(([isTeardown, seats]) => ({ isTeardown, seats }))
      .filter(isFirstOfLane)
      .slice(0, atOnce)
    return { due, running, budget: budgetFor(atOnce, memoryMb), now }
  })

/** What runs after the choice, and what was left. */
function chosen(moment: Moment) {
  const keys = nextStacks(moment)
  const picked = moment.due.filter((one) => keys.includes(one.key))
  const left = moment.due.filter((one) => !keys.includes(one.key))
  return { keys, picked, left, taken: [...moment.running, ...picked] }
}

it('never starts more than may run at once, and nothing twice', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      const { keys, taken } = chosen(moment)
      expect(taken.length).toBeLessThanOrEqual(atOnceOf(moment))
      expect(new Set(keys).size).toBe(keys.length)
    }),
  )
})

it('takes no more memory than there is, but for one run that goes alone', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      const { picked, taken } = chosen(moment)
      if (picked.length === 0 || taken.length === 1) return
      expect(memoryOf(taken)).toBeLessThanOrEqual(moment.budget.memoryMb)
    }),
  )
})

it('leaves a place empty only for who comes next and waits for memory', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      const { left, taken } = chosen(moment)
      if (taken.length === atOnceOf(moment)) return
      const open = left.filter(
        (one) => taken.filter((o) => o.isTeardown === one.isTeardown).length < laneLimit(moment),
      )
      if (open.length === 0) return
      const tooLarge = open.filter((one) => memoryOf([...taken, one]) > moment.budget.memoryMb)
      expect(tooLarge.length).toBeGreaterThan(0)
      expect(taken.length).toBeGreaterThan(0)
    }),
  )
})

it('never warms up ahead of a class while somebody waits for a launch', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      const { picked, left } = chosen(moment)
      const warmed = picked.some((one) => !one.isAwaited && !one.isTeardown)
      expect(warmed && left.some((one) => one.isAwaited)).toBe(false)
    }),
  )
})

it('starts a teardown whenever one is due, none runs and there are two places', () => {
  fc.assert(
    fc.property(moments, (made) => {
      const moment = { ...made, budget: { ...made.budget, memoryMb: AMPLE_MB } }
      const isDue = moment.due.some((one) => one.isTeardown)
      fc.pre(isDue && atOnceOf(moment) > 1 && !moment.running.some((one) => one.isTeardown))
      expect(chosen(moment).picked.some((one) => one.isTeardown)).toBe(true)
    }),
  )
})

it('does not look at the order it is told in', () => {
  fc.assert(
    fc.property(moments, fc.integer(), (moment, turn) => {
      const at = moment.due.length === 0 ? 0 : Math.abs(turn) % moment.due.length
      const turned = [...moment.due.slice(at), ...moment.due.slice(0, at)]
      expect(nextStacks({ ...moment, due: turned })).toEqual(nextStacks(moment))
    }),
  )
})

it('starves no teardown through a morning of launches without a gap, whatever the budget', () => {
  fc.assert(
    fc.property(places, memories, fc.integer({ min: 1, max: 40 }), (atOnce, memoryMb, seed) => {
      expect(longestTeardownWait(budgetFor(atOnce, memoryMb), seed)).toBeLessThanOrEqual(7)
    }),
    { numRuns: 60 },
  )
})

/** Every minute more launches become due than may run; teardowns now and then. Runs take one or two minutes. */
function longestTeardownWait(budget: Budget, seed: number): number {
  const atOnce = runsAtOnce(budget)
  let due: DueStack[] = []
  let running: { isTeardown: boolean; seats: number; until: number }[] = []
  let longest = 0
  for (let minute = 0; minute < 120; minute++) {
    const at = new Date(START + minute * MINUTE)
    const add = (key: string, isTeardown: boolean) =>
      due.push({ key, isTeardown, isAwaited: !isTeardown, since: at, seats: 30 })
    for (let i = 0; i <= atOnce; i++) add(`launch-${minute}-${i}`, false)
    if ((minute * 7 + seed) % 12 === 0) add(`teardown-${minute}`, true)
    running = running.filter((one) => one.until > minute)
    const picked = nextStacks({ due, running, budget, now: at })
    for (const one of due.filter((o) => picked.includes(o.key))) {
      if (one.isTeardown) longest = Math.max(longest, (at.getTime() - one.since.getTime()) / MINUTE)
      running.push({
        isTeardown: one.isTeardown,
        seats: 30,
        until: minute + 1 + ((minute + seed) % 2),
      })
    }
    due = due.filter((one) => !picked.includes(one.key))
  }
  const left = due.filter((one) => one.isTeardown)
  return Math.max(longest, ...left.map((one) => 120 - (one.since.getTime() - START) / MINUTE))
}

it('takes who waited longest first, and an overdue teardown before everybody on a single place', () => {
  const due = [
    stack('warm', 9, 'warm-up'),
    stack('old-launch', 2, 'launch'),
    stack('launch', 1, 'launch'),
    stack('teardown', 4, 'teardown'),
  ]
  const pick = (atOnce: number, more: DueStack[] = []) =>
    nextStacks({ due: [...due, ...more], running: [], budget: budgetFor(atOnce), now })
  expect(pick(1)).toEqual(['old-launch'])
  expect(pick(1, [stack('overdue', 5, 'teardown')])).toEqual(['overdue'])
  expect(pick(3)).toEqual(['old-launch', 'launch', 'teardown'])
  expect(pick(9)).toEqual(['old-launch', 'launch', 'warm', 'teardown'])
})

it('lets a large run wait for memory and nobody pass it, and go alone where it never fits', () => {
  const large = stack('large', 9, 'warm-up', 100)
  const due = [large, stack('small', 1, 'warm-up')]
  const pick = (running: Moment['running']) =>
    nextStacks({ due, running, budget: budgetFor(4, 500), now })
  expect(pick([{ isTeardown: true, seats: 1 }])).toEqual([])
  expect(pick([])).toEqual(['large'])
})

it('carries two runs a core, and one on any machine', () => {
  expect([0.1, 1, 2, 64].map((cores) => runsAtOnce({ cores }))).toEqual([1, 2, 4, 16])
})

it('counts what prepares classes side by side: beside a teardown, and within the memory', () => {
  const ample = { memoryMb: AMPLE_MB, cores: 2 }
  expect(preparedAtOnce(ample, 30)).toBe(3)
  expect(preparedAtOnce({ ...ample, cores: 0.5 }, 30)).toBe(1)
  expect(preparedAtOnce({ ...ample, cores: 4 }, 30)).toBe(7)
  // A run of 100 seats takes 680 MB, and no run has more seats.
  const small = { memoryMb: 1400, cores: 4 }
  expect([30, 100, 400].map((seats) => preparedAtOnce(small, seats))).toEqual([4, 2, 2])
  expect(preparedAtOnce({ memoryMb: 100, cores: 4 }, 30)).toBe(1)
  // As many as are really chosen, when nothing else is due.
  const due = Array.from({ length: 9 }, (_, i) => stack(`s${i}`, 5, 'warm-up', 30))
  for (const budget of [ample, small, { memoryMb: 100, cores: 4 }, { memoryMb: 700, cores: 8 }])
    expect(nextStacks({ due, running: [], budget, now })).toHaveLength(preparedAtOnce(budget, 30))
})
