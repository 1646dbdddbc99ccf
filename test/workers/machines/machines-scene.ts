/**
 * A pool in a real cloud, played by the clock: the real reconciler and the real runs, on PostgreSQL, a Swarm and an
 * OpenStack whose servers are records. Nobody boots, so nobody joins: that part is tested where engines are.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withTransaction } from '../../../api/data/db.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { type CloudBed, cloudBed, type Tenant } from '../../beds/openstack.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { POOL, poolDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { meansOf, player, type SceneMeans } from './machines-player.ts'

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

export type Server = { id: string; name: string; status: string; fault?: { message: string } }

export type MachinesScene = {
  database: TestDatabase
  cloud: CloudBed
  tenant: Tenant
  swarm: SwarmBed
  means: SceneMeans
  home: string
  /** As it was imported. */
  poolText: string
  /** Sets the clock. */
  at(instant: string): void
  order(): SceneOrder
  /** One pass that records what is wanted; nothing runs. */
  reconcile(): Promise<void>
  /** So many passes with their runs, whatever comes of them. */
  passes(count: number): Promise<void>
  /** Passes and runs until nothing of the pool's machines is asked for; answers the runs, in order. */
  settle(): Promise<string[]>
  /** Of the pool's machines, by name, as the cloud says. */
  servers(): Promise<Server[]>
  /** `m-large-1 ACTIVE`, sorted; one in ERROR with what the cloud says of it. */
  names(): Promise<string[]>
  down(): Promise<void>
}

/** @param more a cloud that is up already, which stays; and another pool's document than the usual one */
export async function machinesScene(
  documents: string[],
  more: { cloud?: CloudBed; pool?: (manager: string) => string } = {},
): Promise<MachinesScene> {
  const [cloud, swarm, database] = await Promise.all([
    more.cloud ?? cloudBed(),
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
  const pool = (more.pool ?? poolDocument)(`${swarm.nodes[0]!.address}:2377`)
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
  const servers = () => serversOf(tenant)
  return {
    ...{ database, cloud, tenant, swarm, means, home, poolText: pool, servers },
    names: async () =>
      (await servers()).map(
        ({ name, status, fault }) =>
          `${name.split('-').slice(3).join('-')} ${status}${fault ? `: ${fault.message}` : ''}`,
      ),
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
      await Promise.all([more.cloud ? undefined : cloud.down(), swarm.down(), database.drop()])
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function serversOf({ cloud }: Tenant): Promise<Server[]> {
  const answer = await cloud.call('compute', 'GET', '/servers/detail', { region: 'RegionOne' })
  return (answer as { servers: Server[] }).servers.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
