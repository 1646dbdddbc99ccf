/** Takes away what a run that died has made and nobody wants: a machine first, then its port, then the rest. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { MachinesContent } from '../../stacks/content.ts'
import type { Found } from '../terraform/survey.ts'
import { type Cloud, CloudError } from './client.ts'
import { isOwnServer, KINDS, objectName } from './objects.ts'

const GONE_LIMIT_MS = 60_000
const GONE_POLL_MS = 500

const PATHS = {
  server: ['compute', '/servers'],
  port: ['network', '/ports'],
  way: ['network', '/ports'],
  router: ['network', '/routers'],
  subnet: ['network', '/subnets'],
  network: ['network', '/networks'],
  rule: ['network', '/security-group-rules'],
  group: ['network', '/security-groups'],
  spread: ['compute', '/os-server-groups'],
  key: ['compute', '/os-keypairs'],
} as const

/** Answers the names of those removed. A machine on which seats run, or that is not labelled as ours, is kept. */
export async function removeFromCloud(
  cloud: Cloud,
  content: MachinesContent,
  orphans: Found[],
): Promise<string[]> {
  const removed: string[] = []
  for (const kind of KINDS)
    for (const { name: region } of content.cloud.regions)
      for (const orphan of orphans) {
        if (!orphan.name.startsWith(objectName(kind, region, ''))) continue
        if (kind === 'server' && (orphan.replicas > 0 || !isOwnServer(orphan, content))) continue
        await remove(cloud, region, kind, orphan.id)
        removed.push(orphan.name)
      }
  return removed
}

async function remove(
  cloud: Cloud,
  region: string,
  kind: keyof typeof PATHS,
  id: string,
): Promise<void> {
  const [service, path] = PATHS[kind]
  if (kind === 'way') await detach(cloud, region, id)
  else if (
    !(await isGone(cloud.call(service, 'DELETE', `${path}/${id}`, { region }))) &&
    kind === 'server'
  )
    await untilGone(cloud, region, `${path}/${id}`)
}

/** A router's interface is taken off the router. */
async function detach(cloud: Cloud, region: string, portId: string): Promise<void> {
  const answer = (await cloud.call('network', 'GET', `/ports/${portId}`, { region })) as {
    port: { device_id: string }
  }
  await isGone(
    cloud.call('network', 'PUT', `/routers/${answer.port.device_id}/remove_router_interface`, {
      ...{ region, body: { port_id: portId } },
    }),
  )
}

/** Its port and volumes are free only then. */
async function untilGone(cloud: Cloud, region: string, path: string): Promise<void> {
  const polls = Math.ceil(GONE_LIMIT_MS / GONE_POLL_MS)
  for (let poll = 0; poll < polls; poll++) {
    if (await isGone(cloud.call('compute', 'GET', path, { region }))) return
    await sleep(GONE_POLL_MS)
  }
  throw new Error('A machine that nobody wants was not removed by the cloud in time.')
}

async function isGone(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return false
  } catch (error) {
    if (error instanceof CloudError && error.status === 404) return true
    throw error
  }
}
