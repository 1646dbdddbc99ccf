/** Machines of pools in a cloud, and how far each has come. Written by who leads, and by the run that makes them. */
import { type Db, execute, many, notify, sql } from '../db.ts'
import type { DecidedNode, NodeWhy } from '../../../stacks/rules/decide-nodes.ts'
import { newId } from '../ids.ts'

export type NodeState =
  | 'wanted'
  | 'creating'
  | 'booted'
  | 'joined'
  | 'ready'
  | 'draining'
  | 'drained'
  | 'gone'

export type NodeRow = {
  id: string
  pool_id: string
  pool_key: string
  key: string
  flavour: string
  state: NodeState
  state_at: Date
  server_id: string | null
  swarm_id: string | null
  address: string | null
  tries: number
  replace: boolean
  message: string | null
  /** What it is on for; null: nothing any more. */
  why: NodeWhy | null
  course_key: string | null
  unused_at: Date | null
  /** Where it is, or is to be; null: where its size is made first. */
  region: string | null
}

const columns = sql`node.id, node.pool_id, pool.key as pool_key, node.key, node.flavour, node.state, node.state_at, node.server_id,
  node.swarm_id, node.address, node.tries, node.replace, node.message, node.why, node.course_key, node.unused_at, node.region`

/** A machine that seats run on, or a manager of a pool's base. */
export type NodeRole = 'node' | 'manager'

/** Every machine that is not gone, of one pool or of all. */
export async function livingNodes(
  db: Db,
  poolKey: string | null = null,
  role: NodeRole = 'node',
): Promise<NodeRow[]> {
  return many<NodeRow>(
    db,
    sql`select ${columns} from node join pool on pool.id = node.pool_id
        where node.state <> 'gone' and node.role = ${role} and (${poolKey}::text is null or pool.key = ${poolKey}) order by pool.key, node.key`,
  )
}

type NodeWish = Pick<DecidedNode, 'pool' | 'key' | 'flavour'> & Partial<DecidedNode>

/**
 * What was decided. A machine that is wanted no more and never joined may go at once; one that did is emptied
 * first. One that is wanted again while it is emptied stays.
 */
export async function followTimeline(
  tx: Db,
  { nodes, now }: { nodes: NodeWish[]; now: Date },
): Promise<void> {
  const column = <T>(of: (node: NodeWish) => T) => nodes.map(of)
  const wished = sql`unnest(${column(newId)}::uuid[], ${column(({ pool }) => pool)}::text[],
            ${column(({ key }) => key)}::text[], ${column(({ flavour }) => flavour)}::text[],
            ${column(({ region }) => region ?? null)}::text[]) as w (id, pool, key, flavour, region)`
  const started = await many<{ id: string }>(
    tx,
    sql`insert into node (id, pool_id, key, flavour, region, state, state_at)
        select w.id, pool.id, w.key, w.flavour, w.region, 'wanted', ${now} from ${wished} join pool on pool.key = w.pool
        on conflict (pool_id, key) do update set state = 'wanted', state_at = ${now}, flavour = excluded.flavour, region = excluded.region,
          server_id = null, swarm_id = null, address = null, tries = 0, replace = false, message = null
        where node.state = 'gone' returning id`,
  )
  const moved = await many<{ id: string; state: NodeState }>(
    tx,
    sql`update node set state_at = ${now}, state = case when node.state in ('draining', 'drained') then
            case when node.swarm_id is null then 'wanted' else 'joined' end
          when node.state in ('joined', 'ready') then 'draining' else 'drained' end
        from (select node.id, w.id is not null as wished from node join pool on pool.id = node.pool_id
            left join ${wished} on w.pool = pool.key and w.key = node.key where node.state <> 'gone' and node.role = 'node') as now
        where node.id = now.id and now.wished = (node.state in ('draining', 'drained')) returning node.id, node.state`,
  )
  await noteReasons(tx, nodes)
  const phases = [...started.map(({ id }) => ({ id, state: 'wanted' as const })), ...moved]
  await recordPhases(tx, phases, now)
}

