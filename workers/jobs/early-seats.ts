/**
 * Seats whose services are there while Terraform still works: written down as they appear, so that a class starts while it is
 * being made. The provider itself says of a service that it is made only seconds later, and then of a whole class at once.
 *
 * The end of the run writes the whole down in any case, so nobody waits for this, and what fails here fails nothing.
 */
import { withTransaction } from '../../api/data/db.ts'
import { type MadeSeat, markMade } from '../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { seatsOfCourse } from '../../api/data/seats/seat.ts'
import { holdsLease } from '../../api/data/runs/stack.ts'
import type { CourseStack } from '../../api/data/runs/stack-wish.ts'
import type { SeatContent } from '../../stacks/content.ts'
import { serviceName } from '../../stacks/parts/names.ts'
import { templateDigestOf } from '../../stacks/rules/wanted.ts'
import { listServices } from '../swarm/service.ts'
import type { Applying } from '../terraform/context.ts'
import type { ApplyMeans } from './apply-means.ts'

const LOOK_MS = 400

type Means = Pick<ApplyMeans, 'pool' | 'engine' | 'now' | 'pace' | 'place'>
type Goal = Map<number, SeatContent>

/**
 * Looks until every seat that did not exist is there, or Terraform has ended. What is changed has its own turn, after the
 * whole run.
 */
export async function writeDownEarly(
  means: Means,
  { stack, goal }: { stack: CourseStack; goal: Goal },
  run: Applying,
): Promise<void> {
  while (!run.over.aborted) {
    const rows = await seatsOfCourse(means.pool, stack.course_id)
    const absent = rows.filter(({ number, state }) => state === 'absent' && goal.has(number))
    if (absent.length === 0) return
    const ids = await madeBy(run.runId, means)
    const made = absent.flatMap(({ id, number }): Made[] => {
      const names = { installation: means.place.installation, course8: stack.course_code, number }
      const serviceId = ids.get(serviceName(names))
      if (serviceId === undefined) return []
      const { generation, template } = goal.get(number)!
      const templateDigest = templateDigestOf(template)
      return [{ id, serviceId, generation, templateDigest, template }]
    })
    if (made.length > 0 && !(await writeDown(means, { stack, made }, run))) return
    if (made.length === absent.length) return
    await means.pace.sleep(LOOK_MS)
  }
}

type Made = MadeSeat & { template: SeatContent['template'] }

/** Name → id of the services this run has made. What it adopts may have to change first, while it is cold. */
async function madeBy(runId: string, { engine, place }: Means): Promise<Map<string, string>> {
  const services = await listServices(engine, place.installation)
  const own = services.filter(({ Spec }) => Spec.Labels['labplan.run'] === runId)
  return new Map(own.map(({ ID, Spec }) => [Spec.Name, ID]))
}

/** False when the stack is somebody else's by now, who may be removing what was made; or when the run has ended. */
async function writeDown(
  { pool, now }: Means,
  { stack, made }: { stack: CourseStack; made: Made[] },
  { lease, over }: Applying,
): Promise<boolean> {
  const templates = new Map(made.map((seat) => [seat.templateDigest, seat.template]))
  return withTransaction(pool, async (tx) => {
    if (!(await holdsLease(tx, lease)) || over.aborted) return false
    await Promise.all([
      ...[...templates].map(([digest, body]) => rememberTemplate(tx, { digest, body })),
      markMade(tx, { seats: made, poolId: stack.pool_id, now: now() }),
    ])
    return true
  })
}
