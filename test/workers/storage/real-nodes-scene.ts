/**
 * Everything of a pool whose machines have a kernel of their own: a cloud that only keeps the record of its servers, a bed
 * where those boot, a server that keeps volumes, and the whole worker. Only its clock is the test's.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beginVersion, publishVersion } from '../../../api/data/volumes/course-data.ts'
import { one, sql, withTransaction } from '../../../api/data/db.ts'
import { type KeyRing, readKeyRing } from '../../../api/data/key-ring.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { openLog } from '../../../api/log.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import { type Worker, startWorker } from '../../../workers/worker.ts'
import { bootMachine } from '../../beds/machines/boot.ts'
import { type Hypervisor, startHypervisor } from '../../beds/machines/hypervisor.ts'
import { machineParts } from '../../beds/machines/install.ts'
import { smallEnvironment, smallImage } from '../../beds/machines/small-image.ts'
import { type StorageMachine, storageMachine } from '../../beds/machines/storage.ts'
import { type CloudBed, cloudBed, type Tenant } from '../../beds/openstack.ts'
import { seatNetworkOn } from '../../beds/seat-network.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { courseDocument } from '../../cast/cloud.ts'
import { zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { workerConfig } from '../worker-config.ts'

/** How large a version of the course's data may be. */
const DATA_MB = 8

export type NodesScene = {
  database: TestDatabase
  ring: KeyRing
  tenant: Tenant
  engine: Engine
  storage: StorageMachine
  hypervisor: Hypervisor
  /** Where the agent of the server answers. */
  socket: string
  /** Plans the course anew, as the command line does. */
  plan(course: string): Promise<void>
  /** Fills and seals the next version of the course's data, as its page does; a plan puts it in force. */
  publish(text: string): Promise<void>
  /** For who asks the agent themselves. */
  stopWorker(): Promise<void>
  down(): Promise<void>
}

type Parts = {
  home: string
  bed?: SwarmBed
  cloud?: CloudBed
  database?: TestDatabase
  storage?: StorageMachine
  hypervisor?: Hypervisor
  engine?: Engine
  worker?: Worker
}

export async function nodesScene(quotaMb: number, now: () => Date): Promise<NodesScene> {
  const home = mkdtempSync(join(tmpdir(), 'labplan-test-real-nodes-'))
  const made: Parts = { home }
  try {
    return await makeScene(made, quotaMb, now)
  } catch (error) {
    await takeDown(made)
    throw error
  }
}

async function makeScene(made: Parts, quotaMb: number, now: () => Date): Promise<NodesScene> {
  const { home } = made
  const bed = (made.bed = await swarmBed({ nodes: 1 }))
  const parts = machineParts()!
  const socket = join(home, 'run', 'storage.sock')
  const [storage, cloud, database] = await Promise.all([
    storageMachine(bed, parts, socket).then((one) => (made.storage = one)),
    cloudBed().then((one) => (made.cloud = one)),
    testDatabase().then((one) => (made.database = one)),
  ])
  const engine = (made.engine = connectEngine(bed.dockerHost))
  const image = await smallImage(bed, { hasRoot: true })
  await seatNetworkOn(bed, database.installation)
  const tenant = await cloud.tenant()
  const config = workerConfig(home, bed, database)
  const ring = readKeyRing(config.keyFile)
  const plan = async (...texts: string[]): Promise<void> => {
    const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
    await importDocuments(database.pool, ring, now(), sources)
  }
  await plan(zoneDocument, smallEnvironment(image), poolOf(bed, storage), policy)
  await plan(courseWith(quotaMb), otherCourse)
  const actor = { name: 'test', role: 'operator' } as const
  const credential = { poolKey: 'cloud', access: tenant.access, now: now(), actor }
  await withTransaction(database.pool, (tx) => keepCredential(tx, ring, credential))
  const hypervisor = (made.hypervisor = startHypervisor({
    ...{ cloud, tenant },
    boot: (order) => bootMachine(bed, parts, order),
  }))
  const log = openLog('worker', 'silent')
  made.worker = await startWorker({ config, log, name: 'test-1', now })
  const publish = (text: string) => publishData(database, { socket, home, now: now(), text })
  const things = { database, ring, tenant, engine, storage, hypervisor, socket, plan, publish }
  return { ...things, stopWorker: () => stopWorker(made), down: () => takeDown(made) }
}

