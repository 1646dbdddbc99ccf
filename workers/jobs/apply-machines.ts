/**
 * A stack of machines, brought to what is wanted of it now: those that go are out of the Swarm before they are
 * destroyed, those that come are told how to join it.
 */
import { lastCloud } from '../../api/data/changes/blueprint.ts'
import { type Db, withTransaction } from '../../api/data/db.ts'
import {
  clearReplace,
  livingNodes,
  moveNode,
  noteNode,
  type NodeRow,
  type NodeState,
} from '../../api/data/pools/node.ts'
import { findCredential } from '../../api/data/pools/pool-credential.ts'
import { documentsInForce } from '../../api/data/courses/course.ts'
import { merged, valuesOf } from '../../api/data/courses/documents.ts'
import { approvedBlueprint, checkDocuments } from '../../api/data/changes/seal.ts'
import { poolKeyOf, type StackRow } from '../../api/data/runs/stack-wish.ts'
import { emptied, type MachinesContent, type NodesContent } from '../../stacks/content.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { approvedLive } from '../../stacks/rules/live-limits.ts'
import { otherRegion } from '../../stacks/parts/names.ts'
import { machinesAt, machinesContent, stackIn } from '../../stacks/rules/machine-stacks.ts'
import { regionOf } from '../../stacks/rules/regions.ts'
import { connectCloud } from '../cloud/client.ts'
import { addressOf, type CloudServer, faultsToTell, listServers } from '../cloud/objects.ts'
import { seatsOnMachines } from '../swarm/load.ts'
import type { ApprovedMachines } from '../terraform/envelope-machines.ts'
import type { StackRequest } from '../terraform/context.ts'
import type { ApplyMeans } from './apply-means.ts'
import { waitsForFirst } from './first-region.ts'
import { machinesWanted } from './machines.ts'
import { keysOf, LIVING, prepareMachines } from './prepare-machines.ts'

export type MachinesGoal = { request: StackRequest; isEmpty: boolean } | { problem: string }

export const noCredential = (pool: string): string =>
  `Nobody has said how the cloud of pool ${pool} is entered: source its openrc file and run "labplan pool credential ${pool}".`

/** Undefined when nothing is approved. A problem is a sentence for who keeps the pool. */
export async function machinesGoal(
  means: ApplyMeans,
  stack: StackRow,
): Promise<MachinesGoal | undefined> {
  const head = await approvedBlueprint(means.pool, means.ring)
  if (!head) return undefined
  const pool = await poolKeyOf(means.pool, stack.pool_id)
  const credential = await findCredential(means.pool, means.ring, stack.pool_id)
  if (!credential) return { problem: noCredential(pool) }
  const { installation } = means.place
  const all = await machinesWanted(means.pool, head.blueprint, means.now())
  const wanted = all.find(({ key }) => key === stack.key)
  const content = wanted
    ? machinesContent(wanted, installation)
    : await lastContent(means, stack, pool)
  if (!content) return undefined
  if (wanted && content.cloud.manager === null)
    return {
      problem: `The plan of pool ${pool} asks for a Swarm of its own, which is not made: write "manager: ADDRESS:2377", the manager of Labplan's Swarm as nodes reach it.`,
    }
  const client = connectCloud(credential.access, means.now)
  const cloud = { access: credential.access, client }
  const seatsOn = (of: MachinesContent) => seatsOnMachines(means.engine, of)
  const problem = await waitsForFirst(means, { stack, content, seatsOn })
  if (problem) return { problem }
  const nodes = await nodesHere(means, head.blueprint, { pool, content })
  const goal = wanted ? content : (emptied(content) as MachinesContent)
  return {
    request: {
      ...{ content, cloud, blueprintDigest: head.digest },
      machines: await approvedMachines(means, head.blueprint, {
        pool,
        asked: all.filter((one) => one.pool === pool).flatMap((one) => one.nodes),
      }),
      before: async () => {
        if (content.kind === 'nodes') await stillHere(means, head.blueprint, { pool, content })
        return prepareMachines(means, goal, nodes)
      },
      after: (end) => record(means, { content, goal, nodes, client, ...end }),
    },
    isEmpty: wanted === undefined,
  }
}

/** Under the lease: from now on nobody gives them another region. */
async function stillHere(
  means: ApplyMeans,
  blueprint: Blueprint,
  { pool, content }: { pool: string; content: NodesContent },
): Promise<void> {
  const here = new Set((await nodesHere(means, blueprint, { pool, content })).map(({ key }) => key))
  const left = content.nodes.filter(({ key }) => !here.has(key))
  if (left.length > 0)
    throw new Error(
      `${left.map(({ key }) => key).join(', ')} went to another region meanwhile: looked at again.`,
    )
}

