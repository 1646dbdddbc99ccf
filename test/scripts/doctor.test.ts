/**
 * The doctor on a healthy Labplan, and on one that is sick in one way at a time: it names the part, says what to do, and
 * names nothing else. Real are PostgreSQL, api, gateway, leader and files; the engine and the registry are played.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Gateway, startGateway } from '../../api/gateway/gateway.ts'
import { type Query, execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { type NewFinding, saveFindings } from '../../api/data/finding.ts'
import { freeze, unfreeze } from '../../api/data/freeze.ts'
import { newId } from '../../api/data/ids.ts'
import { saveInventory } from '../../api/data/inventory.ts'
import { type Leadership, tryToLead } from '../../api/data/leader.ts'
import { openLog } from '../../api/log.ts'
import { certificateLook } from '../../scripts/doctor-parts/machine.ts'
import type { World } from '../../scripts/doctor-parts/world.ts'
import { type Finding, examine } from '../../scripts/doctor.ts'
import { mirrored, providers } from '../../scripts/steps/provider-mirror.ts'
import { readSettings } from '../../scripts/steps/settings.ts'
import { freePort } from '../free-port.ts'
import { openWebsite } from '../api/website.ts'
import { allDocuments } from '../cast/documents.ts'
import { addLmsCourse, importDocuments } from '../cast/record.ts'
import { away, keptVolume, otherAgent, unlimited } from './sick-volumes.ts'
import { healthyEngine, playEngine, playRegistry, playStranger, refusedTask } from './played.ts'

const site = await openWebsite(new Date())
const { pool, home, ring } = site
const answers = healthyEngine(site.database.installation)
const engine = await playEngine(answers)
let hasImages = true
const registry = await playRegistry(() => hasImages)
const stranger = await playStranger()
const nobody = `127.0.0.1:${await freePort()}`
const gateway: Gateway = await startGateway({
  config: { ...site.config, gatewayListen: { host: '127.0.0.1', port: 0 } },
  log: openLog('gateway', 'silent'),
})
let leadership = await lead()
afterAll(async () => {
  await gateway.drain(0)
  await leadership.release()
  await Promise.all([engine, registry, stranger].map((one) => one.close()))
  await site.close()
})

async function lead(): Promise<Leadership> {
  const got = await tryToLead(site.database.url, () => {})
  if (!got) throw new Error('Somebody else leads')
  return got
}

const file = (name: string) => join(home, name)
const [keyFile, mirror] = [file('keys.json'), file('mirror')]
const provider = join(mirrored(mirror, providers(false)[0]!), 'terraform-provider-docker_v4.6.0')
const terraform = file('terraform')
writeFileSync(file('installation'), site.database.installation)
for (const name of ['keys.json', 'operator-token']) chmodSync(file(name), 0o600)
mkdirSync(join(provider, '..'), { recursive: true })
const script = (says: string) => `#!/bin/sh\necho '${says}'\n`
writeFileSync(provider, script('This binary is a plugin.'), { mode: 0o755 })
writeFileSync(terraform, script('Terraform v1.11.4'), { mode: 0o755 })

const healthyEnv = {
  ...{ LABPLAN_HOME: home, LABPLAN_CACHE: home, LABPLAN_PRACTICE: '0' },
  DATABASE_URL: site.database.url,
  DOCKER_HOST: `tcp://${engine.address}`,
  LABPLAN_REGISTRY: registry.address,
  LABPLAN_PROVIDER_MIRROR: mirror,
  TERRAFORM_BINARY_NAME: terraform,
  LABPLAN_PUBLIC_URL: site.origin,
  LABPLAN_API_LISTEN: `127.0.0.1:${new URL(site.origin).port}`,
  LABPLAN_GATEWAY_LISTEN: `127.0.0.1:${gateway.port}`,
}
const healthyWorld: World = {
  now: () => new Date(),
  freeBytes: async () => 50e9,
  firewallStands: async () => true,
}

const lookNow = (at = new Date()) =>
  withTransaction(pool, (tx) => saveInventory(tx, { counts: {}, now: at }))

type Sick = { env?: Record<string, string>; world?: Partial<World> }

/** What the doctor names, with what to do. */
async function named({ env = {}, world = {} }: Sick = {}): Promise<Finding[]> {
  const settings = readSettings({ ...healthyEnv, ...env })
  const findings = await examine(settings, { ...healthyWorld, ...world })
  return findings.filter(({ state }) => state === 'bad' || state === 'doubtful')
}

await importDocuments(
  pool,
  ring,
  new Date(),
  allDocuments().map((one) =>
    one.name === 'pool.yaml' ? { ...one, text: `${one.text}storage: { backend: local }\n` } : one,
  ),
)
await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now: new Date() })
await lookNow()
await execute(
  pool,
  sql`insert into stack (id, key, kind, pool_id, state, state_at, wanted_digest)
      select ${newId()}, 'seats-networks-101-0', 'seats', id, 'failed', ${new Date()}, 'a' from pool`,
)

const write = (query: Query) => execute(pool, query)
const MINUTE_MS = 60_000

