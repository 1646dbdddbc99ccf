/**
 * Machines with a kernel of their own, from a cloud that was told of them by Terraform to the student's seat: they boot with
 * the user_data of their server and nothing else, join, run a class, one dies in it, and they leave when it is over. The
 * whole worker is at work; only its clock is the test's.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { many, sql, withTransaction } from '../../api/data/db.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { livingNodes } from '../../api/data/node.ts'
import { keepCredential } from '../../api/data/pool-credential.ts'
import { openLog } from '../../api/log.ts'
import { connectEngine, type Engine } from '../../workers/swarm/engine.ts'
import { listNodes } from '../../workers/swarm/node.ts'
import { type Worker, startWorker } from '../../workers/worker.ts'
import { terminalOn } from '../beds/image.ts'
import { type Hypervisor, startHypervisor } from '../beds/machines/hypervisor.ts'
import { machineParts, whyNoMachinesNow } from '../beds/machines/install.ts'
import { type CloudBed, cloudBed, type Tenant, whyNoCloudNow } from '../beds/openstack.ts'
import { seatNetworkOn } from '../beds/seat-network.ts'
import { type SwarmBed, swarmBed } from '../beds/swarm.ts'
import { terminalEnvironment } from '../beds/seat.ts'
import { courseDocument } from '../cast/cloud.ts'
import { zoneDocument } from '../cast/documents.ts'
import { importDocuments } from '../cast/record.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'
import { terraformTools } from '../terraform-tools.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 600_000 })

const why = whyNoMachinesNow() ?? whyNoCloudNow()
/** Of a class of two, from 10:00 to 12:00 in Paris. */
const CLASS = Date.parse('2026-11-24T09:00:00Z')
const home = mkdtempSync(join(tmpdir(), 'labplan-test-real-nodes-'))
let bed: SwarmBed
let cloud: CloudBed
let tenant: Tenant
let database: TestDatabase
let engine: Engine
let hypervisor: Hypervisor
let worker: Worker

/** Minutes after class began; runs on from there. */
let clock = { atMs: 0, since: 0 }
const setClock = (minutes: number): void => {
  clock = { atMs: CLASS + minutes * 60_000, since: performance.now() }
}
const now = (): Date => new Date(clock.atMs + performance.now() - clock.since)

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  setClock(-30)
  ;[bed, cloud, database] = await Promise.all([swarmBed({ nodes: 1 }), cloudBed(), testDatabase()])
  engine = connectEngine(bed.dockerHost)
  const { installation, pool, url } = database
  const image = (await terminalOn(bed)).replace(`${bed.registry}/`, '')
  await seatNetworkOn(bed, installation)
  tenant = await cloud.tenant()
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  writeFileSync(join(home, 'keys.json'), JSON.stringify(keys))
  const tools = terraformTools()
  const config = readConfig({
    ...{ LABPLAN_HOME: home, DATABASE_URL: url, LABPLAN_INSTALLATION: installation },
    ...{ LABPLAN_REGISTRY: bed.registry, DOCKER_HOST: bed.dockerHost, PATH: tools.searchPath },
    TERRAFORM_BINARY_NAME: tools.terraformBinary,
    LABPLAN_PROVIDER_MIRROR: tools.providerMirror,
  })
  const ring = readKeyRing(config.keyFile)
  const texts = [zoneDocument, environment(image), poolOf(bed), course]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(pool, ring, now(), sources)
  const actor = { name: 'test', role: 'operator' } as const
  const credential = { poolKey: 'cloud', access: tenant.access, now: now(), actor }
  await withTransaction(pool, (tx) => keepCredential(tx, ring, credential))
  hypervisor = startHypervisor({ cloud, tenant, bed, parts: machineParts()! })
  worker = await startWorker({ config, log: openLog('worker', 'silent'), name: 'test-1', now })
})
afterAll(async () => {
  await worker?.stop()
  await hypervisor?.stop()
  engine?.close()
  await Promise.all([bed?.down(), cloud?.down(), database?.drop()])
  rmSync(home, { recursive: true, force: true })
})

