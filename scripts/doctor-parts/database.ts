/** PostgreSQL, and what the record says of the worker, its stacks, and what waits for somebody. */
import type { Pool } from '../../api/data/db.ts'
import { openPool } from '../../api/data/db.ts'
import { openFindings } from '../../api/data/runs/finding.ts'
import { activeFreezes } from '../../api/data/runs/freeze.ts'
import {
  leaders,
  migrationFacts,
  platformCounts,
  receiptFacts,
  sealingKeys,
  serverFacts,
  sessionsLeftRunning,
  stackFacts,
} from '../../api/data/health.ts'
import { lastInventory } from '../../api/data/runs/inventory.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { type Look, type Looks, bad, doubtful, good, listed, reason, unknown } from './look.ts'
import type { World } from './world.ts'

const WAIT_MS = 3_000
const CLOCK_DRIFT_MS = 2_000
/** Three looks missed. */
const LATE_LOOK_MS = 3 * 60_000

export type Database = { url: string; installation: string; keyFile: string }

/** `then` looks on with the open pool, when the database answers and is up to date. */
export async function databaseLooks(
  database: Database,
  world: World,
  then: (pool: Pool) => Promise<Looks>,
): Promise<Looks> {
  const pool = openPool({
    ...{ databaseUrl: database.url, installation: database.installation, max: 2 },
    answerMs: WAIT_MS,
  })
  try {
    return await answeringLooks(pool, database, world, then)
  } catch (error) {
    const todo = 'Start Labplan (scripts/up), or correct DATABASE_URL.'
    return [
      ['Database', bad(`does not answer (${reason(error)})`, todo)],
      ['Worker', unknown('the database does not answer')],
    ]
  } finally {
    await pool.end().catch(() => {})
  }
}

async function answeringLooks(
  pool: Pool,
  { keyFile }: Database,
  world: World,
  then: (pool: Pool) => Promise<Looks>,
): Promise<Looks> {
  // Connected first: how long that takes says nothing of the clock.
  await pool.query('select')
  const before = world.now().getTime()
  const server = await serverFacts(pool)
  const driftMs = server.clock.getTime() - (before + world.now().getTime()) / 2
  const migrations = await migrationsLook(pool)
  const first: Looks = [
    ['Database', good(`PostgreSQL ${server.version}`)],
    ['Clock of the database', clockLook(driftMs)],
    ['Migrations', migrations],
  ]
  if (migrations.state === 'bad')
    return [...first, ['Worker', unknown('the migrations come first')]]
  return [
    ...first,
    ['Sealed rows', await sealedLook(pool, keyFile)],
    ['Worker', await workerLook(pool)],
    ['Stacks', await stacksLook(pool, world)],
    ['Sessions', await sessionsLook(pool, world)],
    ['Inventory', await inventoryLook(pool, world)],
    ['LMS platforms', await platformsLook(pool)],
    ['Freezes', await freezesLook(pool, world)],
    ['Receipts', await receiptsLook(pool)],
    ...(await then(pool)),
  ]
}

function clockLook(driftMs: number): Look {
  if (Math.abs(driftMs) <= CLOCK_DRIFT_MS) return good('agrees with ours')
  return bad(
    `${Math.round(Math.abs(driftMs) / 1000)} s ${driftMs > 0 ? 'ahead of' : 'behind'} ours`,
    'Let both machines keep time (chrony, systemd-timesyncd): leases and logins end by the clock.',
  )
}

async function migrationsLook(pool: Pool): Promise<Look> {
  const facts = await migrationFacts(pool).catch(() => undefined)
  if (!facts) return bad('the database is empty', 'Run scripts/up, which applies the migrations.')
  const { missing, edited, unknown: newer } = facts
  if (edited.length > 0)
    return bad(
      `${listed(edited)}: not as it was applied`,
      'Check out the version that was installed; a migration is never edited.',
    )
  if (newer.length > 0)
    return bad(
      `the database is newer than this checkout: ${listed(newer)}`,
      'Check out the version that was installed, or a later one.',
    )
  if (missing.length > 0)
    return bad(`${listed(missing)}: not applied`, 'Run scripts/up, which applies them.')
  return good('all applied')
}