/** Makes Labplan sick; `heal` makes it well again. */
type Fault = Sick & { sicken?: () => unknown; heal?: () => unknown }

/** A file that is not there for a while. */
const without = (path: string): Fault => ({
  sicken: () => renameSync(path, `${path}.away`),
  heal: () => renameSync(`${path}.away`, path),
})
/** A file with another text for a while. */
const rewritten = (path: string, text: string): Fault => {
  const before = readFileSync(path)
  return { sicken: () => writeFileSync(path, text), heal: () => writeFileSync(path, before) }
}
const node = answers.nodes[1]!

const faults: [name: string, part: string, says: RegExp, fault: Fault][] = [
  [
    'an engine that does not answer',
    'Docker engine',
    /does not answer/,
    { env: { DOCKER_HOST: `tcp://${nobody}` } },
  ],
  [
    'an engine without a swarm',
    'Swarm',
    /in no swarm/,
    {
      sicken: () =>
        (answers.info.Swarm = {
          ...answers.info.Swarm,
          LocalNodeState: 'inactive',
          ControlAvailable: false,
        }),
      heal: () =>
        (answers.info.Swarm = {
          ...answers.info.Swarm,
          LocalNodeState: 'active',
          ControlAvailable: true,
        }),
    },
  ],
  [
    'an engine that is no manager',
    'Swarm',
    /worker of its swarm/,
    {
      sicken: () => (answers.info.Swarm.ControlAvailable = false),
      heal: () => (answers.info.Swarm.ControlAvailable = true),
    },
  ],
  [
    'a node that is down',
    'Nodes',
    /^node-2: not ready/,
    { sicken: () => (node.Status.State = 'down'), heal: () => (node.Status.State = 'ready') },
  ],
  [
    'a node whose engine was cut off',
    'Nodes',
    /^node-2: refuses every seat/,
    {
      sicken: () => answers.tasks.push(refusedTask('id-node-2')),
      heal: () => answers.tasks.pop(),
    },
  ],
  [
    'a node that is drained',
    'Nodes',
    /^node-2: drained/,
    {
      sicken: () => (node.Spec.Availability = 'drain'),
      heal: () => (node.Spec.Availability = 'active'),
    },
  ],
  [
    'an engine that ignores no-new-privileges',
    'No new privileges',
    /20\.10\.24 ignores it/,
    {
      sicken: () => (answers.info.ServerVersion = '20.10.24'),
      heal: () => (answers.info.ServerVersion = '28.3.2'),
    },
  ],
  [
    'an engine whose clock is off',
    'Clock of the engine',
    /^1\d s ahead/,
    { sicken: () => (answers.clockMs = 15_000), heal: () => (answers.clockMs = 0) },
  ],
  [
    'a seat network that is gone',
    'Seat network',
    /no network lp-test0000-seats$/,
    network('seats', undefined),
  ],
  [
    'seats that reach each other',
    'Seat network',
    /reach each other/,
    network('seats-node', { Options: { 'com.docker.network.bridge.enable_icc': 'true' } }),
  ],
  [
    'a firewall that is not set',
    'Seat firewall',
    /not set/,
    { world: { firewallStands: async () => false } },
  ],
  ['a registry that is down', 'Registry', /does not answer/, { env: { LABPLAN_REGISTRY: nobody } }],
  [
    'an image that the registry lost',
    'Images',
    /labplan\/terminal@sha256/,
    { sicken: () => (hasImages = false), heal: () => (hasImages = true) },
  ],
  ['a Terraform that is not there', 'Terraform', /does not run/, without(terraform)],
  ['providers that are not there', 'Provider mirror', /no docker provider/, without(mirror)],
  [
    'a provider that was cut off',
    'Provider mirror',
    /not a provider that runs/,
    rewritten(provider, ''),
  ],
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
    migration('0017-inventory.sql', sql`delete from migration where name = '0017-inventory.sql'`),
  ],
  [
    'a migration that was edited',
    'Migrations',
    /^0001-ground.sql: not as it was applied/,
    migration(
      '0001-ground.sql',
      sql`update migration set sha256 = 'x' where name = '0001-ground.sql'`,
    ),
  ],
  ['a key ring that is gone', 'Key ring', /is missing/, without(keyFile)],
  ['a key ring that is not readable', 'Key ring', /keys\.json: /, rewritten(keyFile, '{')],
  [
    'a key ring that others can read',
    'Key ring',
    /read by others/,
    { sicken: () => chmodSync(keyFile, 0o644), heal: () => chmodSync(keyFile, 0o600) },
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
  ['a disk that is nearly full', 'Disk', /0\.4 GB free/, { world: { freeBytes: async () => 4e8 } }],
  [
    'an operator’s token that is gone',
    'Operator token',
    /is missing/,
    without(file('operator-token')),
  ],
  ['an api that does not answer', 'API', /nobody answers/, { env: { LABPLAN_API_LISTEN: nobody } }],
  [
    'a port that another program took',
    'API',
    /taken by another program/,
    { env: { LABPLAN_API_LISTEN: stranger.address } },
  ],
  [
    'a gateway that does not answer',
    'Gateway',
    /nobody answers/,
    { env: { LABPLAN_GATEWAY_LISTEN: nobody } },
  ],
  [
    'a practice LMS that does not answer',
    'Practice LMS',
    /nobody answers/,
    { env: { LABPLAN_PRACTICE: '1', LMS_LISTEN: nobody } },
  ],
  [
    'a worker that is not there',
    'Worker',
    /none is at work/,
    { sicken: () => leadership.release(), heal: async () => (leadership = await lead()) },
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
    overdue(),
  ],
  [
    'something leaked',
    'Inventory',
    /^leaked lp-left-over$/,
    { sicken: async () => (await leak(true), await leak(true)), heal: () => leak(false) },
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
  ['a frozen pool', 'Freezes', /applies frozen in local .*: power cut/, frozen()],
  ['a receipt that was removed', 'Receipts', /^removed: those of /, unreceipted()],
  ['volumes without a limit', 'Volumes', /^those of pool local have no limit/, unlimited(pool)],
  ['a storage agent that is away', 'Volumes', /agent does not answer/, keptVolume(pool, 'ready')],
  [
    'an agent of another kind',
    'Volumes',
    /another backend than the agent’s, local/,
    otherAgent(pool, home),
  ],
  ['storage that is away', 'Volumes', /^their storage \(nfs\) has not answered since/, away(pool)],
  ['a volume that is gone', 'Volumes', /^lp-x is missing; its seat/, keptVolume(pool, 'missing')],
]

function network(key: string, answer: unknown): Fault {
  const name = `lp-test0000-${key}`
  const before = answers.networks[name]
  return {
    sicken: () => (answers.networks[name] = answer),
    heal: () => (answers.networks[name] = before),
  }
}

function migration(name: string, change: Query): Fault {
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

async function leak(isThere: boolean): Promise<void> {
  const found: NewFinding = {
    ...{ kind: 'leaked', object: 'service', name: 'lp-left-over', objectId: 'x' },
    ...{ code: 'in-no-state', repair: 'remove' },
  }
  await withTransaction(pool, (tx) =>
    saveFindings(tx, { findings: isThere ? [found] : [], now: new Date() }),
  )
}

function frozen(): Fault {
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

function overdue(): Fault {
  const first = sql`(select id from session order by key limit 1)`
  const over = new Date(Date.now() - 16 * MINUTE_MS)
  return {
    sicken: () =>
      write(sql`update session set state = 'ended', grace_ends_at = ${over} where id = ${first}`),
    heal: () => write(sql`update session set state = 'closed' where id = ${first}`),
  }
}

function unreceipted(): Fault {
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

it('names nothing on a healthy Labplan', async () => {
  expect(await named()).toEqual([])
})

it.each(faults)('names %s, and what to do', async (_, part, says, fault) => {
  await fault.sicken?.()
  const found = await named(fault)
  await fault.heal?.()
  expect(found.map((one) => one.part)).toEqual([part])
  expect(found[0]?.says).toMatch(says)
  expect(found[0]?.todo).toMatch(/.{10}/)
})

it('knows far more than twenty, and names nothing once all are healed', async () => {
  expect(faults.length).toBeGreaterThan(30)
  expect(await named()).toEqual([])
})

it('names a certificate that is over, ends soon, or is for others', () => {
  const cert = file('cert.pem')
  const make = (names: string) =>
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-days', '30', '-subj', '/CN=labplan', '-keyout', file('cert.key'), '-out', cert],
        ...['-addext', `subjectAltName=${names}`],
      ],
      { stdio: 'ignore' },
    )
  const urls = { publicUrl: 'https://labplan.example.edu', seatUrl: 'https://seats.example.net' }
  const look = (days = 0) =>
    certificateLook(cert, urls, new Date(Date.now() + days * 24 * 60 * MINUTE_MS))
  make('DNS:labplan.example.edu,DNS:*.seats.example.net')
  expect(look()).toMatchObject({ state: 'good' })
  expect(look(20)).toMatchObject({ state: 'doubtful', says: expect.stringMatching(/^ends in 9 d/) })
  expect(look(31)).toMatchObject({ state: 'bad', says: expect.stringMatching(/^expired on/) })
  make('DNS:labplan.example.edu')
  expect(look()).toMatchObject({ state: 'bad', says: 'not for *.seats.example.net' })
  expect(certificateLook(file('none.pem'), urls, new Date())).toMatchObject({ state: 'bad' })
})

it('looks for every key that a table is sealed with', async () => {
  const { n } = await one<{ n: number }>(
    pool,
    sql`select count(*)::int as n from information_schema.columns
        where table_schema = 'public' and column_name like '%key_id' and data_type = 'text'`,
  )
  // sealingKeys() in api/data/health.ts names them one by one.
  const source = readFileSync(join(import.meta.dirname, '../../api/data/health.ts'), 'utf8')
  expect(source.match(/select \w*key_id/g)).toHaveLength(n)
})