/**
 * From what is under the seal alone: rows of machines follow it, and decide nothing of what may be bought.
 * @param asked in all regions of the pool
 */
export async function approvedMachines(
  means: Pick<ApplyMeans, 'pool' | 'ring' | 'now'>,
  blueprint: Blueprint,
  { pool, asked }: { pool: string; asked: { key: string; flavour: string }[] },
): Promise<ApprovedMachines> {
  await checkDocuments(means.pool, means.ring)
  const approved = blueprint.pools.find(({ key }) => key === pool)
  const { nodes = [], idle = [] } = approved ?? {}
  const now = machinesAt(blueprint, means.now().toISOString())
    .filter((one) => one.pool === pool)
    .flatMap((one) => one.nodes)
  const live = approved ? approvedLive(approved, { nodes: asked, now }) : []
  const documents = (await documentsInForce(means.pool)).filter((one) => one.kind === 'Pool')
  const document = valuesOf(merged(documents, []), 'Pool').find((one) => one.key === pool)
  return {
    now: [...now, ...live],
    ever: [...idle, ...nodes, ...live].map(({ key, flavour }) => ({ key, flavour })),
    prices: Object.fromEntries(
      (document?.flavours ?? []).map(({ key, pricePerHour }) => [key, pricePerHour]),
    ),
    currency: document?.currency ?? '',
  }
}

/** What a stack was made of that is wanted no more: where it is must still be known to take it away. */
async function lastContent(
  means: ApplyMeans,
  stack: StackRow,
  pool: string,
): Promise<MachinesContent | undefined> {
  const cloud = await lastCloud(means.pool, pool, otherRegion(stack.key))
  const region = otherRegion(stack.key) ?? cloud?.regions[0]?.name
  if (!cloud || region === undefined) return undefined
  const kind = stack.kind === 'base' ? 'base' : 'nodes'
  const was = stackIn(cloud, { kind, pool, region, until: null })
  return machinesContent({ ...was, key: stack.key }, means.place.installation)
}

/** Rows of the machines that are the stack's, in its region; managers are in the first. */
async function nodesHere(
  means: ApplyMeans,
  blueprint: Blueprint,
  { pool, content }: { pool: string; content: MachinesContent },
): Promise<NodeRow[]> {
  if (content.kind === 'base')
    return otherRegion(content.key) === null ? livingNodes(means.pool, pool, 'manager') : []
  const cloud = blueprint.pools.find(({ key }) => key === pool)?.cloud
  const here = content.cloud.regions[0]?.name
  const rows = await livingNodes(means.pool, pool)
  return rows.filter((row) => !cloud || regionOf(cloud, row) === here)
}

/**
 * What exists now, as the cloud says: also after a run that failed, which made some of it. Answers why machines came to
 * nothing: of a server in ERROR Terraform knows only that.
 */
async function record(
  means: ApplyMeans,
  done: {
    content: MachinesContent
    goal: MachinesContent
    nodes: NodeRow[]
    client: ReturnType<typeof connectCloud>
    ok: boolean
    said: string
  },
): Promise<string | undefined> {
  const { content, goal, nodes, client, ok, said } = done
  const kept = new Set(keysOf(goal))
  if (kept.size === 0 && nodes.length === 0) return undefined
  const servers = []
  for (const { name } of content.cloud.regions)
    servers.push(...(await listServers(client, content, name)))
  const byKey = new Map(servers.map((server) => [server.metadata['labplan.node'], server]))
  const now = means.now()
  // A manager is out of the Swarm by then, whatever was written of it.
  const left: NodeState[] = goal.kind === 'base' ? ['draining', ...LIVING] : ['drained']
  await withTransaction(means.pool, async (tx) => {
    for (const node of nodes) {
      const server = byKey.get(node.key)
      if (!kept.has(node.key) && !server)
        await moveNode(tx, { id: node.id, from: left, to: 'gone', now })
      else if (server?.status === 'ACTIVE' && kept.has(node.key))
        await noteMachine(tx, node, server, now)
      else if (!ok) await moveNode(tx, { id: node.id, from: ['creating'], to: 'wanted', now })
    }
  })
  return faultsToTell(said, servers)
}

/** A machine that is another one than before begins its life anew. */
async function noteMachine(tx: Db, node: NodeRow, server: CloudServer, now: Date): Promise<void> {
  if (node.server_id === server.id && !['wanted', 'creating'].includes(node.state)) return
  await noteNode(tx, { id: node.id, serverId: server.id, address: addressOf(server) })
  await clearReplace(tx, node.id)
  await moveNode(tx, { id: node.id, from: ['wanted', 'creating'], to: 'booted', now })
}
