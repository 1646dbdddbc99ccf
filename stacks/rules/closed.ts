/** Which sessions have no place because their pool takes no new seats, and where else is there room for them? */
import type { Inventory, Note } from '../terms.ts'
import { formatInstant, formatWall } from './clock.ts'
import { demandOf, vectorOf } from './demand.ts'
import { type Placed, tryMoved } from './placement.ts'
import type { CoursePlan } from './plan.ts'
import type { Occurrence } from './schedule.ts'

/** Other pools are tried for so many courses: somebody waits for the answer. */
const coursesTried = 8

type Known = {
  /** By pool, the instant since when (ISO). */
  closed: Inventory['closed']
  /** Epoch ms: what has begun goes on. */
  now: number
}

/**
 * One note for each course and closed pool. Sessions keep what is reserved for them: it is theirs again once the pool is opened.
 * @param known with `hasNoSlots`, no other pool is tried: `withRoomElsewhere` does it for the notes of one course
 */
export function closedNotes(
  plans: CoursePlan[],
  placed: Map<string, Placed>,
  known: Known & { hasNoSlots: boolean | undefined },
): Note[] {
  let tried = 0
  return Object.entries(known.closed).flatMap(([pool, since]) =>
    plans.flatMap((plan): Note[] => {
      const sessions = waitingSessions(plan, pool, known.now)
      const [first] = sessions.toSorted((a, b) => a.startsAt - b.startsAt)
      if (!first) return []
      const isTried = !known.hasNoSlots && tried++ < coursesTried
      const elsewhere = isTried ? poolsWithRoom(plan, sessions, placed, known) : null
      const params = {
        ...{ pool, since, sessions: sessions.length, wall: formatWall(first.wallStart), elsewhere },
      }
      const where = { course: plan.course.key, pool, at: formatInstant(first.startsAt) }
      return [{ code: 'pool-closed', severity: 'error', where, params }]
    }),
  )
}

/** The same note, with the pools that have room, when nobody has looked for them yet. */
export function withRoomElsewhere(
  note: Note,
  plan: CoursePlan,
  placed: Map<string, Placed>,
  known: Known,
): Note {
  if (note.params['elsewhere'] !== null) return note
  const sessions = waitingSessions(plan, note.where.pool ?? '', known.now)
  return {
    ...note,
    params: { ...note.params, elsewhere: poolsWithRoom(plan, sessions, placed, known) },
  }
}

const waitingSessions = (plan: CoursePlan, pool: string, now: number): Occurrence[] =>
  plan.occurrences.filter((one) => one.pool === pool && one.startsAt > now)

/** Pools that would hold each of the sessions at its own time, and leave nobody there without room. */
function poolsWithRoom(
  { course }: CoursePlan,
  sessions: Occurrence[],
  placed: Map<string, Placed>,
  { closed }: Known,
): string[] {
  return [...placed]
    .filter(([key, { market }]) => !(key in closed) && market.pool.zone === course.zone)
    .filter(([, one]) => {
      const { pool, dims } = one.market
      const each = vectorOf(course.seat, dims)
      return sessions.every((session) =>
        tryMoved(one, session.key, demandOf(course, session, pool, each)),
      )
    })
    .map(([key]) => key)
    .toSorted()
}
