/** When preparing a class begins: laws that hold for every history, and whether nineteen of twenty are ready. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import {
  type LeadSample,
  type LeadShape,
  beginsAt,
  leadBook,
  p95,
  sessionLeads,
} from '../../stacks/rules/lead.ts'
import { wantedAt } from '../../stacks/rules/wanted.ts'
import { parseInstant } from '../../stacks/rules/clock.ts'
import { random as seeded } from '../campus/random.ts'
import { inputOf } from './story.ts'

const seconds = fc.integer({ min: 0, max: 3000 })
const sampleOf = fc.record({
  pool: fc.constantFrom('own', 'cloud'),
  poolKind: fc.constantFrom('own' as const, 'bought' as const),
  image: fc.constantFrom('a', 'b'),
  seats: fc.integer({ min: 1, max: 200 }),
  extra: fc.integer({ min: 0, max: 200 }),
  planSeconds: seconds,
  applySeconds: seconds,
  warmSeconds: seconds,
})
const samples = fc.array(
  sampleOf.map(({ extra, ...one }): LeadSample => ({ ...one, together: one.seats + extra })),
  { maxLength: 60 },
)
const shapes = fc
  .record({
    pool: fc.constantFrom('own', 'cloud'),
    poolKind: fc.constantFrom('own' as const, 'bought' as const),
    image: fc.constantFrom('a', 'b', 'new'),
    seats: fc.integer({ min: 1, max: 200 }),
    extra: fc.integer({ min: 0, max: 400 }),
    stacks: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ extra, ...one }): LeadShape => ({ ...one, together: one.seats + extra }))

describe('the lead', () => {
  it('is half as much again as its parts at p95, and two minutes', () => {
    fc.assert(
      fc.property(samples, shapes, (history, shape) => {
        const { seconds: lead, parts } = leadBook(history)(shape)
        const takes = parts.plan + parts.apply + parts.warm + parts.wait
        expect(lead).toBeGreaterThanOrEqual(takes * 1.5 + 120)
        expect(lead).toBeLessThan(takes * 1.5 + 122)
      }),
    )
  })

  it('does not depend on the order of what it learned from, while that is not too much', () => {
    fc.assert(
      fc.property(samples, shapes, (history, shape) => {
        expect(leadBook(history.toReversed())(shape)).toEqual(leadBook(history)(shape))
      }),
    )
  })

  it('never gets shorter when more is due in the same hour', () => {
    fc.assert(
      fc.property(samples, shapes, fc.nat(300), fc.nat(20), (history, shape, seats, stacks) => {
        const book = leadBook(history)
        const crowded = {
          ...shape,
          together: shape.together + seats,
          stacks: shape.stacks + stacks,
        }
        expect(book(crowded).seconds).toBeGreaterThanOrEqual(book(shape).seconds)
      }),
    )
  })

  it('never gets shorter when every part took longer', () => {
    fc.assert(
      fc.property(samples, shapes, seconds, (history, shape, more) => {
        const slower = history.map((one) => ({
          ...one,
          planSeconds: one.planSeconds + more,
          applySeconds: one.applySeconds + more,
          warmSeconds: one.warmSeconds + more,
        }))
        expect(leadBook(slower)(shape).seconds).toBeGreaterThanOrEqual(
          leadBook(history)(shape).seconds,
        )
      }),
    )
  })

  const usual: LeadSample = {
    ...{ pool: 'own', poolKind: 'own', image: 'a', seats: 30, together: 30 },
    ...{ planSeconds: 5, applySeconds: 12, warmSeconds: 30 },
  }
  const shape: LeadShape = {
    pool: 'own',
    poolKind: 'own',
    image: 'a',
    seats: 30,
    together: 30,
    stacks: 1,
  }
  const times = (count: number, sample = usual) => Array.from({ length: count }, () => sample)

  it('starts sanely: an unknown class of 30 gets a quarter of an hour', () => {
    expect(leadBook([])(shape)).toMatchObject({ basis: 'none', samples: 0, seconds: 795 })
    expect(leadBook(times(4))(shape).basis).toBe('none')
  })

  it('learns from five classes like it, then from those of its size with other images', () => {
    expect(leadBook(times(5))(shape)).toMatchObject({ basis: 'like-it', seconds: 191 })
    const other = leadBook(times(5))({ ...shape, image: 'b' })
    // Its image is not on the nodes yet.
    expect(other).toMatchObject({ basis: 'its-size', seconds: 641 })
    expect(leadBook(times(5))({ ...shape, seats: 4 }).basis).toBe('none')
    expect(leadBook(times(5))({ ...shape, poolKind: 'bought' }).basis).toBe('none')
  })

  it('is not moved by one accident in twenty-five, and forgets what is old', () => {
    const slow = { ...usual, warmSeconds: 3000 }
    expect(leadBook([slow, ...times(24)])(shape).seconds).toBe(191)
    expect(leadBook([...times(100), ...times(100, slow)])(shape).seconds).toBe(191)
    expect(leadBook([...times(3, slow), ...times(22)])(shape).seconds).toBeGreaterThan(4000)
  })

  it('counts a seat of a crowded hour as what it took there', () => {
    // Thirty seats took 30 s alone, and 120 s beside 90 others: a second each, both times.
    const crowded = { ...usual, together: 120, warmSeconds: 120 }
    expect(leadBook([...times(5), ...times(5, crowded)])(shape).parts.warm).toBe(30)
    expect(leadBook(times(5))({ ...shape, together: 120, stacks: 4 }).parts).toEqual({
      ...{ plan: 5, apply: 12, warm: 120, wait: 17 },
    })
  })
})

test('what waits for others waits for as many rounds of runs as are needed', () => {
  const shape: LeadShape = {
    ...{ pool: 'own', poolKind: 'own', image: 'a', seats: 30, together: 30, stacks: 4 },
  }
  const wait = (runs: number): number => leadBook([], () => runs)(shape).parts.wait
  const { plan, apply } = leadBook([])(shape).parts
  expect([1, 2, 3, 4].map(wait)).toEqual([3, 1, 1, 0].map((rounds) => rounds * (plan + apply)))
})

test('p95 is the nearest rank', () => {
  expect(p95([])).toBe(0)
  expect(p95([3])).toBe(3)
  expect(p95(Array.from({ length: 20 }, (_, i) => i + 1))).toBe(19)
  expect(p95(Array.from({ length: 100 }, (_, i) => 100 - i))).toBe(95)
})

test('nineteen of twenty classes are ready when they must be, on machines as uneven as real ones', () => {
  const random = seeded(20261124).next
  // Log-normal: most alike, some three times as long.
  const took = (median: number) =>
    median *
    Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
  const prepare = (seats: number, together: number): LeadSample => ({
    ...{ pool: 'own', poolKind: 'own', image: 'a', seats, together },
    ...{ planSeconds: took(6), applySeconds: took(15), warmSeconds: took(together) },
  })
  const history: LeadSample[] = []
  let late = 0
  let idleSeconds = 0
  const classes = 2000
  for (let n = 0; n < classes; n++) {
    const seats = 16 + Math.floor(random() * 25)
    const together = seats + (random() < 0.3 ? 60 : 0)
    const lead = leadBook(history)({
      ...{ pool: 'own', poolKind: 'own', image: 'a', seats, together, stacks: 1 },
    })
    const one = prepare(seats, together)
    const took = one.planSeconds + one.applySeconds + one.warmSeconds
    if (took > lead.seconds) late++
    else idleSeconds += lead.seconds - took
    history.unshift(one)
  }
  expect(late / classes).toBeLessThanOrEqual(0.05)
  // And not by beginning an hour before: what it waits for nothing is minutes.
  expect(idleSeconds / classes).toBeLessThan(8 * 60)
}, 60_000)

const pool = `
apiVersion: labplan/v1
kind: Pool
key: own
title: Own
nodes: [{ key: pc-1, cpu: 64, memoryMb: 262144 }]
`
const course = (key: string, students: number) => `---
apiVersion: labplan/v1
kind: Course
key: ${key}
title: ${key}
environment: terminal
pool: own
seat: { cpu: 0.1, memoryMb: 256, volumeQuotaMb: 100 }
students: ${students}
headroom: { seats: 0 }
sessions: [{ start: 2026-11-23T08:00, minutes: 120 }]
`

describe('a session', () => {
  const day = { from: Date.parse('2026-11-23T00:00Z'), until: Date.parse('2026-11-23T23:00Z') }
  const blueprint = compile(
    inputOf(pool + course('networks', 30) + course('systems', 20), {}),
  ).blueprint
  const image = blueprint.courses[0]?.template?.image ?? ''
  const sample: LeadSample = {
    ...{ pool: 'own', poolKind: 'own', image, seats: 30, together: 30 },
    ...{ planSeconds: 5, applySeconds: 12, warmSeconds: 30 },
  }
  const book = leadBook(Array.from({ length: 9 }, () => sample))

  it('counts what else is due in its hour', () => {
    const [networks] = sessionLeads(blueprint, book, day)
    expect(networks).toMatchObject({
      others: 20,
      parts: { warm: 50 },
      isCapped: false,
      seconds: 221,
    })
  })

  it('begins no earlier than its policy’s lead, and says that it should', () => {
    const slow = leadBook(Array.from({ length: 9 }, () => ({ ...sample, warmSeconds: 1500 })))
    const [networks] = sessionLeads(blueprint, slow, day)
    const [session] = blueprint.courses[0]?.sessions ?? []
    expect(networks).toMatchObject({
      isCapped: true,
      startsAt: parseInstant(session!.leadStartsAt),
    })
  })

  it('begins as its policy says while nothing was learned', () => {
    const [networks] = sessionLeads(blueprint, leadBook([]), day)
    const [session] = blueprint.courses[0]?.sessions ?? []
    const startsAt = parseInstant(session!.leadStartsAt)
    expect(networks).toMatchObject({ basis: 'none', leadSeconds: null, startsAt })
  })

  it('exists from the begin of its lead on, and is ready by then to be warmed', () => {
    const [session] = blueprint.courses[0]?.sessions ?? []
    const begin = beginsAt(session!, 221)
    const leads = { [session!.key]: 221 }
    const seats = (ms: number) => {
      const wanted = wantedAt(blueprint, new Date(ms).toISOString(), { leads })
      return [
        wanted.stacks.some((stack) => stack.key === 'seats-networks-0'),
        wanted.warm.some((warm) => warm.session === session!.key),
      ]
    }
    expect(parseInstant(session!.readyAt) - begin).toBe(221_000)
    expect([seats(begin - 1000), seats(begin)]).toEqual([
      [false, false],
      [true, true],
    ])
  })
})