async function publishData(
  { pool, installation }: TestDatabase,
  of: { socket: string; home: string; now: Date; text: string },
): Promise<void> {
  const folder = join(of.home, 'data')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'subject.txt'), of.text, { mode: 0o600 })
  const packed = execFileSync('tar', ['--create', '--owner=0', '--directory', folder, '.'])
  const { id: courseId } = await one<{ id: string }>(
    pool,
    sql`select id from course where key = 'networks'`,
  )
  const act = { courseId, actor: { name: 'test', role: 'operator' } as const, now: of.now }
  const draft = await withTransaction(pool, (tx) =>
    beginVersion(tx, { ...act, sizeMb: DATA_MB, installation }),
  )
  const agent = storageAgent(of)
  await agent.ensure({ name: draft.name, limitMb: DATA_MB, isNew: true })
  const filled = await agent.restore(draft.name, Readable.from([packed]))
  if (!filled.ok) throw new Error(`The data was not taken: ${JSON.stringify(filled)}`)
  const sealed = await agent.seal(draft.name)
  if (!sealed) throw new Error('The data was not sealed.')
  await withTransaction(pool, (tx) =>
    publishVersion(tx, { ...act, version: draft.version, ...sealed }),
  )
}

async function stopWorker(made: Parts): Promise<void> {
  await made.worker?.stop()
  delete made.worker
}

async function takeDown(made: Parts): Promise<void> {
  await stopWorker(made)
  await made.hypervisor?.stop()
  await made.storage?.end()
  made.engine?.close()
  await Promise.all([made.bed?.down(), made.cloud?.down(), made.database?.drop()])
  rmSync(made.home, { recursive: true, force: true })
}

/** A seat takes more than half of what the pool counts of a machine, and less than half of what it has. */
const poolOf = (
  { nodes, hostAddress, outsideAddress, registry }: SwarmBed,
  storage: StorageMachine,
): string =>
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
storage: { backend: nfs, server: ${storage.address} }
`
/** Machines of a seat each, or, in a larger class, of half of it each. */
export const SEATS = Number(process.env['LABPLAN_SEATS'] ?? 2)
const SEAT = SEATS > 2 ? `cpu: ${0.9 / SEATS}, memoryMb: 64` : 'cpu: 0.4, memoryMb: 128'

/** With a session a week later. */
export const IS_LONG = process.env['LABPLAN_LONG'] !== undefined
const NEXT = IS_LONG ? '  - { start: 2026-12-01T10:00, minutes: 120 }\n' : ''

/** What the own folder of each student holds. */
export const PERSONAL_MB = 16
const policy = `apiVersion: labplan/v1\nkind: Policy\npersonalQuotaMb: ${PERSONAL_MB}\n`
const PERSONAL = 'personalVolume: true\n'

/** One more seat, for which each machine has room, with nothing but that folder. */
export const OTHER_COURSE = 'physics'
const otherCourse =
  courseDocument({
    ...{ key: OTHER_COURSE, start: '2026-11-24T10:00', minutes: 120, students: 1 },
  }).replace('cpu: 1, memoryMb: 512', 'cpu: 0.05, memoryMb: 64') + PERSONAL

/** @param version of its data that is in force */
export const courseWith = (quotaMb: number, version?: number): string =>
  courseDocument({
    ...{ key: 'networks', start: '2026-11-24T10:00', minutes: 120, students: SEATS },
  })
    .replace('cpu: 1, memoryMb: 512', `${SEAT}, volumeQuotaMb: ${quotaMb}`)
    .replace('headroom', `${NEXT}headroom`) +
  PERSONAL +
  'submissions: {}\n' +
  (version === undefined ? '' : `data: { sizeMb: ${DATA_MB}, version: ${version} }\n`)
