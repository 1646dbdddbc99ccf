/** Volumes of a pool's seats, a line for each course: how much is used of what they may hold, and how many are amiss. Worst first. */
import { type Db, many, sql } from '../db.ts'
import { NEARLY, NO_FILES_LEFT, NOTHING_LEFT_BYTES } from '../volumes/volume.ts'

export type CourseVolumes = {
  /** Null for students' own folders, which are in no pool more than in another; whose they are is told to nobody. */
  course: string | null
  volumes: number
  /** Of before a reset: nobody writes there. */
  former: number
  usedBytes: number
  /** Null where the engine keeps all of them, which holds none to a limit. */
  limitBytes: number | null
  /** Of those in use, the one that is fullest: its share of the limit, and its seat's number where it has one. */
  fullest: number | null
  fullestSeat: number | null
  missing: number
  damaged: number
  full: number
  nearly: number
  wanted: number
}

// As a disk's own page says it, of those that somebody writes to.
const isUsed = sql`(one.state = 'ready' and not one.is_former)`
const isFull = sql`(${isUsed} and (one.limit_bytes - one.used_bytes < ${NOTHING_LEFT_BYTES}::bigint
  or one.message_code is not distinct from ${NO_FILES_LEFT}))`
const isNearly = sql`(${isUsed} and not ${isFull} and one.used_bytes >= one.limit_bytes * ${NEARLY}::float8)`
const filled = sql`(one.used_bytes::float8 / nullif(one.limit_bytes, 0))`

/** @param backend what keeps the pool's volumes: students' own folders are counted where it is the same */
export async function poolVolumes(
  db: Db,
  of: { poolKey: string; backend: string | null },
): Promise<CourseVolumes[]> {
  return many(
    db,
    sql`with one as (
          select course.key as course, seat.number, coalesce(volume.generation < seat.generation, false) as is_former,
            volume.state, volume.message_code, coalesce(volume.used_bytes, 0) as used_bytes,
            coalesce(volume.limit_bytes, volume.limit_mb * 1048576::bigint) as limit_bytes
          from volume left join seat on seat.id = volume.seat_id left join course on course.id = seat.course_id
            left join pool on pool.id = seat.pool_id
          where volume.state not in ('purging', 'purged')
            and (pool.key = ${of.poolKey} or (volume.person_id is not null and volume.backend = ${of.backend}))),
        line as (
          select course, count(*)::int as volumes, count(*) filter (where is_former)::int as former,
            sum(used_bytes)::float8 as "usedBytes", sum(limit_bytes)::float8 as "limitBytes",
            max(${filled}) filter (where ${isUsed}) as fullest,
            (array_agg(number order by ${filled} desc, number) filter (where ${isUsed} and limit_bytes is not null))[1] as "fullestSeat",
            count(*) filter (where state = 'missing')::int as missing, count(*) filter (where state = 'damaged')::int as damaged,
            count(*) filter (where ${isFull})::int as full, count(*) filter (where ${isNearly})::int as nearly,
            count(*) filter (where state = 'wanted')::int as wanted
          from one group by course)
        select * from line order by missing + damaged desc, "full" desc, nearly desc, fullest desc nulls last, course`,
  )
}
