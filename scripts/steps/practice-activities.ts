/**
 * The activities of the practice LMS open courses of Labplan: each gets the custom parameters that a teacher's
 * choice inside the LMS would have given it. Without them a click says that no course was chosen yet.
 */
import { z } from 'zod'
import { type Api, ApiRefusal } from '../api-client.ts'
import { CannotGoOn } from './step.ts'

const lmsState = z.object({
  activities: z.array(
    z.object({
      key: z.string(),
      courseId: z.string(),
      custom: z.record(z.string(), z.string()),
    }),
  ),
})
type Activity = z.infer<typeof lmsState>['activities'][number]

const choice = z.object({ custom: z.record(z.string(), z.string()) })

/** Connects what names a course and is not connected yet; activities of courses Labplan lacks stay as they are. */
export async function linkActivities(
  api: Api,
  lms: string,
  platformId: string,
): Promise<string | undefined> {
  const { activities } = lmsState.parse(await (await fetch(`${lms}/practice/state`)).json())
  const unlinked = activities.filter(({ custom }) => custom['course'] && !custom['course_choice'])
  let linked = 0
  for (const activity of unlinked) if (await link(api, lms, { platformId, activity })) linked += 1
  return linked > 0 ? `${linked} activities open their course` : undefined
}

async function link(
  api: Api,
  lms: string,
  { platformId, activity }: { platformId: string; activity: Activity },
): Promise<boolean> {
  const { courseId, key } = activity
  const signed = await api
    .post('/api/course-choices', {
      platform: platformId,
      contextId: courseId,
      course: activity.custom['course'],
    })
    .catch((error: unknown) => {
      if (error instanceof ApiRefusal && error.status === 404) return undefined
      throw error
    })
  if (!signed) return false
  const custom = { ...activity.custom, ...choice.parse(signed).custom }
  const answer = await fetch(`${lms}/practice/activities`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ course: courseId, key, custom }),
  })
  if (!answer.ok) throw new CannotGoOn(`the practice LMS refused ${key}: ${answer.status}`)
  return true
}
