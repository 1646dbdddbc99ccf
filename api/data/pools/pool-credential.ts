/** How the cloud of a pool is entered: sealed under the key ring, opened by the worker alone, in no Git, plan, state or log. */
import { z } from 'zod'
import { type Actor, audit } from '../audit.ts'
import { AlteredRecord } from '../changes/seal.ts'
import { type Db, execute, findOne, notify, sql } from '../db.ts'
import type { KeyRing } from '../key-ring.ts'

const text = z.string().min(1).max(4000)

/** Named as in an openrc file without its `OS_`: an application credential, or a user in a project. */
export const cloudAccess = z.union([
  z.strictObject({
    authUrl: z.url({ protocol: /^https?$/ }),
    applicationCredentialId: text,
    applicationCredentialSecret: text,
  }),
  z.strictObject({
    authUrl: z.url({ protocol: /^https?$/ }),
    username: text,
    password: text,
    userDomainName: text.default('Default'),
    projectName: text,
    projectDomainName: text.default('Default'),
  }),
])

export type CloudAccess = z.infer<typeof cloudAccess>

const context = (poolId: string) => `pool credential ${poolId}`

/** Takes the place of the one before. False when there is no such pool. */
export async function keepCredential(
  tx: Db,
  ring: KeyRing,
  wish: { poolKey: string; access: CloudAccess; actor: Actor; now: Date },
): Promise<boolean> {
  const pool = await findOne<{ id: string }>(
    tx,
    sql`select id from pool where key = ${wish.poolKey}`,
  )
  if (!pool) return false
  const sealed = ring.seal(JSON.stringify(wish.access), context(pool.id))
  await execute(
    tx,
    sql`insert into pool_credential (pool_id, key_id, content, set_at)
        values (${pool.id}, ${sealed.keyId}, ${sealed.bytes}, ${wish.now})
        on conflict (pool_id) do update set key_id = excluded.key_id, content = excluded.content, set_at = excluded.set_at`,
  )
  // A run that failed for want of it is tried at once.
  await execute(
    tx,
    sql`update stack set failures = 0, retry_at = null where pool_id = ${pool.id} and kind in ('base', 'nodes', 'volumes') and failures > 0`,
  )
  const { actor, now } = wish
  const detail = { kind: 'username' in wish.access ? 'password' : 'application credential' }
  const subject = { kind: 'pool', id: pool.id }
  await audit(tx, { actor, action: 'pool.credential', subject, detail, now })
  await notify(tx, 'work')
  return true
}

/** Undefined when nobody has given one; throws an AlteredRecord where nobody can open it any more. */
export async function findCredential(
  db: Db,
  ring: KeyRing,
  poolId: string,
): Promise<{ access: CloudAccess; setAt: Date } | undefined> {
  const row = await findOne<Kept>(
    db,
    sql`select pool.key as pool, key_id, content, set_at from pool_credential join pool on pool.id = pool_id where pool_id = ${poolId}`,
  )
  return row && { access: opened(ring, row, poolId), setAt: row.set_at }
}

type Kept = { pool: string; key_id: string; content: Buffer; set_at: Date }

function opened(
  ring: KeyRing,
  { pool, key_id: keyId, content }: Kept,
  poolId: string,
): CloudAccess {
  try {
    const bytes = ring.open({ keyId, bytes: content }, context(poolId))
    return cloudAccess.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw new AlteredRecord(
      `How the cloud of pool ${pool} is entered was changed in the database, or its key is not in the key ring: source its openrc file and run "labplan pool credential ${pool}".`,
      { cause },
    )
  }
}
