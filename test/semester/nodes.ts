/**
 * The machines: own ones always, bought ones from the blueprint. Labplan does not buy nodes yet, so the simulation does
 * what its infra team would: orders each at the instant the blueprint says, and gives it back at its end.
 */
import { many, type Pool, sql } from '../../api/data/db.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import type { Resources } from '../../stacks/terms.ts'
import type { Random } from '../campus/random.ts'
import type { VirtualClock } from './clock.ts'
import type { Node, VirtualSwarm } from './swarm.ts'

const minute = 60_000
/** Its containers get the signal at its end and are gone soon after; whoever still runs then is moved. */
const DRAIN = 2 * minute
/** A boot takes 60 to 100 % of what the pool's document allows it. */
const FASTEST_BOOT = 0.6

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
): Promise<void> {
  const { clock, swarm, slowness } = means
  const rows = await many<{ id: string; key: string }>(means.pool, sql`select id, key from pool`)
  for (const pool of input.pools) {
    const id = rows.find((row) => row.key === pool.key)?.id ?? ''
    for (const node of pool.nodes) swarm.addNode(nodeOf(`${pool.key}/${node.key}`, id, node))
    const planned = blueprint.pools.find((one) => one.key === pool.key)
    for (const node of planned?.nodes ?? []) {
      const flavour = pool.flavours.find((one) => one.key === node.flavour)
      if (!flavour) continue
      const key = `${pool.key}/${node.key}/${node.from}`
      const share = FASTEST_BOOT + (1 - FASTEST_BOOT) * means.random.next()
      const up = Date.parse(node.from) + flavour.bootMinutes * minute * share
      clock.at(up, () => swarm.addNode({ ...nodeOf(key, id, flavour), slow: slowness() }))
      clock.at(Date.parse(node.until) + DRAIN, () => swarm.removeNode(key))
    }
  }
}

type Size = { cpu?: number | undefined; gpu?: Resources['gpu'] | undefined }

const nodeOf = (id: string, pool: string, size: Size): Node => ({
  ...{ id, pool, cpuMillis: (size.cpu ?? 0) * 1000, gpus: size.gpu?.count ?? 0 },
  ...{ images: new Set(), slow: 1 },
})
