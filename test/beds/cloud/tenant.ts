/** A tenant of a test cloud: a project of its own with an ordinary member, and what only an administrator can do to it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { CloudAccess } from '../../../api/data/pools/pool-credential.ts'
import { type Cloud, CloudError, connectCloud } from '../../../workers/cloud/client.ts'
import { type CloudRecord, REGION } from './place.ts'
import { administrator, grant, roleIds } from './seed.ts'

export type Tenant = {
  project: string
  access: CloudAccess
  /** As its ordinary member. */
  cloud: Cloud
  /** What is left in it, by kind and name; nothing of every project's own. */
  contents(): Promise<string[]>
  /** Of compute, e.g. `{ instances: 1 }`. */
  setQuota(quota: Record<string, number>): Promise<void>
  /** As if its hypervisor had failed. */
  breakServer(id: string): Promise<void>
  /** Removes all of it, then the project and its user. */
  leave(): Promise<void>
}

const GONE_LIMIT_MS = 30_000
const PLENTY = {
  instances: 200,
  cores: 2000,
  ram: 4_000_000,
  server_groups: 50,
  server_group_members: 200,
}

export async function makeTenant(record: CloudRecord): Promise<Tenant> {
  const admin = administrator(record.address)
  const name = `tenant-${randomBytes(4).toString('hex')}`
  const password = randomBytes(12).toString('base64url')
  const asked = (path: string, kind: string, value: object) =>
    admin
      .call('identity', 'POST', path, { region: REGION, body: { [kind]: value } })
      .then(
        (answer) => z.record(z.string(), z.looseObject({ id: z.string() })).parse(answer)[kind]!.id,
      )
  const project = await asked('/projects', 'project', { name, domain_id: 'default' })
  const user = await asked('/users', 'user', { name, password, domain_id: 'default' })
  await grant(admin, { project, user, role: (await roleIds(admin)).get('member')! })
  const access = {
    ...{ authUrl: record.authUrl, username: name, password, projectName: name },
    ...{ userDomainName: 'Default', projectDomainName: 'Default' },
  }
  const cloud = connectCloud(access, () => new Date())
  const setQuota = async (quota: Record<string, number>) =>
    void (await admin.call('compute', 'PUT', `/os-quota-sets/${project}`, {
      region: REGION,
      body: { quota_set: quota },
    }))
  if (record.extent === 'whole') await setQuota(PLENTY)
  return {
    project,
    access,
    cloud,
    setQuota,
    contents: async () =>
      (await listAll(cloud, project)).map(({ kind, name }) => `${kind} ${name}`),
    breakServer: async (id) =>
      void (await admin.call('compute', 'POST', `/servers/${id}/action`, {
        region: REGION,
        body: { 'os-resetState': { state: 'error' } },
      })),
    async leave() {
      await empty(cloud, project)
      await admin.call('identity', 'DELETE', `/users/${user}`, { region: REGION })
      await admin.call('identity', 'DELETE', `/projects/${project}`, { region: REGION })
    },
  }
}

type Thing = {
  kind: string
  id: string
  name: string
  path: string
  service: 'compute' | 'network' | 'block-storage'
}

/** In the order in which they can be removed. */
const KINDS: [Thing['service'], kind: string, list: string][] = [
  ['compute', 'servers', '/servers'],
  ['block-storage', 'volumes', '/volumes'],
  ['compute', 'server_groups', '/os-server-groups'],
  ['network', 'routers', '/routers'],
  ['network', 'ports', '/ports'],
  ['network', 'subnets', '/subnets'],
  ['network', 'networks', '/networks'],
  ['network', 'security_groups', '/security-groups'],
]

const listed = z.record(
  z.string(),
  z.array(
    z.looseObject({ id: z.string(), name: z.string().nullish(), project_id: z.string().nullish() }),
  ),
)

async function listAll(cloud: Cloud, project: string): Promise<Thing[]> {
  const things: Thing[] = []
  for (const [service, kind, path] of KINDS) {
    const at = service === 'block-storage' ? `/${project}${path}` : path
    const query = service === 'network' ? { query: { project_id: project } } : {}
    const { [kind]: those = [] } = listed
      .catch({})
      .parse(pick(await cloud.call(service, 'GET', at, { region: REGION, ...query }), kind))
    for (const { id, name } of those)
      if (!(kind === 'security_groups' && name === 'default'))
        things.push({ kind, id, name: name ?? '', path: `${at}/${id}`, service })
  }
  const { keypairs } = z
    .looseObject({
      keypairs: z.array(z.looseObject({ keypair: z.looseObject({ name: z.string() }) })),
    })
    .parse(await cloud.call('compute', 'GET', '/os-keypairs', { region: REGION }))
  for (const {
    keypair: { name },
  } of keypairs)
    things.push({
      kind: 'keypairs',
      id: name,
      name,
      path: `/os-keypairs/${name}`,
      service: 'compute',
    })
  return things
}

const pick = (answer: unknown, kind: string): unknown => ({
  [kind]: (answer as Record<string, unknown>)[kind],
})

async function empty(cloud: Cloud, project: string): Promise<void> {
  const end = Date.now() + GONE_LIMIT_MS
  for (;;) {
    const things = await listAll(cloud, project)
    if (things.length === 0) return
    if (Date.now() > end)
      throw new Error(
        `What is left of a tenant cannot be removed: ${things.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`,
      )
    for (const thing of things) await remove(cloud, thing)
    await sleep(300)
  }
}

/** What still is in use goes in a later round. */
async function remove(cloud: Cloud, thing: Thing): Promise<void> {
  try {
    if (thing.kind === 'routers') await detach(cloud, thing)
    await cloud.call(thing.service, 'DELETE', thing.path, { region: REGION })
  } catch (error) {
    if (!(error instanceof CloudError) || error.status === 0) throw error
  }
}

async function detach(cloud: Cloud, router: Thing): Promise<void> {
  const query = { device_id: router.id }
  const { ports = [] } = listed.parse(
    pick(await cloud.call('network', 'GET', '/ports', { region: REGION, query }), 'ports'),
  )
  for (const { id } of ports)
    await cloud.call('network', 'PUT', `${router.path}/remove_router_interface`, {
      region: REGION,
      body: { port_id: id },
    })
}
