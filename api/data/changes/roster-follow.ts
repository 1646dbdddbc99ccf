/** Courses whose number of students follows their LMS lists, and what was proposed because of it. */
import { tellOfDecision } from './change-notice.ts'
import { knownOfCourses } from '../courses/course-known.ts'
import { type Db, execute, many, sql } from '../db.ts'

/** `mark` says what the lists say: when it is another, another plan may be due. */
export type Follower = { key: string; document: string; mark: string }

/** Those for which nothing was proposed since their lists changed. */
export async function coursesToFollow(db: Db): Promise<Follower[]> {
  const rows = await many<{ key: string; document: string; proposed: string | null }>(
    db,
    sql`select key, document, roster_proposed as proposed from course
        where follows_roster and state <> 'archived' order by key`,
  )
  if (rows.length === 0) return []
  const { roster, listed, dormant } = await knownOfCourses(db)
  return rows
    .map(({ key, document, proposed }) => {
      const mark = JSON.stringify([listed[key] ?? false, roster[key] ?? 0, dormant[key] ?? []])
      return { key, document, proposed, mark }
    })
    .filter((one) => one.proposed !== one.mark)
}

/** `changeId`: it waits for somebody, and what waited before because of an older list is no longer asked. */
export async function noteProposed(
  tx: Db,
  noted: { course: Follower; changeId?: string | undefined; now: Date },
): Promise<void> {
  const { course, now } = noted
  await execute(
    tx,
    sql`update course set roster_proposed = ${course.mark} where key = ${course.key}`,
  )
  const old = await many<{ id: string }>(
    tx,
    sql`update change set state = 'superseded', state_at = ${now}
        where state = 'proposed' and author = ${ROSTER_AUTHOR} and documents->0->>'key' = ${course.key}
          and id is distinct from ${noted.changeId ?? null}::uuid returning id`,
  )
  for (const { id } of old) await tellOfDecision(tx, { id, now })
}

/** Who proposes what follows a list. */
export const ROSTER_AUTHOR = 'roster'
