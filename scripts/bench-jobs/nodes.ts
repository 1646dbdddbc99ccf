/**
 * Twenty classes at ten o'clock on forty machines of a cloud: how long our runs take to make these, over a Terraform
 * configuration of the same machines written by hand, and how many calls to the cloud's APIs. Then each machine that the
 * cloud says is ACTIVE starts as an engine with the joining part of its `user_data`: is each tried out with a container when
 * the plan needs it?
 *
 * Both sides make network, router, security group, server group, and a port and a server for each machine, in a project of
 * their own on the same real OpenStack. Engines start after the runs: in a real cloud they have processors of their own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineMachines } from '../../test/beds/machines/engine.ts'
import { startHypervisor } from '../../test/beds/machines/hypervisor.ts'
import { type CloudBed, cloudBed, type Tenant, whyNoCloudNow } from '../../test/beds/openstack.ts'
import { pushSleeper } from '../../test/beds/sleeper.ts'
import { type SwarmBed, swarmBed } from '../../test/beds/swarm.ts'
import { type PoolByHand, poolByHand } from '../bench-parts/pool-by-hand.ts'
import { type Ordered, type PoolByPlan, poolByPlan } from '../bench-parts/pool-by-plan.ts'
import { migratedPostgres } from '../bench-parts/postgres.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR = 1.2
const INSTALLATION = 'bench000'
/** What the pool says an order takes until a machine has seats: forty engines share this machine's two processors. */
const BOOT_MINUTES = 8
const READY_LIMIT_MS = 15 * 60_000
/** So many engines start side by side. */
const AT_ONCE = 4

const values = askedOf({
  json: { type: 'boolean' },
  pairs: { type: 'string', default: '3' },
  classes: { type: 'string', default: '20' },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const seconds = (ms: number): number => Math.round(ms / 100) / 10
const round = (value: number): number => Math.round(value * 100) / 100

/** `calls`: to the cloud's APIs, those among its services left out, since they go on all the time. */
type Side = { seconds: number; calls: number; awaySeconds: number | null }
type Pair = { ours: Side; hand: Side }

async function main(): Promise<number> {
  const why = whyNoCloudNow()
  if (why) {
    say(`There is no cloud here: ${why}.`)
    return 2
  }
  const home = mkdtempSync(join(tmpdir(), 'labplan-bench-nodes-'))
  const closers: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })]
  try {
    const bed = await swarmBed({ nodes: 1 })
    closers.push(() => bed.down())
    const cloud = await cloudBed()
    closers.push(() => cloud.down())
    say('cloud and Swarm are up')
    const postgres = await migratedPostgres(INSTALLATION, new Date())
    closers.push(() => postgres.end())
    const image = pushSleeper(bed.dockerHost, bed.registry, home)
    const tenant = await cloud.tenant()
    const plan = await poolByPlan({
      ...{ postgres, installation: INSTALLATION, tenant, bed, image, home },
      ...{ classes: Number(values.classes), bootMinutes: BOOT_MINUTES },
    })
    closers.push(() => plan.close())
    return await measure({ bed, cloud, plan, tenant, home })
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

type Parts = { bed: SwarmBed; cloud: CloudBed; plan: PoolByPlan; tenant: Tenant; home: string }

async function measure(parts: Parts): Promise<number> {
  const { bed, cloud, plan, home } = parts
  const pairs = Number(values.pairs)
  const ordered = await plan.plan()
  const hand = poolByHand({
    ...{ cloud, tenant: await cloud.tenant(), folder: join(home, 'by-hand') },
    ...{ nodes: ordered.machines, manager: `${bed.nodes[0]!.address}:2377` },
  })
  const measured: Pair[] = []
  for (let pair = 1; pair <= pairs; pair++) {
    if (pair > 1) await plan.plan()
    const isLast = pair === pairs
    // In turn first and second; each finds a cloud without the other's machines. In the last pair ours stay.
    const before = pair % 2 === 1 || isLast ? await side(cloud, hand) : undefined
    const ours = await side(cloud, isLast ? { make: plan.make } : plan)
    measured.push({ ours, hand: before ?? (await side(cloud, hand)) })
    say(`pair ${pair} of ${ordered.machines} machines: ${JSON.stringify(measured.at(-1))}`)
  }
  say(`steps of our runs: ${await plan.steps()}`)
  const readySeconds = await startMachines(parts)
  say(`each was tried out after ${readySeconds} s of ${ordered.leadSeconds}`)
  return report(measured, { ...ordered, readySeconds })
}

async function side(
  cloud: CloudBed,
  { make, takeAway }: Pick<PoolByHand, 'make'> & Partial<PoolByHand>,
): Promise<Side> {
  const before = cloud.calls().byClients
  const took = await make()
  const calls = cloud.calls().byClients - before
  const away = await takeAway?.()
  return { seconds: seconds(took), calls, awaySeconds: away === undefined ? null : seconds(away) }
}

async function startMachines({ bed, cloud, plan, tenant }: Parts): Promise<number> {
  const hypervisor = startHypervisor({ cloud, tenant, boot: engineMachines(bed, AT_ONCE) })
  try {
    return Math.round(await plan.untilReady(READY_LIMIT_MS))
  } catch (error) {
    const [one] = hypervisor.machines().values()
    say(`What the first machine said: ${one?.console().slice(-3000)}`)
    throw error
  } finally {
    await hypervisor.stop()
  }
}

function report(pairs: Pair[], seen: Ordered & { readySeconds: number }): number {
  const ratio = (of: (side: Side) => number) =>
    round(median(pairs.map(({ ours, hand }) => of(ours) / of(hand))))
  const figure = ratio((side) => side.seconds)
  const calls = ratio((side) => side.calls)
  const isOnTime = seen.readySeconds <= seen.leadSeconds
  const holds = figure <= BAR && calls <= BAR && isOnTime
  const line = {
    ...{ name: 'nodes', figure, unit: 'ratio', bar: BAR, holds, calls, isOnTime, ...seen },
    ...{ classes: Number(values.classes), pairs, load: loadavg().map(round) },
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return holds ? 0 : 1
}

const median = (all: number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0

try {
  process.exitCode = await main()
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
