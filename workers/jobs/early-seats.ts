/**
 * Seats whose services are there while Terraform still works: written down as they appear, so that a class starts while it is
 * being made. The provider itself says of a service that it is made only seconds later, and then of a whole class at once.
 */
import { withTransaction } from '../../api/data/db.ts'
import type { RunEvent } from '../../api/data/run.ts'
import { type MadeSeat, markMade, rememberTemplate } from '../../api/data/seat-life.ts'
import { type Seat, seatsOfCourse } from '../../api/data/seat.ts'
import { holdsLease, type Lease } from '../../api/data/stack.ts'
import type { CourseStack } from '../../api/data/stack-wish.ts'
import type { SeatContent } from '../../stacks/content.ts'
import { serviceName } from '../../stacks/parts/names.ts'
import { templateDigestOf } from '../../stacks/rules/wanted.ts'
import { listServices } from '../swarm/service.ts'
import type { ApplyMeans } from './apply-means.ts'

/** As `stacks/parts/seat-service.ts` names them. */
const SERVICE = /^docker_service\.s\d+$/
const LOOK_MS = 400
/** Whatever is missing then is written down after the run, as all would be without this. */
const LOOKS = 150

type Means = Pick<ApplyMeans, 'pool' | 'engine' | 'log' | 'now' | 'pace' | 'place'>

export type EarlySeats = {
  /** Begins to look when the first service is being made. */
  onEvents(events: RunEvent[], lease: Lease): Promise<void>
  /** Looks no more; what it was writing is written when it resolves. */
  end(): Promise<void>
}

/**
 * Of seats that did not exist: what is changed has its own turn, after the whole run. Guarded by the lease, since whoever took it
 * over may be removing what was made here.
 */
export function earlySeats(
  means: Means,
  stack: CourseStack,
  goal: Map<number, SeatContent>,
): EarlySeats {
  const over = new AbortController()
  let work: Promise<void> | undefined
  const lookOn = async (lease: Lease): Promise<void> => {
    for (let look = 0; look < LOOKS && !over.signal.aborted; look++) {
      if ((await writeDown(means, stack, goal, lease)) === 'all') return
      await means.pace.sleep(LOOK_MS)
    }
  }
  return {
    async onEvents(events, lease) {
      if (work || over.signal.aborted || !events.some(beginsService)) return
      work = lookOn(lease).catch((error: unknown) =>
        means.log.warn({ err: error, stack: stack.key }, 'seats are written down after the run'),
      )
    },
    async end() {
      over.abort()
      await work
    },
  }
}

const beginsService = ({ kind, action, address = '' }: RunEvent): boolean =>
  kind === 'start' && action === 'create' && SERVICE.test(address)

async function writeDown(
  means: Means,
  stack: CourseStack,
  goal: Map<number, SeatContent>,
  lease: Lease,
): Promise<'all' | 'some'> {
  const { installation } = means.place
  const rows = await seatsOfCourse(means.pool, stack.course_id)
  const absent = rows.filter(({ number, state }) => state === 'absent' && goal.has(number))
  if (absent.length === 0) return 'all'
  const services = await listServices(means.engine, installation)
  const idOf = new Map(services.map(({ ID, Spec }) => [Spec.Name, ID]))
  const made = absent.flatMap(({ id, number }): MadeSeat[] => {
    const serviceId = idOf.get(serviceName({ installation, course8: stack.course_code, number }))
    if (serviceId === undefined) return []
    const { generation, template } = goal.get(number)!
    return [{ id, serviceId, generation, templateDigest: templateDigestOf(template) }]
  })
  if (made.length === 0) return 'some'
  const isOurs = await withTransaction(means.pool, async (tx) => {
    if (!(await holdsLease(tx, lease))) return false
    for (const [digest, body] of templatesOf(absent, goal))
      await rememberTemplate(tx, { digest, body })
    await markMade(tx, { seats: made, poolId: stack.pool_id, now: means.now() })
    return true
  })
  return !isOurs || made.length === absent.length ? 'all' : 'some'
}

const templatesOf = (seats: Seat[], goal: Map<number, SeatContent>): Map<string, unknown> =>
  new Map(
    seats.map(({ number }) => {
      const { template } = goal.get(number)!
      return [templateDigestOf(template), template]
    }),
  )
