// When a workspace stops by itself, and how far clicks move that: laws over any times and limits.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { courseSchema, defaultPolicy } from '../../stacks/schema.ts'
import {
  type Account,
  extension,
  firstStop,
  follow,
  isReservation,
  lifecycleOf,
  warnsAt,
} from '../../stacks/rules/lifecycle.ts'

const minute = 60_000
const watched = { idleStopsAt: null, idleMinutes: 60 }
const minutes = (most: number) => fc.integer({ min: 0, max: most }).map((n) => n * minute)
const lifecycle = fc.record({
  stopMinutes: fc.integer({ min: 5, max: 10_080 }),
  warnMinutes: fc.integer({ min: 1, max: 1440 }),
  extendMinutes: fc.integer({ min: 0, max: 600 }),
  extendTimes: fc.integer({ min: 0, max: 5 }),
  reserveMinutes: fc.integer({ min: 5, max: 600 }),
  turnHours: fc.constant(4),
  holdMinutes: fc.constant(15),
  idleMinutes: fc.constant(60),
  idleMinutesInClass: fc.constant(0),
})
const account: fc.Arbitrary<Account> = fc
  .record({
    kind: fc.constantFrom('session' as const, 'outside' as const),
    heldUntil: minutes(10_000).map((ms) => ms + minute),
    isReservation: fc.boolean(),
  })
  .map((one) => ({ ...one, isReservation: one.isReservation && one.kind === 'session' }))

/** Clicks at the given moments, as a student might; answers every stop there ever was, and the clicks that counted. */
function clicks(one: Account, limits: typeof defaultPolicy.lifecycle, moments: number[]) {
  let stopsAt = firstStop(one, limits, 0)
  const stops = [stopsAt]
  let extensions = 0
  for (const now of moments.toSorted((a, b) => a - b)) {
    if (now >= stopsAt) break
    const answer = extension(
      { ...one, stopsAt, extensions, turnEndsAt: null, ...watched },
      limits,
      now,
    )
    if ('refused' in answer) continue
    stopsAt = answer.to
    extensions++
    stops.push(stopsAt)
  }
  return { stops, extensions }
}

describe('whatever is clicked', () => {
  const any = fc.tuple(account, lifecycle, fc.array(minutes(10_000), { maxLength: 20 }))

  test('nothing runs past what the plan holds, and a click never takes time away', () => {
    fc.assert(
      fc.property(any, ([one, limits, moments]) => {
        const { stops } = clicks(one, limits, moments)
        for (const stop of stops) expect(stop).toBeLessThanOrEqual(one.heldUntil ?? Infinity)
        expect(stops).toEqual(stops.toSorted((a, b) => a - b))
      }),
    )
  })

  test('a class runs to its end without a click; outside it, no longer than its time and its extensions', () => {
    fc.assert(
      fc.property(any, ([one, limits, moments]) => {
        const { stops, extensions } = clicks(one, limits, moments)
        fc.pre(!one.isReservation)
        const isClass = one.kind === 'session'
        const most = (limits.stopMinutes + limits.extendTimes * limits.extendMinutes) * minute
        expect(stops[0]).toBe(
          isClass ? one.heldUntil : Math.min(limits.stopMinutes * minute, Number(one.heldUntil)),
        )
        expect(stops.at(-1)).toBeLessThanOrEqual(isClass ? Number(one.heldUntil) : most)
        expect(extensions).toBeLessThanOrEqual(isClass ? 0 : limits.extendTimes)
      }),
    )
  })

  test('a reservation ends within its time of the last click, and can be held to the end', () => {
    fc.assert(
      fc.property(account, lifecycle, (one, limits) => {
        const held = { ...one, kind: 'session' as const, isReservation: true }
        const step = limits.reserveMinutes * minute
        let stopsAt = firstStop(held, limits, 0)
        for (let now = 0; now < stopsAt; now += step / 2) {
          const answer = extension(
            { ...held, stopsAt, extensions: 0, turnEndsAt: null, ...watched },
            limits,
            now,
          )
          if ('to' in answer) stopsAt = answer.to
          expect(stopsAt - now).toBeLessThanOrEqual(step)
        }
        expect(Number(held.heldUntil) - stopsAt).toBeLessThan(minute)
      }),
    )
  })
})

test('while others wait, a click goes to the end of the turn and no further', () => {
  const held = { kind: 'session' as const, heldUntil: 600 * minute, isReservation: true }
  const limits = { ...defaultPolicy.lifecycle, reserveMinutes: 60 }
  const click = (stopsAt: number, turnEndsAt: number) =>
    extension(
      {
        ...held,
        extensions: 0,
        stopsAt: stopsAt * minute,
        turnEndsAt: turnEndsAt * minute,
        ...watched,
      },
      limits,
      50 * minute,
    )
  expect(click(60, 100)).toEqual({ to: 100 * minute })
  expect(click(60, 300)).toEqual({ to: 110 * minute })
  expect(click(100, 100)).toEqual({ refused: 'extend.others-wait' })
  expect(click(110, 100)).toEqual({ refused: 'extend.others-wait' })
})

describe('who works when a session opens or ends', () => {
  const session = fc.record({
    id: fc.constantFrom('a', 'b'),
    endsAt: minutes(600),
    isReservation: fc.constant(false),
  })

  test('never loses time by what opens', () => {
    fc.assert(
      fc.property(minutes(600), session, (stopsAt, open) => {
        const next = follow({ stopsAt }, undefined, open)
        expect(next.stopsAt).toBe(Math.max(stopsAt, open.endsAt))
        expect(next.session).toBe(open.endsAt > stopsAt ? open.id : null)
      }),
    )
  })

  test('goes on in the class that follows, and follows an end that was moved', () => {
    const one = { id: 'a', endsAt: 100 * minute, isReservation: false }
    const next = { id: 'b', endsAt: 200 * minute, isReservation: false }
    expect(follow({ stopsAt: one.endsAt }, one, next)).toEqual({
      session: 'b',
      stopsAt: next.endsAt,
    })
    expect(follow({ stopsAt: 90 * minute }, one, one)).toEqual({
      session: 'a',
      stopsAt: one.endsAt,
    })
    const gpu = { ...next, isReservation: true }
    expect(follow({ stopsAt: 90 * minute }, undefined, gpu)).toEqual({
      session: 'b',
      stopsAt: 90 * minute,
    })
  })
})

test('GPUs and project periods are reserved; other classes are not', () => {
  const kinds = ['class', 'exam', 'project', 'booking'] as const
  expect(kinds.map((kind) => isReservation(kind, 0))).toEqual([false, false, true, false])
  expect(kinds.map((kind) => isReservation(kind, 1))).toEqual([true, true, true, true])
})

test('a course says what it wants, and the policy says the rest', () => {
  const course = courseSchema.parse({
    ...{ key: 'c', title: 'C', environment: 'e', pool: 'p', students: 1 },
    seat: { cpu: 1, memoryMb: 64 },
    lifecycle: { stopMinutes: 30, extendTimes: 0 },
  })
  const resolved = lifecycleOf(course, defaultPolicy)
  expect(resolved).toEqual({ ...defaultPolicy.lifecycle, stopMinutes: 30, extendTimes: 0 })
  expect(warnsAt(60 * minute, resolved)).toBe(50 * minute)
})
