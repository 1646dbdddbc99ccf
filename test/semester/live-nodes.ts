/**
 * Machines for who waits for room when those of the timeline are gone: evenings of self-study above all. What is bought, kept
 * and given back is decided by the real rule (stacks/rules/decide-nodes.ts), from the compiler's own limits and the real rows of
 * who waits. The cloud is not here: what is bought is up after a part of its boot, as in nodes.ts; what goes is gone at once.
 */
import type { Pool } from '../../api/data/db.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { compile, type CompileInput } from '../../stacks/compile.ts'
import { decideNodes, type NodeNow } from '../../stacks/rules/decide-nodes.ts'
import { poolSchema } from '../../stacks/schema.ts'
import { situationNow } from '../../workers/jobs/live-demand.ts'
import type { VirtualClock } from './clock.ts'
import type { VirtualSwarm } from './swarm.ts'

/** As workers/jobs/live-demand.ts waits before it takes somebody for waiting. */
const PATIENCE_MS = 10_000
const LOOK_MS = { homeless: 30_000, idle: 300_000 }
/** Bought at once, at most, in each pool beyond the timeline. */
const MOST = 6

export type LiveNodes = {
  onHomeless(): void
  /** A machine of the timeline is over while people work on it: it stays with them. */
  keep(node: CloudNode): void
}

export type CloudNode = Pick<NodeNow, 'pool' | 'key' | 'flavour' | 'stage'> & { id: string }

type Means = {
  pool: Pool
  clock: VirtualClock
  swarm: VirtualSwarm
  /** Machines of the timeline that are ordered or there. */
  planned: () => CloudNode[]
  /** Buys a machine; `isUp` is told when it takes seats. */
  buy: (node: CloudNode, isUp: () => void) => void
}

export function liveNodes(means: Means, input: CompileInput): LiveNodes {
  const { pool, clock, swarm, planned, buy } = means
  const blueprint = compile({ ...input, pools: input.pools.map(inACloud) }).blueprint
  type Bought = CloudNode & Pick<NodeNow, 'why' | 'unusedSince'>
  const bought = new Map<string, Bought>()
  let nextAt = Infinity

  const look = async (at: number): Promise<void> => {
    if (at !== nextAt) return
    const now = clock.now()
    const situation = await situationNow(pool, blueprint, { areThere: false, leads: {}, now })
    const timeline = planned().map((one) => ({ ...one, why: 'class', unusedSince: null }) as const)
    const nodes = [...timeline, ...bought.values()].map((node) => seen(blueprint, swarm, node))
    const extra = decideNodes(blueprint, { ...situation, nodes }).filter(
      ({ why }) => why !== 'class' && why !== 'idle',
    )
    const wanted = new Map(extra.map((node) => [nameOf(node), node]))
    for (const [name, node] of bought)
      if (!wanted.has(name)) {
        bought.delete(name)
        swarm.removeNode(node.id)
      }
    for (const [name, { pool: of, key, flavour, why, unusedSince }] of wanted) {
      const known = bought.get(name)
      const node = known ?? ({ id: name, pool: of, key, flavour, stage: 'coming' } as const)
      bought.set(name, { ...node, why, unusedSince })
      if (!known) buy(node, () => isUp(name))
    }
    nextAt = Infinity
    if (swarm.hasHomeless) lookIn(LOOK_MS.homeless)
    else if (bought.size > 0) lookIn(LOOK_MS.idle)
  }
  const isUp = (name: string): void => {
    const node = bought.get(name)
    if (node) bought.set(name, { ...node, stage: 'there' })
    else swarm.removeNode(name)
  }
  const lookIn = (ms: number): void => {
    const at = clock.ms + ms
    if (at >= nextAt) return
    nextAt = at
    clock.at(at, () => void look(at))
  }
  return {
    onHomeless: () => lookIn(PATIENCE_MS),
    keep(node) {
      bought.set(nameOf(node), { ...node, why: 'work', unusedSince: null })
      lookIn(PATIENCE_MS)
    },
  }
}

const nameOf = ({ pool, key }: { pool: string; key: string }): string => `${pool}:${key}`

/** As a school says it whose machines are made by Labplan: the executor here makes none, so the plan that is approved has no cloud. */
function inACloud(pool: CompileInput['pools'][number]): CompileInput['pools'][number] {
  if (pool.flavours.length === 0) return pool
  const region = { name: 'region-1', image: 'node', externalNetwork: 'public' }
  return poolSchema.parse({
    ...pool,
    openstack: { regions: [region], manager: '10.0.0.1:2377' },
    live: { maximum: MOST },
  })
}

/** The virtual Swarm places by cores: what is left of them is the room. */
function seen(
  blueprint: Blueprint,
  swarm: VirtualSwarm,
  node: CloudNode & Pick<NodeNow, 'why' | 'unusedSince'>,
): NodeNow {
  const seats = swarm.seatsOn(node.id)
  const used = seats.reduce((sum, one) => sum + one.cpuMillis, 0)
  const size = blueprint.pools
    .find(({ key }) => key === node.pool)
    ?.live?.sizes.find(({ flavour }) => flavour === node.flavour)
  const room = size && { ...size, cpuMillis: size.cpuMillis - used }
  return { ...node, seats: seats.length, room: room ?? null }
}
