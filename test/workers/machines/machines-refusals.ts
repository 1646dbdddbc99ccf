/**
 * The cloud of machines.real.test.ts refuses, each time for another reason, and the words that a person then reads. What it said
 * word for word is in test/stacks/cloud-refusals.ts; this says that it still is so. Nothing is made meanwhile.
 */
import { expect, it } from 'vitest'
import { z } from 'zod'
import { troubleSentences } from '../../../api/cloud-trouble-text.ts'
import { one, sql, withTransaction } from '../../../api/data/db.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { poolReport } from '../../../api/data/pools/pool-report.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import { limitCalls } from '../../beds/cloud/calls.ts'
import { administrator } from '../../beds/cloud/seed.ts'
import { POOL } from '../../cast/cloud.ts'
import { importDocuments } from '../../cast/record.ts'
import type { MachinesScene } from './machines-scene.ts'

const REGION = { region: 'RegionOne' }
const SHARED = 'others use the cloud that was started by hand'

/** Its base stands, and two machines are wanted. Afterwards it refuses nothing any more, and is tried at once. */
export function testRefusals(scene: () => MachinesScene): void {
  it('says which quota is used up, by how much', async () => {
    await scene().tenant.setQuota({ cores: 1 })
    expect(await told(scene())).toEqual([
      'The quota “cores” of the project is used up: 4 more asked for, 0 of 1 in use.',
      'Have “cores” raised to at least 4 (3 more), or let fewer machines be bought at once (maximum in pools.yaml).',
      ASKED,
    ])
    await scene().tenant.setQuota({ cores: 100 })
  })

  it('says what the pool names and the cloud does not have', async () => {
    const size = (text: string) => text.replace('name: m1.large', 'name: m9.huge')
    await plan(scene(), (text) => size(text).replace('image: labplan-node', 'image: nothing'))
    expect(await told(scene())).toEqual([
      'The cloud has no image “nothing” that this project may use.',
      'Upload it (docs/pools.md, “The image of nodes”), share it with the project, or correct “image” in pools.yaml.',
      ASKED,
    ])
    await plan(scene(), size)
    expect(await told(scene())).toEqual([
      'The cloud has no size “m9.huge” that this project may use.',
      'Correct the “name” of the flavour in pools.yaml: openstack flavor list shows those there are.',
      ASKED,
    ])
    await plan(scene(), (text) => text)
  })

  it('says why a server came to ERROR', async ({ skip }) => {
    skip(scene().cloud.byHand, SHARED)
    await setHosts(scene(), 'disabled')
    expect(await told(scene())).toEqual([
      'The cloud has no host with room for the machine: its hosts are full, closed, or none offers this size.',
      'It is tried again. If it lasts: ask who runs the cloud, or give the pool another size or availability zone.',
      ASKED,
    ])
    await setHosts(scene(), 'enabled')
  })

  // The two servers in ERROR are still there: what was wrong before hides nothing.
  it('waits longer for a cloud that is asked too often', async ({ skip }) => {
    skip(scene().cloud.byHand, SHARED)
    limitCalls(scene().cloud, 'image', 0)
    expect(await told(scene())).toEqual([
      'The cloud was asked too often and asks for patience.',
      'Nothing to do: Labplan waits longer each time, at most half an hour. If it lasts, have the limit of the project raised.',
      ASKED,
    ])
    limitCalls(scene().cloud, 'image', undefined)
    expect(await waitSeconds(scene())).toBeGreaterThanOrEqual(60)
    await loseServers(scene())
  })

  it('says that nobody answers, or that the credential is wrong; tries a new one at once', async () => {
    await enter(scene(), { authUrl: 'http://127.77.9.9:5999/v3' })
    expect(await told(scene())).toEqual([
      'The cloud does not answer: identity.',
      'It is tried again every few minutes. See whether the region is down, or whether the worker’s network leads there.',
      ASKED,
    ])
    await enter(scene(), { password: 'wrong' })
    expect(await told(scene())).toEqual([
      'The cloud does not accept the pool’s credential: it is wrong, withdrawn or expired, or its project is closed.',
      'Make a new application credential, source its openrc file and run labplan pool credential POOL: it is tried at once.',
      ASKED,
    ])
    expect(await waitSeconds(scene())).toBeGreaterThan(0)
    await enter(scene(), {})
    expect(await waitSeconds(scene())).toBe(0)
  })
}

const ASKED = expect.stringMatching(/^Asked for by networks, class .+, 8 students\.$/)

/** One more try: what the pool's page says of its end. */
async function told({ means }: MachinesScene): Promise<string[] | undefined> {
  await applyStackNow(means, 'nodes-cloud', new AbortController().signal)
  const report = await poolReport(means.pool, POOL, means.now())
  const trouble = report?.troubles.find(({ key }) => key === 'nodes-cloud')
  if (!trouble?.cause) return trouble && [trouble.message]
  const at = { timeZone: 'Europe/Paris', at: means.now() }
  return troubleSentences(trouble.cause, { locale: 'en', ...at })
}

/** As an administrator would, sooner than Terraform, which waits ten seconds before it looks whether one is gone. */
async function loseServers({ tenant, servers }: MachinesScene): Promise<void> {
  for (const { id } of await servers())
    await tenant.cloud.call('compute', 'DELETE', `/servers/${id}`, REGION)
  await expect.poll(servers).toEqual([])
}

/** Until the next try. */
async function waitSeconds({ means }: MachinesScene): Promise<number> {
  const { retry_at } = await one<{ retry_at: Date | null }>(
    means.pool,
    sql`select retry_at from stack where key = 'nodes-cloud'`,
  )
  return retry_at ? (retry_at.getTime() - means.now().getTime()) / 1000 : 0
}

const plan = ({ means, poolText }: MachinesScene, change: (text: string) => string) =>
  importDocuments(means.pool, means.ring, means.now(), [
    { name: 'pool.yaml', text: change(poolText) },
  ])

const enter = ({ means, tenant }: MachinesScene, more: object) =>
  withTransaction(means.pool, (tx) =>
    keepCredential(tx, means.ring, {
      ...{ poolKey: POOL, actor: { name: 'test', role: 'operator' }, now: means.now() },
      access: { ...tenant.access, ...more },
    }),
  )

const services = z.looseObject({
  services: z.array(z.looseObject({ id: z.string(), binary: z.string() })),
})

/** Whether nova's scheduler may choose its hosts. */
async function setHosts({ cloud }: MachinesScene, status: 'enabled' | 'disabled'): Promise<void> {
  const admin = administrator(cloud.address)
  const call = { ...REGION, microversion: '2.53' }
  const all = services.parse(await admin.call('compute', 'GET', '/os-services', call)).services
  for (const { id } of all.filter(({ binary }) => binary === 'nova-compute'))
    await admin.call('compute', 'PUT', `/os-services/${id}`, { ...call, body: { status } })
}