/**
 * A machine that does not come where it was to be is made in another region. Not while a run of the stack that it leaves
 * may be making it: then answers false, and it is asked for again.
 */
export async function moveToRegion(
  tx: Db,
  node: {
    pool: string
    key: string
    region: string | null
    leaves: string
    now: Date
    leaseNow: Date
  },
): Promise<boolean> {
  const { pool, key, region, leaves, now, leaseNow } = node
  // Locked, so that no run takes it meanwhile: whoever does then reads where the machine is to be by now.
  const held = await many<{ held: boolean }>(
    tx,
    sql`select coalesce(lease_until > ${leaseNow}, false) as held from stack where key = ${leaves} for update`,
  )
  if (held.some((one) => one.held)) return false
  const moved = await many<{ id: string; state: NodeState }>(
    tx,
    sql`update node set region = ${region}, state = 'wanted', state_at = ${now}, server_id = null, swarm_id = null,
          address = null, replace = false, message = null from pool where pool.id = pool_id and pool.key = ${pool}
          and node.key = ${key} and node.state in ('wanted', 'creating', 'drained') and node.region is distinct from ${region}
        returning node.id, node.state`,
  )
  await recordPhases(tx, moved, now)
  return true
}

/** What each is on for; nothing, where it is not among these. */
async function noteReasons(tx: Db, nodes: NodeWish[]): Promise<void> {
  const column = <T>(of: (node: NodeWish) => T) => nodes.map(of)
  const since = ({ unusedSince }: NodeWish) => (unusedSince ? new Date(unusedSince) : null)
  await execute(
    tx,
    sql`update node set why = now.why, course_key = now.course, unused_at = now.unused
        from (select node.id, w.why, w.course, w.unused from node join pool on pool.id = node.pool_id
            left join unnest(${column(({ pool }) => pool)}::text[], ${column(({ key }) => key)}::text[],
              ${column(({ why }) => why ?? null)}::text[], ${column(({ course }) => course ?? null)}::text[],
              ${column(since)}::timestamptz[]) as w (pool, key, why, course, unused) on w.pool = pool.key and w.key = node.key
            where node.state <> 'gone' and node.role = 'node') as now
        where node.id = now.id and (node.why, node.course_key, node.unused_at) is distinct from (now.why, now.course, now.unused)`,
  )
}

/** Guarded: a row that is elsewhere by now stays as it is. Answers whether it moved. */
export async function moveNode(
  tx: Db,
  move: { id: string; from: NodeState[]; to: NodeState; now: Date },
): Promise<boolean> {
  const moved = await execute(
    tx,
    sql`update node set state = ${move.to}, state_at = ${move.now}, message = null,
          tries = case when ${move.to} = 'joined' then 0 else tries end
        where id = ${move.id} and state = any(${move.from}::text[])`,
  )
  if (moved === 0) return false
  await recordPhases(tx, [{ id: move.id, state: move.to }], move.now)
  return true
}

/** Each is somewhere else from now on. */
export async function recordPhases(
  tx: Db,
  phases: { id: string; state: NodeState }[],
  now: Date,
): Promise<void> {
  if (phases.length === 0) return
  await execute(
    tx,
    sql`insert into node_phase (id, node_id, state, started_at)
        select p.id, p.node, p.state, ${now} from unnest(${phases.map(newId)}::uuid[], ${phases.map(({ id }) => id)}::uuid[],
          ${phases.map(({ state }) => state)}::text[]) as p (id, node, state)`,
  )
  await notify(tx, 'work')
}

/** What is known of it beside its state. */
export async function noteNode(
  tx: Db,
  node: {
    id: string
    serverId?: string | null
    swarmId?: string | null
    address?: string | null
    message?: string | null
  },
): Promise<void> {
  const has = (name: keyof typeof node): boolean => node[name] !== undefined
  await execute(
    tx,
    sql`update node set
          server_id = case when ${has('serverId')} then ${node.serverId ?? null} else server_id end,
          swarm_id = case when ${has('swarmId')} then ${node.swarmId ?? null} else swarm_id end,
          address = case when ${has('address')} then ${node.address ?? null} else address end,
          message = case when ${has('message')} then ${node.message ?? null} else message end
        where id = ${node.id}`,
  )
}

