/**
 * Tickets by which a machine that stands idle joins a pool: one line is pasted on it, once, within its time. What it joins with
 * is the Swarm's secret: the worker seals it when the machine calls, it is handed out once, and rotated afterwards.
 */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import { newId, newToken, tokenHash } from '../ids.ts'
import type { KeyRing } from '../key-ring.ts'

export type TicketState = 'issued' | 'called' | 'handed' | 'joined' | 'ready' | 'lapsed'

export type JoinTicket = {
  id: string
  pool_id: string
  pool_key: string
  state: TicketState
  state_at: Date
  expires_at: Date
  issued_by: string
  issued_by_role: Actor['role']
  message: string | null
  swarm_id: string | null
  planned_at: Date | null
  /** Of its GPUs, when it has some. */
  gpu_kind: string | null
  /** As the pool's document names the machine, or was asked to. */
  node_key: string | null
}

/** A line that is pasted later than that is asked for anew. */
export const TICKET_MINUTES = 30

const columns = sql`join_ticket.id, join_ticket.pool_id, pool.key as pool_key, state, state_at, expires_at, issued_by,
  issued_by_role, message, swarm_id, planned_at, gpu_kind, node_key`
const table = sql`join_ticket join pool on pool.id = join_ticket.pool_id`

/** `token` is shown once, and kept as a hash. */
export async function issueTicket(
  tx: Db,
  wish: { poolId: string; gpuKind: string | null; actor: Actor; now: Date },
): Promise<{ token: string; expiresAt: Date }> {
  const { poolId, actor, now } = wish
  const [id, token] = [newId(), newToken()]
  const expiresAt = new Date(now.getTime() + TICKET_MINUTES * 60_000)
  await execute(
    tx,
    sql`insert into join_ticket (id, pool_id, token_hash, state, state_at, expires_at, issued_by, issued_by_role, gpu_kind)
        values (${id}, ${poolId}, ${tokenHash(token)}, 'issued', ${now}, ${expiresAt}, ${actor.name}, ${actor.role},
          ${wish.gpuKind})`,
  )
  const subject = { kind: 'pool', id: poolId }
  await audit(tx, { actor, action: 'pool.join-ticket', subject, detail: { ticket: id }, now })
  return { token, expiresAt }
}

/**
 * A machine shows its ticket, and waits from here on. Undefined when it is unknown, used or too late: a second machine with
 * the same line gets nothing.
 */
export async function callTicket(
  tx: Db,
  call: { token: string; now: Date },
): Promise<JoinTicket | undefined> {
  const called = await findOne<{ id: string }>(
    tx,
    sql`update join_ticket set state = 'called', state_at = ${call.now}
        where token_hash = ${tokenHash(call.token)} and state = 'issued' and expires_at > ${call.now} returning id`,
  )
  if (!called) return undefined
  await notify(tx, 'work')
  return findTicket(tx, called.id)
}

export async function findTicket(db: Db, id: string): Promise<JoinTicket | undefined> {
  return findOne<JoinTicket>(db, sql`select ${columns} from ${table} where join_ticket.id = ${id}`)
}

/** Those that something is still to be done about, oldest first. */
export async function openTickets(db: Db): Promise<JoinTicket[]> {
  return many<JoinTicket>(
    db,
    sql`select ${columns} from ${table} where state not in ('ready', 'lapsed') order by join_ticket.id`,
  )
}

/** Machines of a pool that joined by a ticket, and those on their way. */
export async function ticketsOfPool(db: Db, poolId: string): Promise<JoinTicket[]> {
  return many<JoinTicket>(
    db,
    sql`select ${columns} from ${table} where join_ticket.pool_id = ${poolId} and state <> 'lapsed' order by join_ticket.id`,
  )
}

const context = (id: string): string => `join ticket ${id}`

/** What a machine joins with, for who waits: `<token> <address:port>`. */
export async function sealJoin(
  tx: Db,
  ring: KeyRing,
  { id, join }: { id: string; join: string },
): Promise<void> {
  const sealed = ring.seal(join, context(id))
  await execute(
    tx,
    sql`update join_ticket set key_id = ${sealed.keyId}, sealed = ${sealed.bytes} where id = ${id} and state = 'called'`,
  )
}

/** Answered once, and forgotten with it. Undefined as long as the worker has not sealed it. */
export async function takeJoin(
  tx: Db,
  ring: KeyRing,
  { id, now }: { id: string; now: Date },
): Promise<string | undefined> {
  const row = await findOne<{ pool_id: string; key_id: string; sealed: Buffer }>(
    tx,
    sql`select pool_id, key_id, sealed from join_ticket where id = ${id} and sealed is not null for update`,
  )
  if (!row) return undefined
  await execute(
    tx,
    sql`update join_ticket set state = 'handed', state_at = ${now}, key_id = null, sealed = null where id = ${id}`,
  )
  await audit(tx, {
    actor: { name: 'join', role: 'labplan' },
    action: 'pool.join-handed',
    subject: { kind: 'pool', id: row.pool_id },
    ...{ detail: { ticket: id }, now },
  })
  return ring.open({ keyId: row.key_id, bytes: row.sealed }, context(id)).toString()
}

/** Guarded: one that is elsewhere by now stays as it is. What was sealed for it is forgotten. */
export async function moveTicket(
  tx: Db,
  move: {
    id: string
    from: TicketState[]
    to: TicketState
    swarmId?: string
    message?: string
    now: Date
  },
): Promise<void> {
  await execute(
    tx,
    sql`update join_ticket set state = ${move.to}, state_at = ${move.now}, key_id = null, sealed = null,
          swarm_id = coalesce(${move.swarmId ?? null}, swarm_id), message = coalesce(${move.message ?? null}, message)
        where id = ${move.id} and state = any(${move.from}::text[])`,
  )
}

/** It was proposed to count the machine under that name; `message` says, as a code, why it is not counted yet. */
export async function notePlanned(
  tx: Db,
  plan: { id: string; key: string; message: string | null; now: Date },
): Promise<void> {
  const { id, key, message, now } = plan
  await execute(
    tx,
    sql`update join_ticket set planned_at = ${now}, node_key = ${key}, message = ${message} where id = ${id}`,
  )
}

/** Those that say nothing any more: no machine came of them by then, or the Swarm does not know it any more. */
export async function forgetTickets(tx: Db, before: Date): Promise<void> {
  await execute(
    tx,
    sql`delete from join_ticket where state_at < ${before} and (state = 'lapsed'
          or state in ('joined', 'ready') and not exists (select from swarm_node where swarm_node.id = join_ticket.swarm_id))`,
  )
}
