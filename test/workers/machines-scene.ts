/**
 * A pool in a real cloud, played by the clock: the real reconciler and the real runs, on PostgreSQL, a Swarm and an
 * OpenStack whose servers are records. Nobody boots, so nobody joins: that part is tested where engines are.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sender } from '../../api/data/jobs.ts'
import { withTransaction } from '../../api/data/db.ts'
import { keyRing } from '../../api/data/key-ring.ts'
import { keepCredential } from '../../api/data/pool-credential.ts'
import { type ApplyMeans, terraformOf } from '../../workers/jobs/apply-means.ts'
import { applyStackNow } from '../../workers/jobs/apply-stack.ts'
import { reconciler } from '../../workers/jobs/reconcile.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { realPace } from '../../workers/pace.ts'
import type { RunServices } from '../../workers/terraform/run-stack.ts'
import { type CloudBed, cloudBed, type Tenant } from '../beds/openstack.ts'
import { type SwarmBed, swarmBed } from '../beds/swarm.ts'
import { POOL, poolDocument } from '../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../cast/documents.ts'
import { importDocuments } from '../cast/record.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'
import { terraformTools } from '../terraform-tools.ts'

const PASS_SECONDS = 20
const MOST_PASSES = 30

/** What another process needs to be a worker of the same scene. */
export type SceneOrder = {
  databaseUrl: string
  installation: string
  keyFile: string
  home: string
  dockerHost: string
  now: string
}

export type SceneMeans = ApplyMeans & { runs: RunServices }

export type MachinesScene = {
  database: TestDatabase
  cloud: CloudBed
  tenant: Tenant
  swarm: SwarmBed
  means: SceneMeans
  home: string
  /** Sets the clock. */
  at(instant: string): void
  order(): SceneOrder
  /** One pass that records what is wanted; nothing runs. */
  reconcile(): Promise<void>
  /** So many passes with their runs, whatever comes of them. */
  passes(count: number): Promise<void>
  /** Passes and runs until nothing of the pool's machines is asked for; answers the runs, in order. */
  settle(): Promise<string[]>
  down(): Promise<void>
}

export async function machinesScene(documents: string[]): Promise<MachinesScene> {
  const [cloud, swarm, database] = await Promise.all([
    cloudBed(),
    swarmBed({ nodes: 1 }),
    testDatabase(),
  ])
  const tenant = await cloud.tenant()
  const home = mkdtempSync(join(tmpdir(), 'labplan-test-machines-'))
  const keyFile = join(home, 'keys.json')
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  writeFileSync(keyFile, JSON.stringify(keys))
  let clock = new Date('2026-11-24T00:00:00Z')
  const means = meansOf(
    { database, dockerHost: swarm.dockerHost, home, keys },
    () => new Date(clock),
  )
  const pool = poolDocument(`${swarm.nodes[0]!.address}:2377`)
  const sources = [zoneDocument, environmentDocument, pool, ...documents]
  await importDocuments(
    database.pool,
    means.ring,
    clock,
    sources.map((text, i) => ({ name: `${i}.yaml`, text })),
  )
  await withTransaction(database.pool, (tx) =>
    keepCredential(tx, means.ring, {
      ...{ poolKey: POOL, access: tenant.access, now: clock },
      actor: { name: 'test', role: 'operator' },
    }),
  )
  const tick = (seconds: number) => (clock = new Date(clock.getTime() + seconds * 1000))
  const { pass, passes } = player(means, tick)
  return {
    ...{ database, cloud, tenant, swarm, means, home },
    at: (instant) => (clock = new Date(instant)),
    order: () => ({
      ...{ databaseUrl: database.url, installation: database.installation, keyFile, home },
      ...{ dockerHost: swarm.dockerHost, now: clock.toISOString() },
    }),
    reconcile: async () => void (await pass()),
    passes: async (count) => void (await passes(count)),
    async settle() {
      const { ran, isSettled } = await passes(MOST_PASSES)
      if (isSettled) return ran
      throw new Error(`Still not as wanted after ${MOST_PASSES} passes: ${ran.join(', ')}`)
    },
    async down() {
      means.engine.close()
      await Promise.all([cloud.down(), swarm.down(), database.drop()])
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export function meansOf(
  of: {
    database: Pick<TestDatabase, 'pool' | 'installation'>
    dockerHost: string
    home: string
    keys: Parameters<typeof keyRing>[0]
  },
  now: () => Date,
): SceneMeans {
  const ring = keyRing(of.keys)
  const engine = connectEngine(of.dockerHost)
  const { pool, installation } = of.database
  const log = { info() {}, warn() {}, error: console.error } as unknown as ApplyMeans['log']
  const config = { home: of.home, installation, dockerHost: of.dockerHost, ...terraformTools() }
  const runs = { pool, keyRing: ring, config, docker: engine, log, now, worker: `${process.pid}` }
  const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/srv/labplan' }
  return {
    ...{ pool, ring, engine, place, log, now, pace: realPace, runs },
    terraform: terraformOf(runs),
  }
}

function player(means: ApplyMeans, tick: (seconds: number) => void) {
  const asked: string[] = []
  const boss: Sender = {
    send: async (_, data) => void asked.push((data as { stackKey: string }).stackKey),
  }
  const { pool, place, now } = means
  const { reconcile } = reconciler({ pool, boss, place, now, budget: { memoryMb: 8192, cores: 4 } })
  /** What the machines of the pool asked for; the rest of the campus is not played. */
  const pass = async (): Promise<string[]> => {
    await reconcile()
    return asked.splice(0).filter((key) => /^(base|nodes)-/.test(key))
  }
  const passes = async (most: number): Promise<{ ran: string[]; isSettled: boolean }> => {
    const ran: string[] = []
    for (let left = most; left > 0; left--) {
      const keys = await pass()
      if (keys.length === 0) return { ran, isSettled: true }
      for (const key of keys) await applyStackNow(means, key, new AbortController().signal)
      ran.push(...keys)
      tick(PASS_SECONDS)
    }
    return { ran, isSettled: false }
  }
  return { pass, passes }
}
