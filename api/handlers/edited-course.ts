/** Saving a course that somebody edited on a page of theirs, whichever part of it: proposed, or why it went nowhere. */
import { sha256 } from '../../stacks/blueprint.ts'
import type { PlannedCourse } from '../access.ts'
import { type Change, findChange } from '../data/change.ts'
import { readSources } from '../data/documents.ts'
import { leakIn } from '../data/known-people.ts'
import type { Refused } from '../pages/saved-note.ts'
import { type Visit, actorOf } from '../visit.ts'

/** Digest by which a form knows the document it was made of. */
export const readOf = (course: PlannedCourse): string => sha256(course.document)

/** `change` is undefined when nothing differs. */
export type Saving = { change: string | undefined } | { refused: Refused }

export async function saveCourse(
  visit: Visit,
  course: PlannedCourse,
  text: string,
): Promise<Saving> {
  const outcome = await visit.planner.propose({
    sources: [{ name: course.key, text }],
    actor: actorOf(visit, 'teacher'),
    now: visit.at,
  })
  if (outcome.outcome === 'wrong') return { refused: leakIn(outcome.errors) ?? 'plan' }
  return { change: outcome.outcome === 'changed' ? outcome.change.id : undefined }
}

/** When it is not, a form's own checks missed something. */
export function isReadable(text: string, key: string): boolean {
  const { documents, errors } = readSources([{ name: key, text }])
  return errors.length === 0 && documents.length === 1
}

/** The change of this course and nothing else that the page is to speak of. */
export async function savedChange(
  visit: Visit,
  course: PlannedCourse,
): Promise<Change | undefined> {
  const id = visit.query.get('saved')
  return id === null ? undefined : ownChange(visit, course, id)
}

export async function ownChange(
  visit: Visit,
  course: PlannedCourse,
  id: string,
): Promise<Change | undefined> {
  const change = await findChange(visit.pool, id)
  return change?.title === `Course ${course.key}` ? change : undefined
}
