/** The machines of a pool as its cloud lists them, asked for now and then and remembered in between. */
import type { Logger } from 'pino'
import { lastCloud } from '../../api/data/blueprint.ts'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { findCredential } from '../../api/data/pool-credential.ts'
import { type Cloud, CloudError, connectCloud } from './client.ts'
import { type CloudServer, listServers } from './objects.ts'

/** A cloud is asked so often, not more: there may be limits. */
const LOOK_MS = 30_000
/** One that says it is asked too often is left alone, twice as long each time. */
const REST_MS = { first: 60_000, most: 30 * 60_000 }

/** When it was asked, in ms since 1970, and what it said, by machine key. */
export type CloudLook = { at: number; byKey: Map<string, CloudServer> }

export type CloudLooks = {
  /** Undefined when nobody could look: no credential, or no answer. */
  look(pool: { id: string; key: string }): Promise<CloudLook | undefined>
}

type Means = {
  pool: Pool
  ring: KeyRing
  installation: string
  log: Pick<Logger, 'warn'>
  now: () => Date
}

export function cloudLooks(means: Means): CloudLooks {
  const looks = new Map<string, CloudLook>()
  const clients = new Map<string, { setAt: number; client: Cloud }>()
  const rests = new Map<string, { until: number; ms: number }>()
  return {
    async look(pool) {
      const at = means.now().getTime()
      const known = looks.get(pool.key)
      if (known && at - known.at < LOOK_MS) return known
      const rest = rests.get(pool.key)
      if (rest && at < rest.until) return undefined
      try {
        const byKey = await ask(means, clients, pool)
        rests.delete(pool.key)
        if (byKey) looks.set(pool.key, { at, byKey })
        return byKey && { at, byKey }
      } catch (error) {
        if (error instanceof CloudError && error.status === 429) {
          const ms = Math.min(REST_MS.most, rest ? rest.ms * 2 : REST_MS.first)
          rests.set(pool.key, { until: at + ms, ms })
        }
        means.log.warn({ err: error, pool: pool.key }, 'the cloud of a pool could not be looked at')
        return undefined
      }
    },
  }
}

async function ask(
  means: Means,
  clients: Map<string, { setAt: number; client: Cloud }>,
  pool: { id: string; key: string },
): Promise<Map<string, CloudServer> | undefined> {
  const credential = await findCredential(means.pool, means.ring, pool.id)
  const cloud = await lastCloud(means.pool, pool.key)
  if (!credential || !cloud) return undefined
  const setAt = credential.setAt.getTime()
  const before = clients.get(pool.key)
  const client =
    before?.setAt === setAt ? before.client : connectCloud(credential.access, means.now)
  clients.set(pool.key, { setAt, client })
  const content = {
    ...{ kind: 'nodes' as const, key: `nodes-${pool.key}`, pool: pool.key, nodes: [], cloud },
    installation: means.installation,
  }
  const byKey = new Map<string, CloudServer>()
  for (const { name } of cloud.regions)
    for (const server of await listServers(client, content, name))
      byKey.set(server.metadata['labplan.node'] ?? '', server)
  return byKey
}
