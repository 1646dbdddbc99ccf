/** The address at which people of a course's institution join it: whether there is one, and which. */
import { type Actor, audit } from '../audit.ts'
import { type Db, findOne, one, sql } from '../db.ts'

/** `number` is in the address; it grows with each new one. */
export type JoinLink = { isOpen: boolean; number: number }

export async function joinLinkOf(db: Db, courseId: string): Promise<JoinLink> {
  return one<JoinLink>(
    db,
    sql`select join_open as "isOpen", join_number as number from course where id = ${courseId}`,
  )
}

/**
 * `open` makes an address, and the former void; `close` leaves none. Nothing is done of another than `was`: somebody else has made
 * and given away a new one since.
 */
export async function setJoinLink(
  tx: Db,
  link: {
    courseId: string
    act: 'open' | 'close'
    was?: number | undefined
    actor: Actor
    now: Date
  },
): Promise<void> {
  const isOpen = link.act === 'open'
  const row = await findOne<{ number: number }>(
    tx,
    sql`update course set join_open = ${isOpen}, join_number = join_number + ${isOpen ? 1 : 0}
        where id = ${link.courseId} and join_number = coalesce(${link.was ?? null}::int, join_number)
        returning join_number as number`,
  )
  if (!row) return
  const { number } = row
  await audit(tx, {
    ...{ actor: link.actor, action: `course.join-${link.act}`, now: link.now },
    ...{ subject: { kind: 'course', id: link.courseId }, detail: { number } },
  })
}

export type JoinedCourse = {
  id: string
  key: string
  title: { en: string; fr: string }
  description: { en: string; fr: string } | null
  state: string
}

/** A course whose address this is now, for somebody of its institution; nobody else learns that it exists. */
export async function courseToJoin(
  db: Db,
  asked: { key: string; number: number; personId: string },
): Promise<JoinedCourse | undefined> {
  return findOne<JoinedCourse>(
    db,
    sql`select course.id, course.key, course.title, course.description, course.state from course
        join person on person.zone_id = course.zone_id
        where course.key = ${asked.key} and course.join_open and course.join_number = ${asked.number}
          and person.id = ${asked.personId}`,
  )
}
