/**
 * The machines of a pool as its cloud lists them, asked for now and then and remembered in between. Each region is asked by
 * itself: who waits for one that does not answer does so once, then looks go on without it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { lastCloud } from '../../api/data/changes/blueprint.ts'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { findCredential } from '../../api/data/pools/pool-credential.ts'
import { managersOf } from '../../stacks/content.ts'
import { stackIn, machinesContent } from '../../stacks/rules/machine-stacks.ts'
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import { type Cloud, CloudError, connectCloud } from './client.ts'
import { type CloudServer, listServers } from './objects.ts'

/** A cloud is asked so often, not more: there may be limits. */
const LOOK_MS = 30_000
/** One that says it is asked too often is left alone, twice as long each time. */
const REST_MS = { first: 60_000, most: 30 * 60_000 }

/** One that takes longer is not well. */
const WELL_LIMIT_MS = 5000

/** When a region was asked, in ms since 1970, and what it said, by machine key. */
export type RegionLook = { at: number; byKey: Map<string, CloudServer> }

/** By region; one that did not answer is not there. */
export type CloudLook = Map<string, RegionLook>

export type CloudLooks = {
  /** Undefined when nobody could look: no credential, or nothing approved. */
  look(pool: { id: string; key: string }): Promise<CloudLook | undefined>
  /** Whether all that a machine needs answers in a region that was down; false when nobody could ask. */
  isWell(pool: string, region: string): Promise<boolean>
}

type Means = {
  pool: Pool
  ring: KeyRing
  installation: string
  log: Pick<Logger, 'warn'>
  now: () => Date
}

/** How a pool's cloud is entered, and where its regions are. */
type Entry = { at: number; setAt: number; client: Cloud; cloud: BlueprintCloud }

/** What is remembered of one region of a pool. */
type Memory = {
  last?: RegionLook | undefined
  rest?: { until: number; ms: number } | undefined
  /** It did not answer at all last time: nobody waits for it. */
  isSilent: boolean
  asking?: Promise<void> | undefined
}

export function cloudLooks(means: Means): CloudLooks {
  const memories = new Map<string, Memory>()
  const entries = new Map<string, Entry>()
  return {
    async look(pool) {
      const entry = await entryOf(means, entries.get(pool.key), pool)
      if (!entry) return undefined
      entries.set(pool.key, entry)
      const looks: CloudLook = new Map()
      const asked = entry.cloud.regions.map(async ({ name: region }) => {
        const memory = memories.get(`${pool.key} ${region}`) ?? { isSilent: false }
        memories.set(`${pool.key} ${region}`, memory)
        const ask = () => askRegion(means, memory, { ...entry, pool: pool.key, region })
        memory.asking ??= isDue(memory, means.now()) ? ask() : undefined
        if (!memory.isSilent) await memory.asking
        if (memory.last) looks.set(region, memory.last)
      })
      await Promise.all(asked)
      return looks
    },
    async isWell(pool, region) {
      const client = entries.get(pool)?.client
      if (!client) return false
      const query = { limit: '1' }
      const all = Promise.all([
        client.call('compute', 'GET', '/servers', { region, query }),
        client.call('network', 'GET', '/networks', { region, query }),
        client.call('image', 'GET', '/v2/images', { region, query }),
      ])
      const isWell = all.then(
        () => true,
        () => false,
      )
      return Promise.race([isWell, sleep(WELL_LIMIT_MS, false, { ref: false })])
    },
  }
}

function isDue({ last, rest }: Memory, now: Date): boolean {
  const at = now.getTime()
  return !(last && at - last.at < LOOK_MS) && !(rest && at < rest.until)
}

async function entryOf(
  means: Means,
  before: Entry | undefined,
  pool: { id: string; key: string },
): Promise<Entry | undefined> {
  const at = means.now().getTime()
  if (before && at - before.at < LOOK_MS) return before
  const credential = await findCredential(means.pool, means.ring, pool.id)
  const cloud = await lastCloud(means.pool, pool.key)
  if (!credential || !cloud) return undefined
  const setAt = credential.setAt.getTime()
  const client =
    before?.setAt === setAt ? before.client : connectCloud(credential.access, means.now)
  return { at, setAt, client, cloud }
}

async function askRegion(
  means: Means,
  memory: Memory,
  of: { client: Cloud; cloud: BlueprintCloud; pool: string; region: string },
): Promise<void> {
  const at = means.now().getTime()
  const { pool, region } = of
  try {
    const servers = []
    for (const kind of ['nodes', 'base'] as const) {
      const stack = stackIn(of.cloud, { kind, pool, region, until: null })
      const content = machinesContent(stack, means.installation)
      // Machines of a base are managers: none is asked for where there is none.
      if (kind === 'nodes' || managersOf(content).length > 0)
        servers.push(...(await listServers(of.client, content, region)))
    }
    memory.last = {
      at,
      byKey: new Map(servers.map((one) => [one.metadata['labplan.node'] ?? '', one])),
    }
    memory.isSilent = false
    delete memory.rest
  } catch (error) {
    memory.last = undefined
    memory.isSilent = error instanceof CloudError && error.status === 0
    memory.rest = restAfter(error, memory.rest, at)
    means.log.warn({ err: error, pool, region }, 'the cloud of a pool could not be looked at')
  } finally {
    delete memory.asking
  }
}

/** As after an answer, or longer where it asks for patience. */
function restAfter(error: unknown, before: Memory['rest'], at: number): Memory['rest'] {
  if (!(error instanceof CloudError) || error.status !== 429)
    return { until: at + LOOK_MS, ms: LOOK_MS }
  const ms = before && before.ms >= REST_MS.first ? before.ms * 2 : REST_MS.first
  return { until: at + Math.min(REST_MS.most, ms), ms: Math.min(REST_MS.most, ms) }
}
