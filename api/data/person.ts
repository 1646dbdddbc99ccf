/**
 * What a launch tells about somebody: the person (by platform and `sub`, never by e-mail), the LMS course
 * they came from, their role in that course only, and the activity they clicked.
 *
 * Rows that a whole class shares (LMS course, activity) are written only when something changed: an update
 * would make thirty launches wait for each other.
 */
import { audit } from './audit.ts'
import { type Db, execute, findOne, one, sql } from './db.ts'
import { newId, randomLabel } from './ids.ts'

export type Role = 'student' | 'teacher'

/** What infrastructure, Git, logs and audit call a person. */
const newPseudonym = (): string => `p-${randomLabel(10)}`

/** Names are optional, and what the LMS says now holds: when it stops sending names, we forget them. */
export async function keepPerson(
  tx: Db,
  person: {
    platformId: string
    zoneId: string
    sub: string
    displayName: string | null
    locale: 'en' | 'fr'
    now: Date
  },
): Promise<{ id: string; pseudonym: string }> {
  return one(
    tx,
    sql`insert into person (id, zone_id, platform_id, sub, pseudonym, display_name, locale, created_at, seen_at)
        values (${newId()}, ${person.zoneId}, ${person.platformId}, ${person.sub}, ${newPseudonym()},
          ${person.displayName}, ${person.locale}, ${person.now}, ${person.now})
        on conflict (platform_id, sub) do update set display_name = excluded.display_name,
          locale = excluded.locale, seen_at = excluded.seen_at, erased_at = null
        returning id, pseudonym`,
  )
}

/** Somebody of the infra team, who came by an invite and not from an LMS. */
export async function makeAdministrator(
  tx: Db,
  person: { locale: 'en' | 'fr'; now: Date },
): Promise<string> {
  const made = await one<{ id: string; pseudonym: string }>(
    tx,
    sql`insert into person (id, zone_id, pseudonym, locale, administrator, created_at, seen_at)
        select ${newId()}, id, ${newPseudonym()}, ${person.locale}, true, ${person.now}, ${person.now}
        from zone where key = 'default'
        returning id, pseudonym`,
  )
  await audit(tx, {
    actor: { name: made.pseudonym, role: 'administrator' },
    action: 'person.make-administrator',
    subject: { kind: 'person', id: made.id },
    now: person.now,
  })
  return made.id
}

export type LmsCourse = {
  platformId: string
  contextId: string
  label: string | null
  title: string | null
  rosterUrl: string | null
}

