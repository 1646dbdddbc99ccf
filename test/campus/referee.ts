/**
 * A brute-force referee of the compiler, minute by minute. It reads the documents people wrote and the
 * blueprint, works out for itself what should be, and says in words what is wrong. It shares no rule
 * with stacks/: where the two disagree, one of them is wrong.
 */
import { seatNumbers } from '../../stacks/blueprint.ts'
import type { BlueprintPool, BlueprintSession } from '../../stacks/blueprint.ts'
import type { Compiled, CompileInput } from '../../stacks/compile.ts'
import type { Course } from '../../stacks/terms.ts'
import { checkNames, checkNodes, checkSession, checkShortages } from './checks.ts'
import { type Expected, expectedSessions } from './expected.ts'
import { holdsOf, livesOf } from './room.ts'

/** @returns what is wrong; nothing when the compiler is right */
export function referee(
  input: CompileInput,
  { blueprint, notes }: Pick<Compiled, 'blueprint' | 'notes'>,
): string[] {
  const wrong: string[] = []
  const pairs = blueprint.courses.flatMap((planned) => {
    const course = input.courses.find((one) => one.key === planned.key) as Course
    return pair(expectedSessions(course, input), course, planned.sessions, wrong)
  })
  for (const pool of input.pools) {
    const planned = blueprint.pools.find((one) => one.key === pool.key) as BlueprintPool
    const sessions = pairs.filter(({ session }) => session.pool === pool.key)
    const holds = sessions.flatMap(({ session, expected }) => holdsOf(session, expected))
    const byNode = Map.groupBy(holds, (hold) => hold.node)
    const lives = livesOf(pool, planned)
    const table = {
      pool,
      holds,
      byNode,
      checked: new Map<string, Set<number>>(),
      lives,
      sessions,
      notes,
    }
    checkNames(table, planned, wrong)
    for (const one of sessions) checkSession(table, one.session, one.expected, wrong)
    checkNodes(table, wrong)
    checkShortages(table, wrong)
  }
  return wrong
}

/** The blueprint has these sessions and no others. */
function pair(expected: Expected[], course: Course, sessions: BlueprintSession[], wrong: string[]) {
  const name = (
    one: { group: string | null; pool: string },
    startsAt: number,
    endsAt: number,
    lead: number,
  ) => [startsAt, endsAt, lead, one.pool, one.group].join(' ')
  const left = expected.toSorted((a, b) => sizeOfPieces(a) - sizeOfPieces(b))
  const pairs: { session: BlueprintSession; expected: Expected }[] = []
  const keys = new Set(sessions.map((one) => one.key))
  if (keys.size < sessions.length) wrong.push(`${course.key}: two sessions have one key`)
  for (const session of sessions) {
    const times = [session.startsAt, session.endsAt, session.leadStartsAt].map((text) =>
      Date.parse(text),
    )
    const wanted = name(session, times[0] ?? 0, times[1] ?? 0, times[2] ?? 0)
    const same = (one: Expected) => name(one, one.startsAt, one.endsAt, one.leadStartsAt) === wanted
    const last = Date.parse(session.graceEndsAt)
    const exact = (one: Expected) =>
      same(one) &&
      Math.max(0, ...one.pieces.map((piece) => piece.until)) === last &&
      sizeOfPieces(one) === reserved(session, one)
    let i = left.findIndex(exact)
    if (i < 0) i = left.findIndex(same)
    const found = left[i]
    if (found === undefined) {
      wrong.push(`${session.key}: no document asks for it`)
      continue
    }
    left.splice(i, 1)
    pairs.push({ session, expected: found })
  }
  for (const one of left)
    wrong.push(`${course.key}: class at ${new Date(one.startsAt).toISOString()} is missing`)
  return pairs
}

function reserved(session: BlueprintSession, expected: Expected): number {
  return expected.pieces.length === 0 ? 0 : session.atOnce + session.spares
}

function sizeOfPieces(one: Expected): number {
  return one.pieces.reduce((sum, piece) => sum + piece.seats, 0)
}

/** Seats are numbers in order, without gaps that nobody explains. */
export function checkNumbers(session: BlueprintSession, dormant: number[]): string[] {
  const numbers = seatNumbers(session.seats)
  const wrong: string[] = []
  if (numbers.length < session.students + session.spares)
    wrong.push(`${session.key}: fewer seats than students`)
  if (numbers.some((seat) => dormant.includes(seat)))
    wrong.push(`${session.key}: a dormant seat is used`)
  return wrong
}
