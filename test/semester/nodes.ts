/**
 * The machines: own ones always, bought ones when the rules say, with the leads that were learned until then, and given
 * back at their end. The cloud itself is not here (OpenStack and its stacks have tests of their own).
 */
import { many, type Pool, sql } from '../../api/data/db.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { orderedAt } from '../../stacks/rules/node-lead.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import type { Resources } from '../../stacks/terms.ts'
import type { Random } from '../campus/random.ts'
import type { VirtualClock } from './clock.ts'
import { type CloudNode, type LiveNodes, liveNodes } from './live-nodes.ts'
import type { Node, VirtualSwarm } from './swarm.ts'

const minute = 60_000
/** Its containers get the signal at its end and are gone soon after; whoever still runs then is moved. */
const DRAIN = 2 * minute
const LOOK_MS = 5 * minute
/** A boot takes 60 to 100 % of what the pool's document allows it. */
const FASTEST_BOOT = 0.6

/** A life of a bought node, in epoch ms: from its order to its end. */
export type Life = { pool: string; node: string; from: number; until: number }

/** Answers the lives of the timeline's nodes, filled in as they are ordered; and who buys beyond it for those who wait. */
export async function buyNodes(
  means: {
    pool: Pool
    clock: VirtualClock
    swarm: VirtualSwarm
    random: Random
    slowness: () => number
  },
  input: CompileInput,
  blueprint: Blueprint,
): Promise<{ lives: Life[]; live: LiveNodes }> {
  const { clock, swarm, slowness } = means
  const lives: Life[] = []
  const ofTimeline = new Map<string, CloudNode>()
  const rows = await many<{ id: string; key: string }>(means.pool, sql`select id, key from pool`)
  for (const pool of input.pools) {
    const id = rows.find((row) => row.key === pool.key)?.id ?? ''
    for (const node of pool.nodes) swarm.addNode(nodeOf(`${pool.key}:${node.key}`, id, node))
    const planned = blueprint.pools.find((one) => one.key === pool.key)
    for (const node of planned?.nodes ?? []) {
      const flavour = pool.flavours.find((one) => one.key === node.flavour)
      if (!flavour) continue
      const key = `${pool.key}:${node.key}:${node.from}`
      const bootMs = bootOf(flavour, means.random)
      const until = Date.parse(node.until)
      const order = (): void => {
        lives.push({ pool: pool.key, node: node.key, from: clock.ms, until })
        const ordered = { id: key, pool: pool.key, key: node.key, flavour: flavour.key }
        ofTimeline.set(key, { ...ordered, stage: 'coming' })
        clock.at(clock.ms + bootMs, () => {
          ofTimeline.set(key, { ...ordered, stage: 'there' })
          swarm.addNode({ ...nodeOf(key, id, flavour), slow: slowness() })
        })
      }
      /** As the reconciler does: again and again, since what is learned moves it. */
      const look = async (): Promise<void> => {
        const at = orderedAt(blueprint, pool.key, node, await learnedLeads(means.pool))
        if (at <= clock.ms) order()
        else clock.at(Math.min(at, clock.ms + LOOK_MS), () => void look())
      }
      clock.at(Date.parse(node.from), () => void look())
      clock.at(until + DRAIN, () => {
        const over = ofTimeline.get(key)
        ofTimeline.delete(key)
        if (over && swarm.seatsOn(key).length > 0) live.keep(over)
        else swarm.removeNode(key)
      })
    }
  }
  const buy = ({ id, pool: key, flavour: name }: CloudNode, isUp: () => void): void => {
    const flavour = input.pools
      .find((pool) => pool.key === key)
      ?.flavours.find((one) => one.key === name)
    if (!flavour) throw new Error(`There is no size ${name} in ${key}.`)
    const poolId = rows.find((row) => row.key === key)?.id ?? ''
    clock.at(clock.ms + bootOf(flavour, means.random), () => {
      swarm.addNode({ ...nodeOf(id, poolId, flavour), slow: slowness() })
      isUp()
    })
  }
  const planned = () => [...ofTimeline.values()]
  const live = liveNodes({ ...means, planned, buy }, input)
  return { lives, live }
}

const bootOf = ({ bootMinutes }: { bootMinutes: number }, dice: Random): number =>
  bootMinutes * minute * (FASTEST_BOOT + (1 - FASTEST_BOOT) * dice.next())

async function learnedLeads(pool: Pool): Promise<Record<string, number>> {
  const rows = await many<{ key: string; lead_seconds: number }>(
    pool,
    sql`select key, lead_seconds from session where lead_seconds is not null and state not in ('closed', 'cancelled')`,
  )
  return Object.fromEntries(rows.map((row) => [row.key, row.lead_seconds]))
}

type Size = { cpu?: number | undefined; gpu?: Resources['gpu'] | undefined }

const nodeOf = (id: string, pool: string, size: Size): Node => ({
  ...{ id, pool, cpuMillis: (size.cpu ?? 0) * 1000, gpus: size.gpu?.count ?? 0 },
  ...{ images: new Set(), slow: 1 },
})
