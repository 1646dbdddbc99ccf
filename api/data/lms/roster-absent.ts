/** Students who have not come for weeks: dormant like who left the list, until they come again. */
import { type Db, execute, notify, sql } from '../db.ts'

const WEEK_MS = 7 * 24 * 3_600_000
/** So many classes must have been held without them: nobody is away in the holidays. */
const MISSED = 2

/** @param of.weeks of the policy; 0: nobody ever is. Answers how many became so, or no longer are. */
export async function markAbsent(tx: Db, of: { weeks: number; now: Date }): Promise<number> {
  const { weeks, now } = of
  const since = new Date(now.getTime() - weeks * WEEK_MS)
  const moved = await execute(
    tx,
    sql`with judged as (
          select member.id, ${weeks > 0}::boolean and member.seen_at <= ${since} and (
            select count(*) from session where session.course_id in (
              select course_id from lms_resource where lms_context_id = member.lms_context_id)
            and session.state <> 'cancelled' and starts_at > member.seen_at and grace_ends_at <= ${now}) >= ${MISSED} as is_absent
          from membership member
          where member.role = 'student' and member.seen_at is not null and (member.is_absent or member.seen_at <= ${since}))
        update membership set is_absent = judged.is_absent from judged
        where judged.id = membership.id and membership.is_absent <> judged.is_absent`,
  )
  if (moved > 0) await notify(tx, 'workspace')
  return moved
}
