/**
 * Managers that pools' bases made, from the order to the end: each joins like a node, with no seat ever on it, is known by
 * the address that its cloud gave it, and then given a vote. One that is dead loses it before its machine is made anew. What goes
 * wrong with one keeps no other.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { noteManagerTrouble } from '../../api/data/pools/manager.ts'
import { moveNode, noteNode, type NodeRow } from '../../api/data/pools/node.ts'
import { sendNotice } from '../../api/data/notice.ts'
import type { CloudLooks } from '../cloud/look.ts'
import type { Engine } from '../swarm/engine.ts'
import { QuorumAtRisk, retireNode, setRole } from '../swarm/manager.ts'
import { setAvailability, type SwarmNode } from '../swarm/node.ts'
import { isSettled, type Member, nextRole, quorumOf } from '../../stacks/rules/quorum.ts'
import { joinLimitMs, LOST_MS, nextStep } from './node-life.ts'
import { awayMs, type AwaySince, nodeOf, sightOfNode, sightOfServer } from './node-sight.ts'
import type { Steps } from './pass-steps.ts'
import { replaceMachine } from './replace-machine.ts'

type Means = { pool: Pool; engine: Engine; log: Pick<Logger, 'info' | 'warn'>; now: () => Date }

/** A look: rows of managers, all nodes of the Swarm, what clouds say, and who was away before. */
export type ManagersSight = {
  rows: NodeRow[]
  nodes: SwarmNode[]
  /** Of these, whose engines say that they are of this installation. */
  own: SwarmNode[]
  clouds: CloudLooks
  /** By pool's key: where its managers are. */
  regionFor: (poolKey: string) => string | undefined
  awaySince: AwaySince
  /** For how long machines are being looked at, in ms. */
  watched: number
  steps: Steps
}

/** A manager that does not hear the others is away, whatever its engine says. */
export const isThere = (node: SwarmNode): boolean => node.isUp && node.vote?.isReachable !== false

export async function lookAtManagers(means: Means, sight: ManagersSight): Promise<void> {
  await tellWhoIsAway(means, sight)
  if (sight.rows.length === 0) return
  const members = sight.nodes.map((node) => memberOf(node, sight.rows))
  const coming = sight.rows.filter(({ state }) => COMING.has(state)).length
  const role = nextRole(members, { coming })
  const nobodyElse = role === undefined && isSettled(members)
  for (const row of sight.rows)
    if (row.state !== 'draining')
      await sight.steps.take(
        `Manager ${row.key} of pool ${row.pool_key} could not come further.`,
        () => follow(means, sight, row, nobodyElse),
        undefined,
      )
  const name = members.find(({ id }) => id === role?.id)?.name
  if (!role) return
  means.log.info({ node: name, ...role }, 'the managers of the Swarm are another number')
  await setRole(means.engine, role.id, role.do === 'promote' ? 'manager' : 'worker')
}

const COMING = new Set<NodeRow['state']>(['wanted', 'creating', 'booted'])

/** Ours is who calls from where its cloud put it: what an engine says of itself, any machine with a token could say. */
function memberOf(node: SwarmNode, rows: NodeRow[]): Member {
  const row = rows.find(({ swarm_id }) => swarm_id === node.id)
  const isKept = row !== undefined && !row.replace && ['joined', 'ready'].includes(row.state)
  return {
    ...{ id: node.id, name: node.key ?? node.hostname, isUp: node.isUp },
    ...{ isManager: node.isManager, vote: node.vote },
    isOurs: isKept && isKnown(row, node) && node.availability === 'drain',
  }
}

const isKnown = (row: NodeRow, node: SwarmNode): boolean =>
  row.address !== null && row.address === node.address