/** It did not get on: its machine is made anew, by the next run of its stack; of the pool's, where it is not said which. */
export async function replaceNode(
  tx: Db,
  node: { id: string; poolId: string; stackKey?: string | undefined; message: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`update node set state = 'wanted', state_at = ${node.now}, tries = tries + 1, replace = server_id is not null,
          swarm_id = null, address = null, message = ${node.message} where id = ${node.id}`,
  )
  await recordPhases(tx, [{ id: node.id, state: 'wanted' }], node.now)
  await wakeNodesStack(tx, { ...node, why: 'A machine is made anew.' })
}

/** It has been made anew. */
export async function clearReplace(tx: Db, id: string): Promise<void> {
  await execute(tx, sql`update node set replace = false where id = ${id}`)
}

/** A stack of a pool's machines is looked at again by a run, though nothing else is wanted than before; of nodes, where it is not said which. */
async function wakeNodesStack(
  tx: Db,
  of: { poolId: string; stackKey?: string | undefined; why: string; now: Date },
): Promise<void> {
  const { poolId, stackKey = null, why, now } = of
  await execute(
    tx,
    sql`update stack set state = 'needs_reconcile', state_at = ${now}, message = ${why}, retry_at = null
        where pool_id = ${poolId} and (key = ${stackKey} or (${stackKey}::text is null and kind = 'nodes'))
          and state in ('absent', 'applied')`,
  )
  await notify(tx, 'work')
}

export type NodePhase = { key: string; state: NodeState; startedAt: Date }

/** How lives went since then, oldest first. */
export async function nodePhases(db: Db, poolKey: string, since: Date): Promise<NodePhase[]> {
  return many<NodePhase>(
    db,
    sql`select node.key, node_phase.state, node_phase.started_at as "startedAt" from node_phase
          join node on node.id = node_phase.node_id join pool on pool.id = node.pool_id
        where pool.key = ${poolKey} and node.role = 'node' and node_phase.started_at >= ${since} order by node_phase.started_at, node_phase.id`,
  )
}

/** Seconds from *booted* to *joined* of the last machines of a flavour, newest first. */
export async function joinTimes(db: Db, flavour: string): Promise<number[]> {
  const rows = await many<{ seconds: number }>(
    db,
    sql`select extract(epoch from started_at - booted_at)::float8 as seconds
        from (select node_phase.state, started_at, lag(node_phase.state) over life as before, lag(started_at) over life as booted_at
          from node_phase join node on node.id = node_phase.node_id where node.flavour = ${flavour}
          window life as (partition by node_id order by started_at, node_phase.id)) phase
        where state = 'joined' and before = 'booted' order by started_at desc limit 20`,
  )
  return rows.map(({ seconds }) => seconds)
}

/** A token was given out: the one that is in force opens the Swarm to whoever reads it. */
export async function noteTokenHanded(tx: Db, now: Date): Promise<void> {
  await execute(
    tx,
    sql`insert into join_token (handed_at) values (${now}) on conflict (installation_id) do update set handed_at = ${now}`,
  )
}

/** Since when one is out; undefined when none was given out since they were last rotated. */
export async function tokenOutSince(db: Db): Promise<Date | undefined> {
  const [row] = await many<{ handed_at: Date }>(
    db,
    sql`select handed_at from join_token where handed_at is not null`,
  )
  return row?.handed_at
}

/** Those given out by then are of no use any more; one that was given out meanwhile is rotated later. */
export async function noteTokenRotated(
  tx: Db,
  { handedAt, now }: { handedAt: Date; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`update join_token set rotated_at = ${now}, handed_at = case when handed_at <= ${handedAt} then null else handed_at end`,
  )
}
