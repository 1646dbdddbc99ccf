/** With whom a course is shared beside the LMS courses that point at it, and who there is to share it with. */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'

export const capabilities = ['use', 'view', 'edit'] as const
export type Capability = (typeof capabilities)[number]

export type Share = { person_id: string; display_name: string | null; capability: Capability }

export async function sharesOf(db: Db, courseId: string): Promise<Share[]> {
  return many<Share>(
    db,
    sql`select share.person_id, person.display_name, share.capability
        from course_share share join person on person.id = share.person_id
        where share.course_id = ${courseId} order by person.display_name nulls last, share.person_id`,
  )
}

export async function isUsableByAll(db: Db, courseId: string): Promise<boolean> {
  const row = await findOne<{ usable_by_all: boolean }>(
    db,
    sql`select usable_by_all from course where id = ${courseId}`,
  )
  return row?.usable_by_all ?? false
}

/** What somebody may do with a course because it is shared with them. */
export async function shareWith(
  db: Db,
  who: { courseId: string; personId: string },
): Promise<Capability | undefined> {
  const row = await findOne<{ capability: Capability }>(
    db,
    sql`select capability from course_share where course_id = ${who.courseId} and person_id = ${who.personId}`,
  )
  return row?.capability
}

export type Colleague = { id: string; display_name: string }
const MOST_FOUND = 8

/** Teachers of the same LMS, by a part of their name or their whole address; or whether one is, by id. Students are never found. */
export async function findColleagues(
  db: Db,
  asked: { by: string; text: string; id?: string },
): Promise<Colleague[]> {
  const part = `%${asked.text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`
  return many<Colleague>(
    db,
    sql`select distinct on (person.display_name, person.id) person.id, coalesce(person.display_name, person.email) as display_name
        from person join person asker on asker.id = ${asked.by} and person.platform_id = asker.platform_id
        where person.id <> asker.id and person.erased_at is null
          and exists (select from membership where person_id = person.id and role = 'teacher')
          and (${asked.id ?? null}::uuid is null or person.id = ${asked.id ?? null})
          and (person.display_name ilike ${part} or lower(person.email) = lower(${asked.text})
            or (${asked.id ?? null}::uuid is not null))
        order by person.display_name, person.id limit ${MOST_FOUND}`,
  )
}

type Sharing = { courseId: string; personId: string; actor: Actor; now: Date }

/** Anew, or otherwise than before. */
export async function shareCourse(
  tx: Db,
  share: Sharing & { capability: Capability },
): Promise<void> {
  await execute(
    tx,
    sql`insert into course_share (course_id, person_id, capability, created_at)
        values (${share.courseId}, ${share.personId}, ${share.capability}, ${share.now})
        on conflict (course_id, person_id) do update set capability = excluded.capability`,
  )
  await note(tx, share, { person: share.personId, capability: share.capability })
}

export async function unshareCourse(tx: Db, share: Sharing): Promise<void> {
  await execute(
    tx,
    sql`delete from course_share where course_id = ${share.courseId} and person_id = ${share.personId}`,
  )
  await note(tx, share, { person: share.personId, capability: null })
}

/** Whether nobody could change the course any more if they could not, in either way there is (editsPlanOf). Held until the caller's end. */
export async function isLastEditor(
  tx: Db,
  who: { courseId: string; personId: string },
): Promise<boolean> {
  await execute(tx, sql`select from course where id = ${who.courseId} for no key update`)
  const { last } = await one<{ last: boolean }>(
    tx,
    sql`select bool_or(person_id = ${who.personId}) and bool_and(person_id = ${who.personId})
          and not exists (select from membership join lms_resource on lms_resource.lms_context_id = membership.lms_context_id
            where lms_resource.course_id = ${who.courseId} and membership.role = 'teacher' and membership.edits_plans) as last
        from course_share where course_id = ${who.courseId} and capability = 'edit'`,
  )
  return last === true
}

export async function letAllUse(
  tx: Db,
  of: Omit<Sharing, 'personId'> & { usableByAll: boolean },
): Promise<void> {
  await execute(
    tx,
    sql`update course set usable_by_all = ${of.usableByAll} where id = ${of.courseId}`,
  )
  await note(tx, of, { usableByAll: of.usableByAll })
}

const note = (
  tx: Db,
  { actor, courseId, now }: Omit<Sharing, 'personId'>,
  detail: Record<string, unknown>,
): Promise<void> =>
  audit(tx, {
    ...{ actor, action: 'course.share', subject: { kind: 'course', id: courseId } },
    ...{ detail, now },
  })

export type SharedCourse = {
  key: string
  title: { en: string; fr: string }
  capability: Capability
}

/** What others share with somebody, and what they made and opened nowhere yet. */
export async function coursesSharedWith(db: Db, personId: string): Promise<SharedCourse[]> {
  return many<SharedCourse>(
    db,
    sql`select course.key, course.title, capability from course_share
        join course on course.id = course_share.course_id
        where course_share.person_id = ${personId} and course.state <> 'archived' order by course.key`,
  )
}
