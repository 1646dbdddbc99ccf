/**
 * For operators and their seeds: the custom parameters that make an LMS activity open a course, as if its teacher
 * had chosen it there. They hold in that LMS course only (see lti/course-choice.ts).
 */
import { z } from 'zod'
import { audit } from '../data/audit.ts'
import { findCourseInZone } from '../data/lms/deep-link.ts'
import { findPlatform } from '../data/lms/platform.ts'
import { notFound } from '../errors.ts'
import { signChoice } from '../lti/course-choice.ts'
import { type Handler, actorOf } from '../visit.ts'

export const choiceBody = z.object({
  /** Our id of the platform. */
  platform: z.uuid(),
  /** The LMS's own id of its course: the `context.id` of a launch. */
  contextId: z.string().min(1).max(255),
  course: z.string().min(1).max(200),
})

export const create: Handler<unknown, z.infer<typeof choiceBody>> = async (visit) => {
  const { platform: platformId, contextId, course: key } = visit.body
  const platform = await findPlatform(visit.pool, platformId)
  const course = platform && (await findCourseInZone(visit.pool, { zoneId: platform.zone_id, key }))
  if (!course) throw notFound()
  await audit(visit.pool, {
    actor: actorOf(visit, 'operator'),
    action: 'activity.choose-course',
    subject: { kind: 'course', id: course.id },
    detail: { platform: platformId, contextId },
    now: visit.at,
  })
  const custom = signChoice(visit.ring, { platformId, contextId, courseKey: course.key })
  return { status: 201, json: { custom } }
}
