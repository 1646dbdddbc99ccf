/** Which sessions have no place because their pool takes no new seats, and where else is there room for them? */
import type { Inventory, Note } from '../terms.ts'
import { formatInstant, formatWall } from './clock.ts'
import { demandOf, vectorOf } from './demand.ts'
import { type Placed, tryMoved } from './placement.ts'
import type { CoursePlan } from './plan.ts'
import type { Occurrence } from './schedule.ts'

/** Other pools are tried for so many courses: somebody waits for the answer. */
const coursesTried = 8

/**
 * One note for each course and closed pool. Sessions keep what is reserved for them: it is theirs again once the pool is opened.
 * @param closed by pool, the instant since when (ISO)
 * @param now epoch ms: what has begun goes on
 */
export function closedNotes(
  plans: CoursePlan[],
  placed: Map<string, Placed>,
  { closed, now }: { closed: Inventory['closed']; now: number },
): Note[] {
  let tried = 0
  return Object.entries(closed).flatMap(([pool, since]) =>
    plans.flatMap((plan): Note[] => {
      const sessions = plan.occurrences.filter((one) => one.pool === pool && one.startsAt > now)
      const [first] = sessions.toSorted((a, b) => a.startsAt - b.startsAt)
      if (!first) return []
      const open = [...placed].filter(
        ([key, one]) => !(key in closed) && one.market.pool.zone === plan.course.zone,
      )
      const elsewhere = tried++ < coursesTried ? poolsWithRoom(plan, sessions, open) : null
      const params = {
        ...{ pool, since, sessions: sessions.length, wall: formatWall(first.wallStart), elsewhere },
      }
      const where = { course: plan.course.key, pool, at: formatInstant(first.startsAt) }
      return [{ code: 'pool-closed', severity: 'error', where, params }]
    }),
  )
}

/** Pools that would hold each of the sessions at its own time, and leave nobody there without room. */
function poolsWithRoom(
  { course }: CoursePlan,
  sessions: Occurrence[],
  open: [string, Placed][],
): string[] {
  return open
    .filter(([, placed]) => {
      const { pool, dims } = placed.market
      const each = vectorOf(course.seat, dims)
      return sessions.every((session) =>
        tryMoved(placed, session.key, demandOf(course, session, pool, each)),
      )
    })
    .map(([key]) => key)
    .toSorted()
}
