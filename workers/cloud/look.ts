/** The machines of a pool as its cloud lists them, asked for now and then and remembered in between. */
import type { Logger } from 'pino'
import { lastCloud } from '../../api/data/blueprint.ts'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { findCredential } from '../../api/data/pool-credential.ts'
import { type Cloud, connectCloud } from './client.ts'
import { type CloudServer, listServers } from './objects.ts'

/** A cloud is asked so often, not more: there may be limits. */
const LOOK_MS = 30_000

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
  return {
    async look(pool) {
      const at = means.now().getTime()
      const known = looks.get(pool.key)
      if (known && at - known.at < LOOK_MS) return known
      try {
        const byKey = await ask(means, clients, pool)
        if (byKey) looks.set(pool.key, { at, byKey })
        return byKey && { at, byKey }
      } catch (error) {
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
