/** A course as the start of another, on another day of the week: every class of it is so many days later. */
import { expect, it } from 'vitest'
import { copyCourse, daysBetween, firstDay } from '../../api/teaching/course-copy.ts'
import { planClasses } from '../../api/teaching/plan-edits.ts'
import { networksDocument } from '../cast/documents.ts'

const zone = { timeZone: 'Europe/Paris', holidays: [] }
const course = (sessions: string) =>
  networksDocument().replace(/sessions:[^]*headroom/, `sessions:\n${sessions}\nheadroom`)
const walls = (text: string) => planClasses(text, zone).map((one) => one.wall)

const tuesdays = `  # Of the school's timetable.
  - start: 2026-11-24T10:00
    minutes: 120
    repeat: FREQ=WEEKLY;COUNT=4;BYDAY=TU
    except: [2026-12-01]
    move: { 2026-12-08T10:00: 2026-12-09T14:00 }`
const twice = `  - start: 2026-11-24T10:00
    minutes: 120
    repeat: FREQ=WEEKLY;INTERVAL=2;UNTIL=20261220T225959Z;BYDAY=TU,SU`
const monthly = `  - start: 2026-12-01T10:00
    minutes: 120
    repeat: FREQ=MONTHLY;BYDAY=1TU;COUNT=4
    except: [2027-01-05]`

it.each([
  ['each first Tuesday but one, a week later', monthly, '2026-12-08'],
  ['each week on a day that is named', tuesdays, '2026-12-02'],
  ['the same day of the week', tuesdays, '2027-11-23'],
  ['every other week on two days, over the end of one', twice, '2026-11-25'],
  ['earlier', twice, '2026-11-20'],
])('%s', (_, sessions, from) => {
  const text = course(sessions)
  const days = daysBetween(firstDay(text, zone)!, from)
  const copy = copyCourse(text, { key: 'copy', days })
  const later = (wall: string) =>
    new Date(Date.parse(`${wall}Z`) + days * 86_400_000).toISOString().slice(0, 16)
  expect(walls(copy)).toEqual(walls(text).map(later))
  expect(firstDay(copy, zone)).toBe(from)
})

it('leaves a rule as it is written where the days are the same', () => {
  const copy = copyCourse(course(tuesdays), { key: 'copy', days: 364 })
  expect(copy).toContain('repeat: FREQ=WEEKLY;COUNT=4;BYDAY=TU\n')
  expect(copy).toContain('# Of the school')
  const whole = monthly.replace(/\n *except.*/, '')
  expect(walls(copyCourse(course(whole), { key: 'copy', days: 7 }))).toEqual(
    // The rule's own days.
    expect.arrayContaining(['2027-01-05T10:00', '2027-02-02T10:00']),
  )
})
