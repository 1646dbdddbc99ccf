/**
 * A teacher choosing a course inside the LMS (LTI Deep Linking 2.0): where the choice has to be sent, for an
 * hour. The request is sealed, since the return address carries the LMS's session key.
 */
import { type Db, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import type { KeyRing } from '../key-ring.ts'

const CHOICE_HOURS = 1

/** What the answer needs of the request. */
export type DeepLinkRequest = {
  issuer: string
  clientId: string
  deploymentId: string
  /** The LMS's id of the course in which the choice is made. */
  contextId: string
  returnUrl: string
  acceptTypes: string[]
  /** Opaque to us; goes back as it came. */
  data?: string | undefined
}

export async function keepDeepLink(
  tx: Db,
  ring: KeyRing,
  link: {
    personId: string
    platformId: string
    lmsContextId: string
    request: DeepLinkRequest
    now: Date
  },
): Promise<string> {
  const id = newId()
  const sealed = ring.seal(JSON.stringify(link.request), requestContext(id))
  const expiresAt = new Date(link.now.getTime() + CHOICE_HOURS * 3_600_000)
  await one(
    tx,
    sql`insert into deep_link (id, person_id, platform_id, lms_context_id, key_id, request, created_at, expires_at)
        values (${id}, ${link.personId}, ${link.platformId}, ${link.lmsContextId}, ${sealed.keyId}, ${sealed.bytes},
          ${link.now}, ${expiresAt}) returning id`,
  )
  return id
}

const requestContext = (id: string): string => `lti deep link ${id}`

export type DeepLink = {
  id: string
  platformId: string
  lmsContextId: string
  request: DeepLinkRequest
}

type DeepLinkRow = {
  id: string
  platform_id: string
  lms_context_id: string
  key_id: string
  request: Buffer
}

/** Only for the person who began it, and only once sent; undefined otherwise. */
export async function findDeepLink(
  db: Db,
  ring: KeyRing,
  wanted: { id: string; personId: string; now: Date },
): Promise<DeepLink | undefined> {
  const row = await findOne<DeepLinkRow>(
    db,
    sql`select id, platform_id, lms_context_id, key_id, request from deep_link where id = ${wanted.id}
        and person_id = ${wanted.personId} and used_at is null and expires_at > ${wanted.now}`,
  )
  return row && opened(ring, row)
}

/** The same, and nobody gets it again: a choice is sent once. */
export async function takeDeepLink(
  tx: Db,
  ring: KeyRing,
  wanted: { id: string; personId: string; now: Date },
): Promise<DeepLink | undefined> {
  const row = await findOne<DeepLinkRow>(
    tx,
    sql`update deep_link set used_at = ${wanted.now} where id = ${wanted.id} and person_id = ${wanted.personId}
        and used_at is null and expires_at > ${wanted.now}
        returning id, platform_id, lms_context_id, key_id, request`,
  )
  return row && opened(ring, row)
}

function opened(ring: KeyRing, row: DeepLinkRow): DeepLink {
  const plain = ring.open({ keyId: row.key_id, bytes: row.request }, requestContext(row.id))
  return {
    id: row.id,
    platformId: row.platform_id,
    lmsContextId: row.lms_context_id,
    request: JSON.parse(plain.toString('utf8')),
  }
}

export type CourseChoice = { id: string; key: string; title: { en: string; fr: string } }

/**
 * The courses a teacher may put into an activity: of their zone, not archived, and usable by all, shared with them,
 * or opened by an LMS course that they edit.
 */
export async function coursesToChoose(
  db: Db,
  who: { zoneId: string; personId: string },
): Promise<CourseChoice[]> {
  return many<CourseChoice>(
    db,
    sql`select id, key, title from course where zone_id = ${who.zoneId} and state <> 'archived'
          and (usable_by_all
            or exists (select from course_share share where share.course_id = course.id
                and share.person_id = ${who.personId})
            or exists (select from lms_resource resource join membership
                on membership.lms_context_id = resource.lms_context_id
                where resource.course_id = course.id and membership.person_id = ${who.personId}
                  and membership.role = 'teacher' and membership.edits_plans))
        order by key`,
  )
}

/** A course by the key in an activity's custom parameters, in the platform's zone only. */
export async function findCourseInZone(
  db: Db,
  course: { zoneId: string; key: string },
): Promise<(CourseChoice & { state: string }) | undefined> {
  return findOne<CourseChoice & { state: string }>(
    db,
    sql`select id, key, title, state from course where zone_id = ${course.zoneId} and key = ${course.key}`,
  )
}