/** The LMS course's row. A launch that brings no roster address (deep linking) keeps the one we have. */
export async function keepLmsContext(tx: Db, course: LmsCourse & { now: Date }): Promise<string> {
  const known = await findOne<{ id: string; same: boolean }>(
    tx,
    sql`select id, label is not distinct from ${course.label} and title is not distinct from ${course.title}
          and (${course.rosterUrl}::text is null or roster_url is not distinct from ${course.rosterUrl}) as same
        from lms_context where platform_id = ${course.platformId} and context_id = ${course.contextId}`,
  )
  if (known?.same) return known.id
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

export async function findLmsContext(
  tx: Db,
  course: { platformId: string; contextId: string },
): Promise<string | undefined> {
  const found = await findOne<{ id: string }>(
    tx,
    sql`select id from lms_context where platform_id = ${course.platformId} and context_id = ${course.contextId}`,
  )
  return found?.id
}

/**
 * The role somebody has in one LMS course. `editsPlans` is proven by deep linking (or, later, the roster);
 * an ordinary launch keeps what was proven, as long as it is still a teacher's.
 */
export async function keepMembership(
  tx: Db,
  member: { personId: string; lmsContextId: string; role: Role; editsPlans: boolean; now: Date },
): Promise<{ role: Role; edits_plans: boolean }> {
  return one(
    tx,
    sql`insert into membership (id, person_id, lms_context_id, role, edits_plans, seen_at)
        values (${newId()}, ${member.personId}, ${member.lmsContextId}, ${member.role}, ${member.editsPlans}, ${member.now})
        on conflict (person_id, lms_context_id) do update set role = excluded.role, seen_at = excluded.seen_at,
          edits_plans = excluded.role = 'teacher' and (membership.edits_plans or excluded.edits_plans)
        returning role, edits_plans`,
  )
}

export async function findMembership(
  db: Db,
  member: { personId: string; lmsContextId: string },
): Promise<{ role: Role; edits_plans: boolean } | undefined> {
  return findOne(
    db,
    sql`select role, edits_plans from membership
        where person_id = ${member.personId} and lms_context_id = ${member.lmsContextId}`,
  )
}

export type LmsResource = {
  id: string
  lms_context_id: string
  course_id: string | null
  copied_course_id: string | null
  copied_from_id: string | null
}

type Activity = { lmsContextId: string; deploymentId: string; resourceLinkId: string }

/** The activity as it was last seen, with the course it opens. */
export type KnownActivity = LmsResource & {
  course: { id: string; key: string; state: string } | null
}

export async function findLmsResource(tx: Db, at: Activity): Promise<KnownActivity | undefined> {
  return findOne<KnownActivity>(
    tx,
    sql`select lms_resource.id, lms_context_id, course_id, copied_course_id, copied_from_id,
          case when course.id is null then null
            else json_build_object('id', course.id, 'key', course.key, 'state', course.state) end as course
        from lms_resource left join course on course.id = lms_resource.course_id
        where lms_context_id = ${at.lmsContextId} and deployment_id = ${at.deploymentId}
          and resource_link_id = ${at.resourceLinkId}`,
  )
}

/** What an activity points at: a course; or a course of which it is a copy that nobody has decided about. */
export type PointsAt =
  | { courseId: string }
  | { copiedCourseId: string; copiedFromId: string | null }

export async function keepLmsResource(
  tx: Db,
  resource: Activity & { pointsAt: PointsAt; lineItemUrl: string | null; now: Date },
): Promise<LmsResource> {
  const course = 'courseId' in resource.pointsAt ? resource.pointsAt.courseId : null
  const copy = 'copiedCourseId' in resource.pointsAt ? resource.pointsAt : undefined
  return one<LmsResource>(
    tx,
    sql`insert into lms_resource (id, lms_context_id, deployment_id, resource_link_id, course_id,
          copied_course_id, copied_from_id, line_item_url, created_at)
        values (${newId()}, ${resource.lmsContextId}, ${resource.deploymentId}, ${resource.resourceLinkId},
          ${course}, ${copy?.copiedCourseId ?? null}, ${copy?.copiedFromId ?? null}, ${resource.lineItemUrl}, ${resource.now})
        on conflict (lms_context_id, deployment_id, resource_link_id) do update set course_id = excluded.course_id,
          copied_course_id = excluded.copied_course_id, copied_from_id = excluded.copied_from_id,
          line_item_url = coalesce(excluded.line_item_url, lms_resource.line_item_url)
        returning id, lms_context_id, course_id, copied_course_id, copied_from_id`,
  )
}

/** A copied activity, with what its teacher has to know in order to decide. */
export type CopiedActivity = LmsResource & {
  course_key: string
  course_title: { en?: string; fr?: string }
  here: string | null
  origin: string | null
}

export async function findCopiedActivity(db: Db, id: string): Promise<CopiedActivity | undefined> {
  return findOne<CopiedActivity>(
    db,
    sql`select resource.id, resource.lms_context_id, resource.course_id, resource.copied_course_id,
          resource.copied_from_id, course.key as course_key, course.title as course_title,
          coalesce(here.title, here.label) as here, coalesce(origin.title, origin.label) as origin
        from lms_resource resource
        join course on course.id = resource.copied_course_id
        join lms_context here on here.id = resource.lms_context_id
        left join lms_context origin on origin.id = resource.copied_from_id
        where resource.id = ${id}`,
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

/** Whether somebody was seen editing one of these LMS courses (see keepMembership). */
export async function editsPlansIn(
  db: Db,
  who: { personId: string; lmsContextIds: string[] },
): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 as edits from membership where person_id = ${who.personId} and edits_plans
        and lms_context_id = any(${who.lmsContextIds})`,
  )
  return found !== undefined
}
