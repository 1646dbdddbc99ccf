import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueEarlyPlan, earlyPlansOf } from '../../stacks/rules/early.ts'

const zone = {
  timeZone: 'Europe/Paris',
  holidays: [
    { title: 'All Saints', from: '2026-10-26', to: '2026-10-30' },
    { title: 'Christmas', from: '2026-12-21', to: '2027-01-03' },
  ],
}
const plans = (start: string, of = zone) =>
  earlyPlansOf(Date.parse(start), of).map((ms) => new Date(ms).toISOString().slice(0, 16))

describe('a session is planned early', () => {
  it.each([
    ['on Tuesday 10:00', '2026-11-24T09:00Z', ['2026-11-23T09:00', '2026-11-23T11:00']],
    ['on Monday 8:00', '2026-11-23T07:00Z', ['2026-11-20T11:00', '2026-11-22T07:00']],
    ['on Sunday', '2026-11-22T07:00Z', ['2026-11-20T11:00', '2026-11-21T07:00']],
    ['after a week of holidays', '2026-11-02T07:00Z', ['2026-10-23T10:00', '2026-11-01T07:00']],
    ['after Christmas', '2027-01-04T07:00Z', ['2026-12-18T11:00', '2027-01-03T07:00']],
    [
      'on the day after the clock changed',
      '2026-10-26T07:00Z',
      ['2026-10-23T10:00', '2026-10-25T07:00'],
    ],
    ['at 13:00', '2026-11-24T12:00Z', ['2026-11-23T11:00', '2026-11-23T12:00']],
  ])('%s', (_name, start, wanted) => {
    expect(plans(start)).toEqual(wanted)
  })

  it('by the clock of its own zone', () => {
    expect(plans('2026-11-24T09:00Z', { ...zone, timeZone: 'America/Cayenne' })).toEqual([
      '2026-11-23T09:00',
      '2026-11-23T15:00',
    ])
  })

  it('once, where the whole month before is a holiday', () => {
    const long = [{ title: 'Summer', from: '2026-07-01', to: '2026-08-31' }]
    expect(plans('2026-09-01T07:00Z', { ...zone, holidays: long })).toEqual(['2026-08-31T07:00'])
  })

  it('always before it starts, at least once, soonest first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 24 * 4 }), (quarter) => {
        const startsAt = Date.parse('2026-09-01T00:00Z') + quarter * 900_000
        const instants = earlyPlansOf(startsAt, zone)
        expect(instants.length).toBeGreaterThan(0)
        expect(instants).toEqual(instants.toSorted((a, b) => a - b))
        expect(instants.every((one) => one < startsAt)).toBe(true)
        expect(instants).toContain(startsAt - 24 * 3_600_000)
      }),
    )
  })
})

it('plans for the latest instant that is due, once', () => {
  expect(dueEarlyPlan([10, 20], 9)).toBeUndefined()
  expect(dueEarlyPlan([10, 20], 10)).toBe(10)
  expect(dueEarlyPlan([10, 20], 25)).toBe(20)
})
