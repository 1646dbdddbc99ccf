/** Blueprints: compiled documents by digest, and which of them is the approved one. */
import {
  type Blueprint,
  type BlueprintCloud,
  canonicalBytes,
  digest,
  parseBlueprint,
} from '../../../stacks/blueprint.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'

/** Machines are destroyed long before so many other plans were approved. */
const LOOK_BACK = 100

export type Head = { digest: string; version: number }
export type Current = Head & { blueprint: Blueprint }

/** The approved blueprint, for pages and previews; who acts on it takes it from seal.ts. */
export async function currentBlueprint(db: Db): Promise<Current | undefined> {
  const row = await findOne<Head & { bytes: Buffer }>(
    db,
    sql`select head.digest, head.version, blueprint.bytes
        from blueprint_head head join blueprint on blueprint.digest = head.digest`,
  )
  if (!row) return undefined
  return { digest: row.digest, version: row.version, blueprint: parseBlueprint(row.bytes) }
}

/**
 * The same, of this process's memory where it made it: a campus is ten megabytes to read, and the next change of it
 * most often follows its own.
 */
export async function rememberedBlueprint(db: Db): Promise<Current | undefined> {
  const head = await findHead(db)
  const blueprint = head && (await findBlueprint(db, head.digest))
  return blueprint && { ...head, blueprint }
}

/** Which blueprint is approved, and how often that changed. */
export async function findHead(db: Db): Promise<Head | undefined> {
  return findOne<Head>(db, sql`select digest, version from blueprint_head`)
}

/** The head, locked until the caller's transaction ends: changes are approved one at a time. */
export async function lockHead(tx: Db): Promise<Head | undefined> {
  // The head may not exist yet, so the installation's row is locked; `no key` lets other inserts pass.
  await tx.query('select 1 from installation for no key update')
  return findOne<Head>(tx, sql`select digest, version from blueprint_head`)
}

/** The last ones of this process. A digest says all of its blueprint: it holds whatever was rolled back. */
const kept = new Map<string, Blueprint>()
const MOST_KEPT = 2

/** A blueprint that was kept, approved or not. */
export async function findBlueprint(db: Db, name: string): Promise<Blueprint | undefined> {
  const known = kept.get(name)
  if (known) return known
  const row = await findOne<{ bytes: Buffer }>(
    db,
    sql`select bytes from blueprint where digest = ${name}`,
  )
  return row && parseBlueprint(row.bytes)
}

/** Keeps a compiled blueprint; the same bytes are kept once. Answers its digest. */
export async function keepBlueprint(
  tx: Db,
  made: { blueprint: Blueprint; parent: string | undefined; now: Date },
): Promise<string> {
  const name = digest(made.blueprint)
  await execute(
    tx,
    sql`insert into blueprint (digest, parent_digest, bytes, created_at)
        values (${name}, ${made.parent === name ? null : made.parent}, ${Buffer.from(canonicalBytes(made.blueprint))}, ${made.now})
        on conflict (digest) do nothing`,
  )
  kept.delete(name)
  kept.set(name, made.blueprint)
  for (const old of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(old)
  return name
}

/**
 * Makes `digest` the approved blueprint if `parent` still is: false when the head has moved, and then
 * nothing was changed. Says so on the channel `plan`.
 */
export async function moveHead(
  tx: Db,
  move: { digest: string; parent: string | undefined; role: string; now: Date },
): Promise<boolean> {
  const moved =
    move.parent === undefined
      ? await execute(
          tx,
          sql`insert into blueprint_head (digest, version, moved_at) values (${move.digest}, 1, ${move.now})
              on conflict do nothing`,
        )
      : await execute(
          tx,
          sql`update blueprint_head set digest = ${move.digest}, version = version + 1, moved_at = ${move.now}
              where digest = ${move.parent}`,
        )
  if (moved === 0) return false
  await execute(
    tx,
    sql`update blueprint set approved_at = ${move.now}, approved_by_role = ${move.role}
        where digest = ${move.digest} and approved_at is null`,
  )
  await notify(tx, 'plan')
  return true
}

/**
 * Where a pool's machines are: of the approved blueprint, else of the last one before it that said so.
 * @param region the last that had it
 */
export async function lastCloud(
  db: Db,
  poolKey: string,
  region?: string | null,
): Promise<BlueprintCloud | undefined> {
  const rows = await many<{ digest: string }>(
    db,
    sql`select digest from blueprint where approved_at is not null order by approved_at desc, digest limit ${LOOK_BACK}`,
  )
  for (const { digest: name } of rows) {
    const row = await findOne<{ bytes: Buffer }>(
      db,
      sql`select bytes from blueprint where digest = ${name}`,
    )
    const cloud = row && parseBlueprint(row.bytes).pools.find(({ key }) => key === poolKey)?.cloud
    if (cloud && (!region || cloud.regions.some(({ name }) => name === region))) return cloud
  }
  return undefined
}

export type Approved = { digest: string; blueprint: Blueprint }

/** `head`: the head's digest, null when there is none; asked for unless given. */
type Reader<T> = (db: Db, head?: string | null) => Promise<T | undefined>

/** Reads the approved blueprint again and again, parsing it only when the head has moved. */
export function approvedReader(): Reader<Approved> {
  let known: Approved | undefined
  return async (db, seen) => {
    const head = seen === undefined ? (await findHead(db))?.digest : seen
    if (!head) return undefined
    if (known?.digest !== head) known = await currentBlueprint(db)
    return known
  }
}

export function blueprintReader(): Reader<Blueprint> {
  const approved = approvedReader()
  return async (db, head) => (await approved(db, head))?.blueprint
}
