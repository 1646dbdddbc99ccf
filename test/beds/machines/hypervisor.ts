/**
 * What nova's fake hypervisor leaves out: for each server of a tenant that is ACTIVE, a machine that boots with that
 * server's `user_data`; power cut when the server is deleted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { CloudBed, Tenant } from '../openstack.ts'
import { administrator } from '../cloud/seed.ts'
import type { Machine, MachineOrder } from './boot.ts'

const LOOK_MS = 500
/** From here on the administrator is shown a server's user_data. */
const WITH_USER_DATA = '2.3'

const serverSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  tenant_id: z.string(),
  metadata: z.record(z.string(), z.string()),
  'OS-EXT-SRV-ATTR:user_data': z.string().nullish(),
})

export type Hypervisor = {
  /** By key of the pool's machine (`m-large-1`), those that have power. */
  machines(): Map<string, Machine>
  /** Cuts all power. Throws what went wrong meanwhile. */
  stop(): Promise<void>
}

export function startHypervisor(of: {
  cloud: CloudBed
  tenant: Tenant
  boot: (order: MachineOrder) => Machine
}): Hypervisor {
  const admin = administrator(of.cloud.address)
  /** By server. */
  const booted = new Map<string, { key: string; machine: Machine }>()
  let made = 0
  const look = async (): Promise<void> => {
    const answer = await admin.call('compute', 'GET', '/servers/detail', {
      ...{ region: of.cloud.region, microversion: WITH_USER_DATA },
      query: { all_tenants: '1', project_id: of.tenant.project },
    })
    const { servers } = z.looseObject({ servers: z.array(serverSchema) }).parse(answer)
    const ids = new Set(servers.map(({ id }) => id))
    for (const [id, { machine }] of booted)
      if (!ids.has(id)) await machine.kill().then(() => booted.delete(id))
    for (const server of servers) {
      const userData = server['OS-EXT-SRV-ATTR:user_data']
      const key = server.metadata['labplan.node']
      if (server.status !== 'ACTIVE' || booted.has(server.id) || !userData || !key) continue
      const text = Buffer.from(userData, 'base64').toString()
      const order = { name: key, number: ++made, userData: text }
      booted.set(server.id, { key, machine: of.boot(order) })
    }
  }
  const stopping = new AbortController()
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await look()
      await sleep(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  // Told by `stop`, to whoever waits for it.
  watching.catch(() => {})
  return {
    machines: () =>
      new Map(
        [...booted.values()]
          .filter(({ machine }) => machine.isRunning())
          .map(({ key, machine }) => [key, machine]),
      ),
    async stop() {
      stopping.abort()
      await Promise.all([...booted.values()].map(({ machine }) => machine.kill()))
      await watching
    },
  }
}
