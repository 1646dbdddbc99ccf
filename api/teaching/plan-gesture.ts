/** What somebody did on the plan's page besides typing: chose a class, dropped it elsewhere, removed it, undid. Pure. */
import { sentWall } from './plan-calendar.ts'
import {
  type CalendarZone,
  type PlanClass,
  findClass,
  planClasses,
  readId,
  writeId,
} from './plan-edits.ts'
import { type Chosen, type PlanForm, checkForm, editPlan, withEdits } from './plan-form.ts'

/** Where a class was dropped. */
type Drop = { start?: string; minutes?: string }

export function afterGesture(
  form: PlanForm,
  body: Record<string, string>,
  document: string,
  zone: CalendarZone,
): PlanForm {
  const page = { form: withoutWrong(form), document, zone }
  const { act, choose, place } = body
  if (act === 'undo') return undone(page)
  if (act === 'remove')
    return removed(choose === undefined ? page : { ...page, form: chosen(page, choose, {}) })
  if (act === 'close') return settled(page)
  if (place !== undefined) {
    const [id = '', start] = place.split('>')
    return chosen(page, id, dropOf(start, undefined))
  }
  if (choose !== undefined)
    return chosen(page, choose, dropOf(body['to-start'], body['to-minutes']))
  return form
}

type Page = { form: PlanForm; document: string; zone: CalendarZone }

/** What cannot be a time is no edit. */
function withoutWrong(form: PlanForm): PlanForm {
  const isWrong = checkForm(form).some(({ field }) =>
    /^(start|minutes|weeks|classStudents)$/.test(field),
  )
  return isWrong ? { ...form, chosen: undefined } : form
}

function dropOf(start: string | undefined, minutes: string | undefined): Drop {
  return {
    ...(start !== undefined && sentWall(start) && { start }),
    ...(minutes !== undefined && /^\d{1,5}$/.test(minutes) && { minutes }),
  }
}

/** The open edit is one of the others now, and nothing is open. */
function settled({ form, document, zone }: Page): PlanForm {
  const { open } = editPlan(document, form, zone)
  return { ...form, chosen: undefined, edits: open ? [...form.edits, open] : form.edits }
}

function chosen(page: Page, id: string, drop: Drop): PlanForm {
  const { form, document, zone } = page
  const { text, at } = editPlan(document, form, zone)
  const wanted = readId(id)
  const found = wanted && findClass(planClasses(text, zone), wanted)
  const open = form.chosen
  const isSame = at && found && writeId(at) === writeId(found.id)
  const isOpen = open && (open.at === 'new' ? id === 'new' : isSame)
  // The same class again: its edit goes on, so that undoing it takes one step.
  if (isOpen) return { ...form, chosen: { ...open, ...drop } }
  const after = settled(page)
  if (id === 'new') return { ...after, chosen: { ...newClass, ...drop } }
  if (!found) return after
  return { ...after, chosen: { ...fieldsOf(found), ...drop } }
}

const newClass: Chosen = {
  ...{ at: 'new', scope: 'one', start: '', minutes: '120', weeks: '1' },
  ...{ students: '', group: '' },
}

const fieldsOf = ({ id, wall, minutes, students, group }: PlanClass): Chosen => ({
  ...{ at: id, start: wall, minutes: String(minutes), scope: 'one', weeks: '1' },
  ...{ students: students === undefined ? '' : String(students), group: group ?? '' },
})

function removed({ form }: Page): PlanForm {
  const { chosen: open, edits } = form
  if (!open || open.at === 'new') return { ...form, chosen: undefined }
  const { at, scope } = open
  return { ...form, chosen: undefined, edits: [...edits, { act: 'remove', at, scope }] }
}

/** The open edit, else the last one. */
function undone({ form, document, zone }: Page): PlanForm {
  const { chosen: open, edits } = form
  if (!open || !editPlan(document, form, zone).open)
    return { ...form, chosen: undefined, edits: edits.slice(0, -1) }
  if (open.at === 'new') return { ...form, chosen: undefined }
  const before = findClass(planClasses(withEdits(document, form, zone), zone), open.at)
  return { ...form, chosen: before && fieldsOf(before) }
}
