/** A teacher's form over a document that somebody wrote: what is not in the form stays as it was written. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { checkForm, editPlan, planForm, sentForm } from '../../api/plan-form.ts'

const text = readFileSync('examples/networks-101.yaml', 'utf8')
const form = planForm(text)

/** Lines that differ, as a diff shows them. */
function changes(after: string): string[] {
  const [old, now] = [text.split('\n'), after.split('\n')]
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line.trim()}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line.trim()}`),
  ]
}

it('reads what a teacher may change', () => {
  expect(form).toMatchObject({
    students: '30',
    atOnce: '',
    state: 'ready',
    sessions: [{ start: '2026-11-23T08:00', minutes: '120', weeks: '14' }],
  })
})

it('gives the very text back when nothing was changed', () => {
  expect(editPlan(text, sentForm({}, form))).toBe(text)
})

it('changes the lines it says, and keeps comments', () => {
  const sent = sentForm({ students: '34', 's0-minutes': '90' }, form)
  expect(changes(editPlan(text, sent))).toEqual([
    '- students: 30',
    '- minutes: 120',
    '+ students: 34',
    '+ minutes: 90',
  ])
})

it('adds and takes out values, too', () => {
  const fewer = editPlan(text, sentForm({ atOnce: '10', 's0-weeks': '1' }, form))
  expect(planForm(fewer)).toMatchObject({ atOnce: '10', sessions: [{ weeks: '1' }] })
  expect(planForm(editPlan(fewer, sentForm({ atOnce: '' }, planForm(fewer)))).atOnce).toBe('')
})

it('adds and removes classes', () => {
  const added = sentForm({ 'added-start': '2027-01-05T14:00', 'added-minutes': '60' }, form)
  const longer = editPlan(text, added)
  expect(planForm(longer).sessions[1]).toMatchObject({ start: '2027-01-05T14:00', weeks: '1' })
  const none = editPlan(text, sentForm({ 's0-remove': 'on' }, form))
  expect(planForm(none).sessions).toEqual([])
  const again = editPlan(none, sentForm({ 'added-start': '2027-01-05T14:00' }, planForm(none)))
  expect(planForm(again).sessions).toHaveLength(1)
})

it('keeps a repetition it cannot say', () => {
  const monthly = text.replace('FREQ=WEEKLY;COUNT=14', 'FREQ=MONTHLY;COUNT=3')
  const known = planForm(monthly)
  expect(known.sessions[0]).toMatchObject({ weeks: '', rule: 'FREQ=MONTHLY;COUNT=3' })
  const edited = editPlan(monthly, sentForm({ students: '12' }, known))
  expect(edited).toContain('repeat: FREQ=MONTHLY;COUNT=3')
})

it('moves one class of a series, or the one there is', () => {
  const move = (from: string, of = text) =>
    editPlan(of, sentForm({ move: `${from}>2026-12-01T10:00` }, planForm(of)))
  expect(changes(move('2026-11-30T08:00'))).toContain('+ 2026-11-30T08:00: 2026-12-01T10:00')
  const once = text.replace('    repeat: FREQ=WEEKLY;COUNT=14\n', '')
  expect(move('2026-11-23T08:00', once)).toContain('start: 2026-12-01T10:00')
  expect(move('2026-11-30T09:00')).toBe(text)
  expect(editPlan(text, sentForm({ moves: 'nonsense', move: 'x>y' }, form))).toBe(text)
})

it('says of each field what is wrong', () => {
  const sent = { students: '0', atOnce: 'x', state: 'gone', 's0-minutes': '2' }
  const wrong = sentForm({ ...sent, 'added-start': '2027-02-30T08:00' }, form)
  expect(checkForm(wrong).map(({ field, code }) => `${field} ${code}`)).toEqual([
    'students plan.error.number',
    'atOnce plan.error.number',
    'state plan.error.state',
    's0-minutes plan.error.number',
    'added-start plan.error.start',
  ])
  expect(checkForm(sentForm({}, form))).toEqual([])
})
