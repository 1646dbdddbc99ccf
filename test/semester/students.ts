/** Students of the trace, acting as the pages let them: launch, stop, give up. Through the real launch and queue. */
import { withTransaction, type Pool } from '../../api/data/db.ts'
import { claimWorkspace } from '../../api/data/workspaces/workspace-begin.ts'
import type { VirtualClock } from './clock.ts'
import type { Checks } from './checks.ts'
import { stop } from './press-stop.ts'
import type { QueueWatch } from './queue-watch.ts'
import type { Visit } from './trace.ts'

export type Students = {
  pool: Pool
  clock: VirtualClock
  checks: Checks
  queue: QueueWatch
  /** Ids by key, and of persons by course key and student. */
  courses: Map<string, string>
  people: Map<string, string>
}

export const personKey = (course: string, student: number): string => `${course}#${student}`

export function comeAndGo(students: Students, visits: Visit[]): void {
  const { clock } = students
  for (const visit of visits) {
    clock.at(visit.at, () => void visitFrom(students, visit))
    if (visit.again !== undefined)
      clock.at(visit.at + visit.again, () => void launch(students, visit))
  }
}

async function visitFrom(students: Students, visit: Visit): Promise<void> {
  const made = await launch(students, visit)
  if (!made) return
  const { clock } = students
  if (visit.stopsAt !== undefined) clock.at(visit.stopsAt, () => void stop(students, made.id))
  if (made.state === 'queued')
    students.queue.watch({ id: made.id, course: visit.course, patienceMs: visit.patienceMs })
}

/** Undefined when it threw, which is a refusal. */
export async function launch(
  students: Students,
  visit: Pick<Visit, 'course' | 'student' | 'session'>,
) {
  const { pool, clock, checks, courses, people } = students
  const courseId = courses.get(visit.course) ?? ''
  const personId = people.get(personKey(visit.course, visit.student)) ?? ''
  try {
    const made = await withTransaction(pool, (tx) =>
      claimWorkspace(tx, { courseId, personId, now: clock.now() }),
    )
    checks.launched({ ...visit, personId, ...made })
    return made
  } catch (error) {
    checks.refused(`${visit.course}, student ${visit.student}: ${String(error)}`)
    return undefined
  }
}
