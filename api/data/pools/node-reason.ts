/** What a machine is on for, and when it goes: as people ask it. */
import type { Blueprint, BlueprintPool } from '../../../stacks/blueprint.ts'
import { parseInstant } from '../../../stacks/rules/clock.ts'
import type { NodeWhy } from '../../../stacks/rules/decide-nodes.ts'
import type { NodeRow } from './node.ts'

export type NodeReason = {
  /** Of the catalogue, under `node.why.`. `leaving`: it goes as soon as it is empty. A manager has no seats. */
  code: NodeWhy | 'leaving' | 'manager' | 'stands-by'
  /** Keys; null where it is not one course, or no class. */
  course: string | null
  session: string | null
}

export type Reasoned = { why: NodeReason | null; goesAt: Date | null }

export function reasonOf(row: NodeRow, blueprint: Blueprint | undefined, now: Date): Reasoned {
  const { why, course_key: course, state, pool_key, key } = row
  const pool = blueprint?.pools.find((one) => one.key === pool_key)
  if (state === 'draining' || state === 'drained')
    return { why: { code: 'leaving', course: null, session: null }, goesAt: null }
  if (why === null) return { why: null, goesAt: null }
  if (why === 'class' && blueprint && pool) return classOf(blueprint, pool, key, now.getTime())
  const grace = (pool?.live?.graceMinutes ?? 0) * 60_000
  const goesAt =
    why === 'unused' && row.unused_at ? new Date(row.unused_at.getTime() + grace) : null
  return { why: { code: why, course, session: null }, goesAt }
}

/** What a machine of the pool's base is for: one without a vote takes the place of who is lost. */
export function reasonOfManager(row: NodeRow, hasVote: boolean): Reasoned {
  const isLeaving = row.state === 'draining'
  const standsBy = row.state === 'ready' && !hasVote
  const code = isLeaving ? 'leaving' : standsBy ? 'stands-by' : 'manager'
  return { why: { code, course: null, session: null }, goesAt: null }
}

/** The class under way there, else the next one for which it is on. */
function classOf({ courses }: Blueprint, pool: BlueprintPool, key: string, now: number): Reasoned {
  const life = pool.nodes.find(
    (one) => one.key === key && parseInstant(one.from) <= now && now < parseInstant(one.until),
  )
  const until = life ? parseInstant(life.until) : Infinity
  const [first] = courses
    .flatMap((course) => course.sessions.map((session) => ({ course: course.key, session })))
    .filter(({ session }) => session.pool === pool.key)
    .filter(({ session: { placements } }) => placements.some(({ node }) => node === key))
    .filter(({ session: { leadStartsAt, graceEndsAt } }) => {
      return parseInstant(leadStartsAt) < until && now < parseInstant(graceEndsAt)
    })
    .toSorted((a, b) => parseInstant(a.session.startsAt) - parseInstant(b.session.startsAt))
  const why = { code: 'class', course: first?.course ?? null, session: first?.session.key ?? null }
  return { why: why as NodeReason, goesAt: life ? new Date(until) : null }
}
