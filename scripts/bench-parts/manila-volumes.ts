/**
 * Shares of a real OpenStack's Manila on a real Ceph, as volumes of a class. Ours: a run of the stack as the worker has it, and the
 * agent. By hand: for each share the calls of Manila's API that nobody can do without, and `ceph-fuse`, by a program that keeps
 * nothing: as many at once of each as ours, and each share is mounted as soon as it is there.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { execute, type Pool, sql } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { keyRing } from '../../api/data/key-ring.ts'
import type { VolumesContent } from '../../stacks/content.ts'
import { type CephBed, cephBed } from '../../test/beds/ceph.ts'
import { REGION } from '../../test/beds/cloud/place.ts'
import { administrator } from '../../test/beds/cloud/seed.ts'
import { addShares, SHARE_TYPE, whyNoSharesNow } from '../../test/beds/cloud/shares.ts'
import { type CloudBed, cloudBed, type Tenant } from '../../test/beds/openstack.ts'
import { type SwarmBed, swarmBed } from '../../test/beds/swarm.ts'
import { terraformTools } from '../../test/terraform-tools.ts'
import { type Cloud, connectCloud } from '../../workers/cloud/client.ts'
import { mountCommand } from '../../workers/storage/ceph-command.ts'
import { run } from '../../workers/storage/command.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { openEngineFront } from '../../workers/terraform/engine-front.ts'
import { PARALLELISM } from '../../workers/terraform/engine-run.ts'
import { applyStack } from '../../workers/terraform/run-stack.ts'
import { agentHere, agentRoot } from './agent-here.ts'
import type { BenchAgent, BenchBackend, Round } from './volume-backends.ts'

/** Manila has whole GiB. */
const LIMIT_MB = 1024
const MICROVERSION = '2.45'
const LOOK_MS = 300
const STEP_LIMIT_MS = 300_000

type Beds = {
  ceph: CephBed
  cloud: CloudBed
  tenant: Tenant
  swarm: SwarmBed
  down(): Promise<void>
}

/** Or why it cannot be measured here. */
export async function manilaShares(): Promise<BenchBackend | string> {
  const why = whyNoSharesNow()
  if (why) return why
  const beds = await startBeds()
  const callsOf = callCounter(beds.cloud)
  return {
    limitMb: LIMIT_MB,
    startAgent: async (round) => startAgent(beds, round),
    apply: (round, pool, record) => applyRound(beds, round, pool, record),
    byHand: (round, atOnce) => byHand(beds, round, atOnce),
    words: async ({ names }) => callsOf(names.length),
    // What a round made stays until all of it goes with its cloud: to remove it takes as long, and one after it does not see it.
    down: beds.down,
  }
}

async function startBeds(): Promise<Beds> {
  const ends: (() => Promise<void>)[] = []
  const down = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  const ended = <Bed extends { down(): Promise<void> }>(bed: Bed): Bed => {
    ends.push(() => bed.down())
    return bed
  }
  try {
    const ceph = ended(await cephBed())
    const cloud = ended(await cloudBed('identity'))
    ended(await addShares(cloud, ceph))
    const tenant = await cloud.tenant()
    await liftQuota(cloud, tenant)
    return { ceph, cloud, tenant, swarm: ended(await swarmBed({ nodes: 1 })), down }
  } catch (error) {
    await down()
    throw error
  }
}

/** What a machine that others use does not blur. */
function callCounter(cloud: CloudBed): (volumes: number) => string {
  let before = cloud.calls().byClients
  return (volumes) => {
    const now = cloud.calls().byClients
    const each = (now - before) / volumes
    before = now
    return `${each.toFixed(1)} calls of the cloud’s APIs a volume`
  }
}

/** As Manila comes, a project has 50 shares at most. */
async function liftQuota({ address }: CloudBed, { project }: Tenant): Promise<void> {
  await administrator(address).call('shared-file-system', 'PUT', `/quota-sets/${project}`, {
    ...{ region: REGION, microversion: MICROVERSION },
    body: { quota_set: { shares: 2000, gigabytes: 100_000 } },
  })
}

function startAgent({ ceph, tenant }: Beds, round: Round): Promise<BenchAgent> {
  const file = join(round.folder, 'cloud.json')
  writeFileSync(file, JSON.stringify(tenant.access), { mode: 0o600 })
  return agentHere(round, {
    ...{ LABPLAN_STORAGE_BACKEND: 'manila', LABPLAN_INSTALLATION: round.key },
    ...{ LABPLAN_CLOUD_FILE: file, LABPLAN_CLOUD_REGION: REGION },
    ...{ LABPLAN_SHARE_TYPE: SHARE_TYPE, LABPLAN_CEPH_CONF: ceph.configFile },
  })
}

const manyAtOnce = (count: number, work: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, work))