/** @param nobodyElse is to become a manager now, or is on the way to it: who is none stands by */
async function follow(
  means: Means,
  { own, clouds, regionFor, awaySince, watched }: ManagersSight,
  row: NodeRow,
  nobodyElse: boolean,
): Promise<void> {
  const { pool, engine, now, log } = means
  const known = own.filter((one) => isKnown(row, one))
  const node = nodeOf(row, known, null) ?? nodeOf(row, own, null)
  if (node && node.availability !== 'drain') await setAvailability(engine, node.id, 'drain')
  const isReady =
    node?.vote?.isReachable || (nobodyElse && node !== undefined && !isLate(row, node))
  const looks = await clouds.look({ id: row.pool_id, key: row.pool_key })
  const step = nextStep(
    row,
    {
      ...sightOfServer(row, looks?.get(regionFor(row.pool_key) ?? '')),
      swarm: node ? { ...sightOfNode(node, new Map()), isUp: isThere(node) } : null,
      awayMs: row.swarm_id
        ? awayMs(awaySince, { id: row.id, isThere: node !== undefined && isThere(node) }, now())
        : 0,
      probe: isReady ? 'ran' : 'waiting',
    },
    { now: now(), joinLimitMs: joinLimitMs([]), watchedMs: watched },
  )
  if (step?.do === 'replace') return replaceManager(means, row, step.why)
  if (step?.do === 'join' || step?.do === 'move') {
    const to = step.do === 'join' ? 'joined' : step.to
    log.info({ pool: row.pool_key, node: row.key, to }, 'a manager has come further')
    await withTransaction(pool, async (tx) => {
      if (step.do === 'join') await noteNode(tx, { id: row.id, swarmId: step.swarmId })
      await moveNode(tx, { id: row.id, from: [row.state], to, now: now() })
    })
  } else if (node && row.swarm_id) await noteTrouble(means, row, node)
}

/** Not the machine that the cloud made, or not yet what it was asked to be. */
const isLate = (row: NodeRow, node: SwarmNode): boolean =>
  node.vote === null && (node.isManager || !isKnown(row, node))

/** The others call a new manager before they take it in: this is the time after which none of them gets through. */
const CALL_LIMIT_MS = 3 * 60_000

async function noteTrouble({ pool, now }: Means, row: NodeRow, node: SwarmNode): Promise<void> {
  const isOld = now().getTime() - row.state_at.getTime() > CALL_LIMIT_MS
  const message = isOld && isLate(row, node) ? 'not-a-manager' : null
  if (message !== row.message)
    await withTransaction(pool, (tx) => noteManagerTrouble(tx, { id: row.id, message }))
}

/** Its vote goes first: a dead one that still counts costs the others one they may lose. */
async function replaceManager(means: Means, row: NodeRow, why: string): Promise<void> {
  try {
    if (row.swarm_id) await retireNode(means.engine, row.swarm_id)
  } catch (error) {
    if (!(error instanceof QuorumAtRisk)) throw error
    means.log.warn({ node: row.key, pool: row.pool_key }, error.message)
    await withTransaction(means.pool, (tx) =>
      noteManagerTrouble(tx, { id: row.id, message: 'no-majority' }),
    )
    return
  }
  await replaceMachine(means, row, { stack: `base-${row.pool_key}`, why })
}

/** Where there are several: what is left to lose is what somebody must know. Once a day for each. */
async function tellWhoIsAway(
  { pool, now }: Means,
  { nodes, awaySince, steps }: ManagersSight,
): Promise<void> {
  const { votes, answering, canLose } = quorumOf(nodes)
  for (const node of nodes.filter(({ vote }) => vote !== null)) {
    const away = awayMs(awaySince, { id: node.id, isThere: isThere(node) }, now())
    if (away <= LOST_MS || votes === 1) continue
    const name = node.key ?? node.hostname
    const tell = () =>
      withTransaction(pool, (tx) =>
        sendNotice(tx, {
          ...{ code: 'notice.manager-away', to: 'infra', now: now() },
          params: { node: name, votes, answering },
          lines: [{ code: canLose > 0 ? 'managers.can-lose' : 'managers.cannot-lose' }],
          dedupeKey: `manager ${node.id} ${now().toISOString().slice(0, 10)}`,
        }),
      )
    await steps.take(`Nobody could be told that manager ${name} is away.`, tell, false)
  }
}

/** No majority answers: the Swarm refuses every change until one does. Once a day. */
export async function tellNoLeader({ pool, now }: Pick<Means, 'pool' | 'now'>): Promise<void> {
  await withTransaction(pool, (tx) =>
    sendNotice(tx, {
      ...{ code: 'notice.swarm-without-leader', to: 'infra', now: now(), params: {} },
      dedupeKey: `no leader ${now().toISOString().slice(0, 10)}`,
    }),
  )
}
