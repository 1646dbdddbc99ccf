/** Saving a course that somebody edited on a page of theirs, whichever part of it: proposed, or why it went nowhere. */
import { sha256 } from '../../stacks/blueprint.ts'
import type { PlannedCourse } from '../access.ts'
import { type Change, findChange } from '../data/changes/change.ts'
import { standsAfter } from '../data/changes/change-review.ts'
import { courseDocument } from '../data/courses/course.ts'
import { readSources } from '../data/courses/documents.ts'
import { leakIn } from '../data/people/known-people.ts'
import type { Refused } from '../pages/saved-note.ts'
import { type Visit, actorOf } from '../visit.ts'

/** Digest by which a form knows the document it was made of. */
export const readOf = (course: PlannedCourse): string => sha256(course.document)

/**
 * `change` is undefined when nothing differs. `fresh`: somebody else saved while this was on its way, so that nothing was;
 * the course as it is by now.
 */
export type Saving<Course> =
  | { change: string | undefined }
  | { refused: Refused }
  | { fresh: Course }

export async function saveCourse<Course extends PlannedCourse>(
  visit: Visit,
  course: Course,
  text: string,
): Promise<Saving<Course>> {
  const outcome = await visit.planner.proposeOver({
    over: { key: course.key, text: course.document },
    sources: [{ name: course.key, text }],
    actor: actorOf(visit, 'teacher'),
    now: visit.at,
  })
  if (outcome.outcome === 'stale')
    return { fresh: { ...course, document: await courseDocument(visit.pool, course.id) } }
  if (outcome.outcome === 'wrong') return { refused: leakIn(outcome.errors) ?? 'plan' }
  // Nothing waits for anybody: what was typed is still there, and why it cannot be.
  if (outcome.outcome === 'changed' && outcome.change.lane === 'deny')
    return { refused: { denied: outcome.change.rules } }
  return { change: outcome.outcome === 'changed' ? outcome.change.id : undefined }
}

/** When it is not, a form's own checks missed something. */
export function isReadable(text: string, key: string): boolean {
  const { documents, errors } = readSources([{ name: key, text }])
  return errors.length === 0 && documents.length === 1
}

/** The change of this course and nothing else that the page is to speak of: not of one that was changed or undone since. */
export async function savedChange(
  visit: Visit,
  course: PlannedCourse,
): Promise<Change | undefined> {
  const id = visit.query.get('saved')
  const change = id === null ? undefined : await ownChange(visit, course, id)
  const isOver = change?.state === 'approved' && (await standing(visit, course, change)) !== 'last'
  return isOver ? undefined : change
}

const standing = (
  { pool }: Visit,
  { key, document: text }: PlannedCourse,
  { id }: Pick<Change, 'id'>,
): ReturnType<typeof standsAfter> => standsAfter(pool, { id, kind: 'Course', key, text })

export async function ownChange(
  visit: Visit,
  course: PlannedCourse,
  id: string,
): Promise<Change | undefined> {
  const change = await findChange(visit.pool, id)
  return change?.title === `Course ${course.key}` ? change : undefined
}