/** As the worker runs it: under the stack's lease, held to what was approved, the state sealed in PostgreSQL. */
async function applyRound(
  { swarm, tenant }: Beds,
  round: Round,
  pool: Pool,
  record: () => Promise<void>,
): Promise<void> {
  const content = contentOf(round)
  await execute(
    pool,
    sql`insert into stack (id, key, kind, pool_id, state, state_at)
        select ${newId()}, ${content.key}, 'volumes', id, 'absent', now() from pool where key = 'bench'`,
  )
  const home = join(round.folder, 'worker')
  const engine = connectEngine(swarm.dockerHost)
  const front = await openEngineFront(engine, join(home, 'terraform'))
  try {
    const services = {
      ...{
        pool,
        keyRing: RING,
        docker: { ...engine, host: () => front?.dockerHost ?? engine.host() },
      },
      config: {
        ...{ home, installation: round.key, dockerHost: swarm.dockerHost },
        ...terraformTools(),
      },
      log: { info: () => {}, warn: () => {}, error: console.error },
      ...{ worker: 'bench', now: () => new Date() },
    }
    const { access } = tenant
    const result = await applyStack(services, {
      ...{ content, approved: true },
      cloud: { access, client: connectCloud(access, () => new Date()) },
      after: async ({ ok }) => (ok ? record() : undefined),
    })
    if (!result.ok) throw new Error(`Terraform did not make them: ${result.message}`)
  } finally {
    await front?.close()
    engine.close()
  }
}

const RING = keyRing({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } })

function contentOf(round: Round): VolumesContent {
  const limit = { backend: 'manila', limitMb: round.limitMb } as const
  return {
    ...{ kind: 'volumes', key: `volumes-${round.key}`, installation: round.key },
    ...{ course8: round.course, storageRoot: agentRoot(round) },
    shares: { region: REGION, shareType: SHARE_TYPE },
    volumes: round.names.map((_, i) => ({ seat: i + 1, generation: 1, limit })),
  }
}

type Made = { id: string; name: string }

async function byHand(beds: Beds, round: Round, atOnce: number): Promise<number> {
  const cloud = connectCloud(beds.tenant.access, () => new Date())
  const ask = asker(cloud)
  const names = round.names.values()
  const made: Made[] = []
  let left = round.names.length
  const begun = performance.now()
  const making = manyAtOnce(PARALLELISM.cloud, async () => {
    for (const name of names) made.push(await makeShare(ask, round, name))
  })
  const mounting = manyAtOnce(atOnce, async () => {
    while (left > 0) {
      const share = made.shift()
      if (!share) {
        await Promise.race([sleep(10), making])
        continue
      }
      left -= 1
      await mountShare(ask, beds.ceph, round, share)
    }
  })
  await Promise.all([making, mounting])
  return performance.now() - begun
}

type Ask = (method: string, path: string, body?: object) => Promise<unknown>

const asker =
  (cloud: Cloud): Ask =>
  (method, path, body) =>
    cloud.call('shared-file-system', method, path, {
      ...{ region: REGION, microversion: MICROVERSION, ...(body && { body }) },
    })

const shareSchema = z.looseObject({
  share: z.looseObject({ id: z.string(), status: z.string() }),
})

async function makeShare(ask: Ask, round: Round, name: string): Promise<Made> {
  const wish = {
    ...{ name, size: round.limitMb / 1024, share_proto: 'CEPHFS', share_type: SHARE_TYPE },
    metadata: { 'labplan.installation': round.key },
  }
  const { id } = shareSchema.parse(await ask('POST', '/shares', { share: wish })).share
  await until(name, async () => {
    const { status } = shareSchema.parse(await ask('GET', `/shares/${id}`)).share
    if (status.includes('error')) throw new Error(`Share ${name} is in state ${status}.`)
    return status === 'available' || undefined
  })
  return { id, name }
}

const ruleSchema = z.looseObject({
  access: z.looseObject({
    id: z.string(),
    state: z.string(),
    access_key: z.string().nullish(),
  }),
})
const placesSchema = z.looseObject({
  export_locations: z.array(z.looseObject({ path: z.string() })),
})

async function mountShare(ask: Ask, ceph: CephBed, round: Round, share: Made): Promise<void> {
  const { id, name } = share
  const allow = { access_level: 'rw', access_type: 'cephx', access_to: name }
  const rule = ruleSchema.parse(await ask('POST', `/shares/${id}/action`, { allow_access: allow }))
  const key = await until(`the key of ${name}`, async () => {
    const answer = await ask('GET', `/share-access-rules/${rule.access.id}`)
    const { state, access_key } = ruleSchema.parse(answer).access
    if (state === 'error') throw new Error(`Manila could not let ${name} in.`)
    return state === 'active' ? (access_key ?? undefined) : undefined
  })
  const places = placesSchema.parse(await ask('GET', `/shares/${id}/export_locations`))
  const [{ path: place } = { path: '' }] = places.export_locations
  const folder = join(round.folder, name)
  const keyring = `${folder}.keyring`
  await writeFile(keyring, `[client.${name}]\n\tkey = ${key}\n`, { mode: 0o600 })
  await mkdir(folder)
  await run(
    mountCommand(ceph, {
      ...{ name, keyring, folder, lock: `${folder}.lock`, snapFolder: '.snap' },
      ...{ path: place.slice(place.indexOf(':/') + 1), fileSystem: 'cephfs' },
    }),
  )
  await mkdir(join(folder, 'uploads'))
  await mkdir(join(folder, 'home'))
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + STEP_LIMIT_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`)
    await sleep(LOOK_MS)
  }
}
