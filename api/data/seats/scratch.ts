/**
 * Seats that begin on a scratch home: a teacher's choice for a class whose storage is away. Here is who chose, and what is to be
 * brought home afterwards; a seat's template says whether it is on one (stacks/rules/scratch.ts).
 */
import { type Actor, audit } from '../audit.ts'
import { type Db, type Query, execute, findOne, sql } from '../db.ts'
import { newId } from '../ids.ts'

const isUnderWay = sql`session.state in ('preparing', 'ready', 'open')`

/** Whether seats of this course begin on a scratch home now. */
export const isScratchChosen = (courseId: Query): Query =>
  sql`(${courseId} in (select session.course_id from scratch_choice choice join session on session.id = choice.session_id
      join storage_outage outage on outage.id = choice.outage_id
    where choice.undone_at is null and outage.ended_at is null and ${isUnderWay}))`

/** Of a template's column `body`: its seat is on a scratch home. */
export const isOnScratch = (body: Query): Query =>
  sql`(${body} -> 'volume' -> 'scratch' is not null)`

/** What is between a seat and its next start: its files are not home yet, or what a node still has is being removed. */
export const scratchAllows = (template: Query): Query =>
  sql`(case when ${isOnScratch(template)}
    then ${isScratchChosen(sql`seat.course_id`)} and not exists (select from scratch_home home where home.seat_id = seat.id
      and home.generation = seat.applied_generation and home.state in ('merging', 'merged'))
    else not exists (select from scratch_home home where home.seat_id = seat.id
      and home.generation = seat.applied_generation and home.state in ('open', 'merging') and home.trouble is null) end)`

export type ScratchWish = { sessionId: string; actor: Actor; now: Date }
export type ScratchRefusal = 'not-away' | 'not-under-way' | 'has-begun'

/** From now on its seats that wait begin on a scratch home, until the storage is back. Twice does no harm. */
export async function chooseScratch(
  tx: Db,
  wish: ScratchWish,
): Promise<ScratchRefusal | undefined> {
  const found = await findChoosable(tx, wish.sessionId)
  if (!found) return 'not-under-way'
  if (found.outage_id === null) return 'not-away'
  const changed = await execute(
    tx,
    sql`insert into scratch_choice (id, session_id, outage_id, chosen_at)
        values (${newId()}, ${wish.sessionId}, ${found.outage_id}, ${wish.now})
        on conflict (session_id, outage_id) do update set chosen_at = excluded.chosen_at, undone_at = null
          where scratch_choice.undone_at is not null`,
  )
  if (changed > 0) await note(tx, 'session.scratch', wish, found.course_id)
  return undefined
}

/** Takes it back, as long as no seat has begun. Twice does no harm. */
export async function undoScratch(tx: Db, wish: ScratchWish): Promise<ScratchRefusal | undefined> {
  const found = await findChoosable(tx, wish.sessionId)
  if (!found) return 'not-under-way'
  if (await hasBegun(tx, found.course_id)) return 'has-begun'
  const changed = await execute(
    tx,
    sql`update scratch_choice set undone_at = ${wish.now} where session_id = ${wish.sessionId} and undone_at is null`,
  )
  if (changed > 0) await note(tx, 'session.scratch-undone', wish, found.course_id)
  return undefined
}

async function findChoosable(
  tx: Db,
  sessionId: string,
): Promise<{ course_id: string; outage_id: string | null } | undefined> {
  return findOne(
    tx,
    sql`select session.course_id, outage.id as outage_id from session left join storage_outage outage
          on outage.ended_at is null and exists (${volumesOf(sql`session.course_id`, sql`outage.backend`)})
        where session.id = ${sessionId} and ${isUnderWay} for update of session`,
  )
}

const volumesOf = (courseId: Query, backend: Query): Query =>
  sql`select from volume join seat on seat.id = volume.seat_id where seat.course_id = ${courseId} and volume.backend = ${backend}`

/** Somebody's container runs on a scratch home, or is about to. */
async function hasBegun(db: Db, courseId: string): Promise<boolean> {
  const row = await findOne(
    db,
    sql`select 1 from seat join seat_template template on template.digest = seat.template_digest
        where seat.course_id = ${courseId} and seat.state not in ('cold', 'absent') and ${isOnScratch(sql`template.body`)} limit 1`,
  )
  return row !== undefined
}

async function note(
  tx: Db,
  action: 'session.scratch' | 'session.scratch-undone',
  { sessionId, actor, now }: ScratchWish,
  courseId: string,
): Promise<void> {
  await audit(tx, { actor, action, subject: { kind: 'session', id: sessionId }, now })
  await execute(
    tx,
    sql`with heard as (update workspace set version = version + 1 where course_id = ${courseId} returning id)
        select pg_notify('workspace', id::text) from heard union all select pg_notify('work', '')
        union all select pg_notify('workspace', '')`,
  )
}

/** What a teacher is asked and told. */
export type ClassScratch = {
  sessionId: string
  sessionKey: string
  startsAt: Date
  /** Since when its storage is away. */
  sinceAt: Date
  isChosen: boolean
  /** Seats whose files are on a scratch home now, or will be. */
  begun: number
}

/** Of the class under way whose storage is away: the one that begins first. Undefined when there is nothing to choose. */
export async function classScratch(db: Db, courseId: string): Promise<ClassScratch | undefined> {
  return findOne<ClassScratch>(
    db,
    sql`select session.id as "sessionId", session.key as "sessionKey", session.starts_at as "startsAt", outage.since_at as "sinceAt",
          exists (select from scratch_choice where session_id = session.id and outage_id = outage.id and undone_at is null) as "isChosen",
          (select count(*) from seat join seat_template template on template.digest = seat.template_digest
            where seat.course_id = session.course_id and seat.state not in ('cold', 'absent')
              and ${isOnScratch(sql`template.body`)}) as begun
        from session join storage_outage outage on outage.ended_at is null
          and exists (${volumesOf(sql`session.course_id`, sql`outage.backend`)})
        where session.course_id = ${courseId} and ${isUnderWay} order by session.starts_at, session.key limit 1`,
  )
}
