// Assignment and Grade Services 2: line items, scores, results.
// https://www.imsglobal.org/spec/lti-ags/v2p0
import { z } from 'zod'
import { Refusal } from './body.ts'
import { courseNamed, findPersonById, findMember } from './platform.ts'
import { lineItemUrl } from './service-urls.ts'
import { takeId } from './state.ts'
import { wholeNumber } from './roster.ts'
import type { Course, LineItem, Score, Tool } from './state.ts'
import type { Platform } from './platform.ts'

export const lineItemType = 'application/vnd.ims.lis.v2.lineitem+json'
export const lineItemsType = 'application/vnd.ims.lis.v2.lineitemcontainer+json'
export const scoreType = 'application/vnd.ims.lis.v1.score+json'
export const resultsType = 'application/vnd.ims.lis.v2.resultcontainer+json'

const lineItemShape = z.object({
  label: z.string().min(1),
  scoreMaximum: z.number().positive(),
  resourceId: z.string().default(''),
  tag: z.string().default(''),
  resourceLinkId: z.string().optional(),
})

const scoreShape = z.object({
  userId: z.string(),
  timestamp: z.iso.datetime({ offset: true }),
  activityProgress: z.enum(['Initialized', 'Started', 'InProgress', 'Submitted', 'Completed']),
  gradingProgress: z.enum(['FullyGraded', 'Pending', 'PendingManual', 'Failed', 'NotReady']),
  scoreGiven: z.number().min(0).optional(),
  scoreMaximum: z.number().positive().default(1),
  comment: z.string().optional(),
})

export type Page = { body: object[]; link?: string }

export function lineItemPage(
  platform: Platform,
  tool: Tool,
  courseId: string,
  query: URLSearchParams,
): Page {
  const wanted = (name: string, value: string | undefined) => {
    const asked = query.get(name)
    return asked === null || asked === value
  }
  const items = ownLineItems(platform, tool, courseNamed(platform, courseId)).filter(
    (item) =>
      wanted('resource_link_id', item.activityId) &&
      wanted('resource_id', item.resourceId) &&
      wanted('tag', item.tag),
  )
  const shown = items.map((item) => lineItemJson(platform, item))
  return paged(shown, `${platform.url}/lti/services/${courseId}/lineitems`, query)
}

function ownLineItems(platform: Platform, tool: Tool, course: Course): LineItem[] {
  const { lineItems } = platform.state
  return lineItems.filter((item) => item.courseId === course.id && item.toolId === tool.id)
}

export function lineItemJson(platform: Platform, item: LineItem): object {
  const { label, scoreMaximum, resourceId, tag, activityId } = item
  const link = activityId !== undefined && { resourceLinkId: activityId, ltiLinkId: activityId }
  return { id: lineItemUrl(platform, item), label, scoreMaximum, resourceId, tag, ...link }
}

export function lineItemNumbered(
  platform: Platform,
  tool: Tool,
  courseId: string,
  id: string,
): LineItem {
  const course = courseNamed(platform, courseId)
  const item = ownLineItems(platform, tool, course).find((one) => one.id === id)
  if (item) return item
  throw new Refusal(404, 'not_found', `Course ${course.id} has no line item ${id} of this tool.`)
}

export function createLineItem(
  platform: Platform,
  tool: Tool,
  courseId: string,
  body: unknown,
): LineItem {
  const course = courseNamed(platform, courseId)
  const { resourceLinkId, ...rest } = parsed(lineItemShape, body, 'line item')
  if (resourceLinkId !== undefined) assertActivity(platform, tool, course, resourceLinkId)
  const link = resourceLinkId === undefined ? {} : { activityId: resourceLinkId }
  const place = { id: takeId(platform.state), courseId: course.id, toolId: tool.id, coupled: false }
  const item: LineItem = { ...place, ...rest, ...link }
  platform.state.lineItems.push(item)
  platform.save()
  return item
}

function assertActivity(platform: Platform, tool: Tool, course: Course, id: string): void {
  const activity = platform.state.activities.find((one) => one.id === id)
  const foreign = activity?.toolId !== undefined && activity.toolId !== tool.id
  if (activity?.courseId === course.id && !foreign) return
  throw new Refusal(403, 'forbidden', `Course ${course.id} has no activity ${id} of this tool.`)
}

