/**
 * A Labplan that the doctor finds nothing wrong with: PostgreSQL, api, gateway, leader and files are real; the engine and the
 * registry are played.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Query, execute, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { saveInventory } from '../../api/data/runs/inventory.ts'
import { type Leadership, tryToLead } from '../../api/data/leader.ts'
import { startGateway } from '../../api/gateway/gateway.ts'
import { openLog } from '../../api/log.ts'
import type { World } from '../../scripts/doctor-parts/world.ts'
import { type Finding, examine } from '../../scripts/doctor.ts'
import { mirrored, providers } from '../../scripts/steps/provider-mirror.ts'
import { readSettings } from '../../scripts/steps/settings.ts'
import { openWebsite, type Website } from '../api/website.ts'
import { allDocuments } from '../cast/documents.ts'
import { addLmsCourse, importDocuments } from '../cast/record.ts'
import { freePort } from '../free-port.ts'
import { healthyEngine, playEngine, playRegistry, playStranger } from './played.ts'

export const MINUTE_MS = 60_000

/** What the doctor is told that is not so on a healthy Labplan. */
export type Sick = { env?: Record<string, string>; world?: Partial<World> }
/** Makes Labplan sick; `heal` makes it well again. */
export type Fault = Sick & { sicken?: () => unknown; heal?: () => unknown }
export type NamedFault = [name: string, part: string, says: RegExp, fault: Fault]

export type DoctorScene = Awaited<ReturnType<typeof doctorScene>>

export async function doctorScene() {
  const site = await openWebsite(new Date())
  const { pool } = site
  const answers = healthyEngine(site.database.installation)
  const images = { areThere: true }
  const [engine, registry, stranger] = await Promise.all([
    playEngine(answers),
    playRegistry(() => images.areThere),
    playStranger(),
  ])
  const gateway = await startGateway({
    config: { ...site.config, gatewayListen: { host: '127.0.0.1', port: 0 } },
    log: openLog('gateway', 'silent'),
  })
  const leader = await leaderOf(site)
  const files = writeFiles(site)
  const env = healthyEnv(site, files, { engine, registry, gateway })
  await fillRecord(site)
  return {
    ...{ site, pool, answers, images, leader, files },
    /** An address at which nobody listens, and one at which another program does. */
    nobody: `127.0.0.1:${await freePort()}`,
    stranger: stranger.address,
    write: (query: Query) => execute(pool, query),
    lookNow: (at = new Date()) => lookAt(site, at),
    /** What the doctor names, with what to do. */
    async named(sick: Sick = {}): Promise<Finding[]> {
      const settings = readSettings({ ...env, ...sick.env })
      const findings = await examine(settings, { ...healthyWorld, ...sick.world })
      return findings.filter(({ state }) => state === 'bad' || state === 'doubtful')
    },
    async close() {
      await gateway.drain(0)
      await leader.release()
      await Promise.all([engine, registry, stranger].map((one) => one.close()))
      await site.close()
    },
  }
}

const healthyWorld: World = {
  now: () => new Date(),
  freeBytes: async () => 50e9,
  firewallStands: async () => true,
}

const lookAt = ({ pool }: Website, now: Date) =>
  withTransaction(pool, (tx) => saveInventory(tx, { counts: {}, now }))

/** The worker that leads; it may be let go of, and be there again. */
async function leaderOf({ database }: Website) {
  const lead = async (): Promise<Leadership> => {
    const got = await tryToLead(database.url, () => {})
    if (!got) throw new Error('Somebody else leads')
    return got
  }
  let leadership = await lead()
  return {
    release: () => leadership.release(),
    async comeBack() {
      leadership = await lead()
    },
  }
}

function writeFiles({ home, database }: Website) {
  const file = (name: string) => join(home, name)
  const mirror = file('mirror')
  const provider = join(mirrored(mirror, providers(false)[0]!), 'terraform-provider-docker_v4.6.0')
  const terraform = file('terraform-program')
  writeFileSync(file('installation'), database.installation)
  for (const name of ['keys.json', 'operator-token']) chmodSync(file(name), 0o600)
  mkdirSync(join(provider, '..'), { recursive: true })
  const script = (says: string) => `#!/bin/sh\necho '${says}'\n`
  writeFileSync(provider, script('This binary is a plugin.'), { mode: 0o755 })
  writeFileSync(terraform, script('Terraform v1.11.4'), { mode: 0o755 })
  const [keys, token] = [file('keys.json'), file('operator-token')]
  return { keys, token, mirror, provider, terraform, certificate: file('cert.pem') }
}

function healthyEnv(
  { home, database, origin }: Website,
  { mirror, terraform }: ReturnType<typeof writeFiles>,
  of: { engine: { address: string }; registry: { address: string }; gateway: { port: number } },
) {
  return {
    ...{ LABPLAN_HOME: home, LABPLAN_CACHE: home, LABPLAN_PRACTICE: '0' },
    DATABASE_URL: database.url,
    DOCKER_HOST: `tcp://${of.engine.address}`,
    LABPLAN_REGISTRY: of.registry.address,
    LABPLAN_PROVIDER_MIRROR: mirror,
    TERRAFORM_BINARY_NAME: terraform,
    LABPLAN_PUBLIC_URL: origin,
    LABPLAN_API_LISTEN: `127.0.0.1:${new URL(origin).port}`,
    LABPLAN_GATEWAY_LISTEN: `127.0.0.1:${of.gateway.port}`,
  }
}

async function fillRecord(site: Website): Promise<void> {
  const now = new Date()
  const { pool, ring } = site
  const kept = allDocuments().map((one) =>
    one.name === 'pool.yaml' ? { ...one, text: `${one.text}storage: { backend: local }\n` } : one,
  )
  await importDocuments(pool, ring, now, kept)
  await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
  await lookAt(site, now)
  await execute(
    pool,
    sql`insert into stack (id, key, kind, pool_id, state, state_at, wanted_digest)
        select ${newId()}, 'seats-networks-101-0', 'seats', id, 'failed', ${now}, 'a' from pool`,
  )
}
