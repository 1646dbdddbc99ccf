/**
 * Who may. Each rule is a small function that answers what the visit is about (a workspace, a course), or
 * throws why not. A route names its rule; a handler gets the rule's answer.
 */
import {
  type CourseRow,
  courseDocument,
  editsPlanOf,
  findCourse,
  roleInCourse,
} from './data/courses/course.ts'
import { type Capability, shareWith } from './data/courses/course-share.ts'
import { isUuid } from './data/ids.ts'
import type { Visitor } from './data/people/visitor.ts'
import { zoneOfMaker } from './data/courses/new-course.ts'
import { type RunSummary, findRun } from './data/runs/run-view.ts'
import { type Workspace, findWorkspace } from './data/workspaces/workspace.ts'
import { Problem, notAllowed, notFound, signInFirst } from './errors.ts'
import type { Visit } from './visit.ts'

export type Access<Subject> = (visit: Visit) => Promise<Subject> | Subject

/** Anybody, signed in or not. */
export const everyone: Access<undefined> = () => undefined

/** Whoever has a login; answers who. */
export const signedIn: Access<Visitor> = (visit) => {
  if (!visit.visitor) throw signInFirst()
  return visit.visitor
}

/** The local command line: it holds the operator's token. */
export const operator: Access<undefined> = (visit) => {
  if (!visit.isOperator) throw visit.visitor ? notAllowed() : signInFirst()
  return undefined
}

/** People who administer this installation, and the operator. */
export const administrator: Access<undefined> = (visit) => {
  if (visit.isOperator || visit.visitor?.administrator) return undefined
  throw visit.visitor ? notAllowed() : signInFirst()
}

/** A run, by its id or as the newest one of a stack, for whoever administers this installation. */
export const administersRun: Access<RunSummary> = async (visit) => {
  await administrator(visit)
  const run = await findRun(visit.pool, visit.params['run'] ?? '')
  if (!run) throw new Problem(404, 'problem.no-run')
  return run
}

/** The person whose workspace it is. To everybody else it does not exist. */
export const ownWorkspace: Access<Workspace> = async (visit) => {
  if (!visit.visitor) throw signInFirst()
  const id = visit.params['workspace'] ?? ''
  const workspace = isUuid(id) ? await findWorkspace(visit.pool, id) : undefined
  if (!workspace || workspace.person_id !== visit.visitor.personId) throw notFound()
  return workspace
}

/** A course with the role the visitor has in it; administrators may have none. */
export type SeenCourse = CourseRow & { role: 'student' | 'teacher' | undefined }

/** Who teaches the course, through an LMS course that points at it or, while none does, as their own; administrators see it too. */
export const teaches: Access<SeenCourse> = (visit) => courseSeenBy(visit, ['teacher'])

export type PlannedCourse = SeenCourse & { document: string }

/** Who may plan the course: whose it is, whoever edits an LMS course that points at it, and administrators. */
export const plansCourse: Access<PlannedCourse> = async (visit) => {
  const course = await courseSeenBy(visit, ['teacher'], { isShared: true })
  if (!(await mayPlan(visit, course))) throw notAllowed('problem.plan-not-yours')
  return { ...course, document: await courseDocument(visit.pool, course.id) }
}

/** Who may look at the plan: who may change it, and with whom it is shared to be seen. */
export const seesPlan: Access<PlannedCourse & { mayChange: boolean }> = async (visit) => {
  const seen = await sharedCourse(visit, ['view'])
  if (seen) return { ...seen, mayChange: await mayPlan(visit, seen) }
  return { ...(await plansCourse(visit)), mayChange: true }
}

/** Who may take it as the start of another: who plans it, and with whom it is shared in any way. */
export const usesCourse: Access<PlannedCourse> = async (visit) =>
  (await sharedCourse(visit, ['use', 'view'])) ?? plansCourse(visit)

async function sharedCourse(
  visit: Visit,
  wanted: Capability[],
): Promise<PlannedCourse | undefined> {
  const course = await findCourse(visit.pool, visit.params['course'] ?? '')
  const { personId } = visit.visitor ?? {}
  if (!course || !personId) return undefined
  const share = await shareWith(visit.pool, { courseId: course.id, personId })
  if (!share || !wanted.includes(share)) return undefined
  return { ...course, role: undefined, document: await courseDocument(visit.pool, course.id) }
}

export async function mayPlan(visit: Visit, course: SeenCourse): Promise<boolean> {
  if (visit.isOperator || visit.visitor?.administrator) return true
  const { personId } = visit.visitor ?? {}
  return personId !== undefined && editsPlanOf(visit.pool, { personId, courseId: course.id })
}

/** Who makes courses; answers the key of the zone in which they do. */
export const makesCourses: Access<string> = async (visit) => {
  const { personId } = visit.visitor ?? {}
  if (!personId) throw signInFirst()
  const zone = await zoneOfMaker(visit.pool, personId)
  if (zone === undefined) throw notAllowed('problem.plan-not-yours')
  return zone
}

/** Who takes part in the course, in any role. */
export const takesPart: Access<SeenCourse> = (visit) => courseSeenBy(visit, ['student', 'teacher'])

async function courseSeenBy(
  visit: Visit,
  roles: string[],
  { isShared = false } = {},
): Promise<SeenCourse> {
  if (!visit.visitor && !visit.isOperator) throw signInFirst()
  const course = await findCourse(visit.pool, visit.params['course'] ?? '')
  const mayAll = visit.isOperator || visit.visitor?.administrator === true
  const role =
    course && visit.visitor
      ? await roleInCourse(visit.pool, {
          personId: visit.visitor.personId,
          courseId: course.id,
        })
      : undefined
  const isTheirs =
    isShared && course !== undefined && (await mayPlan(visit, { ...course, role: undefined }))
  if (!course || (!role && !mayAll && !isTheirs)) throw notFound()
  if (!mayAll && !isTheirs && !roles.includes(role ?? '')) throw notAllowed()
  return { ...course, role }
}
