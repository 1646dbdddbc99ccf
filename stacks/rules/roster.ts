/** How many students is a course for that follows the lists of its LMS courses? */
import type { Course, Inventory } from '../terms.ts'

/**
 * The course with as many students as come. Until its lists were read, what its document says is a guess that only
 * who is seen beyond it corrects; and an empty list is one that nobody has filled yet.
 */
export function withRoster(
  course: Course,
  { roster, listed }: Pick<Inventory, 'roster' | 'listed'>,
): Course {
  const come = roster[course.key] ?? 0
  if (!course.followRoster || come === 0) return course
  const students = listed[course.key] ? come : Math.max(course.students, come)
  return students === course.students ? course : { ...course, students }
}
