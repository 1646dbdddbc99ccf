/**
 * From a verified launch to a way in, in one transaction: who comes, in which role of which LMS course, to
 * which course of ours, into which workspace. Everything here is decided by the record; the handshake is over.
 */
import { type Actor, audit } from '../data/audit.ts'
import { type Db, type Pool, withTransaction } from '../data/db.ts'
import { findCourseInZone, keepDeepLink } from '../data/deep-link.ts'
import { newToken } from '../data/ids.ts'
import type { KeyRing } from '../data/key-ring.ts'
import { issueLoginCode } from '../data/login.ts'
import type { LtiPlatform } from '../data/lti-store.ts'
import {
  type LmsResource,
  type PointsAt,
  findLmsContext,
  findLmsResource,
  keepLmsContext,
  keepLmsResource,
  keepMembership,
  keepPerson,
} from '../data/person.ts'
import { claimWorkspace } from '../data/workspace.ts'
import { paths } from '../paths.ts'
import type { LaunchClaims } from './claims.ts'
import { readChoice } from './course-choice.ts'
import type { Refusal } from './refusals.ts'

export type Launch = {
  platform: LtiPlatform
  /** Our id of the deployment, which is active. */
  deploymentId: string
  claims: LaunchClaims
  now: Date
}

/** `code` goes into the address, `browser` into a cookie: together they open the login. */
export type Outcome = { enter: { code: string; browser: string } } | { refused: Refusal }

export type LaunchParts = { pool: Pool; ring: KeyRing }

type LmsCourse = NonNullable<LaunchClaims['context']>

export async function admitLaunch(parts: LaunchParts, launch: Launch): Promise<Outcome> {
  const { context, resourceLinkId } = launch.claims
  if (!context) return refused('context-missing')
  if (!resourceLinkId) return refused('resource-missing')
  return withTransaction(parts.pool, async (tx) => {
    const lmsContextId = await keepContext(tx, launch, context)
    const activity = { lmsContextId, deploymentId: launch.deploymentId, resourceLinkId }
    const found = await resolveActivity(tx, parts.ring, { launch, context, activity })
    const isTeacher = launch.claims.role === 'teacher'
    if ('none' in found)
      return refused(isTeacher ? 'activity-unlinked-teacher' : 'activity-unlinked')
    if ('copied' in found && !isTeacher) return refused('activity-copied')
    if ('course' in found && !isTeacher && !isOpenToStudents(found.course.state))
      return refused('course-not-open')
    const visitor = await keepVisitor(tx, launch, { lmsContextId, editsPlans: false })
    if ('copied' in found)
      return enter(tx, visitor, {
        courseId: null,
        returnPath: paths.copiedActivity(found.copied.id),
      })
    const returnPath = isTeacher
      ? paths.course(found.course.key)
      : await workspaceOf(tx, visitor, found.course.id)
    return enter(tx, visitor, { courseId: found.course.id, returnPath })
  })
}

const refused = (code: Refusal['code']): Outcome => ({ refused: { code } })

const isOpenToStudents = (state: string): boolean => state === 'test' || state === 'ready'

function keepContext(tx: Db, launch: Launch, context: LmsCourse): Promise<string> {
  return keepLmsContext(tx, {
    platformId: launch.platform.id,
    contextId: context.id,
    label: context.label,
    title: context.title,
    rosterUrl: launch.claims.rosterUrl,
    now: launch.now,
  })
}

type Found =
  | { course: { id: string; key: string; state: string } }
  | { copied: LmsResource }
  | { none: true }

type Asked = {
  launch: Launch
  context: LmsCourse
  activity: { lmsContextId: string; deploymentId: string; resourceLinkId: string }
}

/**
 * What the activity opens. A choice signed for this very LMS course always holds, so a teacher can change it;
 * signed for another one it marks a copy, unless somebody has already said what the copy opens.
 */
