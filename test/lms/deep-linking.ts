// The return from deep linking: the tool posts a JWT with what the teacher chose; it becomes activities.
// https://www.imsglobal.org/spec/lti-dl/v2p0
import { z } from 'zod'
import {
  activityNamed,
  courseNamed,
  findMember,
  lineItemsOf,
  sessionKeyOf,
  toolNumbered,
} from './platform.ts'
import { deepLinking, lti } from './claims.ts'
import { mayEditCourse } from './roles.ts'
import { parsed } from './grades.ts'
import { Refusal } from './body.ts'
import { takeId } from './state.ts'
import { verifyToolJwt } from './access.ts'
import type { Activity, Course, Tool } from './state.ts'
import type { Platform } from './platform.ts'
import type { Person } from '../cast/people.ts'

const itemShape = z.object({
  type: z.literal('ltiResourceLink'),
  title: z.string().optional(),
  text: z.string().optional(),
  url: z.url().optional(),
  custom: z.record(z.string(), z.coerce.string()).default({}),
  lineItem: z
    .object({
      label: z.string().optional(),
      scoreMaximum: z.number().positive(),
      resourceId: z.string().default(''),
      tag: z.string().default(''),
    })
    .optional(),
})

const answerShape = z.object({
  nonce: z.string().min(1),
  exp: z.number(),
  iat: z.number(),
  [`${lti}/message_type`]: z.literal('LtiDeepLinkingResponse'),
  [`${lti}/version`]: z.literal('1.3.0'),
  [`${lti}/deployment_id`]: z.string(),
  [`${deepLinking}/content_items`]: z.array(itemShape).default([]),
  [`${deepLinking}/msg`]: z.string().optional(),
  [`${deepLinking}/errormsg`]: z.string().optional(),
})

export type DeepLinkingOutcome = {
  course: Course
  activities: Activity[]
  message?: string
  error?: string
}

/** `query` is what we put into deep_link_return_url ourselves: course, tool, session key. */
export async function acceptDeepLinking(
  platform: Platform,
  person: Person,
  query: URLSearchParams,
  jwt: string,
): Promise<DeepLinkingOutcome> {
  const course = courseNamed(platform, query.get('course') ?? '')
  const tool = toolNumbered(platform, query.get('id') ?? '')
  if (query.get('sesskey') !== sessionKeyOf(platform, person.username))
    throw new Refusal(403, 'invalid_sesskey', 'This return address is not of your session.')
  if (!mayEditCourse(person, findMember(course, person)?.role))
    throw new Refusal(403, 'access_denied', `${person.username} may not edit this course.`)
  const claims = await verifyToolJwt(platform, tool, jwt, [platform.url])
  const answer = parsed(answerShape, claims, 'deep linking response')
  if (answer[`${lti}/deployment_id`] !== tool.id)
    throw new Refusal(400, 'invalid_request', 'The answer names another deployment.')
  useNonce(platform, tool, String(answer.nonce))
  const error = answer[`${deepLinking}/errormsg`]
  const message = answer[`${deepLinking}/msg`]
  const items =
    error === undefined ? z.array(itemShape).parse(answer[`${deepLinking}/content_items`]) : []
  const into = query.get('activity')
  const activities =
    into === null
      ? items.map((item) => placeItem(platform, course, tool, item))
      : items.slice(0, 1).map((item) => replaceItem(platform, course, tool, into, item))
  platform.save()
  return {
    course,
    activities,
    ...(typeof message === 'string' && { message }),
    ...(typeof error === 'string' && { error }),
  }
}

function useNonce(platform: Platform, tool: Tool, nonce: string): void {
  const key = `${tool.clientId} ${nonce}`
  if (platform.seenDeepLinkingNonces.has(key))
    throw new Refusal(400, 'invalid_request', 'This answer came before.')
  platform.seenDeepLinkingNonces.add(key)
}

type Item = z.output<typeof itemShape>

function placeItem(platform: Platform, course: Course, tool: Tool, item: Item): Activity {
  const id = takeId(platform.state)
  const title = item.title ?? tool.name
  const text = item.text ?? ''
  const activity: Activity = {
    id,
    courseId: course.id,
    key: `activity-${id}`,
    title: { en: title, fr: title },
    description: { en: text, fr: text },
    custom: item.custom,
    // Moodle ignores the item's own `window` and `iframe` for a preconfigured tool: the tool's setting rules.
    opensIn: 'window',
    ...(item.url !== undefined && { url: item.url }),
    toolId: tool.id,
  }
  platform.state.activities.push(activity)
  coupleLineItem(platform, tool, activity, item)
  return activity
}

/** The activity keeps its id and the name its teacher gave it. */
function replaceItem(
  platform: Platform,
  course: Course,
  tool: Tool,
  activityId: string,
  item: Item,
): Activity {
  const activity = activityNamed(platform, activityId)
  if (activity.courseId !== course.id)
    throw new Refusal(404, 'not_found', 'This activity is of another course.')
  delete activity.url
  Object.assign(activity, { custom: item.custom, toolId: tool.id }, item.url && { url: item.url })
  coupleLineItem(platform, tool, activity, item)
  return activity
}

/** An activity has one grade of its own, whatever else the tool makes through the service. */
function coupleLineItem(platform: Platform, tool: Tool, activity: Activity, item: Item): void {
  const { state } = platform
  if (!item.lineItem || lineItemsOf(platform, activity).some(({ coupled }) => coupled)) return
  const { label = activity.title.en, scoreMaximum, resourceId, tag } = item.lineItem
  state.lineItems.push({
    id: takeId(state),
    courseId: activity.courseId,
    toolId: tool.id,
    activityId: activity.id,
    coupled: true,
    label,
    scoreMaximum,
    resourceId,
    tag,
  })
}
