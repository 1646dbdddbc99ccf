/**
 * LMS courses and the activities in them that point at courses of ours.
 *
 * A whole class shares these rows, so a launch writes them only when something changed: an update would make
 * thirty launches wait for each other.
 */
import { hasWaited } from '../courses/new-course.ts'
import { type Db, type Pool, execute, findOne, one, sql, withTransaction } from '../db.ts'
import { newId } from '../ids.ts'

export type LmsCourse = {
  platformId: string
  contextId: string
  label: string | null
  title: string | null
  /** Null keeps the one we have: a deep linking launch brings none. */
  rosterUrl: string | null
}

type CourseRef = { id: string; key: string; state: string }

/** What a launch finds before it changes anything; each part is null where there is nothing yet. */
export type SeenActivity = {
  lms_context_id: string | null
  /** Whether the LMS course is kept as this launch describes it. */
  is_current: boolean
  resource_id: string | null
  /** Whether the LMS shows it to a part of its course only. */
  is_restricted: boolean
  copied_course_id: string | null
  /** The course the activity opens. */
  linked: CourseRef | null
  /** The course a choice in its custom parameters names, in the platform's zone. */
  chosen: CourseRef | null
  /** Where that choice was made. */
  chosen_in_id: string | null
}

const courseRef = (table: 'linked' | 'chosen') => ({
  text: `case when ${table}.id is null then null
    else json_build_object('id', ${table}.id, 'key', ${table}.key, 'state', ${table}.state) end as ${table}`,
  values: [],
})

/** One question for everything, because it is on the way of every launch. */
export async function findActivity(
  tx: Db,
  asked: {
    lmsCourse: LmsCourse
    zoneId: string
    deploymentId: string
    resourceLinkId: string
    choice: { contextId: string; courseKey: string } | undefined
  },
): Promise<SeenActivity> {
  const { lmsCourse: course, choice } = asked
  return one<SeenActivity>(
    tx,
    sql`select here.id as lms_context_id, resource.id as resource_id,
          coalesce(resource.is_restricted, false) as is_restricted, resource.copied_course_id,
          chosen_in.id as chosen_in_id, ${courseRef('linked')}, ${courseRef('chosen')},
          here.label is not distinct from ${course.label} and here.title is not distinct from ${course.title}
            and (${course.rosterUrl}::text is null or here.roster_url is not distinct from ${course.rosterUrl}) as is_current
        from (values (1)) as launch
        left join lms_context here on here.platform_id = ${course.platformId} and here.context_id = ${course.contextId}
        left join lms_resource resource on resource.lms_context_id = here.id
          and resource.deployment_id = ${asked.deploymentId} and resource.resource_link_id = ${asked.resourceLinkId}
        left join course linked on linked.id = resource.course_id
        left join course chosen on chosen.zone_id = ${asked.zoneId} and chosen.key = ${choice?.courseKey ?? null}
        left join lms_context chosen_in on chosen_in.platform_id = ${course.platformId}
          and chosen_in.context_id = ${choice?.contextId ?? null}`,
  )
}

export async function keepLmsContext(tx: Db, course: LmsCourse & { now: Date }): Promise<string> {
  const kept = await one<{ id: string }>(
    tx,
    sql`insert into lms_context (id, platform_id, context_id, label, title, roster_url, created_at)
        values (${newId()}, ${course.platformId}, ${course.contextId}, ${course.label}, ${course.title},
          ${course.rosterUrl}, ${course.now})
        on conflict (platform_id, context_id) do update set label = excluded.label, title = excluded.title,
          roster_url = coalesce(excluded.roster_url, lms_context.roster_url)
        returning id`,
  )
  return kept.id
}

/** What an activity points at: a course; or a course of which it is a copy that nobody has decided about. */
export type PointsAt =
  | { courseId: string }
  | { copiedCourseId: string; copiedFromId: string | null }