async function sealedLook(pool: Pool, keyFile: string): Promise<Look> {
  let has: (id: string) => boolean
  try {
    const ring = readKeyRing(keyFile)
    has = (id) => isKnown(() => ring.derive('doctor', id))
  } catch {
    return unknown('the key ring is not readable')
  }
  const lost = (await sealingKeys(pool)).filter(({ id }) => !has(id))
  if (lost.length === 0) return good('the key ring has every key that was used')
  return bad(
    lost.map(({ id, rows }) => `${rows} rows are sealed with key ${id}, which is gone`).join('; '),
    `Put the key back into ${keyFile} from a backup: nothing sealed with it can be read.`,
  )
}

function isKnown(use: () => unknown): boolean {
  try {
    use()
    return true
  } catch {
    return false
  }
}

async function workerLook(pool: Pool): Promise<Look> {
  if ((await leaders(pool)) > 0) return good('one leads')
  return bad(
    'none is at work: nothing is prepared, started or stopped',
    'Start it: scripts/up. If it starts and ends, its log says why (.labplan/log/worker.log).',
  )
}

async function stacksLook(pool: Pool, world: World): Promise<Look> {
  const { failing, stale } = await stackFacts(pool, world.now())
  const [worst] = failing
  if (worst)
    return bad(
      `${listed(failing.map((stack) => stack.key))}: failed ${worst.failures} times, last: ${worst.message ?? 'no reason'}`,
      `Read its runs: labplan run list, or the page “Runs”.`,
    )
  if (stale.length > 0)
    return bad(
      `${listed(stale)}: its worker died, and nobody took it up`,
      'Start a worker: scripts/up.',
    )
  return good('none fails')
}

async function sessionsLook(pool: Pool, world: World): Promise<Look> {
  const left = await sessionsLeftRunning(pool, world.now())
  if (left.length === 0) return good('none runs longer than it should')
  return bad(
    `${listed(left)}: over for a quarter of an hour, and not closed`,
    'See what holds its seats: labplan drift, labplan run list, and the worker’s log.',
  )
}

async function inventoryLook(pool: Pool, world: World): Promise<Look> {
  const last = await lastInventory(pool)
  if (!last)
    return doubtful('nobody has looked yet', 'Wait a minute; then see whether a worker runs.')
  if (world.now().getTime() - last.looked_at.getTime() > LATE_LOOK_MS)
    return bad(
      `the last look was at ${last.looked_at.toISOString().slice(0, 16)}`,
      'See whether a worker runs (scripts/up --status), and what its log says.',
    )
  const findings = await openFindings(pool)
  if (findings.length === 0) return good('what exists is what should')
  const names = findings.map((one) => `${one.kind} ${one.name}`)
  return bad(listed(names), 'See what is done about it: labplan drift.')
}

async function platformsLook(pool: Pool): Promise<Look> {
  const { active, pending } = await platformCounts(pool)
  if (active > 0) return good(`${active} active`)
  if (pending > 0)
    return bad(
      'none is active: nobody can come from an LMS',
      'Activate the one that waits: labplan platform list, then labplan platform activate ID.',
    )
  return bad(
    'none: nobody can come from an LMS',
    'Connect one: labplan registration-link create, and paste the link into the LMS.',
  )
}

/** A freeze is somebody's decision; that it is on is what others wonder about. */
async function freezesLook(pool: Pool, world: World): Promise<Look> {
  const freezes = await activeFreezes(pool, world.now())
  const [first] = freezes
  if (!first) return good('none')
  const what = [first.applies && 'applies', first.destroys && 'destroys'].filter(Boolean)
  return doubtful(
    `${what.join(' and ')} frozen in ${first.pool_key ?? 'every pool'} until ${first.until_at.toISOString().slice(0, 16)}: ${first.reason}`,
    'When the reason is gone: labplan unfreeze.',
  )
}

async function receiptsLook(pool: Pool): Promise<Look> {
  const { broken, without } = await receiptFacts(pool)
  const todo = 'Compare with a backup: labplan receipt verify names the first broken link.'
  if (broken) return bad(`receipt ${broken.number} was changed or removed`, todo)
  if (without.length > 0) return bad(`removed: those of ${listed(without)}`, todo)
  return good('none was changed or removed')
}
