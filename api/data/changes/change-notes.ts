/** Of all that the planner says, what the reader of one change should know. */
import type { Compiled } from '../../../stacks/compile.ts'
import { slotsForNotes } from '../../../stacks/rules/fit.ts'
import type { Inventory, Note } from '../../../stacks/terms.ts'
import type { StoredDocument } from '../courses/course.ts'
import { type Proposed, policyIn } from '../courses/documents.ts'

/**
 * Notes on its courses and pools, and on nothing in particular. Where else there is
 * room is looked for here, not for every course that waits: half a second or more of each save while a pool is closed.
 */
export function notesAbout(
  compiled: Compiled,
  of: { documents: StoredDocument[]; all: Proposed[]; closed: Inventory['closed']; now: Date },
): Note[] {
  const { documents, all, closed, now } = of
  const courses = new Set(documents.filter((one) => one.kind === 'Course').map((one) => one.key))
  const isWide = documents.some((one) => one.kind !== 'Course')
  const about = compiled.notes.filter(
    ({ where }) => isWide || !where.course || courses.has(where.course),
  )
  return slotsForNotes(about, compiled, { policy: policyIn(all), closed, now: now.getTime() })
}
