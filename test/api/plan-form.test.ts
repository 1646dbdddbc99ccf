/** A teacher's form over a document that somebody wrote: what is not in the form stays as it was written. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type PlanEdit, planClasses, readEdits, writeEdits } from '../../api/teaching/plan-edits.ts'
import { checkForm, editPlan, planForm, sentForm } from '../../api/teaching/plan-form.ts'
import { afterGesture } from '../../api/teaching/plan-gesture.ts'

const text = readFileSync('examples/networks-101.yaml', 'utf8')
const form = planForm(text)
const zone = {
  timeZone: 'Europe/Paris',
  holidays: [{ title: 'Noël', from: '2026-12-21', to: '2027-01-02' }],
}

/** Lines that differ, as a diff shows them. */
function changes(after: string): string[] {
  const [old, now] = [text.split('\n'), after.split('\n')]
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line.trim()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line.trim()}`),
  ]
}

const edited = (...edits: PlanEdit[]) => editPlan(text, { ...form, edits }, zone).text
const second = { session: 0, planned: '2026-11-30T08:00' }

it('reads what a teacher may change', () => {
  expect(form).toMatchObject({ students: '30', atOnce: '', state: 'ready', edits: [] })
  expect(planClasses(text, zone).slice(0, 3)).toMatchObject([
    { wall: '2026-11-23T08:00', minutes: 120, isSeries: true },
    { wall: '2026-11-30T08:00', id: second },
    // The seventh of December is excepted; the ninth is added.
    { wall: '2026-12-09T14:00' },
  ])
})

it('gives the very text back when nothing was changed', () => {
  expect(editPlan(text, sentForm({}, form), zone).text).toBe(text)
})

it('changes the lines it says, and keeps comments', () => {
  const fields = sentForm({ students: '34' }, form)
  const moved: PlanEdit = {
    act: 'move',
    at: second,
    scope: 'all',
    start: '2026-12-01T09:30',
    minutes: 90,
  }
  expect(changes(editPlan(text, { ...fields, edits: [moved] }, zone).text)).toEqual([
    '- students: 30',
    '- - start: 2026-11-23T08:00',
    '- minutes: 120',
    '- except: [2026-12-07]',
    '- also: [2026-12-09T14:00]',
    '- 2026-12-14T08:00: 2026-12-15T10:30',
    '+ students: 34',
    '+ - start: 2026-11-24T09:30',
    '+ minutes: 90',
    '+ except: [ 2026-12-08T09:30 ]',
    '+ also: [ 2026-12-10T15:30 ]',
    '+ 2026-12-15T09:30: 2026-12-16T12:00',
  ])
})

it('moves one class by a line, and stretches one by making it a class of its own', () => {
  expect(
    changes(
      edited({ act: 'move', at: second, scope: 'one', start: '2026-12-01T10:00', minutes: 120 }),
    ),
  ).toEqual(['+ 2026-11-30T08:00: 2026-12-01T10:00'])
  const longer = edited({
    act: 'move',
    at: second,
    scope: 'one',
    start: '2026-11-30T08:00',
    minutes: 180,
  })
  expect(changes(longer)).toEqual([
    '- except: [2026-12-07]',
    '+ except: [ 2026-11-30T08:00, 2026-12-07 ]',
    '+ - start: 2026-11-30T08:00',
    '+ minutes: 180',
  ])
})

it('splits a series where it changes for good', () => {
  const at = { session: 0, planned: '2026-12-14T08:00' }
  const after = edited({
    act: 'move',
    at,
    scope: 'following',
    start: '2026-12-15T13:30',
    minutes: 120,
  })
  // The class was at 10:30 the day after: it goes three hours later, and those after it too.
  expect(
    planClasses(after, zone)
      .map((one) => one.wall)
      .slice(0, 5),
  ).toEqual([
    ...['2026-11-23T08:00', '2026-11-30T08:00', '2026-12-09T14:00'],
    ...['2026-12-15T13:30', '2027-01-04T11:00'],
  ])
})

it('adds classes, also on a holiday, and removes them', () => {
  const added = edited({ act: 'add', start: '2026-12-22T14:00', minutes: 60, weeks: 1 })
  expect(changes(added)).toEqual([
    '+ - start: 2026-12-22T14:00',
    '+ minutes: 60',
    '+ holidays: keep',
  ])
  const none = edited({ act: 'remove', at: second, scope: 'all' })
  expect(planClasses(none, zone)).toEqual([])
  const again = editPlan(
    none,
    {
      ...planForm(none),
      edits: [{ act: 'add', start: '2027-01-05T14:00', minutes: 60, weeks: 3 }],
    },
    zone,
  )
  expect(planClasses(again.text, zone)).toHaveLength(3)
})

it('carries edits in a field, and takes nothing else from it', () => {
  const edits: PlanEdit[] = [
    { act: 'move', at: second, scope: 'following', start: '2026-12-01T10:00', minutes: 120 },
    { act: 'remove', at: second, scope: 'one' },
    { act: 'add', start: '2026-12-22T14:00', minutes: 60, weeks: 2 },
  ]
  expect(readEdits(writeEdits(edits))).toEqual(edits)
  expect(readEdits('move 0@x one, drop table, add 2026-12-22T14:00 60')).toEqual([])
})

it('says every field that is wrong', () => {
  const sent = sentForm(
    {
      students: 'many',
      state: 'gone',
      class: 'new',
      start: '2026-02-30T10:00',
      minutes: '0',
      weeks: '99',
    },
    form,
  )
  expect(checkForm(sent).map(({ field }) => field)).toEqual([
    'students',
    'state',
    'start',
    'minutes',
    'weeks',
  ])
})

it('goes on with the open edit, settles it when another class is chosen, and undoes step by step', () => {
  const after = (body: Record<string, string>, of = form) => afterGesture(of, body, text, zone)
  const dragged = after({ choose: '0@2026-11-30T08:00', 'to-start': '2026-12-01T10:00' })
  expect(dragged).toMatchObject({
    edits: [],
    chosen: { start: '2026-12-01T10:00', minutes: '120' },
  })
  const further = after({ choose: '0@2026-11-30T08:00', 'to-start': '2026-12-02T10:00' }, dragged)
  expect(further).toMatchObject({ edits: [], chosen: { start: '2026-12-02T10:00' } })
  const other = after({ choose: '0@2026-11-23T08:00' }, further)
  expect(writeEdits(other.edits)).toMatch(
    /^move 0\.[0-9a-f]{8}@2026-11-30T08:00 one 2026-12-02T10:00 120$/,
  )
  const removed = after({ act: 'remove' }, other)
  expect(removed.edits).toHaveLength(2)
  const back = after({ act: 'undo' }, after({ act: 'undo' }, removed))
  expect(editPlan(text, back, zone).text).toBe(text)
  expect(after({ act: 'undo' }, dragged).chosen?.start).toBe('2026-11-30T08:00')
})

it('finds the class again that became one of its own', () => {
  const of = (body: Record<string, string>, from = form) => afterGesture(from, body, text, zone)
  const longer = of({ choose: '0@2026-11-30T08:00', 'to-minutes': '180' })
  const { at } = editPlan(text, longer, zone)
  expect(at).toMatchObject({ session: 1, planned: '2026-11-30T08:00' })
  // Dragged on where it is shown now: still the same edit.
  const later = of({ choose: '1@2026-11-30T08:00', 'to-start': '2026-11-30T09:00' }, longer)
  expect(later).toMatchObject({
    edits: [],
    chosen: { at: second, minutes: '180', start: '2026-11-30T09:00' },
  })
})

/** Held classes as `day students group`. */
const numbered = (after: string) =>
  planClasses(after, zone).map(({ wall, students, group }) =>
    [wall, students, group].join(' ').trim(),
  )

it('gives one class of a series its own number of students, and leaves the others', () => {
  const at = { act: 'move', at: second, start: second.planned, minutes: 120 } as const
  const before = numbered(text)
  const one = edited({ ...at, scope: 'one', numbers: { students: 12 } })
  expect(numbered(one)).toEqual(before.map((say) => (say === second.planned ? `${say} 12` : say)))
  expect(
    planClasses(one, zone)
      .map(({ key }) => key)
      .toSorted(),
  ).toEqual(
    planClasses(text, zone)
      .map(({ key }) => key)
      .toSorted(),
  )
  const following = edited({ ...at, scope: 'following', numbers: { students: 12 } })
  expect(numbered(following)).toEqual(before.map((say, i) => (i < 1 ? say : `${say} 12`)))
  const all = edited({ ...at, scope: 'all', numbers: { students: 12, group: 'a' } })
  expect(numbered(all)).toEqual(before.map((say) => `${say} 12 a`))
  expect(changes(all)).toEqual(['+ students: 12', '+ group: a'])
})

it('takes a class’s own numbers back', () => {
  const at = { act: 'move', at: second, start: second.planned, minutes: 120 } as const
  const own = edited({ ...at, scope: 'all', numbers: { students: 12, group: 'a' } })
  const back: PlanEdit = { ...at, scope: 'all', numbers: { students: null, group: null } }
  expect(numbered(editPlan(own, { ...planForm(own), edits: [back] }, zone).text)).toEqual(
    numbered(text),
  )
})

it('carries numbers of a class through the form, and what the fields say is an edit', () => {
  const edits: PlanEdit[] = [
    {
      act: 'move',
      at: second,
      scope: 'one',
      start: '2026-11-30T08:00',
      minutes: 120,
      numbers: { students: 5, group: null },
    },
    { act: 'add', start: '2026-12-02T08:00', minutes: 60, weeks: 1, numbers: { group: 'b-2' } },
  ]
  expect(readEdits(writeEdits(edits))).toEqual(edits)
  expect(readEdits('move 0@2026-11-30T08:00 one 2026-11-30T08:00 120 s=5 g=A;x')).toEqual([])
  const sent = sentForm(
    {
      ...{ class: '0@2026-11-30T08:00', start: '2026-11-30T08:00', minutes: '120' },
      ...{ classStudents: '9', classGroup: '' },
    },
    form,
  )
  const { open } = editPlan(text, sent, zone)
  expect(open).toMatchObject({ numbers: { students: 9 } })
  const reopened = afterGesture(sent, { act: 'close' }, text, zone)
  const after = afterGesture(reopened, { choose: '1@2026-11-30T08:00' }, text, zone)
  expect(after.chosen).toMatchObject({ students: '9', group: '' })
  const many = sentForm(
    { class: 'new', start: '2026-12-02T08:00', minutes: '60', classStudents: 'x' },
    form,
  )
  expect(checkForm(many)).toMatchObject([{ field: 'classStudents' }])
})
