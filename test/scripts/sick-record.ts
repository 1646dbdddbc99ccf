/** What may be wrong with the record, and with what it says of seats and volumes: one thing at a time. */
import { type Pool, type Query, one, sql, withTransaction } from '../../api/data/db.ts'
import { type NewFinding, saveFindings } from '../../api/data/runs/finding.ts'
import { freeze, unfreeze } from '../../api/data/runs/freeze.ts'
import { type DoctorScene, type Fault, MINUTE_MS, type NamedFault } from './doctor-scene.ts'
import { away, keptVolume, olderAgent, otherAgent, unlimited } from './sick-volumes.ts'

export function recordFaults(scene: DoctorScene): NamedFault[] {
  const { answers, lookNow, nobody, pool, site, write } = scene
  return [
    [
      'a database that is down',
      'Database',
      /does not answer/,
      { env: { DATABASE_URL: `postgres://labplan@${nobody}/labplan` } },
    ],
    [
      'migrations that were not applied',
      'Migrations',
      /^0017-inventory.sql: not applied/,
      migration(
        scene,
        '0017-inventory.sql',
        sql`delete from migration where name = '0017-inventory.sql'`,
      ),
    ],
    [
      'a migration that was edited',
      'Migrations',
      /^0001-ground.sql: not as it was applied/,
      migration(
        scene,
        '0001-ground.sql',
        sql`update migration set sha256 = 'x' where name = '0001-ground.sql'`,
      ),
    ],
    [
      'a key that something is sealed with and nobody has',
      'Sealed rows',
      /rows are sealed with key k0, which is gone/,
      {
        sicken: () => write(sql`update seat set credential_key_id = 'k0'`),
        heal: () => write(sql`update seat set credential_key_id = 'k1'`),
      },
    ],
    [
      'a database whose clock is off',
      'Clock of the database',
      /^\d+ s behind/,
      {
        // Ours and the engine's go alike; only the database's does not.
        world: { now: () => new Date(Date.now() + 10_000) },
        sicken: () => (answers.clockMs = 10_000),
        heal: () => (answers.clockMs = 0),
      },
    ],
    [
      'a stack that fails again and again',
      'Stacks',
      /seats-networks-101-0: failed 4 times, last: No such image/,
      {
        sicken: () => write(sql`update stack set failures = 4, message = 'No such image'`),
        heal: () => write(sql`update stack set failures = 0`),
      },
    ],
    [
      'a stack whose worker died',
      'Stacks',
      /its worker died/,
      {
        sicken: () =>
          write(
            sql`update stack set lease_owner = 'w', lease_until = ${new Date(Date.now() - 2 * MINUTE_MS)}`,
          ),
        heal: () => write(sql`update stack set lease_owner = null, lease_until = null`),
      },
    ],
    [
      'a session that is over and still runs',
      'Sessions',
      /over for a quarter of an hour, and not closed/,
      overdue(scene),
    ],
    [
      'something leaked',
      'Inventory',
      /^leaked lp-left-over$/,
      {
        sicken: async () => (await leak(pool, true), await leak(pool, true)),
        heal: () => leak(pool, false),
      },
    ],
    [
      'an inventory that nobody takes',
      'Inventory',
      /last look was at/,
      { sicken: () => lookNow(new Date(Date.now() - 10 * MINUTE_MS)), heal: () => lookNow() },
    ],
    [
      'no LMS that is active',
      'LMS platforms',
      /none is active/,
      {
        sicken: () => write(sql`update platform set state = 'pending'`),
        heal: () => write(sql`update platform set state = 'active'`),
      },
    ],
    ['a frozen pool', 'Freezes', /applies frozen in local .*: power cut/, frozen(scene)],
    ['a receipt that was removed', 'Receipts', /^removed: those of /, unreceipted(scene)],
    ['volumes without a limit', 'Volumes', /^those of pool local have no limit/, unlimited(pool)],
    ['a storage agent that is away', 'Volumes', /agent does not answer/, keptVolume(pool, 'ready')],
    [
      'an agent of another kind',
      'Volumes',
      /another backend than the agent’s, local/,
      otherAgent(pool, site.home),
    ],
    [
      'an agent that brings no personal folders',
      'Volumes',
      /^the storage agent is of an earlier version, .* they start without$/,
      olderAgent(pool, site.home, true),
    ],
    [
      'an agent of another version',
      'Volumes',
      /^the storage agent is of another version \(an earlier one, which tells none\)/,
      olderAgent(pool, site.home, false),
    ],
    [
      'storage that is away',
      'Volumes',
      /^their storage \(nfs\) has not answered since/,
      away(pool),
    ],
    ['a volume that is gone', 'Volumes', /^lp-x is missing; its seat/, keptVolume(pool, 'missing')],
  ]
}

function migration({ pool, write }: DoctorScene, name: string, change: Query): Fault {
  let before: { sha256: string; applied_at: Date }
  return {
    async sicken() {
      before = await one(pool, sql`select sha256, applied_at from migration where name = ${name}`)
      await write(change)
    },
    heal: () =>
      write(
        sql`insert into migration values (${name}, ${before.sha256}, ${before.applied_at})
            on conflict (name) do update set sha256 = excluded.sha256`,
      ),
  }
}

async function leak(pool: Pool, isThere: boolean): Promise<void> {
  const found: NewFinding = {
    ...{ kind: 'leaked', object: 'service', name: 'lp-left-over', objectId: 'x' },
    ...{ code: 'in-no-state', repair: 'remove' },
  }
  await withTransaction(pool, (tx) =>
    saveFindings(tx, { findings: isThere ? [found] : [], now: new Date() }),
  )
}

function frozen({ pool }: DoctorScene): Fault {
  const actor = { name: 'operator', role: 'operator' } as const
  const wish = { poolKey: 'local', applies: true, destroys: false, reason: 'power cut', actor }
  return {
    sicken: () =>
      withTransaction(pool, (tx) => {
        const now = new Date(Date.now() - MINUTE_MS)
        return freeze(tx, { ...wish, until: new Date(Date.now() + 60 * MINUTE_MS), now })
      }),
    heal: () =>
      withTransaction(pool, (tx) => unfreeze(tx, { poolKey: null, actor, now: new Date() })),
  }
}

function overdue({ write }: DoctorScene): Fault {
  const first = sql`(select id from session order by key limit 1)`
  const over = new Date(Date.now() - 16 * MINUTE_MS)
  return {
    sicken: () =>
      write(sql`update session set state = 'ended', grace_ends_at = ${over} where id = ${first}`),
    heal: () => write(sql`update session set state = 'closed' where id = ${first}`),
  }
}

function unreceipted({ write }: DoctorScene): Fault {
  const session = sql`(select id from session order by starts_at limit 1)`
  return {
    sicken: () =>
      write(
        sql`update session set state = 'closed', closed_at = ${new Date()} where id = ${session}`,
      ),
    heal: () =>
      write(sql`update session set state = 'closed', closed_at = null where id = ${session}`),
  }
}
