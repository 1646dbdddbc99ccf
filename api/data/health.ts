/** What the record tells of Labplan's own health: read by `labplan doctor`, which judges it. Read only. */
import { currentBlueprint } from './changes/blueprint.ts'
import { type Db, many, one, sql } from './db.ts'
import { LEADER_LOCK } from './leader.ts'
import { migrationFiles } from './migrate.ts'
import { sessionsWithoutReceipt, verifyReceipts } from './sessions/receipt.ts'
import { stackDiffers } from './runs/stack-wish.ts'

export type ServerFacts = { version: string; clock: Date }

/** The server's version, and its clock at this moment: the one place that asks for it. */
export async function serverFacts(db: Db): Promise<ServerFacts> {
  return one<ServerFacts>(
    db,
    sql`select current_setting('server_version') as version, timeofday()::timestamptz as clock`,
  )
}

export type MigrationFacts = { missing: string[]; edited: string[]; unknown: string[] }

/** This checkout's migrations beside those that were applied. Throws when there is no such table. */
export async function migrationFacts(db: Db): Promise<MigrationFacts> {
  const applied = await many<{ name: string; sha256: string }>(
    db,
    sql`select name, sha256 from migration order by name`,
  )
  const known = new Map(applied.map((row) => [row.name, row.sha256]))
  const files = migrationFiles()
  const names = new Set(files.map((file) => file.name))
  return {
    missing: files.filter((file) => !known.has(file.name)).map((file) => file.name),
    edited: files
      .filter((file) => known.has(file.name) && known.get(file.name) !== file.sha256)
      .map((file) => file.name),
    unknown: applied.filter((row) => !names.has(row.name)).map((row) => row.name),
  }
}

/** Ids of the keys that something is sealed with, and how many rows. */
export async function sealingKeys(db: Db): Promise<{ id: string; rows: number }[]> {
  return many(
    db,
    sql`select id, count(*)::int as rows from (
          select credential_key_id as id from seat union all select key_id from state_version
          union all select private_key_id from lti_platform union all select key_id from lti_access_token
          union all select key_id from deep_link union all select key_id from pool_credential
          union all select key_id from join_ticket where key_id is not null) sealed
        group by id order by id`,
  )
}

/** How many sessions of the server hold the lock of the leading worker: one, or nobody leads. */
export async function leaders(db: Db): Promise<number> {
  const { n } = await one<{ n: number }>(
    db,
    sql`select count(*)::int as n from pg_locks where locktype = 'advisory' and granted and objid = ${LEADER_LOCK}
          and database = (select oid from pg_database where datname = current_database())`,
  )
  return n
}

export type StackTrouble = { key: string; message: string | null; failures: number }

/** So many failed runs in a row are no hiccup. */
const FAILURES = 3
/** A lease that ended so long ago, with nobody at its stack: no worker takes jobs. */
const STALE_MS = 60_000

/** Stacks whose runs fail again and again, and stacks whose worker died and that nobody took up. */
export async function stackFacts(
  db: Db,
  now: Date,
): Promise<{ failing: StackTrouble[]; stale: string[] }> {
  const staleSince = new Date(now.getTime() - STALE_MS)
  const failing = await many<StackTrouble>(
    db,
    sql`select key, message, failures from stack where ${stackDiffers} and failures >= ${FAILURES} order by failures desc, key`,
  )
  const stale = await many<{ key: string }>(
    db,
    sql`select key from stack where lease_owner is not null and lease_until < ${staleSince} order by key`,
  )
  return { failing, stale: stale.map((row) => row.key) }
}

const LEFT_RUNNING_MS = 15 * 60_000

/** Sessions over for a quarter of an hour of which something still runs, or that nobody has closed. */
export async function sessionsLeftRunning(db: Db, now: Date): Promise<string[]> {
  const over = new Date(now.getTime() - LEFT_RUNNING_MS)
  const rows = await many<{ key: string }>(
    db,
    sql`select key from session where state not in ('closed', 'cancelled') and grace_ends_at < ${over} order by key`,
  )
  return rows.map((row) => row.key)
}

/** Images that courses in force are made of. */
export async function imagesInForce(db: Db): Promise<string[]> {
  const head = await currentBlueprint(db)
  const images = head?.blueprint.courses.flatMap((course) => course.template?.image ?? []) ?? []
  return [...new Set(images)].toSorted()
}

export async function platformCounts(db: Db): Promise<{ active: number; pending: number }> {
  return one(
    db,
    sql`select count(*) filter (where state = 'active')::int as active,
          count(*) filter (where state = 'pending')::int as pending from platform`,
  )
}

const RECEIPTS_WALKED = 100

/** The newest receipts, walked; and closed sessions that have none. */
export async function receiptFacts(db: Db) {
  const { last } = await one<{ last: number }>(
    db,
    sql`select coalesce(max(number), 0) as last from receipt`,
  )
  const { broken } = await verifyReceipts(db, Math.max(0, last - RECEIPTS_WALKED))
  return { broken, without: await sessionsWithoutReceipt(db) }
}
