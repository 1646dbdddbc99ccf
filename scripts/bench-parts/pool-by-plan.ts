/**
 * A morning of classes on a pool that is made in a cloud, as the worker makes it: what its reconciler wants, its runs, and its
 * watch over nodes, on a clock that is set to when the plan orders and goes on from there.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { many, sql, withTransaction } from '../../api/data/db.ts'
import { livingNodes } from '../../api/data/pools/node.ts'
import { keepCredential } from '../../api/data/pools/pool-credential.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { machinesAt } from '../../stacks/rules/machine-stacks.ts'
import type { Tenant } from '../../test/beds/openstack.ts'
import type { SwarmBed } from '../../test/beds/swarm.ts'
import { courseDocument, POOL, poolDocument } from '../../test/cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../test/cast/documents.ts'
import { importDocuments } from '../../test/cast/record.ts'
import { meansOf, player, type SceneMeans } from '../../test/workers/machines/machines-player.ts'
import { nodeWatch } from '../../workers/jobs/watch-nodes.ts'
import type { MigratedPostgres } from './postgres.ts'

/** As workers/worker.ts looks at nodes. */
const WATCH_MS = 5_000
const PASSES = 10
const PLANNED = new Date('2026-11-23T12:00:00Z')
const FIRST_DAY = Date.parse('2026-11-24T00:00:00Z')
const DAY_MS = 24 * 3_600_000
/** Four seats of one core fill a machine: two machines for each class. */
const SEATS_PER_CLASS = 8

export type PoolByPlan = {
  /** Plans the same classes for the next day; answers how many machines they need, and how long these have. */
  plan(): Promise<Ordered>
  /** Makes them; answers how long its runs took. */
  make(): Promise<number>
  /** What the runs did, and how many seconds each step took. */
  steps(): Promise<string>
  /**
   * Waits until a container ran on each of them, and answers when that was, in seconds since they were ordered.
   * Throws after `limitMs` with what has become of them.
   */
  untilReady(limitMs: number): Promise<number>
  /** The day is over: answers how long its runs took. Of machines that never joined. */
  takeAway(): Promise<number>
  close(): void
}

/** `leadSeconds`: from their order until classes begin to be prepared on them. */
export type Ordered = { machines: number; leadSeconds: number }

type Orders = {
  machines: number
  baseAt: number
  nodesAt: number
  neededAt: number
  overAt: number
}

export async function poolByPlan(of: {
  postgres: MigratedPostgres
  installation: string
  tenant: Tenant
  bed: SwarmBed
  image: string
  home: string
  classes: number
  bootMinutes: number
}): Promise<PoolByPlan> {
  const { postgres, installation, tenant, bed, home } = of
  let clock = { at: PLANNED.getTime(), since: performance.now() }
  const now = (): Date => new Date(clock.at + performance.now() - clock.since)
  const setClock = (at: number): void => void (clock = { at, since: performance.now() })
  const means = meansOf(
    {
      ...{ database: { pool: postgres.pool, installation }, registry: bed.registry },
      ...{ dockerHost: bed.dockerHost, home },
      keys: { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } },
    },
    now,
  )
  const importDays = (days: number) =>
    importDocuments(
      postgres.pool,
      means.ring,
      now(),
      documentsOf(of, days).map((text, i) => ({ name: `${i}.yaml`, text })),
    )
  let orders: Orders | undefined
  let days = 0
  const { passes } = player(means, () => {})
  /** Until nothing differs from what is wanted at that instant. */
  const bring = async (at: number): Promise<number> => {
    setClock(at)
    const began = performance.now()
    const { isSettled, ran } = await passes(PASSES)
    if (!isSettled) throw new Error(`Still not as wanted after ${ran.join(', ')}.`)
    return performance.now() - began
  }
  const ordered = (): Orders => {
    if (!orders) throw new Error('Nothing is planned.')
    return orders
  }
  const watch = nodeWatch({ ...means, ...means.place })
  return {
    async plan() {
      await importDays(++days)
      if (days === 1) await keepAccess(means, tenant)
      const { blueprint } = (await currentBlueprint(postgres.pool))!
      orders = ordersOf(blueprint, FIRST_DAY + (days - 1) * DAY_MS)
      const { machines, neededAt, nodesAt } = orders
      return { machines, leadSeconds: (neededAt - nodesAt) / 1000 }
    },
    make: async () => (await bring(ordered().baseAt)) + (await bring(ordered().nodesAt)),
    takeAway: () => bring(ordered().overAt),
    async steps() {
      const rows = await many<{ text: string }>(
        postgres.pool,
        sql`select stack.kind || ' ' || name || ' ' ||
              round(extract(epoch from run_step.ended_at - run_step.started_at), 1) as text
            from run_step join run on run.id = run_id join stack on stack.id = stack_id
            where run_step.ended_at - run_step.started_at > interval '0.3 s' order by run_step.started_at`,
      )
      return rows.map(({ text }) => text).join(', ')
    },
    async untilReady(limitMs) {
      const { machines, nodesAt } = ordered()
      const end = performance.now() + limitMs
      for (;;) {
        await watch.look()
        const states = (await livingNodes(postgres.pool)).map(({ state }) => state)
        if (states.length === machines && states.every((state) => state === 'ready'))
          return (now().getTime() - nodesAt) / 1000
        if (performance.now() > end) throw new Error(`Not all are ready: ${states.join(', ')}`)
        await sleep(WATCH_MS)
      }
    },
    close: () => means.engine.close(),
  }
}

