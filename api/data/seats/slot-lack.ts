/**
 * Storage agents of a version that brings no student's own volume into a seat. Who waited for it would wait for ever: seats
 * begin without, their students and teachers read it, and the infra team is told what to start again.
 */
import { audit } from '../audit.ts'
import { type Db, type Query, execute, findOne, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { sendNotice } from '../notice.ts'
import { type KeptBackend, serversInUse } from '../volumes/storage-outage.ts'

export type SlotLack = { backend: KeptBackend; since_at: Date }

/** Whether the agent that keeps this backend's volumes lacks it now. */
export const lacksSlots = (backend: Query): Query =>
  sql`exists (select from slot_lack where slot_lack.ended_at is null and slot_lack.backend = ${backend})`

/** Whether seats of this row of `course` begin without their student's own volume now. */
export const beginsWithout = sql`(course.personal is not null and ${lacksSlots(sql`(course.personal ->> 'backend')`)})`

/** That of the one agent there is; undefined when it lacks nothing, as far as it was asked. */
export async function openLack(db: Db): Promise<SlotLack | undefined> {
  return findOne(
    db,
    sql`select backend, since_at from slot_lack where ended_at is null order by backend limit 1`,
  )
}

/** Since when the seats of a course begin without; undefined when they do not. */
export async function courseLackSince(db: Db, courseId: string): Promise<Date | undefined> {
  const row = await findOne<{ since_at: Date }>(
    db,
    sql`select since_at from slot_lack join course on course.personal ->> 'backend' = slot_lack.backend
        where course.id = ${courseId} and slot_lack.ended_at is null`,
  )
  return row?.since_at
}

/** From now on they do. Twice does no harm. */
export async function beginLack(
  tx: Db,
  lack: { backend: KeptBackend; since: Date; now: Date },
): Promise<void> {
  const { backend, since, now } = lack
  const id = newId()
  const isNew = await execute(
    tx,
    sql`insert into slot_lack (id, backend, since_at, noticed_at) values (${id}, ${backend}, ${since}, ${now})
        on conflict (backend) where ended_at is null do nothing`,
  )
  if (isNew === 0) return
  const servers = backend === 'nfs' ? await serversInUse(tx) : []
  const place = [backend, ...servers].join(', ')
  const dedupeKey = `slot-lack/${id}`
  const params = { place, sinceAt: since.toISOString() }
  await sendNotice(tx, { code: 'notice.slot-lack', to: 'infra', params, dedupeKey, now })
  await note(tx, 'storage.slot-lack', { id, backend, now })
}

/** Seats get it with their next start. */
export async function endLack(tx: Db, of: { backend: KeptBackend; now: Date }): Promise<void> {
  const { backend, now } = of
  const ended = await findOne<{ id: string }>(
    tx,
    sql`update slot_lack set ended_at = ${now} where backend = ${backend} and ended_at is null returning id`,
  )
  if (ended) await note(tx, 'storage.slot-lack-over', { id: ended.id, backend, now })
}

/** Students' pages, their teachers', and who plans what seats are made of. */
async function note(
  tx: Db,
  action: 'storage.slot-lack' | 'storage.slot-lack-over',
  of: { id: string; backend: KeptBackend; now: Date },
): Promise<void> {
  const actor = { name: 'clock', role: 'labplan' } as const
  const subject = { kind: 'storage', id: of.id }
  await audit(tx, { actor, action, subject, detail: { backend: of.backend }, now: of.now })
  await execute(
    tx,
    sql`with heard as (update workspace set version = version + 1 from course
          where course.id = workspace.course_id and course.personal ->> 'backend' = ${of.backend} returning workspace.id)
        select pg_notify('workspace', id::text) from heard union all select pg_notify('workspace', '')
        union all select pg_notify('work', '')`,
  )
}
