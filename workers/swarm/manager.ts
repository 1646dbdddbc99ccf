/**
 * Managers of the Swarm: made of nodes that joined like any other, so that no machine is ever told what a manager joins
 * with; and unmade before they go.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Engine, EngineError, hasNoLeader } from './engine.ts'
import { changeNode, listNodes, removeNode } from './node.ts'
import { canLeave, quorumOf } from '../../stacks/rules/quorum.ts'

/** Answers at once: whether it votes is for the next look to see. */
export async function setRole(
  engine: Engine,
  nodeId: string,
  role: 'manager' | 'worker',
): Promise<void> {
  await changeNode(engine, nodeId, (spec) => ({ ...spec, Role: role }))
}

/** Others would be left without a majority: every change of every seat would wait for somebody to come back. */
export class QuorumAtRisk extends Error {}

/** Managers agree in a second; one that is dead is struck off in about ten. */
const LEAVE_LIMIT_MS = 40_000
const LOOK_AGAIN_MS = 300

/**
 * Takes a node's vote, then its entry: it may be destroyed after. Does no harm to one that is not there.
 * @throws QuorumAtRisk when the others could decide nothing without it; nothing is changed then
 */
export async function retireNode(engine: Engine, nodeId: string): Promise<void> {
  const deadline = Date.now() + LEAVE_LIMIT_MS
  while (Date.now() < deadline) {
    try {
      if (await isRetired(engine, nodeId)) return
    } catch (error) {
      // The one that led was told to be none: the others agree on another.
      if (!hasNoLeader(error)) throw error
    }
    await sleep(LOOK_AGAIN_MS)
  }
  const seconds = LEAVE_LIMIT_MS / 1000
  throw new Error(
    `Node ${nodeId} is still a manager of the Swarm ${seconds} seconds after it was told to be none.`,
  )
}

/** One step of it; answers whether nothing is left to do. */
async function isRetired(engine: Engine, nodeId: string): Promise<boolean> {
  const nodes = await listNodes(engine)
  const node = nodes.find(({ id }) => id === nodeId)
  if (!node) return true
  if (!canLeave(nodes, nodeId)) {
    const { votes, answering } = quorumOf(nodes)
    throw new QuorumAtRisk(
      `The Swarm has ${votes} managers and ${answering} of them answer: without ${node.hostname} the others would be no majority, and nothing could be changed any more. Bring back the manager that does not answer, or take it away (docker node demote, docker node rm); this goes on by itself then.`,
    )
  }
  if (!node.isManager && node.vote === null) return isRemoved(engine, nodeId)
  if (node.isManager) await setRole(engine, nodeId, 'worker')
  return false
}

/** False while it is struck off the managers: they say so of themselves a moment later. */
async function isRemoved(engine: Engine, nodeId: string): Promise<boolean> {
  try {
    await removeNode(engine, nodeId)
    return true
  } catch (error) {
    if (error instanceof EngineError && /cluster manager/.test(error.message)) return false
    throw error
  }
}
