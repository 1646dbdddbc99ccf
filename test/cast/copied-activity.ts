/** An activity that was copied with its LMS course, as a launch keeps it. */
import { type Db, execute, one, sql } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { addLmsCourse } from './record.ts'

/** Of one in the LMS course `from` that opens networks-101; answers its id. Its teacher is this person. */
export async function addCopiedActivity(
  db: Db,
  of: { from: string; contextId: string; teacher: string; now: Date },
): Promise<string> {
  const { from, contextId, teacher, now } = of
  const here = await addLmsCourse(db, { courseKey: 'networks-101', contextId, now })
  await execute(
    db,
    sql`insert into membership (id, person_id, lms_context_id, role, seen_at, edits_plans)
        values (${newId()}, ${teacher}, ${here}, 'teacher', ${now}, true)`,
  )
  const { id } = await one<{ id: string }>(
    db,
    sql`update lms_resource set copied_course_id = course_id, copied_from_id = ${from}, course_id = null
        where lms_context_id = ${here} returning id`,
  )
  return id
}
