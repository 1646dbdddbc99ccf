/** Before a run of machines: who goes is out of the Swarm, who comes is told how to join it. */
import { withTransaction } from '../../api/data/db.ts'
import { livingNodes, moveNode, type NodeRow, noteTokenHanded } from '../../api/data/pools/node.ts'
import { seenNodes } from '../../api/data/pools/pool.ts'
import { type MachinesContent, managersOf } from '../../stacks/content.ts'
import { retireNode } from '../swarm/manager.ts'
import { listNodes, removeNode, setAvailability, workerToken } from '../swarm/node.ts'
import type { Prelude } from '../terraform/context.ts'
import type { ApplyMeans } from './apply-means.ts'

/** Who goes leaves the Swarm first; who comes is given a token, which is rotated once all have joined. */
export async function prepareMachines(
  means: ApplyMeans,
  goal: MachinesContent,
  nodes: NodeRow[],
): Promise<Prelude> {
  const keys = keysOf(goal)
  const kept = new Set(keys)
  const going = nodes.filter(({ key, replace }) => !kept.has(key) || replace)
  if (goal.kind === 'base') await retireManagers(means, goal, kept, going)
  else for (const node of going) await leave(means, node)
  const coming = nodes.filter(({ key, state }) => kept.has(key) && state === 'wanted')
  await withTransaction(means.pool, async (tx) => {
    if (coming.length > 0) await noteTokenHanded(tx, means.now())
    for (const { id } of coming)
      await moveNode(tx, { id, from: ['wanted'], to: 'creating', now: means.now() })
  })
  const token = keys.length === 0 ? '' : await joinText(means, goal)
  return {
    join: Object.fromEntries(keys.map((key) => [key, token])),
    replace: nodes
      .filter(({ key, replace }) => replace && kept.has(key))
      .map(({ key }) => `openstack_compute_instance_v2.${key}`),
  }
}

export const keysOf = (content: MachinesContent): string[] =>
  content.kind === 'base' ? managersOf(content) : content.nodes.map(({ key }) => key)

async function leave({ engine }: ApplyMeans, node: NodeRow): Promise<void> {
  if (!node.swarm_id) return
  await setAvailability(engine, node.swarm_id, 'drain').catch(() => {})
  await removeNode(engine, node.swarm_id)
}

/** One after another; the run ends where the others would be left without a majority, and is tried again later. */
async function retireManagers(
  means: ApplyMeans,
  goal: MachinesContent,
  kept: Set<string>,
  going: NodeRow[],
): Promise<void> {
  if (going.length === 0) return
  const { engine, pool, place, now } = means
  await withTransaction(pool, async (tx) => {
    for (const { id } of going.filter(({ key }) => !kept.has(key)))
      await moveNode(tx, { id, from: [...LIVING], to: 'draining', now: now() })
  })
  const keys = new Set(going.map(({ key }) => key))
  const own = (await listNodes(engine)).filter(
    (node) => node.installation === place.installation && node.pool === goal.pool,
  )
  for (const node of own) if (keys.has(node.key ?? '')) await retireNode(engine, node.id)
}

/** Of a manager, until it goes. */
export const LIVING = ['wanted', 'creating', 'booted', 'joined', 'ready'] as const

/** What lets a machine in, and where: managers of the pool, too, for when the first is away. Secret. */
async function joinText(means: ApplyMeans, { pool, cloud }: MachinesContent): Promise<string> {
  const managers = new Set(
    (await livingNodes(means.pool, pool, 'manager')).map(({ swarm_id }) => swarm_id),
  )
  const others = (await seenNodes(means.pool))
    .filter((node) => managers.has(node.id) && node.is_manager && node.is_up)
    .map(({ address }) => `${address}:2377`)
  const token = await workerToken(means.engine)
  return [token, ...new Set([cloud.manager ?? '', ...others])].join(' ')
}
