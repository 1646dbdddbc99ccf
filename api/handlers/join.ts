/** Joining a course by its address, at a path of the environment or not; and the teacher's hand on that address. */
import { z } from 'zod'
import { seatPath } from '../../stacks/rules/seat-path.ts'
import type { PlannedCourse } from '../access.ts'
import { audit } from '../data/audit.ts'
import { withTransaction } from '../data/db.ts'
import { type JoinedCourse, courseToJoin, setJoinLink } from '../data/lms/join-link.ts'
import { claimWorkspace } from '../data/workspaces/workspace-begin.ts'
import { Problem, conflict } from '../errors.ts'
import { readJoinToken } from '../join-token.ts'
import { joinPage, signInToJoinPage } from '../pages/join.ts'
import { paths } from '../paths.ts'
import { type Handler, type Visit, actorOf, personOf } from '../visit.ts'

/** Looking changes nothing: whoever follows a link decides here. */
export const show: Handler = async (visit) => {
  // Before it is looked at: to strangers every such address says the same.
  if (!visit.visitor) return { html: signInToJoinPage(visit), status: 401 }
  const path = seatPath(visit.query.get('path') ?? '')
  const course = await asked(visit)
  return { html: joinPage(visit, { course, token: visit.params['token'] ?? '', path }) }
}

export const joinBody = z.object({ path: z.string().optional() })

export const join: Handler<unknown, z.infer<typeof joinBody>> = async (visit) => {
  const { personId } = personOf(visit)
  const course = await asked(visit)
  const openPath = seatPath(visit.body.path ?? '')
  const { id } = await withTransaction(visit.pool, async (tx) => {
    await audit(tx, {
      ...{ actor: actorOf(visit, 'student'), action: 'course.join', now: visit.at },
      ...{ subject: { kind: 'course', id: course.id }, detail: {} },
    })
    return claimWorkspace(tx, { courseId: course.id, personId, now: visit.at, openPath })
  })
  return { seeOther: paths.workspace(id) }
}

async function asked(visit: Visit): Promise<JoinedCourse> {
  const { personId } = personOf(visit)
  const joining = readJoinToken(visit.ring, visit.params['token'] ?? '')
  const course = joining && (await courseToJoin(visit.pool, { ...joining, personId }))
  if (!course) throw new Problem(404, 'join.void')
  if (course.state !== 'ready' && course.state !== 'test') throw conflict('join.closed')
  return course
}

/** `was`: the number of the link that the page showed, or of the last one. */
export const linkBody = z.object({
  act: z.enum(['open', 'close']),
  was: z.coerce.number().int().optional(),
})

export const setLink: Handler<PlannedCourse, z.infer<typeof linkBody>> = async (visit, course) => {
  const actor = actorOf(visit, 'teacher')
  const { act, was } = visit.body
  const link = { courseId: course.id, act, was, actor, now: visit.at }
  await withTransaction(visit.pool, (tx) => setJoinLink(tx, link))
  return { seeOther: paths.courseSharing(course.key) }
}
