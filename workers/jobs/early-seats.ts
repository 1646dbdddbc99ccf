/**
 * Seats whose services Terraform has made, written down while it still makes others: the first of a class start while its last
 * are being made, instead of after them.
 */
import { withTransaction } from '../../api/data/db.ts'
import type { RunEvent } from '../../api/data/run.ts'
import { type MadeSeat, markMade, rememberTemplate } from '../../api/data/seat-life.ts'
import { seatsOfCourse } from '../../api/data/seat.ts'
import { holdsLease } from '../../api/data/stack.ts'
import type { CourseStack } from '../../api/data/stack-wish.ts'
import type { SeatContent } from '../../stacks/content.ts'
import { templateDigestOf } from '../../stacks/rules/wanted.ts'
import type { StackRequest } from '../terraform/run-stack.ts'
import type { ApplyMeans } from './apply-means.ts'

/** As `stacks/parts/seat-service.ts` names them. */
const SERVICE = /^docker_service\.s(\d+)$/

/**
 * Of seats that did not exist: what is changed has its own turn, after the whole run. Guarded by the lease, since whoever took it
 * over may be removing what was made here.
 */
export function seatsAsMade(
  means: Pick<ApplyMeans, 'pool' | 'now'>,
  stack: CourseStack,
  goal: Map<number, SeatContent>,
): NonNullable<StackRequest['onEvents']> {
  return async (events, lease) => {
    const services = madeServices(events)
    if (services.size === 0) return
    const rows = await seatsOfCourse(means.pool, stack.course_id)
    const made = rows.flatMap(({ id, number, state }): (MadeSeat & { body: unknown })[] => {
      const [serviceId, seat] = [services.get(number), goal.get(number)]
      if (!serviceId || !seat || state !== 'absent') return []
      const { generation, template } = seat
      return [
        {
          ...{ id, serviceId, generation, body: template },
          templateDigest: templateDigestOf(template),
        },
      ]
    })
    const templates = new Map(made.map(({ templateDigest, body }) => [templateDigest, body]))
    await withTransaction(means.pool, async (tx) => {
      if (made.length === 0 || !(await holdsLease(tx, lease))) return
      for (const [digest, body] of templates) await rememberTemplate(tx, { digest, body })
      await markMade(tx, { seats: made, poolId: stack.pool_id, now: means.now() })
    })
  }
}

/** Seat number → id of its service. */
function madeServices(events: RunEvent[]): Map<number, string> {
  const made = new Map<number, string>()
  for (const { kind, action, address = '', objectId } of events) {
    const [, number] = SERVICE.exec(address) ?? []
    if (kind === 'end' && action === 'create' && number && objectId)
      made.set(Number(number), objectId)
  }
  return made
}
