/** A teacher chooses, inside the LMS, the course an activity opens; the choice goes back signed, once. */
import { z } from 'zod'
import { seatPath } from '../../stacks/rules/seat-path.ts'
import { audit } from '../data/audit.ts'
import { withTransaction } from '../data/db.ts'
import {
  type CourseChoice,
  type DeepLink,
  coursesToChoose,
  findDeepLink,
  takeDeepLink,
} from '../data/lms/deep-link.ts'
import { findPlatform, platformOrigins } from '../data/lms/platform.ts'
import { Problem, badRequest } from '../errors.ts'
import { securityHeaders } from '../headers.ts'
import { signChoice } from '../lti/course-choice.ts'
import { chooseCoursePage, sendChoicePage } from '../pages/deep-link.ts'
import { type Handler, type Reply, type Visit, actorOf, personOf } from '../visit.ts'

const over = () => new Problem(410, 'lti.choose.over')

export const show: Handler = async (visit) => {
  const { link, zoneId, personId } = await openLink(visit)
  const courses = await coursesToChoose(visit.pool, { zoneId, personId })
  return { html: chooseCoursePage(visit, link.id, courses) }
}

/** The choice that is being made, by the visitor and not yet sent. */
export async function openLink(
  visit: Visit,
): Promise<{ link: DeepLink; zoneId: string; personId: string }> {
  const link = await findDeepLink(visit.pool, visit.ring, wanted(visit))
  const platform = link && (await findPlatform(visit.pool, link.platformId))
  if (!platform) throw over()
  return { link, zoneId: platform.zone_id, personId: personOf(visit).personId }
}

function wanted(visit: Visit) {
  const id = visit.params['link'] ?? ''
  if (!/^[0-9a-f-]{36}$/.test(id)) throw over()
  return { id, personId: personOf(visit).personId, now: visit.at }
}

export const choiceBody = z.object({
  course: z.string().min(1).max(200),
  /** Of the environment: where students of this activity begin. */
  path: z
    .string()
    .refine((text) => text === '' || seatPath(text) !== undefined)
    .default(''),
})

export const choose: Handler<unknown, z.infer<typeof choiceBody>> = (visit) =>
  sendChoice(visit, visit.body.course, seatPath(visit.body.path))

/** Takes the choice, once, and sends it signed to the LMS. */
export async function sendChoice(
  visit: Visit,
  courseKey: string,
  path?: string | undefined,
): Promise<Reply> {
  const { link, course } = await withTransaction(visit.pool, async (tx) => {
    const link = await takeDeepLink(tx, visit.ring, wanted(visit))
    const platform = link && (await findPlatform(tx, link.platformId))
    if (!platform) throw over()
    const { zone_id: zoneId } = platform
    const { personId } = personOf(visit)
    const offered = await coursesToChoose(tx, { zoneId, personId })
    const course = offered.find((one) => one.key === courseKey)
    if (!course) throw badRequest()
    await audit(tx, {
      actor: actorOf(visit, 'teacher'),
      action: 'activity.choose-course',
      subject: { kind: 'course', id: course.id },
      detail: { lmsContext: link.lmsContextId },
      now: visit.at,
    })
    return { link, course }
  })
  const { request, platformId } = link
  const choice = { platformId, contextId: request.contextId, courseKey: course.key }
  const custom = { ...signChoice(visit.ring, choice), ...(path !== undefined && { path }) }
  const jwt = await visit.lti.signDeepLink(request, [resourceLink(visit, course, custom)])
  return {
    html: sendChoicePage(visit, { returnUrl: request.returnUrl, jwt }),
    headers: await mayPostTo(visit, request.returnUrl),
  }
}

/** A link item (Deep Linking 2.0 §3.1): the same address for all; the course is in the custom parameters. */
function resourceLink(visit: Visit, course: CourseChoice, custom: Record<string, string>) {
  return {
    type: 'ltiResourceLink',
    title: course.title[visit.locale] || course.key,
    url: `${visit.config.publicUrl}/lti/launch`,
    custom,
    // Terminals want a tab of their own; an LMS that embeds us nevertheless works too.
    window: { targetName: '_blank' },
  }
}

async function mayPostTo(visit: Visit, url: string): Promise<Record<string, string>> {
  const origins = await platformOrigins(visit.pool, ['active'])
  return securityHeaders(visit.config, origins, [new URL(url).origin])
}
