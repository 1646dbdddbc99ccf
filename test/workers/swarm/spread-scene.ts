/**
 * Two classes of sixty seats in all on a pool of three machines, run by the whole worker; only its clock is the test's.
 * Two machines have just room enough for all of them. What machines hold is looked at throughout.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readKeyRing } from '../../../api/data/key-ring.ts'
import { openLog } from '../../../api/log.ts'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import { loadOfNodes } from '../../../workers/swarm/load.ts'
import { listNodes } from '../../../workers/swarm/node.ts'
import { type Worker, startWorker } from '../../../workers/worker.ts'
import { smallEnvironment, smallImage } from '../../beds/machines/small-image.ts'
import { seatNetworkOn } from '../../beds/seat-network.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { workerConfig } from '../worker-config.ts'

/** A machine is counted in forty parts. A seat of the first class takes one of them, of the second two. */
export const PARTS = 40
export const CLASSES = [
  { key: 'networks', students: 42, parts: 1 },
  { key: 'systems', students: 18, parts: 2 },
] as const
export const SEATS = 60
/** Of the 80 that two machines have, so that a seat of two parts finds them side by side on one of them. */
export const PARTS_TAKEN = 78

export type SpreadScene = {
  bed: SwarmBed
  database: TestDatabase
  engine: Engine
  /** With its registry. */
  image: string
  /** Cores, of one part of a machine. */
  part: number
  /** What Swarm says each machine of the bed holds now, in its order. */
  held(): Promise<Held[]>
  /** Of every look so far: how many there were, and each at which a machine held more than it has. */
  looks: { count: number; overbooked: string[] }
  down(): Promise<void>
}

export type Held = { id: string; address: string; isUp: boolean; seats: number; parts: number }

type Made = {
  home: string
  bed?: SwarmBed
  database?: TestDatabase
  engine?: Engine
  worker?: Worker
  watch?: { stop(): Promise<void> }
}

export async function spreadScene(now: () => Date): Promise<SpreadScene> {
  const made: Made = { home: mkdtempSync(join(tmpdir(), 'labplan-test-spread-')) }
  try {
    return await makeScene(made, now)
  } catch (error) {
    await takeDown(made)
    throw error
  }
}

async function makeScene(made: Made, now: () => Date): Promise<SpreadScene> {
  const { home } = made
  const [bed, database] = await Promise.all([
    swarmBed({ nodes: 3 }).then((one) => (made.bed = one)),
    testDatabase().then((one) => (made.database = one)),
  ])
  const engine = (made.engine = connectEngine(bed.dockerHost))
  const image = await smallImage(bed)
  await seatNetworkOn(bed, database.installation)
  const [node] = await listNodes(engine)
  const part = Math.floor((node!.cores * 1000) / PARTS) / 1000
  const config = workerConfig(home, bed, database)
  const ring = readKeyRing(config.keyFile)
  const texts = [
    ...[zoneDocument, smallEnvironment(image), poolOf(bed, node!.cores)],
    ...CLASSES.map((one) => courseOf(one, part)),
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, ring, now(), sources)
  const held = () => lookAt(engine, bed, { part, installation: database.installation })
  const looks: SpreadScene['looks'] = { count: 0, overbooked: [] }
  made.watch = keepLooking(held, looks)
  const log = openLog('worker', 'silent')
  made.worker = await startWorker({ config, log, name: 'test-1', now })
  const things = { bed, database, engine, part, held, looks }
  return { ...things, image: `${bed.registry}/${image}`, down: () => takeDown(made) }
}

async function takeDown(made: Made): Promise<void> {
  await made.worker?.stop()
  await made.watch?.stop()
  made.engine?.close()
  await Promise.all([made.bed?.down(), made.database?.drop()])
  rmSync(made.home, { recursive: true, force: true })
}

async function lookAt(
  engine: Engine,
  bed: SwarmBed,
  { part, installation }: { part: number; installation: string },
): Promise<Held[]> {
  const load = await loadOfNodes(engine, installation)
  const nodes = new Map((await listNodes(engine)).map((node) => [node.hostname, node]))
  return bed.nodes.map(({ name, address }) => {
    const { id, isUp } = nodes.get(name)!
    const { seats = 0, cores = 0 } = load.get(id) ?? {}
    return { id, address, isUp, seats, parts: Math.round(cores / part) }
  })
}

const LOOK_MS = 250

function keepLooking(held: () => Promise<Held[]>, looks: SpreadScene['looks']) {
  const stopping = new AbortController()
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      const all = await held()
      looks.count++
      if (all.some(({ parts }) => parts > PARTS)) looks.overbooked.push(JSON.stringify(all))
      await sleep(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  // Told by `stop`.
  looking.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await looking
    },
  }
}

const poolOf = (bed: SwarmBed, cpu: number): string => `apiVersion: labplan/v1
kind: Pool
key: hall
title: { en: Machines of the hall, fr: Machines de la salle }
nodes:
${bed.nodes.map((_, i) => `  - { key: hall-${i + 1}, cpu: ${cpu}, memoryMb: 4096, diskMb: 100000 }`).join('\n')}
reserve: { cpu: 0, memoryMb: 0 }
`

/** From 10:00 to 12:00 in Paris. */
const courseOf = (
  { key, students, parts }: (typeof CLASSES)[number],
  part: number,
): string => `apiVersion: labplan/v1
kind: Course
key: ${key}
title: { en: ${key}, fr: ${key} }
environment: terminal
pool: hall
seat: { cpu: ${parts * part}, memoryMb: 32 }
students: ${students}
sessions:
  - { start: 2026-11-24T10:00, minutes: 120 }
headroom: { seats: 0 }
`
