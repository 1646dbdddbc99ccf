// The estimate of who waits: what it must never say, and how far off it is on days made up of many arrivals.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PastStay, type QueueFacts, likelyTurn } from '../../stacks/rules/queue.ts'
import { random } from '../campus/random.ts'

const minute = 60_000
const hour = 60 * minute
const minutes = (most: number) => fc.integer({ min: 0, max: most }).map((n) => n * minute)
const past = fc.array(fc.record({ ms: minutes(120), isWhole: fc.boolean() }), { maxLength: 60 })
const facts: fc.Arbitrary<QueueFacts> = fc.record({
  running: fc.array(
    minutes(119).map((ms) => ({ startedAt: -ms, endsAt: 2 * hour - ms })),
    { minLength: 1, maxLength: 12 },
  ),
  free: fc.constant(0),
  ahead: fc.integer({ min: 0, max: 30 }),
  mostMs: fc.constant(2 * hour),
  past,
})

describe('whatever the line', () => {
  test('it is never sooner than now, nor later than the automatic stops make sure of', () => {
    fc.assert(
      fc.property(facts, (line) => {
        const at = likelyTurn(line, 0) ?? -1
        expect(at).toBeGreaterThanOrEqual(0)
        expect(at).toBeLessThanOrEqual(likelyTurn({ ...line, past: [] }, 0) ?? -1)
      }),
    )
  })

  test('who is further back never comes sooner', () => {
    fc.assert(
      fc.property(facts, (line) => {
        const next = likelyTurn({ ...line, ahead: line.ahead + 1 }, 0) ?? -1
        expect(next).toBeGreaterThanOrEqual(likelyTurn(line, 0) ?? Infinity)
      }),
    )
  })

  test('without anything learned it is the automatic stop of the place in line', () => {
    const running = [30, 10, 20].map((n) => ({ startedAt: 0, endsAt: n * minute }))
    const line = { running, free: 0, mostMs: hour, past: [] }
    const at = (ahead: number) => (likelyTurn({ ...line, ahead }, 0) ?? 0) / minute
    expect([0, 1, 2, 3].map(at)).toEqual([10, 20, 30, 70])
    expect(likelyTurn({ ...line, running: [], ahead: 0 }, 0)).toBeNull()
    expect(likelyTurn({ ...line, free: 1, ahead: 0 }, 5)).toBe(5)
  })
})

/** Days of 8 hours in which people come at random, stay as people do, and the clock stops who stays too long. */
function days(seed: number, plan: { places: number; perHour: number; days: number }) {
  const any = random(seed).next
  // About three quarters of an hour, some much longer: as stays are (log-normal).
  const stay = () => 45 * minute * Math.exp(0.6 * normal(any))
  const most = 2 * hour
  const closes = 8 * hour
  const learned: PastStay[] = []
  const errors: { learned: number; clock: number }[] = []
  for (let day = 0; day < plan.days; day++) {
    const asked: { by: number; told: { learned: number; clock: number }; came: number }[] = []
    let running: { startedAt: number; endsAt: number; leaves: number }[] = []
    const line: { asked: number; stays: number }[] = []
    const enter = (now: number, stays: number) => {
      const leaves = now + Math.min(most, stays)
      running.push({ startedAt: now, endsAt: now + most, leaves })
    }
    let next = 0
    for (let now = 0; now < closes || line.length > 0; now += minute) {
      for (const one of running.filter((each) => each.leaves <= now))
        learned.push({ ms: one.leaves - one.startedAt, isWhole: one.leaves < one.endsAt })
      running = running.filter((each) => each.leaves > now)
      while (line.length > 0 && running.length < plan.places) {
        const first = line.shift()
        const told = asked[first?.asked ?? 0]
        if (told) errors.push(errorOf(told, now))
        enter(now, first?.stays ?? 0)
      }
      const latest = Math.min(now, closes)
      while (next <= latest) {
        next += (-Math.log(1 - any()) * hour) / plan.perHour
        if (running.length < plan.places) enter(now, stay())
        else {
          const rest = { running, free: 0, ahead: line.length, mostMs: most }
          const told = {
            learned: likelyTurn({ ...rest, past: learned.slice(-300) }, now) ?? Infinity,
            clock: likelyTurn({ ...rest, past: [] }, now) ?? Infinity,
          }
          line.push({ asked: asked.push({ by: now, told, came: 0 }) - 1, stays: stay() })
        }
      }
    }
  }
  return errors
}

function errorOf(
  asked: { by: number; told: { learned: number; clock: number } },
  came: number,
): { learned: number; clock: number } {
  const waited = Math.max(minute, came - asked.by)
  const off = (told: number) => Math.abs(told - came) / waited
  return { learned: off(asked.told.learned), clock: off(asked.told.clock) }
}

function normal(any: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - any())) * Math.cos(2 * Math.PI * any())
}

const middle = (list: number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN

test.each([
  { places: 4, perHour: 7, days: 5 },
  { places: 12, perHour: 20, days: 2 },
])(
  'its middle error is at most a fifth, with $places places',
  (plan) => {
    const errors = [1, 2, 3].flatMap((seed) => days(seed, plan))
    expect(errors.length).toBeGreaterThan(200)
    expect(middle(errors.map((one) => one.learned))).toBeLessThan(0.2)
    // The automatic stops alone say more than twice the wait.
    expect(middle(errors.map((one) => one.clock))).toBeGreaterThan(1)
  },
  30_000,
)