export function updateLineItem(platform: Platform, item: LineItem, body: unknown): LineItem {
  const { label, scoreMaximum, resourceId, tag } = parsed(lineItemShape, body, 'line item')
  Object.assign(item, { label, scoreMaximum, resourceId, tag })
  platform.save()
  return item
}

/** Moodle refuses to delete the line item of an activity: that one goes with its activity. */
export function deleteLineItem(platform: Platform, item: LineItem): void {
  if (item.coupled) throw new Refusal(403, 'forbidden', 'This line item belongs to its activity.')
  const { state } = platform
  state.lineItems = state.lineItems.filter(({ id }) => id !== item.id)
  state.scores = state.scores.filter(({ lineItemId }) => lineItemId !== item.id)
  platform.save()
}

export function recordScore(platform: Platform, item: LineItem, body: unknown): Score {
  const sent = parsed(scoreShape, body, 'score')
  assertGradable(platform, item, sent.userId)
  const earlier = platform.state.scores.find(
    (one) => one.lineItemId === item.id && one.userId === sent.userId,
  )
  if (earlier && Date.parse(earlier.timestamp) >= Date.parse(sent.timestamp))
    throw new Refusal(
      409,
      'conflict',
      'A score with the same or a later timestamp is here already.',
    )
  const { scoreGiven, comment, ...rest } = sent
  // As in Moodle, a grade counts only once grading is over.
  const counts = scoreGiven !== undefined && sent.gradingProgress === 'FullyGraded'
  const score: Score = {
    lineItemId: item.id,
    ...rest,
    ...(counts && { scoreGiven }),
    ...(comment !== undefined && { comment }),
  }
  platform.state.scores = [...platform.state.scores.filter((one) => one !== earlier), score]
  platform.save()
  return score
}

function assertGradable(platform: Platform, item: LineItem, userId: string): void {
  const person = findPersonById(platform, userId)
  const course = courseNamed(platform, item.courseId)
  if (person && findMember(course, person)?.role === 'student') return
  throw new Refusal(
    400,
    'invalid_request',
    `User ${userId} is not a student of course ${course.id}.`,
  )
}

export function resultPage(platform: Platform, item: LineItem, query: URLSearchParams): Page {
  const userId = query.get('user_id')
  const url = lineItemUrl(platform, item)
  const [base = url] = url.split('?')
  const results = platform.state.scores
    .filter((one) => one.lineItemId === item.id && (userId === null || one.userId === userId))
    .map((score) => ({
      id: `${base}/results?type_id=${item.toolId}&user_id=${score.userId}`,
      userId: score.userId,
      scoreOf: url,
      ...(score.scoreGiven !== undefined && {
        resultScore: scaledScore(item, score),
        resultMaximum: item.scoreMaximum,
      }),
      ...(score.comment !== undefined && { comment: score.comment }),
      timestamp: score.timestamp,
    }))
  return paged(results, `${base}/results`, query)
}

/** On the line item's own scale, whatever maximum the tool counted with. */
export function scaledScore(item: LineItem, score: Score): number {
  return ((score.scoreGiven ?? 0) / score.scoreMaximum) * item.scoreMaximum
}

function paged(all: object[], address: string, query: URLSearchParams): Page {
  const limit = wholeNumber(query.get('limit'))
  if (limit === 0) return { body: all }
  const from = wholeNumber(query.get('from'))
  const body = all.slice(from, from + limit)
  if (from + body.length >= all.length) return { body }
  const next = new URLSearchParams(query)
  next.set('from', String(from + limit))
  return { body, link: `<${address}?${next.toString()}>; rel="next"` }
}

export function parsed<Shape extends z.ZodType>(
  shape: Shape,
  body: unknown,
  noun: string,
): z.output<Shape> {
  const outcome = shape.safeParse(body)
  if (outcome.success) return outcome.data
  throw new Refusal(
    400,
    'invalid_request',
    `The ${noun} is not understood: ${z.prettifyError(outcome.error)}`,
  )
}
