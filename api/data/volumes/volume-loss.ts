/** Volumes that were made and are not there, or cannot be mounted, while their storage answers: since when, and who was told. */
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type Lost = {
  /** Null for persons' own. */
  course: string | null
  missing: number
  damaged: number
  /** To be deleted, and not there to be. */
  purging: number
}

/** By course, in order; none of a storage that does not answer at all, which is said as that. */
export async function lostVolumes(db: Db): Promise<Lost[]> {
  return many(
    db,
    sql`select course.key as course, count(*) filter (where volume.state = 'missing')::int as missing,
          count(*) filter (where volume.state = 'damaged')::int as damaged,
          count(*) filter (where volume.state = 'purging')::int as purging
        from volume left join seat on seat.id = seat_id left join course on course.id = seat.course_id
        where backend <> 'engine' and (volume.state in ('missing', 'damaged')
          or volume.state = 'purging' and volume.message_code = 'volume.not-there')
        group by course.key order by course.key nulls last`,
  )
}

export type Loss = { id: string; since_at: Date; told_at: Date | null; count: number }

export async function openLoss(db: Db): Promise<Loss | undefined> {
  return findOne(
    db,
    sql`select id, since_at, told_at, count from volume_loss where ended_at is null`,
  )
}

export async function beginLoss(db: Db, loss: { now: Date }): Promise<void> {
  await execute(
    db,
    sql`insert into volume_loss (id, since_at, count) values (${newId()}, ${loss.now}, 0) on conflict do nothing`,
  )
}

export async function noteTold(
  db: Db,
  loss: { id: string; count: number; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`update volume_loss set told_at = ${loss.now}, count = ${loss.count} where id = ${loss.id}`,
  )
}

export async function endLoss(db: Db, loss: { id: string; now: Date }): Promise<void> {
  await execute(db, sql`update volume_loss set ended_at = ${loss.now} where id = ${loss.id}`)
}
