/** A timetable taken over again and again: what its school takes back, what its teacher did meanwhile, and neither lost. */
import { describe, expect, it } from 'vitest'
import { planClasses } from '../../api/teaching/plan-edits.ts'
import { takeTimetable } from '../../api/teaching/timetable.ts'
import { networksDocument } from '../cast/documents.ts'

const zone = { timeZone: 'Europe/Paris', holidays: [] }
const GROUPS = '\ngroups: [{ key: g1, students: 12 }]'
const empty = networksDocument()
  .replace(/sessions:[^]*headroom/, 'headroom')
  .replace('\nheadroom', `${GROUPS}\nheadroom`)

const calendar = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//EN', ...events, 'END:VCALENDAR'].join('\n')
const event = (...lines: string[]) =>
  ['BEGIN:VEVENT', 'UID:S1', 'SUMMARY:NET101 lab', ...lines, 'END:VEVENT'].join('\n')
const from = (start: string, end: string) => [
  `DTSTART;TZID=Europe/Paris:${start}`,
  `DTEND;TZID=Europe/Paris:${end}`,
]
/** Four Mondays from 2 November, of two hours. */
const series = (start = '20261102T080000', end = '20261102T100000') =>
  event(...from(start, end), 'RRULE:FREQ=WEEKLY;COUNT=4')
const ofClass = (...lines: string[]) =>
  event('RECURRENCE-ID;TZID=Europe/Paris:20261109T080000', ...lines)
const longer = ofClass(...from('20261109T080000', '20261109T110000'))

const taken = (text: string, feed: string, asTimetable = false) =>
  takeTimetable(text, { feed, contains: '', zone, today: '2026-11-01', asTimetable })
const held = (text: string) =>
  planClasses(text, zone).map((one) => `${one.wall.slice(5)} ${one.minutes}`)
const twoHours = (...walls: string[]) => walls.map((wall) => `${wall} 120`)
const MONDAYS = twoHours('11-02T08:00', '11-09T08:00', '11-16T08:00', '11-23T08:00')

describe('a class that was lengthened, and is put back', () => {
  const lengthened = taken(empty, calendar(series(), longer)).text
  const own = '  - start: 2026-11-09T08:00\n    minutes: 180\n'

  it('is held as the others are', () => {
    expect(held(lengthened)).toContain('11-09T08:00 180')
    const back = taken(lengthened, calendar(series()))
    expect(held(back.text)).toEqual(MONDAYS)
    expect([back.kept, back.undone]).toEqual([[], []])
    expect(back.text).not.toContain('except')
    expect(held(taken(lengthened, calendar(series()), true).text)).toEqual(MONDAYS)
  })

  it('stays out where its teacher took it out, and elsewhere where they moved it', () => {
    const planned = '2026-11-09T08:00'
    const out = lengthened.replace(own, `${own}    except: [${planned}]\n`)
    const stillOut = taken(out, calendar(series()))
    expect(stillOut.kept).toEqual([{ planned, to: undefined }])
    expect(held(stillOut.text)).toEqual(MONDAYS.toSpliced(1, 1))
    const to = '2026-11-10T14:00'
    const moved = lengthened.replace(own, `${own}    move: { ${planned}: ${to} }\n`)
    const stillMoved = taken(moved, calendar(series()))
    expect(stillMoved.kept).toEqual([{ planned, to }])
    expect(held(stillMoved.text)).toEqual(MONDAYS.with(1, '11-10T14:00 120'))
    // Where the school still lengthens it, that is said of its own session alone.
    const again = taken(moved, calendar(series(), longer))
    expect([again.kept, again.undone, again.changes]).toEqual([[{ planned, to }], [], []])
  })

  it('is held as the others are where they are all held later', () => {
    const later = calendar(series('20261102T083000', '20261102T103000'))
    const back = taken(lengthened, later)
    expect(held(back.text)).toEqual(MONDAYS.map((wall) => wall.replace('08:00', '08:30')))
    expect([back.kept, back.undone]).toEqual([[], []])
  })

  it('goes with its series, whatever else is said of it', () => {
    const cancelled = event('SEQUENCE:1', 'STATUS:CANCELLED')
    const wholeDay = ofClass('SEQUENCE:1', 'DTSTART;VALUE=DATE:20261109')
    expect(held(taken(lengthened, calendar(cancelled, wholeDay)).text)).toEqual([])
  })

  it('stays out on a day that is out as a whole', () => {
    const day = '2026-11-09'
    const out = lengthened.replace('    except:\n', `    except:\n      - ${day}\n`)
    expect(out).toContain(`- ${day}\n`)
    expect(held(taken(out, calendar(series())).text)).toEqual(MONDAYS.toSpliced(1, 1))
  })

  it.each([
    ['is a whole day', ofClass('DTSTART;VALUE=DATE:20261109'), 'whole-day'],
    [
      'stands for those after it, too',
      longer.replace('RECURRENCE-ID', 'RECURRENCE-ID;RANGE=THISANDFUTURE'),
      'following-not-understood',
    ],
  ])('stays as it was where what is said of it %s', (_what, said, code) => {
    const again = taken(lengthened, calendar(series(), said))
    expect(again.problems.map((one) => one.code)).toEqual([code])
    expect([again.changes, again.kept, again.undone]).toEqual([[], [], []])
    expect(again.text).toBe(lengthened)
  })
})

