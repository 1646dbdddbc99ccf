/** The tools that may apply anything: the first that an installation uses, and those that a person approved since. */
import { canonicalJson, sha256 } from '../../stacks/blueprint.ts'
import { type Actor, audit } from './audit.ts'
import { type Db, execute, findOne, many, sql } from './db.ts'
import type { KeyRing } from './key-ring.ts'
import { sendNotice } from './notice.ts'

export type ToolParts = {
  /** `terraform 1.11.4 linux_amd64` */
  engine: string
  /** sha256 of the program. */
  program: string
  /** sha256 of the lock file. */
  lock: string
  /** Path in the mirror → sha256. */
  providers: Record<string, string>
  /** sha256 of what the renderer makes of a known content. */
  renderer: string
  /** Names of the variables that a rendered stack takes. */
  variables: string[]
}

export type Tools = {
  digest: string
  parts: ToolParts
  seen_at: Date
  approved_at: Date | null
  approved_by_role: string | null
}

type Row = Tools & { seal: Buffer | null; seal_key: string | null }

export const toolsDigest = (parts: ToolParts): string => sha256(canonicalJson(parts))

/** Newest first; an approval that nobody of us wrote is none. */
export async function allTools(db: Db, ring: KeyRing): Promise<Tools[]> {
  const rows = await many<Row>(
    db,
    sql`select digest, parts, seen_at, approved_at, approved_by_role, seal, seal_key from tools order by seen_at desc, digest`,
  )
  return rows.map(({ seal, seal_key: keyId, ...row }) =>
    isSealed(ring, row.digest, seal, keyId) && toolsDigest(row.parts) === row.digest
      ? row
      : { ...row, approved_at: null, approved_by_role: null },
  )
}

const contextOf = (digest: string): string => `tools/${digest}`

function isSealed(ring: KeyRing, digest: string, seal: Buffer | null, keyId: string | null) {
  if (!seal || !keyId) return false
  try {
    return ring.open({ keyId, bytes: seal }, contextOf(digest)).toString() === digest
  } catch {
    return false
  }
}

/** Written down where `labplan tools` finds them. */
export async function seeTools(tx: Db, parts: ToolParts, now: Date): Promise<void> {
  await execute(
    tx,
    sql`insert into tools (digest, parts, seen_at) values (${toolsDigest(parts)}, ${JSON.stringify(parts)}, ${now})
        on conflict (digest) do update set seen_at = excluded.seen_at`,
  )
}

/** False when no tools of this digest were seen. */
export async function approveTools(
  tx: Db,
  approval: { digest: string; actor: Actor; ring: KeyRing; now: Date },
): Promise<boolean> {
  const { digest, actor, ring, now } = approval
  const { keyId, bytes } = ring.seal(digest, contextOf(digest))
  const approved = await execute(
    tx,
    sql`update tools set approved_at = ${now}, approved_by_role = ${actor.role}, seal = ${bytes}, seal_key = ${keyId}
        where digest = ${digest}`,
  )
  if (approved === 0) return false
  const subject = { kind: 'tools', id: digest }
  await audit(tx, { actor, action: 'tools.approve', subject, detail: {}, now })
  await execute(tx, sql`update stack set retry_at = null, failures = 0 where state = 'failed'`)
  return true
}

/**
 * Whether nothing was ever run since approvals are kept: then the tools that are there are the ones the installation
 * was made with.
 */
export async function isFirstUse(db: Db): Promise<boolean> {
  const used = await findOne(
    db,
    sql`select 1 as used from tools
        union all
        select 1 from run where toolchain is not null
          and created_at > (select applied_at from migration where name = '0034-approved.sql') limit 1`,
  )
  return used === undefined
}

/** To the infra team, once for each set of tools. */
export async function tellOfTools(tx: Db, told: { digest: string; differs: string; now: Date }) {
  await sendNotice(tx, {
    ...{ code: 'notice.tools-changed', to: 'infra', now: told.now },
    params: { differs: told.differs, digest: told.digest.slice(0, 12) },
    dedupeKey: `tools/${told.digest}`,
  })
}
