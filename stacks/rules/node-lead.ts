/**
 * When must a bought node be ordered? The plan reserves it from the policy's lead of its first class on; once leads are
 * learned it boots only as long before as they ask, and the rest is not paid for. Never earlier than planned.
 */
import type { Blueprint, BlueprintPool, BlueprintSession } from '../blueprint.ts'
import { parseInstant } from './clock.ts'
import { beginsAt } from './lead.ts'

type BoughtNode = BlueprintPool['nodes'][number]

/** Learned leads in seconds before a session must be ready, by its key. */
export type Leads = Record<string, number>

/** One machine may be bought again and again: the sessions that name it, by pool and key. */
const named = new WeakMap<Blueprint, Map<string, BlueprintSession[]>>()

function sessionsOn(blueprint: Blueprint, pool: string, key: string): BlueprintSession[] {
  let known = named.get(blueprint)
  if (!known) {
    known = new Map()
    for (const course of blueprint.courses)
      for (const session of course.sessions)
        for (const { node } of session.placements) {
          const name = `${session.pool}/${node}`
          known.set(name, [...(known.get(name) ?? []), session])
        }
    named.set(blueprint, known)
  }
  return known.get(`${pool}/${key}`) ?? []
}

/**
 * The instant at which it is ordered, in epoch ms. As planned while a session on it has no learned lead, or when
 * something else than a session begins its life.
 */
export function orderedAt(
  blueprint: Blueprint,
  pool: string,
  node: BoughtNode,
  leads: Leads,
): number {
  const [planned, until] = [parseInstant(node.from), parseInstant(node.until)]
  const sessions = sessionsOn(blueprint, pool, node.key).filter((session) => {
    const from = parseInstant(session.leadStartsAt)
    return planned <= from && from < until
  })
  if (sessions.length === 0) return planned
  const first = Math.min(...sessions.map((session) => parseInstant(session.leadStartsAt)))
  const bootMs = first - planned
  if (bootMs > LONGEST_BOOT_MS) return planned
  const begins = sessions.map((session) => beginsAt(session, leads[session.key]))
  return Math.max(planned, Math.min(...begins) - bootMs)
}

/** Earlier than that before its first class, it was not bought for a class. */
const LONGEST_BOOT_MS = 60 * 60_000
