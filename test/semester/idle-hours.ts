/** Node-hours bought while no class runs on the node, beside what a lead of one hour before every class would buy. */
import type { Blueprint } from '../../stacks/blueprint.ts'
import { compile, type CompileInput } from '../../stacks/compile.ts'
import type { Life } from './nodes.ts'

const hour = 3_600_000
const FIXED_LEAD_MINUTES = 60

type Span = { from: number; until: number }

/** `lives`: of the nodes as they were bought. */
export function idleShare(input: CompileInput, blueprint: Blueprint, lives: Life[]): number {
  const policy = { ...input.policy, leadMinutes: FIXED_LEAD_MINUTES }
  const fixed = compile({ ...input, policy }).blueprint
  const planned = fixed.pools.flatMap((pool) =>
    pool.nodes.map(({ key: node, from, until }) => ({
      ...{ pool: pool.key, node, from: Date.parse(from), until: Date.parse(until) },
    })),
  )
  return idleHours(blueprint, lives) / idleHours(fixed, planned)
}

function idleHours(blueprint: Blueprint, lives: Life[]): number {
  const classes = new Map<string, Span[]>()
  for (const course of blueprint.courses)
    for (const session of course.sessions)
      for (const { node } of session.placements) {
        const key = `${session.pool}/${node}`
        const spans = classes.get(key) ?? []
        spans.push({ from: Date.parse(session.startsAt), until: Date.parse(session.graceEndsAt) })
        classes.set(key, spans)
      }
  let idle = 0
  for (const { pool, node, ...life } of lives)
    idle += life.until - life.from - covered(life, classes.get(`${pool}/${node}`) ?? [])
  return idle / hour
}

/** How much of a life its spans cover; where they overlap it counts once. */
function covered(life: Span, spans: Span[]): number {
  let [sum, last] = [0, life.from]
  for (const { from, until } of spans.toSorted((a, b) => a.from - b.from)) {
    const begin = Math.max(from, last)
    const end = Math.min(until, life.until)
    if (end <= begin) continue
    sum += end - begin
    last = end
  }
  return sum
}