const keepAccess = (means: SceneMeans, { access }: Tenant) =>
  withTransaction(means.pool, (tx) =>
    keepCredential(tx, means.ring, {
      ...{ poolKey: POOL, access, now: means.now() },
      actor: { name: 'bench', role: 'operator' },
    }),
  )

/** Of a day: when the plan wants the base, when all machines, when classes begin to be prepared on them, when nothing. */
function ordersOf(blueprint: Blueprint, day: number): Orders {
  const minutes = Array.from({ length: DAY_MS / 60_000 }, (_, i) => day + i * 60_000)
  const at = (instant: number) => machinesAt(blueprint, new Date(instant).toISOString())
  const nodesIn = (instant: number) => at(instant).flatMap(({ nodes }) => nodes).length
  const machines = Math.max(...minutes.map(nodesIn))
  const nodesAt = minutes.find((minute) => nodesIn(minute) === machines)
  const baseAt = minutes.find((minute) => at(minute).length > 0)
  const overAt = minutes.findLast((minute) => at(minute).length === 0)
  if (machines === 0 || !nodesAt || !baseAt || !overAt)
    throw new Error('The plan has no machines for that day, or at its end.')
  const begins = blueprint.courses
    .flatMap((course) => course.sessions)
    .map(({ leadStartsAt }) => Date.parse(leadStartsAt))
  const neededAt = Math.min(...begins.filter((instant) => instant > day))
  return { machines, baseAt, nodesAt, neededAt, overAt }
}

function documentsOf(
  of: { bed: SwarmBed; image: string; classes: number; bootMinutes: number },
  days: number,
): string[] {
  const { bed, image, classes, bootMinutes } = of
  const starts = Array.from({ length: days }, (_, i) => {
    const date = new Date(FIRST_DAY + i * DAY_MS).toISOString().slice(0, 10)
    return `  - { start: ${date}T10:00, minutes: 120 }`
  })
  const courses = Array.from({ length: classes }, (_, i) => {
    const key = `course-${String(i + 1).padStart(2, '0')}`
    const course = { key, start: '', minutes: 120, students: SEATS_PER_CLASS }
    return courseDocument(course).replace(/ {2}- \{ start: .*/, starts.join('\n'))
  })
  const pool = poolDocument(`${bed.nodes[0]!.address}:2377`)
    .replace('bootMinutes: 4, quota: 20', `bootMinutes: ${bootMinutes}, quota: 100`)
    .replace('maximum: 20', 'maximum: 100')
    .replace('  engineVolumeGb: 10\n', `  insecureRegistries: ['${bed.registry}']\n`)
    .replace('gateways: [10.1.2.0/24]', `gateways: [${bed.hostAddress}/32]`)
    .replace('dns: [10.1.0.53]', `dns: [${bed.outsideAddress}]`)
  const environment = environmentDocument.replace(/image: .*/, `image: ${image}`)
  return [zoneDocument, environment, pool, ...courses]
}
