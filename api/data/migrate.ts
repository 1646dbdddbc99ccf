/**
 * Applies migrations/NNNN-words.sql in order, each in its own transaction, forward only, one process at a
 * time (advisory lock). A file that changed after it was applied is refused: migrations are never edited.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../config.ts'
import { type Db, type Pool, execute, many, openPool, sql, withTransaction } from './db.ts'
import { newId } from './ids.ts'
import { readKeyRing } from './key-ring.ts'
import { sealHead, sealReviewers } from './changes/seal.ts'

const folder = join(import.meta.dirname, 'migrations')
const LOCK = 7_080_001
const SEALED_FROM = '0034-approved.sql'

/** Brings the database up to date; answers the names of what it applied. */
export async function migrate(pool: Pool, installation: string, now: Date): Promise<string[]> {
  const client = await pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(
      `create table if not exists migration (name text primary key, sha256 text not null, applied_at timestamptz not null)`,
    )
    const applied = await many<{ name: string; sha256: string }>(
      client,
      sql`select name, sha256 from migration`,
    )
    const known = new Map(applied.map((row) => [row.name, row.sha256]))
    const fresh: string[] = []
    for (const file of migrationFiles()) {
      if (known.get(file.name) === file.sha256) continue
      if (known.has(file.name))
        throw new Error(
          `Migration ${file.name} was edited after it was applied: restore it and add a new one.`,
        )
      await withTransaction(pool, (tx) => apply(tx, file, now))
      fresh.push(file.name)
    }
    await seedInstallation(client, installation, now)
    return fresh
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK])
    client.release()
  }
}

type MigrationFile = { name: string; text: string; sha256: string }

/** Every migration of this checkout, in order. */
export function migrationFiles(): MigrationFile[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
  return names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return { name, text, sha256: createHash('sha256').update(text).digest('hex') }
  })
}

async function apply(tx: Db, file: MigrationFile, now: Date): Promise<void> {
  try {
    await tx.query(file.text)
  } catch (cause) {
    throw new Error(`Migration ${file.name} failed; nothing of it was kept.`, { cause })
  }
  await execute(tx, sql`insert into migration values (${file.name}, ${file.sha256}, ${now})`)
}

async function seedInstallation(db: Db, installation: string, now: Date): Promise<void> {
  await execute(
    db,
    sql`insert into installation values (${installation}, ${now}) on conflict do nothing`,
  )
  await execute(
    db,
    sql`insert into zone (id, installation_id, key, name, time_zone, locale, created_at)
        values (${newId()}, ${installation}, 'default', 'Default', 'Europe/Paris', 'en', ${now})
        on conflict (key) do nothing`,
  )
}

if (import.meta.main) {
  const config = readConfig()
  const pool = openPool({ ...config, max: 3 })
  try {
    const fresh = await migrate(pool, config.installation, new Date())
    // What was approved before approvals carried a seal gets one, this once.
    if (fresh.includes(SEALED_FROM))
      await withTransaction(pool, (tx) => sealHead(tx, readKeyRing(config.keyFile)))
    else await withTransaction(pool, (tx) => sealReviewers(tx, readKeyRing(config.keyFile)))
    for (const name of fresh) process.stdout.write(`applied ${name}\n`)
  } finally {
    await pool.end()
  }
}
