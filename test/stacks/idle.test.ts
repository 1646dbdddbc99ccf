// Who is at work, from counters: laws over any counters, and what a terminal really uses.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultPolicy } from '../../stacks/schema.ts'
import {
  type Counters,
  type Sample,
  idleMinutesOf,
  idleStopsAt,
  nextSample,
} from '../../stacks/rules/idle.ts'

const minute = 60_000
const quiet: Counters = {
  cpuMicros: 1000,
  networkBytes: 1000,
  inputSecondsAgo: null,
  gpuPercent: null,
}
const sample = (more: Partial<Counters> = {}): Sample => ({
  taskId: 't',
  at: 0,
  workedAt: 0,
  counters: { ...quiet, ...more },
})
const after = (more: Partial<Counters>, at = minute, taskId = 't') =>
  nextSample(sample(), { taskId, at, counters: { ...quiet, ...more } }).workedAt

test.each([
  ['an empty terminal', { cpuMicros: 61_000 }, 0],
  ['a program that computes', { cpuMicros: 5_000_000 }, minute],
  ['a tab that is only open', { networkBytes: 21_000 }, 0],
  ['a download', { networkBytes: 5_000_000 }, minute],
  ['something typed half a minute ago', { inputSecondsAgo: 30 }, minute / 2],
  ['something typed an hour ago', { inputSecondsAgo: 3600 }, 0],
  ['a GPU that computes', { gpuPercent: 60 }, minute],
  ['a GPU that is lit', { gpuPercent: 1 }, 0],
])('%s', (_, counters, workedAt) => {
  expect(after(counters)).toBe(workedAt)
})

test('nobody is idle in a new task, nor after a gap in which nobody looked', () => {
  expect(after({}, minute, 'another')).toBe(minute)
  expect(after({}, 6 * minute)).toBe(6 * minute)
  expect(nextSample(undefined, { taskId: 't', at: 5, counters: quiet }).workedAt).toBe(5)
})

test('work is never seen in the future, nor forgotten', () => {
  const counters = fc.record({
    cpuMicros: fc.option(fc.nat(), { nil: null }),
    networkBytes: fc.option(fc.nat(), { nil: null }),
    inputSecondsAgo: fc.option(fc.nat(100_000), { nil: null }),
    gpuPercent: fc.option(fc.nat(100), { nil: null }),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), counters)), (looks) => {
      let last: Sample | undefined
      let at = 0
      for (const [seconds, seen] of looks) {
        at += seconds * 1000
        const next = nextSample(last, { taskId: 't', at, counters: seen })
        expect(next.workedAt).toBeLessThanOrEqual(at)
        expect(next.workedAt).toBeGreaterThanOrEqual(last?.workedAt ?? 0)
        last = next
      }
    }),
  )
})

test('outside class it stops after its minutes without work; in class, and where nothing is known, never', () => {
  const { lifecycle } = defaultPolicy
  const minutes = ([null, 'project', 'class', 'exam', 'booking'] as const).map((kind) =>
    idleMinutesOf(lifecycle, kind),
  )
  expect(minutes).toEqual([60, 60, 0, 0, 0])
  const hour = { idleMinutes: 60, hasGpu: false }
  expect(idleStopsAt(sample(), hour)).toBe(60 * minute)
  expect(idleStopsAt(sample(), { ...hour, idleMinutes: 0 })).toBeNull()
  expect(idleStopsAt(sample({ cpuMicros: null }), hour)).toBeNull()
})

test('with a GPU it stops only where the load of it is told', () => {
  const withGpu = { idleMinutes: 60, hasGpu: true }
  expect(idleStopsAt(sample({ gpuPercent: 0 }), withGpu)).toBe(60 * minute)
  expect(idleStopsAt(sample({ gpuPercent: null }), withGpu)).toBeNull()
})