describe('a class split off its series', () => {
  const more = [
    ...['students: 12', 'atOnce: 10', 'group: g1', 'pool: local', 'opensMinutesBefore: 0'],
    ...['graceMinutes: 0', 'stayMinutes: 5', 'spares: 2', 'exam: true'],
  ]
  const lines = (list: string[]) => list.map((line) => `    ${line}\n`).join('')
  const extraTime = '    extraTime:\n      - students: 1\n        minutes: 40\n'
  const first = taken(empty, calendar(series())).text
  const told = first.replace('    uid:', `${lines(more)}${extraTime}    uid:`)

  it('is of the same group, exam and places, and known again', () => {
    const split = taken(told, calendar(series(), longer)).text
    expect(split).toContain(
      `  - start: 2026-11-09T08:00
    minutes: 180
    holidays: keep
    title: NET101 lab
${lines(more)}${extraTime}    uid: S1/2026-11-09T08:00
    sequence: 0
`,
    )
    const again = taken(split, calendar(series(), longer))
    expect(again.changes).toEqual([])
    expect(again.text).toBe(split)
  })

  it('keeps what its teacher says of it alone', () => {
    const split = taken(told, calendar(series(), longer)).text
    const [before, own] = split.split('  - start: 2026-11-09T08:00')
    const changed = `${before}  - start: 2026-11-09T08:00${own?.replace('students: 12', 'students: 7')}`
    const again = taken(changed, calendar(series(), longer))
    expect(again.changes).toEqual([])
    expect(again.text).toBe(changed)
  })

  it('says no more than it has to', () => {
    const split = taken(first, calendar(series(), longer)).text
    expect(split).not.toMatch(/stayMinutes|spares|exam|extraTime/)
  })
})

describe('a class taken out by hand, of a series that its school holds half an hour later', () => {
  const first = taken(empty, calendar(series())).text
  const out = (...walls: string[]) =>
    first.replace('    holidays:', `    except: [${walls.join(', ')}]\n    holidays:`)
  const later = calendar(series('20261102T083000', '20261102T103000'))
  const LATER = MONDAYS.map((wall) => wall.replace('08:00', '08:30'))

  it('stays out, and that is said', () => {
    const again = taken(out('2026-11-16T08:00'), later)
    expect(held(again.text)).toEqual(LATER.toSpliced(2, 1))
    expect(again.text).toContain('except: [ 2026-11-16T08:30 ]')
    expect(again.kept).toEqual([{ planned: '2026-11-16T08:30', to: undefined }])
    expect(again.undone).toEqual([])
    expect(taken(again.text, later).changes).toEqual([])
    const asTimetable = taken(out('2026-11-16T08:00'), later, true)
    expect(held(asTimetable.text)).toEqual(LATER)
    expect(asTimetable.undone).toHaveLength(1)
  })

  it('is no loss where the school takes it out, too', () => {
    const said = later.replace('\nRRULE', '\nEXDATE;TZID=Europe/Paris:20261116T083000\nRRULE')
    const again = taken(out('2026-11-16T08:00'), said)
    expect(held(again.text)).toEqual(LATER.toSpliced(2, 1))
    expect([again.kept, again.undone]).toEqual([[], []])
  })

  it('stays out by its day', () => {
    const again = taken(out('2026-11-16'), later)
    expect(held(again.text)).toEqual(LATER.toSpliced(2, 1))
    expect(again.text).toMatch(/except: \[ ?2026-11-16 ?\]/)
    // Held on no Monday for a while, it is still out once it is again.
    const tuesdays = calendar(series('20261103T080000', '20261103T100000'))
    const shifted = taken(out('2026-11-16'), tuesdays)
    expect(shifted.undone).toEqual([])
    expect(held(taken(shifted.text, later).text)).toEqual(LATER.toSpliced(2, 1))
  })

  it('is named where it comes back on another day', () => {
    const again = taken(
      out('2026-11-16T08:00'),
      calendar(series('20261103T080000', '20261103T100000')),
    )
    expect(again.kept).toEqual([])
    expect(again.undone).toEqual([{ planned: '2026-11-16T08:00', to: undefined }])
    expect(again.text).not.toContain('except')
  })

  it('is no loss where its series only begins later and goes on for longer', () => {
    const { text } = taken(empty, calendar(series()))
    const out = text.replace('repeat:', 'except: [2026-11-02T08:00]\n    repeat:')
    const later = calendar(series('20261109T080000', '20261109T100000'))
    expect(taken(out, later)).toMatchObject({ kept: [], undone: [] })
  })

  it('is named where the timetable makes it one by itself, which is held', () => {
    const { text } = taken(empty, calendar(series()))
    for (const except of ['2026-11-09T08:00', '2026-11-09']) {
      const out = text.replace('repeat:', `except: [${except}]\n    repeat:`)
      expect(held(out)).toEqual(MONDAYS.toSpliced(1, 1))
      const again = taken(out, calendar(series(), longer))
      expect(held(again.text)).toContain('11-09T08:00 180')
      expect(again.undone).toEqual([{ planned: '2026-11-09T08:00', to: undefined }])
    }
  })

  it('is no loss where it is not held any more', () => {
    const shorter = calendar(series().replace('COUNT=4', 'COUNT=2'))
    const again = taken(out('2026-11-16T08:00'), shorter)
    expect(held(again.text)).toEqual(MONDAYS.slice(0, 2))
    expect([again.kept, again.undone]).toEqual([[], []])
  })

  it('is the one of several a day that stood there', () => {
    const twice = (minute: string) =>
      calendar(
        event(
          ...from('20261102T080000', '20261102T090000'),
          `RDATE;TZID=Europe/Paris:20261102T10${minute}00,20261102T14${minute}00`,
        ),
      )
    const both = taken(empty, twice('00')).text
    const without = both.replace('    holidays:', '    except: [2026-11-02T14:00]\n    holidays:')
    const again = taken(without, twice('30'))
    expect(again.kept).toEqual([{ planned: '2026-11-02T14:30', to: undefined }])
    expect(held(again.text)).toEqual(['11-02T08:00 60', '11-02T10:30 60'])
  })
})
