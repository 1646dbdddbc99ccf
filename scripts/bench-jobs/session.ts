/**
 * A class of 100 seats: from the commit of its plan until every seat is made, runs and is probed, over the best of the
 * raw Docker API at 1, 8 and 32 connections making and probing the same services; and the same for taking it away.
 *
 * With the image `terminal`, which students get: its two servers start in every container, on both sides. Engine and
 * worker share the machine, so Terraform's own work counts against us twice, as it does at a small school.
 */
import { practiceClass } from '../../test/practice-class.ts'
import { scratchPostgres } from '../../test/scratch-postgres.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { type ClassSize, bigClass } from '../bench-parts/big-class.ts'
import { rawClass } from '../bench-parts/raw-class.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR = 1.5
const CONNECTIONS = [1, 8, 32]
const PORTS = [
  { number: 8080, kind: 'web' },
  { number: 22, kind: 'ssh' },
] as const
const values = askedOf({
  json: { type: 'boolean' },
  pairs: { type: 'string', default: '3' },
  seats: { type: 'string', default: '100' },
  nodes: { type: 'string', default: '4' },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

const postgres = await scratchPostgres()
try {
  process.exitCode = await bench(Number(values.pairs), Number(values.seats), Number(values.nodes))
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
} finally {
  await postgres.stop()
}

type Times = { createMs: number; destroyMs: number }
type Pair = { ours: Times; raw: (Times & { connections: number })[] }

async function bench(pairs: number, seats: number, nodes: number): Promise<number> {
  const plan = { students: 1, nodes, startsInMinutes: 24 * 60 }
  const practice = await practiceClass(plan, { databaseUrl: postgres.serverUrl, say })
  const engine = connectEngine(practice.bed.dockerHost)
  // What all seats reserve together fits into every node's two cores, and no more: nothing is oversubscribed.
  const size: ClassSize = { seats, cpu: 0.02 * nodes, memoryMb: 64 }
  try {
    const measured: Pair[] = []
    for (let pair = 1; pair <= pairs; pair++) {
      measured.push(await onePair(practice, engine, size, pair))
      say(`pair ${pair}: ${JSON.stringify(measured.at(-1))}`)
    }
    return report(measured, size, nodes)
  } finally {
    engine.close()
    await practice.close()
  }
}

async function onePair(
  practice: Awaited<ReturnType<typeof practiceClass>>,
  engine: ReturnType<typeof connectEngine>,
  size: ClassSize,
  pair: number,
): Promise<Pair> {
  const own = bigClass(practice, engine, size, pair, say)
  const createMs = await own.create()
  say(`pair ${pair}: ours made in ${Math.round(createMs)} ms`)
  const services = await own.services()
  if (services.length !== size.seats) throw new Error(`${services.length} services, not all seats`)
  const destroyMs = await own.destroy()
  say(`pair ${pair}: ours gone in ${Math.round(destroyMs)} ms; steps: ${await own.steps()}`)
  const hosts = {
    manager: practice.bed.dockerHost,
    nodes: practice.bed.nodes.map((node) => node.dockerHost),
  }
  const raw: Pair['raw'] = []
  for (const connections of CONNECTIONS) {
    const twin = rawClass(hosts, services, [...PORTS], connections)
    raw.push({ connections, createMs: await twin.create(), destroyMs: await twin.destroy() })
    say(`pair ${pair}: raw ${JSON.stringify(raw.at(-1))}`)
  }
  return { ours: { createMs, destroyMs }, raw }
}

function report(pairs: Pair[], size: ClassSize, nodes: number): number {
  const ratio = (of: (times: Times) => number) =>
    median(pairs.map(({ ours, raw }) => of(ours) / Math.min(...raw.map(of))))
  const create = round(ratio((times) => times.createMs))
  const destroy = round(ratio((times) => times.destroyMs))
  const holds = create <= BAR && destroy <= BAR
  const line = {
    ...{ name: 'session', figure: create, unit: 'ratio', bar: BAR, holds, destroy },
    ...{ nodes, ...size, image: 'terminal', pairs },
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return holds ? 0 : 1
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