/** Answers the id of the activity's row. A copy that is opened while a new edition is asked for is one of those it is for. */
export async function keepLmsResource(
  tx: Db,
  resource: {
    lmsContextId: string
    deploymentId: string
    resourceLinkId: string
    pointsAt: PointsAt
    lineItemUrl: string | null
    now: Date
  },
): Promise<string> {
  const course = 'courseId' in resource.pointsAt ? resource.pointsAt.courseId : null
  const copy = 'copiedCourseId' in resource.pointsAt ? resource.pointsAt : undefined
  const kept = await one<{ id: string }>(
    tx,
    sql`insert into lms_resource (id, lms_context_id, deployment_id, resource_link_id, course_id,
          copied_course_id, copied_from_id, asked_course_key, line_item_url, created_at)
        values (${newId()}, ${resource.lmsContextId}, ${resource.deploymentId}, ${resource.resourceLinkId},
          ${course}, ${copy?.copiedCourseId ?? null}, ${copy?.copiedFromId ?? null},
          (select asked_course_key from lms_resource where lms_context_id = ${resource.lmsContextId}
            and copied_course_id = ${copy?.copiedCourseId ?? null} and asked_course_key is not null limit 1), ${resource.lineItemUrl}, ${resource.now})
        on conflict (lms_context_id, deployment_id, resource_link_id) do update set course_id = excluded.course_id,
          copied_course_id = excluded.copied_course_id, copied_from_id = excluded.copied_from_id,
          asked_course_key = excluded.asked_course_key,
          line_item_url = coalesce(excluded.line_item_url, lms_resource.line_item_url)
        returning id`,
  )
  return kept.id
}

/** A copied activity, with what its teacher has to know in order to decide. */
export type CopiedActivity = {
  id: string
  lms_context_id: string
  copied_course_id: string
  copied_from_id: string | null
  course_key: string
  course_title: { en?: string; fr?: string }
  here: string | null
  origin: string | null
  /** A new edition that waits for agreement, or was not agreed to. */
  asked: { state: 'proposed' | 'rejected'; reason: string | null } | null
}

export async function findCopiedActivity(db: Db, id: string): Promise<CopiedActivity | undefined> {
  return findOne<CopiedActivity>(
    db,
    sql`select resource.id, resource.lms_context_id, resource.copied_course_id,
          resource.copied_from_id, course.key as course_key, course.title as course_title,
          coalesce(here.title, here.label) as here, coalesce(origin.title, origin.label) as origin,
          (select json_build_object('state', change.state, 'reason', change.message) from change
            where change.state in ('proposed', 'rejected') and change.documents->0->>'kind' = 'Course'
              and change.documents->0->>'key' = resource.asked_course_key and ${hasWaited}
            order by change.created_at desc, change.id desc limit 1) as asked
        from lms_resource resource
        join course on course.id = resource.copied_course_id
        join lms_context here on here.id = resource.lms_context_id
        left join lms_context origin on origin.id = resource.copied_from_id
        where resource.id = ${id}`,
  )
}

/** One at a time for all copies of a course in an LMS course; undefined while another is at it: whoever asks looks again. */
export function inTurnOfCopies<T>(
  pool: Pool,
  { lms_context_id, copied_course_id }: CopiedActivity,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const name = `copies ${lms_context_id} ${copied_course_id}`
  return withTransaction(pool, async (tx) => {
    const { got } = await one<{ got: boolean }>(
      tx,
      sql`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as got`,
    )
    return got ? work() : undefined
  })
}

/**
 * "New edition": once there is such a course, the copy opens it, and so does every other copy of the same course that was
 * opened in the same LMS course. Said before it is proposed, since it may be agreed to in that moment.
 */
export async function askForEdition(
  tx: Db,
  of: { activity: CopiedActivity; courseKey: string },
): Promise<void> {
  await execute(
    tx,
    sql`update lms_resource set asked_course_key = ${of.courseKey}
        where lms_context_id = ${of.activity.lms_context_id} and copied_course_id = ${of.activity.copied_course_id}`,
  )
}

/** These courses are there now: copies for which they were asked open them, unless their teacher decided otherwise. */
export async function pointCopiesTo(tx: Db, courseKeys: string[]): Promise<void> {
  if (courseKeys.length === 0) return
  await execute(
    tx,
    sql`update lms_resource set course_id = course.id, copied_course_id = null, copied_from_id = null
        from course where course.key = lms_resource.asked_course_key and course.key = any(${courseKeys}::text[])
          and lms_resource.copied_course_id is not null`,
  )
}

/** "Same course": the copy opens the course it was copied from. */
export async function acceptCopiedActivity(tx: Db, id: string): Promise<void> {
  await execute(
    tx,
    sql`update lms_resource set course_id = copied_course_id, copied_course_id = null, copied_from_id = null
        where id = ${id} and copied_course_id is not null`,
  )
}
