/** Courses, and the documents around them: as people wrote them, and what the record needs of the plan. */
import type { BlueprintCourse, BlueprintSession } from '../../../stacks/blueprint.ts'
import type { Allowance, Course, Display, Inventory, Text } from '../../../stacks/terms.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type CourseState = 'draft' | 'test' | 'ready' | 'archived'

export type CourseRow = {
  id: string
  key: string
  code: string
  title: Text
  state: CourseState
  state_at: Date
  /** Whether its classes are for as many as its LMS lists have. */
  follows_roster: boolean
  /** In which its plan is written. */
  time_zone: string
}

/** Of these rows, as its plan names it or else its zone's. Where there is no course, the zone's. */
export const courseTimeZone = sql`coalesce(course.time_zone, zone.time_zone)`

const courseColumns = sql`course.id, course.key, course.code, course.title, course.state, course.state_at,
  course.follows_roster, ${courseTimeZone} as time_zone`
const courseTable = sql`course join zone on zone.id = course.zone_id`

export async function findCourse(db: Db, key: string): Promise<CourseRow | undefined> {
  return findOne<CourseRow>(
    db,
    sql`select ${courseColumns} from ${courseTable} where course.key = ${key}`,
  )
}

export async function courseOf(db: Db, id: string): Promise<CourseRow> {
  return one<CourseRow>(
    db,
    sql`select ${courseColumns} from ${courseTable} where course.id = ${id}`,
  )
}

export type CourseSummary = CourseRow & {
  seats: number
  running: number
  next_opens_at: Date | null
}

/** Every course with its seats and the next session that will be held. */
export async function courseSummaries(db: Db, now: Date): Promise<CourseSummary[]> {
  return many<CourseSummary>(
    db,
    sql`select ${courseColumns},
          (select count(*) from seat where seat.course_id = course.id and seat.state <> 'absent') as seats,
          (select count(*) from seat where seat.course_id = course.id and seat.state in ('starting', 'ready')) as running,
          (select min(starts_at) from session where session.course_id = course.id and state <> 'cancelled'
             and grace_ends_at > ${now}) as next_opens_at
        from ${courseTable} order by course.key`,
  )
}

export type OwnCourse = CourseRow & { role: 'student' | 'teacher'; workspace_id: string | null }

/** Who left the LMS course teaches in it no more; a student who did keeps what is theirs. */
const isHere = sql`(membership.role = 'student' or membership.state = 'active')`

/**
 * While no LMS course opens it its students come by its link alone, and who may change it is who teaches it: nobody else
 * would see their class. Those are told of it, too (notice.ts).
 */
export const isTaughtByItsOwn = sql`not exists (select from lms_resource where lms_resource.course_id = course_share.course_id)
  and course_share.capability = 'edit'`

/** Courses a person came to from an LMS course, or that are theirs to teach, with the best role they have there. */
export async function coursesOfPerson(db: Db, personId: string): Promise<OwnCourse[]> {
  return many<OwnCourse>(
    db,
    sql`select ${courseColumns}, workspace.id as workspace_id,
          case when bool_or(membership.role = 'teacher') or bool_or(course_share.person_id is not null)
            then 'teacher' else 'student' end as role
        from ${courseTable}
        left join lms_resource on lms_resource.course_id = course.id
        left join membership on membership.lms_context_id = lms_resource.lms_context_id
          and membership.person_id = ${personId} and ${isHere}
        left join workspace on workspace.course_id = course.id and workspace.person_id = ${personId}
        left join course_share on course_share.course_id = course.id and course_share.person_id = ${personId}
          and ${isTaughtByItsOwn}
        where (membership.id is not null or workspace.id is not null or course_share.person_id is not null) and course.state <> 'archived'
        group by course.id, zone.id, workspace.id order by course.key`,
  )
}

/** The role somebody has in a course through any LMS course that points at it, or because it is theirs. */
export async function roleInCourse(
  db: Db,
  who: { personId: string; courseId: string },
): Promise<'student' | 'teacher' | undefined> {
  // In the order of letters the teacher comes last.
  const found = await findOne<{ role: 'student' | 'teacher' }>(
    db,
    sql`select role from membership
        join lms_resource on lms_resource.lms_context_id = membership.lms_context_id
        where membership.person_id = ${who.personId} and lms_resource.course_id = ${who.courseId} and ${isHere}
        union all select 'teacher' from course_share
        where person_id = ${who.personId} and course_id = ${who.courseId} and ${isTaughtByItsOwn}
        order by role desc limit 1`,
  )
  return found?.role
}