/** A seat takes more than half of what the pool counts of a machine, and less than half of what it has. */
const poolOf = ({ nodes, hostAddress, outsideAddress, registry }: SwarmBed): string =>
  `apiVersion: labplan/v1
kind: Pool
key: cloud
title: { en: School cloud, fr: Nuage de l’école }
flavours:
  - { key: m-small, name: m1.small, cpu: 1, memoryMb: 900, pricePerHour: 0.1, bootMinutes: 4, quota: 4 }
openstack:
  regions:
    - { name: RegionOne, image: labplan-node, externalNetwork: public }
  manager: ${nodes[0]!.address}:2377
  gateways: [${hostAddress}/32]
  dns: [${outsideAddress}]
  insecureRegistries: ['${registry}']
maximum: 4
reserve: { cpu: 0.5, memoryMb: 0 }
`
const course = courseDocument({
  ...{ key: 'networks', start: '2026-11-24T10:00', minutes: 120, students: 2 },
}).replace('cpu: 1, memoryMb: 512', 'cpu: 0.4, memoryMb: 128')

const environment = (image: string): string => {
  const { title, ports, capabilities, mountPath, pidsLimit } = terminalEnvironment()
  const said = { title, ports, capabilities, mountPath, pidsLimit, image }
  return JSON.stringify({ apiVersion: 'labplan/v1', kind: 'Environment', key: 'terminal', ...said })
}

const machines = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await livingNodes(database.pool)).map(({ key, state }) => [key, state]))

type SeatSeen = { number: number; state: string; address: string | null }
const seats = () =>
  many<SeatSeen>(
    database.pool,
    sql`select number, state, node_address as address from seat where state <> 'absent' order by number`,
  )

/** How long each step took, for docs/pools.md. */
const took: string[] = []

/** What a person would look at first when it does not come. */
async function trouble(): Promise<string> {
  const runs = await many(database.pool, sql`select kind, state, message from run`)
  const consoles = [...hypervisor.machines().values()].map((one) => one.console().slice(-1500))
  return JSON.stringify(
    { machines: await machines(), seats: await seats(), runs, consoles },
    null,
    1,
  )
}

async function until(
  what: string,
  limitSeconds: number,
  is: () => Promise<boolean>,
): Promise<void> {
  const began = performance.now()
  while (!(await is())) {
    if (performance.now() - began > limitSeconds * 1000)
      throw new Error(`${what}: not within ${limitSeconds} s\n${await trouble()}`)
    await sleep(250)
  }
  took.push(`${what} ${Math.round((performance.now() - began) / 1000)} s`)
}

const isEvery = (all: { state: string }[], state: string): boolean =>
  all.length === 2 && all.every((one) => one.state === state)

const addressOf = (key: string): string => hypervisor.machines().get(key)!.address

it('has two machines join from their user_data alone, and run the seats of a class', async () => {
  await until('two machines that ran a container', 480, async () =>
    isEvery(
      Object.values(await machines()).map((state) => ({ state })),
      'ready',
    ),
  )
  await until('two seats', 240, async () => isEvery(await seats(), 'ready'))
  const addresses = ['m-small-1', 'm-small-2'].map(addressOf)
  for (const { address } of await seats()) expect(addresses).toContain(address)
})

it('brings the seat of a machine that dies in class back on the other', async () => {
  setClock(5)
  const [first] = await seats()
  const dead = [...hypervisor.machines()].find(([, { address }]) => address === first!.address)!
  await dead[1].kill()
  const other = addressOf(dead[0] === 'm-small-1' ? 'm-small-2' : 'm-small-1')
  await until('the seat on the other machine', 240, async () =>
    (await seats()).every(({ state, address }) => state === 'ready' && address === other),
  )
  setClock(10)
  await until('the machine to be given up', 60, async () => (await machines())[dead[0]] !== 'ready')
  expect((await listNodes(engine)).filter(({ isManager }) => !isManager)).toHaveLength(1)
})

it('empties the machines after class and takes them away: nothing is left in Swarm or cloud', async () => {
  setClock(180)
  await until('an empty tenant', 300, async () => (await tenant.contents()).length === 0)
  expect(await machines()).toEqual({})
  expect((await listNodes(engine)).map(({ isManager }) => isManager)).toEqual([true])
  await until('no power', 10, async () => hypervisor.machines().size === 0)
  console.log(took.join('; '))
})
