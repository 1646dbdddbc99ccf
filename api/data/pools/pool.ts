/** Pools as people look at them: their machines, what runs there, and whether somebody closed them. */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'

export type Closing = 'closed' | 'drained'

export type PoolRow = {
  id: string
  key: string
  closed: Closing | null
  closed_reason: string | null
  closed_at: Date | null
  /** When a credential of its cloud was given; null when none was. */
  credential_at: Date | null
}

const columns = sql`pool.id, pool.key, pool.closed, pool.closed_reason, pool.closed_at,
  (select set_at from pool_credential where pool_id = pool.id) as credential_at`

export async function listPools(db: Db): Promise<PoolRow[]> {
  return many<PoolRow>(db, sql`select ${columns} from pool order by key`)
}

export async function findPool(db: Db, key: string): Promise<PoolRow | undefined> {
  return findOne<PoolRow>(db, sql`select ${columns} from pool where key = ${key}`)
}

/** `closed`: no new seats. `drained`: those there move elsewhere, too. Null opens it. False when there is no such pool. */
export async function closePool(
  tx: Db,
  wish: { key: string; closed: Closing | null; reason: string | null; actor: Actor; now: Date },
): Promise<boolean> {
  const { key, closed, reason, actor, now } = wish
  const pool = await findPool(tx, key)
  if (!pool) return false
  await execute(
    tx,
    sql`update pool set closed = ${closed}, closed_reason = ${closed && reason}, closed_at = ${closed && now} where id = ${pool.id}`,
  )
  const action = closed === null ? 'pool.open' : closed === 'closed' ? 'pool.close' : 'pool.drain'
  const subject = { kind: 'pool', id: pool.id }
  await audit(tx, { actor, action, subject, detail: { key, ...(reason && { reason }) }, now })
  await notify(tx, 'work')
  return true
}

export type SeenNode = {
  id: string
  hostname: string
  address: string
  pool: string | null
  key: string | null
  is_manager: boolean
  is_up: boolean
  availability: 'active' | 'pause' | 'drain'
  cores: number
  memory_mb: number
  seats: number
  cores_reserved: number
  memory_reserved_mb: number
  gpus: number
  /** Of these, how many seats have, or had where something of theirs may still run. */
  gpus_held: number
  seen_at: Date
}

type Looked = Omit<SeenNode, 'seen_at' | 'gpus_held'>

/** What the Swarm has now: nodes that are not among these are forgotten. */
export async function saveSeenNodes(tx: Db, look: { nodes: Looked[]; now: Date }): Promise<void> {
  const { nodes, now } = look
  const column = <T>(of: (node: Looked) => T) => nodes.map(of)
  await execute(
    tx,
    sql`delete from swarm_node where not id = any(${column(({ id }) => id)}::text[])`,
  )
  await execute(
    tx,
    sql`insert into swarm_node (id, hostname, address, pool, key, is_manager, is_up, availability, cores, memory_mb, seats,
          cores_reserved, memory_reserved_mb, gpus, seen_at)
        select n.*, ${now} from unnest(${column((n) => n.id)}::text[], ${column((n) => n.hostname)}::text[],
          ${column((n) => n.address)}::text[], ${column((n) => n.pool)}::text[], ${column((n) => n.key)}::text[],
          ${column((n) => n.is_manager)}::bool[], ${column((n) => n.is_up)}::bool[], ${column((n) => n.availability)}::text[],
          ${column((n) => n.cores)}::real[], ${column((n) => n.memory_mb)}::int[], ${column((n) => n.seats)}::int[],
          ${column((n) => n.cores_reserved)}::real[], ${column((n) => Math.round(n.memory_reserved_mb))}::int[],
          ${column((n) => n.gpus)}::int[]) as n
        on conflict (id) do update set hostname = excluded.hostname, address = excluded.address, pool = excluded.pool,
          key = excluded.key, is_manager = excluded.is_manager, is_up = excluded.is_up, availability = excluded.availability,
          cores = excluded.cores, memory_mb = excluded.memory_mb, seats = excluded.seats,
          cores_reserved = excluded.cores_reserved, memory_reserved_mb = excluded.memory_reserved_mb, gpus = excluded.gpus, seen_at = excluded.seen_at`,
  )
}

/** Managers first, then by name. */
export async function seenNodes(db: Db): Promise<SeenNode[]> {
  return many<SeenNode>(
    db,
    sql`select id, hostname, address, pool, key, is_manager, is_up, availability, cores, memory_mb, seats, cores_reserved,
          memory_reserved_mb, gpus, (select count(*)::int from seat_device where node_id = swarm_node.id) as gpus_held, seen_at from swarm_node order by is_manager desc, hostname`,
  )
}

/** What a stack of a pool's machines stumbled over, and when it is tried again. */
export type StackTrouble = {
  key: string
  state: string
  state_at: Date
  retry_at: Date | null
  message: string
}

/** Stacks of a pool's machines whose last runs failed, while something is wanted of them. */
export async function failingMachines(
  db: Db,
  poolId: string,
): Promise<{ kind: 'base' | 'nodes'; failures: number; message: string }[]> {
  return many(
    db,
    sql`select kind, failures, message from stack where pool_id = ${poolId} and kind in ('base', 'nodes')
          and failures > 0 and wanted_digest is not null and message is not null order by kind, key`,
  )
}

/** Stacks of a pool's machines that are not as wanted, and why. */
export async function poolTroubles(db: Db, poolId: string): Promise<StackTrouble[]> {
  return many(
    db,
    sql`select key, state, state_at, retry_at, message from stack where pool_id = ${poolId} and kind in ('base', 'nodes') and message is not null order by key`,
  )
}
