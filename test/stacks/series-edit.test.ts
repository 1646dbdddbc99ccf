/** Edits of a series say what they do to each class: whatever the rule, the exceptions and what was moved before. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatWall, parseWall } from '../../stacks/rules/clock.ts'
import { seriesWalls } from '../../stacks/rules/schedule.ts'
import { type Times, editTimes, scopes } from '../../stacks/rules/series-edit.ts'

const timeZone = 'Europe/Paris'
const place = { timeZone, holidays: [] }
const once: Times = {
  ...{ start: '2026-11-23T08:00', minutes: 120, repeat: undefined },
  ...{ except: [], also: [], move: {}, holidays: 'skip' },
}
const weekly: Times = { ...once, repeat: 'FREQ=WEEKLY;COUNT=4' }

type Class = { planned: string; wall: string; minutes: number }

/** Every class that is held, by its own small calendar. */
function held(times: Times): Class[] {
  const planned = new Set([
    ...seriesWalls(times, timeZone).map(formatWall),
    ...times.also.map((wall) => formatWall(parseWall(wall))),
  ])
  return [...planned]
    .filter((wall) => !times.except.includes(wall) && !times.except.includes(wall.slice(0, 10)))
    .toSorted()
    .map((wall) => ({ planned: wall, wall: times.move[wall] ?? wall, minutes: times.minutes }))
}

const seen = (classes: Class[]) => classes.map((one) => `${one.wall} ${one.minutes}`).toSorted()
const later = (wall: string, ms: number) => formatWall(parseWall(wall) + ms)

const rules = [
  undefined,
  'FREQ=WEEKLY;COUNT=6',
  'FREQ=WEEKLY;INTERVAL=2;COUNT=5',
  'FREQ=WEEKLY;BYDAY=MO,TH;COUNT=7',
  'FREQ=WEEKLY;UNTIL=20261231',
  'FREQ=WEEKLY;UNTIL=20270115T120000Z',
  'FREQ=DAILY;COUNT=9',
  'FREQ=DAILY;INTERVAL=3;COUNT=4',
  'FREQ=MONTHLY;COUNT=4',
  'FREQ=MONTHLY;BYMONTHDAY=10,20;COUNT=6',
  'FREQ=MONTHLY;BYDAY=2TU;COUNT=4',
]
const situations = fc.record({
  rule: fc.constantFrom(...rules),
  startDay: fc.integer({ min: 0, max: 13 }),
  except: fc.array(fc.nat(20), { maxLength: 2 }),
  exceptDay: fc.boolean(),
  also: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 2 }),
  moved: fc.array(
    fc.record({ which: fc.nat(20), byMinutes: fc.integer({ min: -3000, max: 3000 }) }),
    {
      maxLength: 2,
    },
  ),
  pick: fc.nat(30),
  scope: fc.constantFrom(...scopes),
  byMinutes: fc.oneof(
    fc.integer({ min: -20, max: 20 }).map((n) => n * 15),
    fc.integer({ min: -10, max: 10 }).map((days) => days * 1440),
    fc.integer({ min: -10_000, max: 10_000 }),
  ),
  minutes: fc.constantFrom(120, 90, 180),
  isRemoved: fc.boolean(),
})
type Situation = typeof situations extends fc.Arbitrary<infer One> ? One : never

function timesOf(one: Situation): Times {
  const start = later('2026-11-23T08:00', one.startDay * 86_400_000)
  const plan = { ...once, start, repeat: one.rule }
  const also = one.also.map((day) => later('2026-11-24T14:30', day * 86_400_000))
  const walls = held({ ...plan, also })
  const at = (n: number) => walls[n % walls.length]!.planned
  const except = one.except.map((n) => (one.exceptDay ? at(n).slice(0, 10) : at(n)))
  const move = Object.fromEntries(
    one.moved.map(({ which, byMinutes }) => [at(which), later(at(which), byMinutes * 60_000)]),
  )
  return {
    ...plan,
    also: [...new Set(also)].toSorted(),
    except: [...new Set(except)].toSorted(),
    move,
  }
}

it('does to each class what was said, and nothing to the others', () => {
  fc.assert(
    fc.property(situations, (one) => {
      const times = timesOf(one)
      const before = held(times)
      if (before.length === 0) return
      const picked = before[one.pick % before.length]!
      const to = { start: later(picked.wall, one.byMinutes * 60_000), minutes: one.minutes }
      const result = editTimes(
        times,
        { planned: picked.planned, scope: one.scope, to: one.isRemoved ? undefined : to },
        place,
      )
      const isMeant = ({ planned }: Class) =>
        one.scope === 'all' ||
        planned === picked.planned ||
        (one.scope === 'following' && planned > picked.planned)
      const expected = before.flatMap((cl) => {
        if (!isMeant(cl)) return [cl]
        if (one.isRemoved) return []
        return [{ ...cl, wall: later(cl.wall, one.byMinutes * 60_000), minutes: one.minutes }]
      })
      expect(seen(result.sessions.flatMap(held))).toEqual(seen(expected))
      expect(result.at === undefined).toBe(one.isRemoved)
      if (one.isRemoved) return
      const there = held(result.sessions[result.at!.session]!)
      expect(there.find((cl) => cl.planned === result.at!.planned)?.wall).toBe(to.start)
    }),
    { seed: 20261123, numRuns: 1500 },
  )
})

it('moves one class by one line, and the class keeps its name', () => {
  const to = { start: '2026-12-01T10:00', minutes: 120 }
  expect(
    editTimes(weekly, { planned: '2026-11-30T08:00', scope: 'one', to }, place).sessions,
  ).toEqual([{ ...weekly, move: { '2026-11-30T08:00': '2026-12-01T10:00' } }])
})

it('keeps the rule where the rule still says it', () => {
  const to = { start: '2026-12-01T09:00', minutes: 90 }
  const { sessions } = editTimes(
    weekly,
    { planned: '2026-11-30T08:00', scope: 'following', to },
    place,
  )
  expect(sessions).toEqual([
    { ...weekly, repeat: undefined },
    { ...weekly, start: '2026-12-01T09:00', minutes: 90, repeat: 'FREQ=WEEKLY;COUNT=3' },
  ])
})

it('means it when a single class is put on a holiday', () => {
  const holidays = [{ title: 'Christmas', from: '2026-12-21', to: '2027-01-02' }]
  const to = { start: '2026-12-22T08:00', minutes: 120 }
  const { sessions } = editTimes(
    once,
    { planned: once.start, scope: 'one', to },
    { timeZone, holidays },
  )
  expect(sessions).toEqual([{ ...once, start: to.start, holidays: 'keep' }])
})
