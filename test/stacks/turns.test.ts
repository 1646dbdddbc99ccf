// Turns on scarce GPUs: laws over any line, and thirty students on four GPUs for three weeks.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Waiter, inTurn, turnEnds } from '../../stacks/rules/turns.ts'

const minute = 60_000
const hour = 60 * minute
const turn = { turnMs: 4 * hour, warnMs: 10 * minute }
const instant = fc.integer({ min: 0, max: 2000 }).map((n) => n * minute)
const line = fc.record({
  running: fc.uniqueArray(
    fc.record({ id: fc.string({ minLength: 1, maxLength: 3 }), startedAt: instant }),
    { selector: (one) => one.id, maxLength: 12 },
  ),
  waiting: fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 3 }),
      queuedAt: instant,
      servedMs: instant,
    }),
    { selector: (one) => one.id, maxLength: 30 },
  ),
  free: fc.integer({ min: 0, max: 4 }),
})

test('one turn ends for each who waits without a place, the longest ones, and none without anybody waiting', () => {
  fc.assert(
    fc.property(line, (facts) => {
      const ends = turnEnds(facts, turn)
      const without = Math.max(0, facts.waiting.length - facts.free)
      expect(ends.size).toBe(Math.min(facts.running.length, without))
      const cut = facts.running.filter((one) => ends.has(one.id)).map((one) => one.startedAt)
      const kept = facts.running.filter((one) => !ends.has(one.id)).map((one) => one.startedAt)
      expect(Math.max(-1, ...cut)).toBeLessThanOrEqual(Math.min(Infinity, ...kept))
    }),
  )
})

test('nobody is stopped before their turn, nor without notice', () => {
  fc.assert(
    fc.property(line, (facts) => {
      const first = Math.min(Infinity, ...facts.waiting.map((one) => one.queuedAt))
      for (const [id, end] of turnEnds(facts, turn)) {
        const startedAt = facts.running.find((one) => one.id === id)?.startedAt ?? Infinity
        expect(end).toBeGreaterThanOrEqual(startedAt + turn.turnMs)
        expect(end).toBeGreaterThanOrEqual(first + turn.warnMs)
      }
    }),
  )
})

test('the line is by what each was served, then by who waits longest, whatever order it comes in', () => {
  fc.assert(
    fc.property(line, ({ waiting }) => {
      const order = inTurn(waiting)
      expect(inTurn(waiting.toReversed())).toEqual(order)
      for (const [i, next] of order.slice(1).entries())
        expect(next.servedMs).toBeGreaterThanOrEqual(order[i]?.servedMs ?? 0)
    }),
  )
})

type Student = Waiter & { startedAt: number; comesAt: number }

/**
 * Students who always want more, five minutes at a time. One in seven does not come when their turn does: the
 * place is held for a quarter of an hour, passes on, and they queue again an hour later. Others come within five.
 */
function threeWeeks(students: Student[], gpus: number) {
  let running: Student[] = []
  let held: { by: Student; until: number; comes: boolean }[] = []
  let waiting = [...students]
  const work = { contested: 0, busy: 0 }
  let turns = 0
  const end = 21 * 24 * hour
  for (let now = 0; now < end; now += 5 * minute) {
    const line = waiting.filter((one) => one.comesAt <= now)
    const ends = turnEnds({ running, waiting: line, free: 0 }, turn)
    for (const one of running.filter((each) => (ends.get(each.id) ?? Infinity) <= now)) {
      one.servedMs += now - one.startedAt
      Object.assign(one, { queuedAt: now, comesAt: now })
      waiting.push(one)
      running = running.filter((each) => each !== one)
    }
    for (const { by, comes } of held.filter(({ until }) => until <= now)) {
      if (comes) running.push(Object.assign(by, { startedAt: now }))
      else waiting.push(Object.assign(by, { queuedAt: now + hour, comesAt: now + hour }))
    }
    held = held.filter(({ until }) => until > now)
    for (const by of inTurn(waiting.filter((one) => one.comesAt <= now))) {
      if (running.length + held.length >= gpus) break
      const comes = ++turns % 7 !== 0
      held.push({ by, until: now + (comes ? 5 : 15) * minute, comes })
      waiting = waiting.filter((one) => one !== by)
    }
    work.contested += gpus
    work.busy += running.length
  }
  for (const one of running) one.servedMs += end - one.startedAt
  return { served: students.map((one) => one.servedMs / hour), busy: work.busy / work.contested }
}

test('thirty students on four GPUs are served within a fifth of each other, and the GPUs are kept busy', () => {
  const students = Array.from({ length: 30 }, (_, i) => ({
    id: `s${String(i).padStart(2, '0')}`,
    ...{ queuedAt: i * minute, comesAt: 0, servedMs: 0, startedAt: 0 },
  }))
  const { served, busy } = threeWeeks(students, 4)
  expect(Math.max(...served) / Math.min(...served)).toBeLessThan(1.2)
  expect(busy).toBeGreaterThan(0.85)
})