/** Whether somebody edits an LMS course that points at it (see keepMember), or it is theirs, or shared to be edited. */
export async function editsPlanOf(
  db: Db,
  who: { personId: string; courseId: string },
): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 as edits from membership
        join lms_resource on lms_resource.lms_context_id = membership.lms_context_id
        where membership.person_id = ${who.personId} and lms_resource.course_id = ${who.courseId}
          and membership.role = 'teacher' and membership.edits_plans
        union all select 1 from course_share
        where course_id = ${who.courseId} and person_id = ${who.personId} and capability = 'edit' limit 1`,
  )
  return found !== undefined
}

/** The course as its author wrote it. */
export async function courseDocument(db: Db, id: string): Promise<string> {
  return (await one<{ document: string }>(db, sql`select document from course where id = ${id}`))
    .document
}

export type StoredDocument = { kind: string; key: string; text: string }

/** Every document in force, as its author wrote it. */
export async function documentsInForce(db: Db): Promise<StoredDocument[]> {
  return many<StoredDocument>(
    db,
    sql`select 'Course' as kind, key, document as text from course
        union all select kind, key, text from document order by kind, key`,
  )
}

export async function zoneDocuments(db: Db): Promise<StoredDocument[]> {
  return many<StoredDocument>(
    db,
    sql`select kind, key, text from document where kind = 'Zone' order by key`,
  )
}

/** One at most. */
export async function policyDocuments(db: Db): Promise<StoredDocument[]> {
  return many<StoredDocument>(db, sql`select kind, key, text from document where kind = 'Policy'`)
}

/** Keeps a pool, policy, zone or environment document; the row it describes follows. */
export async function keepDocument(
  tx: Db,
  document: { zoneId: string; kind: string; key: string; text: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`insert into document (id, zone_id, kind, key, text, updated_at)
        values (${newId()}, ${document.zoneId}, ${document.kind}, ${document.key}, ${document.text}, ${document.now})
        on conflict (zone_id, kind, key) do update set text = excluded.text, updated_at = excluded.updated_at`,
  )
}

export async function keepPool(
  tx: Db,
  pool: { zoneId: string; key: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`insert into pool (id, zone_id, key, created_at) values (${newId()}, ${pool.zoneId}, ${pool.key}, ${pool.now})
        on conflict (key) do nothing`,
  )
}

export async function keepZone(
  tx: Db,
  zone: { key: string; title: string; timeZone: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`insert into zone (id, key, name, time_zone, locale, created_at)
        values (${newId()}, ${zone.key}, ${zone.title}, ${zone.timeZone}, 'en', ${zone.now})
        on conflict (key) do update set name = excluded.name, time_zone = excluded.time_zone`,
  )
}

export async function zoneIds(db: Db): Promise<Map<string, string>> {
  const rows = await many<{ key: string; id: string }>(db, sql`select key, id from zone`)
  return new Map(rows.map((row) => [row.key, row.id]))
}

export async function zoneKeyOf(db: Db, id: string): Promise<string> {
  return (await one<{ key: string }>(db, sql`select key from zone where id = ${id}`)).key
}

export async function poolIds(db: Db): Promise<Map<string, string>> {
  const rows = await many<{ key: string; id: string }>(db, sql`select key, id from pool`)
  return new Map(rows.map((row) => [row.key, row.id]))
}

/** `dueAt` null: whenever; `duty`: why they have to be kept, and until when, whoever asks to be erased. */
export type CourseSubmissions = {
  dueAt: Date | null
  /** Null: as many, and as large, as the policy has it. */
  most: number | null
  totalMb: number | null
  duty: { reason: Text; until: Date } | null
}

/** The course's row as its approved plan wants it; answers its id, and how many hold a seat and do not come. Document and title only when given anew. */
export async function keepCourse(
  tx: Db,
  course: {
    plan: BlueprintCourse
    zoneId: string
    state: CourseState
    title: Text
    description: Text | null
    display: Display
    document: string
    followsRoster: boolean
    /** Null: as its zone has it. */
    timeZone: string | null
    /** Null: students hand in nothing. */
    submissions: CourseSubmissions | null
    data: Course['data'] | null
    /** Sessions that can be held, at least in part. */
    held: BlueprintSession[]
    now: Date
  },
): Promise<{ id: string; dormantHolders: number }> {
  const { plan, now } = course
  // A seat that fits nowhere in class fits nowhere outside it either.
  const headroom = course.held.length > 0 ? plan.headroom : null
  return one(
    tx,
    sql`insert into course (id, zone_id, key, code, state, state_at, document, title, allowance_seats,
          places_outside, outside_from, outside_until, lifecycle, gpus, takes_submissions, submissions_due_at, submissions_duty,
          submissions_duty_until, data_size_mb, data_path, data_version, follows_roster, description, display, personal, snapshots, submissions_most,
          submissions_mb, time_zone, created_at)
        values (${newId()}, ${course.zoneId}, ${plan.key}, ${plan.course8}, ${course.state}, ${now}, ${course.document},
          ${JSON.stringify(course.title)}, ${plan.allowance.seats}, ${headroom?.atOnce ?? headroom?.seats ?? 0},
          ${firstOpening(course.held)}, ${headroom?.until ?? null}, ${JSON.stringify(plan.lifecycle)},
          ${plan.template?.gpu?.count ?? 0}, ${course.submissions !== null}, ${course.submissions?.dueAt ?? null},
          ${course.submissions?.duty ? JSON.stringify(course.submissions.duty.reason) : null}, ${course.submissions?.duty?.until ?? null},
          ${course.data?.sizeMb ?? null}, ${course.data?.mountPath ?? null}, ${course.data?.version ?? null},
          ${course.followsRoster}, ${course.description === null ? null : JSON.stringify(course.description)},
          ${JSON.stringify(course.display)}, ${plan.personal ? JSON.stringify(plan.personal) : null}::jsonb,
          ${plan.snapshots ?? 0}, ${course.submissions?.most ?? null}, ${course.submissions?.totalMb ?? null}, ${course.timeZone}, ${now})
        on conflict (zone_id, key) do update set document = excluded.document, title = excluded.title,
          state = excluded.state, allowance_seats = excluded.allowance_seats, places_outside = excluded.places_outside,
          outside_from = excluded.outside_from, outside_until = excluded.outside_until, places_until = null,
          lifecycle = excluded.lifecycle, gpus = excluded.gpus, takes_submissions = excluded.takes_submissions,
          submissions_due_at = excluded.submissions_due_at, submissions_duty = excluded.submissions_duty,
          submissions_duty_until = excluded.submissions_duty_until, data_size_mb = excluded.data_size_mb,
          data_path = excluded.data_path, data_version = excluded.data_version, follows_roster = excluded.follows_roster,
          description = excluded.description, display = excluded.display, personal = excluded.personal,
          snapshots = excluded.snapshots, submissions_most = excluded.submissions_most,
          submissions_mb = excluded.submissions_mb, time_zone = excluded.time_zone,
          state_at = case when course.state = excluded.state then course.state_at else excluded.state_at end
        returning id, dormant_holders as "dormantHolders"`,
  )
}

/** Outside class it opens with the first class, not with the preparations for it. */
function firstOpening(held: BlueprintSession[]): string | null {
  return held.map((session) => session.opensAt).toSorted()[0] ?? null
}

/** What a plan must know of courses beside their documents (course-known.ts). */
export type KnownOfCourses = Pick<
  Inventory,
  'taken' | 'dormant' | 'granted' | 'roster' | 'listed' | 'closed'
>

/** What a review let a course have from now on; `isNew` forgets what earlier ones did. */
export async function grantAllowance(
  tx: Db,
  grant: { courseKey: string; granted: Allowance; isNew: boolean },
): Promise<void> {
  const { courseKey, granted, isNew } = grant
  await execute(
    tx,
    sql`update course set granted = case when ${isNew} then '{}'::jsonb else granted end || ${JSON.stringify(granted)}
        where key = ${courseKey}`,
  )
}

/** The time zone of the default zone: for pages that are about no course in particular. */
export async function defaultTimeZone(db: Db): Promise<string> {
  const { time_zone } = await one<{ time_zone: string }>(
    db,
    sql`select time_zone from zone where key = 'default'`,
  )
  return time_zone
}
