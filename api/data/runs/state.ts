/**
 * Terraform states: every version kept, sealed, written only by the run that holds the stack's lease
 * and Terraform's lock. Refusals are answers, not errors.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Db, execute, findOne, type Pool, sql, withTransaction } from '../db.ts'
import { newId } from '../ids.ts'
import type { KeyRing, Sealed } from '../key-ring.ts'
import { AlteredRecord } from '../changes/seal.ts'
import { holdsLease, type Lease } from './stack.ts'

/** The part of a state that decides whether it may follow another (Terraform's state format 4). */
const stateHead = z.looseObject({ serial: z.int().nonnegative(), lineage: z.string() })

export type StateRefusal =
  | 'revoked'
  | 'not_locked'
  | 'wrong_lock'
  | 'unreadable'
  | 'other_lineage'
  | 'stale_serial'
export type StateWrite = { ok: true; serial: number } | { ok: false; refusal: StateRefusal }

type VersionRow = { serial: number; lineage: string; sha256: Buffer; run_id: string | null }
export type StateVersion = { serial: number; lineage: string; runId: string | null; bytes: Buffer }

const context = (stackId: string, serial: number) => `state ${stackId} ${serial}`

/** The newest state, opened; undefined before the first write. */
export async function findState(
  db: Db,
  ring: KeyRing,
  stackId: string,
): Promise<StateVersion | undefined> {
  const row = await findOne<VersionRow & { key_id: string; content: Buffer }>(
    db,
    sql`select serial, lineage, sha256, run_id, key_id, content from state_version
        where stack_id = ${stackId} order by serial desc limit 1`,
  )
  if (!row) return undefined
  const sealed = { keyId: row.key_id, bytes: row.content }
  const bytes = opened(ring, sealed, context(stackId, row.serial))
  return { serial: row.serial, lineage: row.lineage, runId: row.run_id, bytes }
}

export type StateWriter = Lease & { runId: string; now: Date }

/**
 * Keeps a new version. `lockId` is Terraform's lock, null for the worker itself, whose lease is enough.
 * The same bytes at the same serial are welcome again: a retried call must not fail.
 */
export async function saveState(
  pool: Pool,
  ring: KeyRing,
  write: StateWriter & { bytes: Buffer; lockId: string | null },
): Promise<StateWrite> {
  const head = readHead(write.bytes)
  if (!head) return { ok: false, refusal: 'unreadable' }
  return withTransaction(pool, async (tx) => {
    const refusal = (await refusalOfWriter(tx, write)) ?? (await refusalOfContent(tx, write, head))
    if (refusal === 'known') return { ok: true, serial: head.serial }
    if (refusal) return { ok: false, refusal }
    const sealed = ring.seal(write.bytes, context(write.stackId, head.serial))
    await execute(
      tx,
      sql`insert into state_version (id, stack_id, run_id, serial, lineage, sha256, key_id, content, created_at)
          values (${newId()}, ${write.stackId}, ${write.runId}, ${head.serial}, ${head.lineage}, ${sha256(write.bytes)},
                  ${sealed.keyId}, ${sealed.bytes}, ${write.now})`,
    )
    return { ok: true, serial: head.serial }
  })
}

/** Whether the record holds this state's successor, or one as new: same lineage, and a serial that is no lower. */
export async function isStale(db: Db, stackId: string, bytes: Buffer): Promise<boolean> {
  const head = readHead(bytes)
  if (!head) return false
  const newer = await findOne(
    db,
    sql`select 1 from state_version where stack_id = ${stackId} and lineage = ${head.lineage} and serial >= ${head.serial} limit 1`,
  )
  return newer !== undefined
}

function readHead(bytes: Buffer): z.infer<typeof stateHead> | undefined {
  try {
    return stateHead.safeParse(JSON.parse(bytes.toString())).data
  } catch {
    return undefined
  }
}

async function refusalOfWriter(
  tx: Db,
  write: StateWriter & { lockId: string | null },
): Promise<StateRefusal | undefined> {
  if (!(await holdsLease(tx, write))) return 'revoked'
  const lock = await findOne<{ lock_id: string }>(
    tx,
    sql`select lock_id from state_lock where stack_id = ${write.stackId}`,
  )
  if (write.lockId === null) return undefined
  if (!lock) return 'not_locked'
  return lock.lock_id === write.lockId ? undefined : 'wrong_lock'
}

async function refusalOfContent(
  tx: Db,
  write: { stackId: string; bytes: Buffer },
  head: { serial: number; lineage: string },
): Promise<StateRefusal | 'known' | undefined> {
  const current = await findOne<VersionRow>(
    tx,
    sql`select serial, lineage, sha256, run_id from state_version
        where stack_id = ${write.stackId} order by serial desc limit 1`,
  )
  if (!current) return undefined
  if (current.lineage !== head.lineage) return 'other_lineage'
  if (head.serial > current.serial) return undefined
  const isSame = head.serial === current.serial && current.sha256.equals(sha256(write.bytes))
  return isSame ? 'known' : 'stale_serial'
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

export type LockInfo = { ID: string } & Record<string, unknown>
export type LockAnswer =
  | { ok: true }
  | { ok: false; refusal: 'revoked' }
  | { ok: false; refusal: 'locked'; info: LockInfo }

/** Terraform's lock, for the run that holds the lease. */
export async function lockState(
  pool: Pool,
  writer: StateWriter,
  info: LockInfo,
): Promise<LockAnswer> {
  return withTransaction<LockAnswer>(pool, async (tx) => {
    if (!(await holdsLease(tx, writer))) return { ok: false, refusal: 'revoked' }
    const lock = await findOne<{ lock_id: string; info: LockInfo }>(
      tx,
      sql`select lock_id, info from state_lock where stack_id = ${writer.stackId}`,
    )
    if (lock && lock.lock_id !== info.ID) return { ok: false, refusal: 'locked', info: lock.info }
    await execute(
      tx,
      sql`insert into state_lock (stack_id, run_id, lock_id, info, created_at)
          values (${writer.stackId}, ${writer.runId}, ${info.ID}, ${JSON.stringify(info)}, ${writer.now})
          on conflict (stack_id) do nothing`,
    )
    return { ok: true }
  })
}

/** Frees the lock of that id; false when there is none of it. */
export async function unlockState(
  pool: Pool,
  writer: StateWriter,
  lockId: string,
): Promise<boolean> {
  return withTransaction(pool, async (tx) => {
    if (!(await holdsLease(tx, writer))) return false
    const freed = await execute(
      tx,
      sql`delete from state_lock where stack_id = ${writer.stackId} and lock_id = ${lockId}`,
    )
    return freed === 1
  })
}

function opened(ring: KeyRing, sealed: Sealed, where: string): Buffer {
  try {
    return ring.open(sealed, where)
  } catch (cause) {
    throw new AlteredRecord(
      'The state of this stack was changed in the database, or its key is not in the key ring.',
      { cause },
    )
  }
}
