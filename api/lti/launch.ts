/**
 * From a verified launch to a way in, in one transaction: who comes, in which role of which LMS course, to
 * which course of ours, into which workspace. Everything here is decided by the record; the handshake is over.
 */
import type { Config } from '../config.ts'
import { type Actor, audit } from '../data/audit.ts'
import { type Db, type Pool, withTransaction } from '../data/db.ts'
import { keepDeepLink } from '../data/lms/deep-link.ts'
import { newToken } from '../data/ids.ts'
import type { KeyRing } from '../data/key-ring.ts'
import {
  type LmsCourse,
  type PointsAt,
  findActivity,
  keepLmsContext,
  keepLmsResource,
} from '../data/lms/lms-activity.ts'
import { issueLoginCode } from '../data/people/login.ts'
import type { LtiPlatform } from '../data/lms/lti-store.ts'
import { keepMember } from '../data/people/person.ts'
import { admitToActivity, askForRoster } from '../data/lms/roster.ts'
import { keepTurnMail } from '../data/workspaces/turn-mail.ts'
import { claimWorkspace } from '../data/workspaces/workspace-begin.ts'
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

export type LaunchParts = { pool: Pool; ring: KeyRing; config: Pick<Config, 'notices'> }

export async function admitLaunch(parts: LaunchParts, launch: Launch): Promise<Outcome> {
  const { context, resourceLinkId, role } = launch.claims
  if (!context) return refused('context-missing')
  if (!resourceLinkId) return refused('resource-missing')
  const isTeacher = role === 'teacher'
  return withTransaction(parts.pool, async (tx) => {
    const { opens, lmsContextId, restrictedId } = await resolveActivity(tx, parts.ring, {
      launch,
      resourceLinkId,
      lmsCourse: lmsCourseOf(launch, context),
    })
    if (!opens) return refused(isTeacher ? 'activity-unlinked-teacher' : 'activity-unlinked')
    if ('copyId' in opens && !isTeacher) return refused('activity-copied')
    if ('state' in opens && !isTeacher && !isOpenToStudents(opens.state))
      return refused('course-not-open')
    const visitor = await keepVisitor(tx, launch, { lmsContextId, editsPlans: false })
    const { personId, now } = visitor
    if (restrictedId && !isTeacher)
      await admitToActivity(tx, { resourceId: restrictedId, personId })
    if (isTeacher) await askForRoster(tx, { lmsContextId, now })
    if ('copyId' in opens)
      return enter(tx, visitor, { courseId: null, returnPath: paths.copiedActivity(opens.copyId) })
    const returnPath = isTeacher
      ? paths.course(opens.key)
      : await workspaceOf(tx, visitor, {
          courseId: opens.id,
          openPath: launch.claims.openPath,
          // Kept only where something can be sent to it.
          email: parts.config.notices.smtpUrl ? launch.claims.email : null,
        })
    return enter(tx, visitor, { courseId: opens.id, returnPath })
  })
}

const refused = (code: Refusal['code']): Outcome => ({ refused: { code } })

const isOpenToStudents = (state: string): boolean => state === 'test' || state === 'ready'

const lmsCourseOf = (
  { platform, claims }: Launch,
  context: NonNullable<LaunchClaims['context']>,
): LmsCourse => ({
  platformId: platform.id,
  contextId: context.id,
  label: context.label,
  title: context.title,
  rosterUrl: claims.rosterUrl,
})

type Opens = { id: string; key: string; state: string } | { copyId: string }
type Resolved = {
  opens: Opens | undefined
  lmsContextId: string
  /** The activity, when only a part of its course sees it. */
  restrictedId?: string
}

/**
 * What the activity opens. A choice signed for this very LMS course always holds, so a teacher can change it;
 * signed for another one it marks a copy, unless somebody has already said what the copy opens.
 */
async function resolveActivity(
  tx: Db,
  ring: KeyRing,
  asked: { launch: Launch; lmsCourse: LmsCourse; resourceLinkId: string },
): Promise<Resolved> {
  const { lmsCourse, resourceLinkId } = asked
  const { platform, claims, deploymentId, now } = asked.launch
  const choice = readChoice(ring, platform.id, claims.custom)
  const zoneId = platform.zone_id
  const seen = await findActivity(tx, { lmsCourse, zoneId, deploymentId, resourceLinkId, choice })
  const lmsContextId =
    seen.lms_context_id && seen.is_current
      ? seen.lms_context_id
      : await keepLmsContext(tx, { ...lmsCourse, now })
  const pointTo = (pointsAt: PointsAt): Promise<string> => {
    const { lineItemUrl } = claims
    return keepLmsResource(tx, {
      ...{ lmsContextId, deploymentId, resourceLinkId, lineItemUrl, pointsAt, now },
    })
  }
  const { chosen, linked } = seen
  const isRestricted = seen.resource_id !== null && seen.is_restricted
  const restricted = isRestricted ? { restrictedId: seen.resource_id ?? '' } : {}
  if (choice && chosen && choice.contextId === lmsCourse.contextId) {
    if (linked?.id !== chosen.id) await pointTo({ courseId: chosen.id })
    return { opens: chosen, lmsContextId, ...restricted }
  }
  if (linked) return { opens: linked, lmsContextId, ...restricted }
  if (!chosen) return { opens: undefined, lmsContextId }
  const copyId =
    seen.resource_id && seen.copied_course_id === chosen.id
      ? seen.resource_id
      : await pointTo({ copiedCourseId: chosen.id, copiedFromId: seen.chosen_in_id })
  return { opens: { copyId }, lmsContextId }
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
  const person = await keepMember(tx, {
    platformId: platform.id,
    zoneId: platform.zone_id,
    sub: claims.sub,
    displayName: claims.displayName,
    email: claims.email,
    locale: claims.locale,
    role: claims.role,
    ...where,
    now,
  })
  return {
    personId: person.id,
    lmsContextId: where.lmsContextId,
    actor: { name: person.pseudonym, role: claims.role },
    now,
  }
}

async function workspaceOf(
  tx: Db,
  visitor: Visitor,
  { email, ...to }: { courseId: string; openPath: string | undefined; email: string | null },
): Promise<string> {
  const { personId, now } = visitor
  const workspace = await claimWorkspace(tx, { ...to, personId, now })
  if (workspace.state === 'queued') await keepTurnMail(tx, { workspaceId: workspace.id, email })
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
    const lmsContextId = await keepLmsContext(tx, { ...lmsCourseOf(launch, context), now })
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
