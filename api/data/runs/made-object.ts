/** What stacks made outside the database, and when it came and went: one row for each object's life. */
import { type Db, execute, many, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type ObjectKind = 'service' | 'volume' | 'secret'

/**
 * Writes down what of these kinds is there after a run, by name. Level-based: what was made by a run that died
 * is noted by the one that adopts it, and nothing is noted twice.
 */
export async function noteObjects(
  db: Db,
  seen: { stackId: string; runId: string; names: [ObjectKind, string[]][]; now: Date },
): Promise<void> {
  const those = seen.names.flatMap(([kind, names]) => names.map((name) => ({ kind, name })))
  const kinds = those.map(({ kind }) => kind)
  const names = those.map(({ name }) => name)
  await execute(
    db,
    sql`with seen as (
          select * from unnest(${those.map(() => newId())}::uuid[], ${kinds}::text[], ${names}::text[]) as seen (id, kind, name)
        ), gone as (
          update made_object set gone_at = ${seen.now}, gone_by = ${seen.runId}
          where stack_id = ${seen.stackId} and kind = any(${seen.names.map(([kind]) => kind)}::text[]) and gone_at is null
            and (kind, name) not in (select kind, name from seen))
        insert into made_object (id, stack_id, kind, name, came_at, came_by)
        select id, ${seen.stackId}, kind, name, ${seen.now}, ${seen.runId} from seen
        -- Most of them are there from before: to run into each of those would write to every one.
        where (kind, name) not in (
          select kind, name from made_object where stack_id = ${seen.stackId} and gone_at is null)
        on conflict (kind, name) where gone_at is null do update set stack_id = excluded.stack_id
          where made_object.stack_id <> excluded.stack_id`,
  )
}

export type MadeObject = {
  kind: ObjectKind
  name: string
  came_at: Date
  gone_at: Date | null
}

/** Objects of a course's stacks that came, went or were there between two instants, by name. */
export async function objectsDuring(
  db: Db,
  span: { courseId: string; from: Date; until: Date },
): Promise<MadeObject[]> {
  return many<MadeObject>(
    db,
    sql`select made_object.kind, name, came_at, gone_at from made_object join stack on stack.id = stack_id
        where stack.course_id = ${span.courseId} and came_at <= ${span.until}
          and (gone_at is null or gone_at >= ${span.from})
        order by made_object.kind, name, came_at`,
  )
}

/** Of these names, every life that is over, in the order they ended. */
export async function goneObjects(
  db: Db,
  names: string[],
): Promise<(MadeObject & { gone_at: Date })[]> {
  if (names.length === 0) return []
  return many(
    db,
    sql`select kind, name, came_at, gone_at from made_object
        where name = any(${names}::text[]) and gone_at is not null order by gone_at, name`,
  )
}