async function resolveActivity(tx: Db, ring: KeyRing, asked: Asked): Promise<Found> {
  const { platform, claims } = asked.launch
  const choice = readChoice(ring, platform.id, claims.custom)
  const chosen =
    choice && (await findCourseInZone(tx, { zoneId: platform.zone_id, key: choice.courseKey }))
  const known = await findLmsResource(tx, asked.activity)
  if (choice && chosen && choice.contextId === asked.context.id) {
    if (known?.course_id !== chosen.id) await pointTo(tx, asked, { courseId: chosen.id })
    return { course: chosen }
  }
  if (known?.course) return { course: known.course }
  if (!choice || !chosen) return { none: true }
  const copiedFromId =
    (await findLmsContext(tx, { platformId: platform.id, contextId: choice.contextId })) ?? null
  if (known?.copied_course_id === chosen.id) return { copied: known }
  return { copied: await pointTo(tx, asked, { copiedCourseId: chosen.id, copiedFromId }) }
}

function pointTo(tx: Db, asked: Asked, pointsAt: PointsAt): Promise<LmsResource> {
  const { claims, now } = asked.launch
  return keepLmsResource(tx, {
    ...asked.activity,
    pointsAt,
    lineItemUrl: claims.lineItemUrl,
    now,
  })
}

type Visitor = {
  personId: string
  lmsContextId: string
  actor: Actor
  now: Date
}

async function keepVisitor(
  tx: Db,
  launch: Launch,
  where: { lmsContextId: string; editsPlans: boolean },
): Promise<Visitor> {
  const { platform, claims, now } = launch
  const person = await keepPerson(tx, {
    platformId: platform.id,
    zoneId: platform.zone_id,
    sub: claims.sub,
    displayName: claims.displayName,
    locale: claims.locale,
    now,
  })
  await keepMembership(tx, { personId: person.id, ...where, role: claims.role, now })
  return {
    personId: person.id,
    lmsContextId: where.lmsContextId,
    actor: { name: person.pseudonym, role: claims.role },
    now,
  }
}

async function workspaceOf(tx: Db, visitor: Visitor, courseId: string): Promise<string> {
  const { personId, now } = visitor
  const workspace = await claimWorkspace(tx, { courseId, personId, now })
  return paths.workspace(workspace.id)
}

async function enter(
  tx: Db,
  visitor: Visitor,
  to: { courseId: string | null; returnPath: string },
): Promise<Outcome> {
  const { personId, lmsContextId, now } = visitor
  const browser = newToken()
  await audit(tx, {
    actor: visitor.actor,
    action: 'launch',
    subject: { kind: 'lms_context', id: lmsContextId },
    detail: { course: to.courseId },
    now,
  })
  const code = await issueLoginCode(tx, { personId, lmsContextId, ...to, browser, now })
  return { enter: { code, browser } }
}

/** A teacher comes to choose what an activity opens. Platforms let only those do it who may edit the course. */
export async function admitDeepLinking(parts: LaunchParts, launch: Launch): Promise<Outcome> {
  const { claims, platform, now } = launch
  const { context, deepLinking } = claims
  if (claims.role !== 'teacher') return refused('deep-link-role')
  if (!context) return refused('context-missing')
  if (!deepLinking?.acceptTypes.includes('ltiResourceLink')) return refused('deep-link-types')
  return withTransaction(parts.pool, async (tx) => {
    const lmsContextId = await keepContext(tx, launch, context)
    const visitor = await keepVisitor(tx, launch, { lmsContextId, editsPlans: true })
    const linkId = await keepDeepLink(tx, parts.ring, {
      personId: visitor.personId,
      platformId: platform.id,
      lmsContextId,
      request: {
        issuer: platform.issuer,
        clientId: platform.client_id,
        deploymentId: claims.deploymentId,
        contextId: context.id,
        returnUrl: deepLinking.returnUrl,
        acceptTypes: deepLinking.acceptTypes,
        data: deepLinking.data,
      },
      now,
    })
    return enter(tx, visitor, { courseId: null, returnPath: paths.deepLink(linkId) })
  })
}
