/** Who waits for room, and what machines have left: what the running system knows beyond the timeline. */
import type { SeatTemplate } from '../../../stacks/blueprint.ts'
import type { NodeNow, NodeWhy } from '../../../stacks/rules/decide-nodes.ts'
import { type Db, execute, many, sql } from '../db.ts'
import type { NodeState } from './node.ts'

/** No machine has room for the seat, since `since`; null: one has. The reconciler looks at it when that is news. */
export async function markHomeless(
  db: Db,
  seat: { id: string; since: Date | null },
): Promise<void> {
  await execute(
    db,
    sql`with marked as (update seat set homeless_at = ${seat.since} where id = ${seat.id}
          and (homeless_at is null) <> ${seat.since === null} returning id)
        select pg_notify('work', '') from marked`,
  )
}

export type Waiting = {
  pool: string
  course: string
  seats: number
  template: SeatTemplate
  /** Their tasks are refused now; the others are between two tries, or wait for GPUs. */
  isRefused: boolean
}

/** Seats that wait for room since then at the latest. */
export async function waitingSeats(db: Db, since: Date): Promise<Waiting[]> {
  return many<Waiting>(
    db,
    sql`select pool.key as pool, course.key as course, waiting.seats, waiting."isRefused", template.body as template
        from (select pool_id, course_id, template_digest, state = 'starting' as "isRefused", count(*)::int as seats from seat
            where wanted_on and homeless_at <= ${since} group by 1, 2, 3, 4) waiting
          join pool on pool.id = waiting.pool_id join course on course.id = waiting.course_id
          join seat_template template on template.digest = waiting.template_digest
        order by pool.key, course.key, waiting.template_digest, 4`,
  )
}

type NodeFacts = {
  pool: string
  key: string
  flavour: string
  state: NodeState
  why: NodeWhy | null
  unused_at: Date | null
  region: string | null
  isMade: boolean
  seats: number
  cores: number | null
  memory_mb: number | null
  gpus: number
}

const STAGES: Record<Exclude<NodeState, 'gone'>, NodeNow['stage']> = {
  ...{ wanted: 'coming', creating: 'coming', booted: 'coming', joined: 'coming' },
  ...{ ready: 'there', draining: 'leaving', drained: 'left' },
}

/**
 * Machines as they are. Seats are those that should run there; room is what reservations leave of the whole machine.
 * @param kindOf the kind of GPUs that a flavour has
 */
export async function nodesNow(
  db: Db,
  kindOf: (pool: string, flavour: string) => string | undefined,
): Promise<NodeNow[]> {
  const rows = await many<NodeFacts>(
    db,
    sql`select pool.key as pool, node.key, node.flavour, node.state, node.why, node.unused_at, node.region,
          node.server_id is not null and not node.replace as "isMade",
          (select count(*)::int from seat where seat.wanted_on and seat.state in ('starting', 'ready')
            and seat.node_address = seen.address) as seats,
          seen.cores - seen.cores_reserved as cores, seen.memory_mb - seen.memory_reserved_mb as memory_mb,
          coalesce(seen.gpus, 0) - (select count(*)::int from seat_device where node_id = seen.id) as gpus
        from node join pool on pool.id = node.pool_id left join swarm_node seen on seen.id = node.swarm_id and seen.is_up
        where node.state <> 'gone' and node.role = 'node' order by pool.key, node.key`,
  )
  return rows.map(({ state, unused_at, cores, memory_mb, gpus, ...row }) => {
    const kind = kindOf(row.pool, row.flavour)
    const seen = cores === null || memory_mb === null ? null : { cores, memory_mb }
    return {
      ...row,
      stage: STAGES[state as Exclude<NodeState, 'gone'>],
      room: seen && {
        ...{ cpuMillis: Math.round(seen.cores * 1000), memoryMb: seen.memory_mb },
        gpu: kind === undefined ? null : { kind, count: gpus },
      },
      unusedSince: unused_at?.getTime() ?? null,
    }
  })
}

/** Pools that a person closed. */
export async function closedPools(db: Db): Promise<string[]> {
  const rows = await many<{ key: string }>(db, sql`select key from pool where closed is not null`)
  return rows.map(({ key }) => key)
}
