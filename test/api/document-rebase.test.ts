/** A change that waited, over what others saved meanwhile: nothing of theirs is lost without having been wanted. */
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { rebased } from '../../api/teaching/document-rebase.ts'

const base = `kind: Course
key: networks-101 # as in the school's list
students: 20
sessions:
  - start: 2026-12-03T10:00
    minutes: 120
    repeat: FREQ=WEEKLY;COUNT=4
    except: [2026-12-24]
  # Only for who missed one.
  - { start: 2026-12-05T14:00, minutes: 60 }
`
const more = base.replace('minutes: 120', 'minutes: 120\n    students: 30')
const both = (wanted: string, now: string) => rebased(wanted, base, now)
const read = (text: string) => parse(text) as { sessions: object[]; groups?: object[] }
const days = (text: string) => (read(text).sessions[0] as { except?: string[] }).except?.join(', ')
const starts = (text: string) =>
  read(text).sessions.map((one) => (one as { start: string }).start.slice(5, 10))

it('leaves a class that others added, and what is written around it', () => {
  const now = `${base}  - { start: 2027-01-07T10:00, minutes: 90 }\n`
  expect(read(both(more, now)).sessions).toEqual([
    expect.objectContaining({ start: '2026-12-03T10:00', students: 30, except: ['2026-12-24'] }),
    { start: '2026-12-05T14:00', minutes: 60 },
    { start: '2027-01-07T10:00', minutes: 90 },
  ])
  for (const word of ['# as in the school', '# Only for who missed one.'])
    expect(both(more, now)).toContain(word)
})

it('leaves out a class that others took out', () => {
  const now = base.replace(/ {2}# Only[^]*/, '')
  expect(starts(both(more, now))).toEqual(['12-03'])
  // Also where it would have changed: what is gone stays gone, and the reviewer sees it.
  const longer = more.replace('minutes: 60', 'minutes: 90')
  expect(starts(both(longer, now))).toEqual(['12-03'])
})

it('leaves a class where others moved it, with what is changed of it', () => {
  const now = base.replace('12-03T10:00', '12-04T08:00')
  expect(read(both(more, now)).sessions[0]).toMatchObject({
    start: '2026-12-04T08:00',
    students: 30,
  })
  // Also next to one that comes, and where the change is the one that moves.
  const added = `${now}  - { start: 2027-01-07T10:00, minutes: 90 }\n`
  expect(starts(both(more, added))).toEqual(['12-04', '12-05', '01-07'])
  expect(read(both(more, added)).sessions[0]).toMatchObject({ students: 30 })
  expect(read(both(added, more)).sessions[0]).toMatchObject({
    start: '2026-12-04T08:00',
    students: 30,
  })
})

it('leaves out a day that others took out, and takes out its own', () => {
  const now = base.replace('[2026-12-24]', '[2026-12-24, 2026-12-17]')
  const own = base.replace('[2026-12-24]', '[2026-12-24, 2026-12-10]')
  expect(days(both(more, now))).toBe('2026-12-24, 2026-12-17')
  expect(days(both(own, now))).toBe('2026-12-24, 2026-12-17, 2026-12-10')
  // It gives a day back while another is taken out.
  expect(days(both(base.replace(' [2026-12-24]', ' []'), now))).toBe('2026-12-17')
  const none = base.replace('    except: [2026-12-24]\n', '')
  expect(days(both(none, now))).toBe('2026-12-17')
  expect(days(both(own, none))).toBe('2026-12-10')
})

it('takes out a class and adds one beside another that others added', () => {
  const now = `${base}  - { start: 2027-01-07T10:00, minutes: 90 }\n`
  const own = base.replace('{ start: 2026-12-05T14:00', '{ start: 2027-01-08T10:00')
  expect(starts(both(own, now))).toEqual(['12-03', '01-08', '01-07'])
  const gone = base.replace(/ {2}- \{ start: 2026-12-05.*\n/, '')
  expect(starts(both(gone, now))).toEqual(['12-03', '01-07'])
})

it('keeps the groups of both where there were none, and of the same one what was wanted', () => {
  const groups = (names: string) => `${base}groups: [${names}]\n`
  const a = '{ key: a, students: 10 }'
  const b = '{ key: b, students: 10 }'
  expect(read(both(groups(a), groups(b))).groups).toEqual([
    { key: 'b', students: 10 },
    { key: 'a', students: 10 },
  ])
  const larger = '{ key: a, students: 12 }'
  expect(read(both(groups(larger), groups(`${b}, ${a}`))).groups).toEqual([
    { key: 'b', students: 10 },
    { key: 'a', students: 12 },
  ])
})

it('takes no other thing for one that others replaced, moved or took out', () => {
  const [a, b] = ['{ key: a, students: 10 }', '{ key: b, students: 10 }']
  const groups = (...all: string[]) => `${base}groups: [${all.join(', ')}]\n`
  const said = (wanted: string, now: string) =>
    (parse(rebased(wanted, groups(a, b), now)) as { groups: { key: string; students: number }[] })
      .groups
  const d = '{ key: d, students: 9 }'
  expect(said(groups(a), groups(a, d)).map(({ key }) => key)).toEqual(['a', 'd'])
  expect(said(groups(a, b.replace('10', '3')), groups(a, d))[1]).toEqual({ key: 'd', students: 9 })
  // Classes of a timetable are known by their event, wherever they are.
  const event = (uid: string, start: string, more = '') =>
    `  - { uid: ${uid}, start: 2026-12-${start}, minutes: 60${more} }\n`
  const plan = (...all: string[]) => `sessions:\n${all.join('')}`
  const [one, two] = [event('u1', '01T10:00'), event('u2', '02T10:00')]
  const now = plan(event('u2', '02T15:00'))
  const left = (wanted: string) => read(rebased(wanted, plan(one, two), now)).sessions
  const moved = { uid: 'u2', start: '2026-12-02T15:00', minutes: 60 }
  expect(left(plan(two))).toEqual([moved])
  expect(left(plan(event('u1', '01T10:00', ', exam: true'), two))).toEqual([moved])
  expect(left(plan(one, event('u2', '02T10:00', ', exam: true')))).toEqual([
    { ...moved, exam: true },
  ])
  // Without one, what stands in its place may be another: it stays.
  const bare = (start: string) => `  - { start: 2026-12-${start}, minutes: 60 }\n`
  const three = plan(bare('01T10:00'), bare('09T10:00'))
  const gone = rebased(plan(bare('01T10:00')), plan(bare('01T10:00'), bare('02T10:00')), three)
  expect(read(gone).sessions).toHaveLength(2)
})

it('keeps an order that was wanted, with what others changed and added', () => {
  const ports = (...all: string[]) => `display:\n  ports: [${all.join(', ')}]\n`
  const [web, ssh] = ['{ name: web }', '{ name: ssh }']
  const now = ports('{ name: web, title: { en: Notebook, fr: Carnet } }', ssh, '{ name: vnc }')
  const { display } = parse(rebased(ports(ssh, web), ports(web, ssh), now)) as {
    display: { ports: object[] }
  }
  expect(display.ports).toEqual([
    { name: 'ssh' },
    { name: 'web', title: { en: 'Notebook', fr: 'Carnet' } },
    { name: 'vnc' },
  ])
})
