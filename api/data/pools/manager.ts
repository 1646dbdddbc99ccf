/** Machines of pools' bases that are managers of the Swarm: rows of `node`, beside those that classes ask for. */
import { type Db, execute, many, notify, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { type NodeState, recordPhases } from './node.ts'

export type ManagerWish = { pool: string; key: string; flavour: string }

/**
 * Those of the bases that are wanted. One that is wanted no more goes when a run has taken its vote; one that is wanted
 * again before stays.
 */
export async function followManagers(
  tx: Db,
  { managers, now }: { managers: ManagerWish[]; now: Date },
): Promise<void> {
  const column = <T>(of: (manager: ManagerWish) => T) => managers.map(of)
  const wished = sql`unnest(${column(newId)}::uuid[], ${column(({ pool }) => pool)}::text[],
            ${column(({ key }) => key)}::text[], ${column(({ flavour }) => flavour)}::text[]) as w (id, pool, key, flavour)`
  const started = await many<{ id: string; state: NodeState }>(
    tx,
    sql`insert into node (id, pool_id, key, flavour, role, state, state_at)
        select w.id, pool.id, w.key, w.flavour, 'manager', 'wanted', ${now} from ${wished} join pool on pool.key = w.pool
        on conflict (pool_id, key) do update set state = 'wanted', state_at = ${now}, flavour = excluded.flavour, role = 'manager',
          server_id = null, swarm_id = null, address = null, tries = 0, replace = false, message = null
        where node.state = 'gone' returning id, state`,
  )
  const moved = await many<{ id: string; state: NodeState }>(
    tx,
    sql`update node set state_at = ${now}, swarm_id = case when node.state = 'draining' then null else node.swarm_id end,
          state = case when node.state = 'draining' then case when node.server_id is null then 'wanted' else 'booted' end
            when node.state = 'wanted' and node.server_id is null then 'gone' else 'draining' end
        from (select node.id, w.id is not null as wished from node join pool on pool.id = node.pool_id
            left join ${wished} on w.pool = pool.key and w.key = node.key where node.state <> 'gone' and node.role = 'manager') as now
        where node.id = now.id and now.wished = (node.state = 'draining') returning node.id, node.state`,
  )
  await recordPhases(tx, [...started, ...moved], now)
}

/** What keeps it from being what it should; written only when that is news. */
export async function noteManagerTrouble(
  tx: Db,
  manager: { id: string; message: string | null },
): Promise<void> {
  const { id, message } = manager
  const changed = await execute(
    tx,
    sql`update node set message = ${message} where id = ${id} and message is distinct from ${message}`,
  )
  if (changed > 0) await notify(tx, 'work')
}

/** Keys of bases whose networks are there: what stands on them can be made, and held to what was approved. */
export async function basesThere(db: Db): Promise<Set<string>> {
  const rows = await many<{ key: string }>(
    db,
    sql`select key from stack where kind = 'base' and applied_digest is not null`,
  )
  return new Set(rows.map(({ key }) => key))
}
