/** What runs make good by themselves: undelivered states, strangers with our names, things that went away. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, one, sql } from '../../../api/data/db.ts'
import { findState } from '../../../api/data/runs/state.ts'
import { serviceAddress, serviceName } from '../../../stacks/parts/names.ts'
import { renderStack } from '../../../stacks/render.ts'
import { setReplicas } from '../../../workers/swarm/service.ts'
import { prepareTools } from '../../../workers/terraform/mirror.ts'
import {
  applyStack,
  destroyStack,
  type StackRequest,
} from '../../../workers/terraform/run-stack.ts'
import {
  COURSE8,
  type LiveService,
  liveServices,
  makeSecrets,
  runningTask,
  SEATS,
  serviceOf,
  stackRow,
  type TerraformBed,
  terraformBed,
} from './terraform-bed.ts'

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
})
afterAll(() => bed?.down())

it('leaves an altered seat that runs as it is, whatever else is due, and gives it back what it was once it is cold', async () => {
  const content = bed.seats([1, 2, 3])
  const asWanted = content.seats.map(({ number }) => serviceAddress(number))
  const before = async () => ({ ...(await makeSecrets(bed.docker, content)), asWanted })
  const lookAndRepair = async (more: object = { before }) => {
    await execute(
      bed.database.pool,
      sql`update stack set state = 'needs_reconcile' where key = ${SEATS}`,
    )
    return applyStack(bed.services, bed.request(content, { approved: true, ...more }))
  }
  expect(await lookAndRepair()).toMatchObject({ ok: true })
  const { ID } = await serviceOf(bed.docker, 1)
  await setReplicas(bed.docker, ID, { replicas: 1, pidsLimit: 32 })
  await setMemory(ID, 24)
  const task = await runningTask(bed.docker, ID)
  const lost = await serviceOf(bed.docker, 2)
  await bed.docker.call('DELETE', `/services/${lost.ID}`)

  const spared = ['docker_service.s001']
  expect(await lookAndRepair()).toMatchObject({
    ok: true,
    summary: { create: 1, update: 0, spared },
  })
  expect((await serviceOf(bed.docker, 2)).ID).not.toBe(lost.ID)
  expect(await lookAndRepair()).toMatchObject({
    ok: true,
    summary: { create: 0, update: 0, spared },
  })
  expect(await stackRow(bed.database, SEATS)).toMatchObject({ state: 'applied' })
  expect(await runningTask(bed.docker, ID)).toBe(task)
  // Of one that is not said to be as it should be a run has to say that it waits.
  const change = { before: async () => ({ ...(await makeSecrets(bed.docker, content)) }) }
  expect(await lookAndRepair(change)).toMatchObject({ ok: false, reason: 'held' })

  await setReplicas(bed.docker, ID, { replicas: 0, pidsLimit: 0 })
  // Somebody begins to work there, and it is not up yet.
  const asked: string[] = []
  const hold = async (addresses: string[]) => (asked.push(...addresses), addresses)
  expect(await lookAndRepair({ before, hold })).toMatchObject({
    ok: true,
    summary: { create: 0, update: 0, spared },
  })
  expect(asked).toEqual(spared)
  expect(await lookAndRepair()).toMatchObject({ ok: true, summary: { create: 0, update: 1 } })
  expect((await serviceOf(bed.docker, 1)).Spec.TaskTemplate).toMatchObject({
    Resources: { Limits: { MemoryBytes: 16 * 1024 * 1024 } },
  })
  expect(await destroyStack(bed.services, bed.request(content))).toMatchObject({ ok: true })
})

async function setMemory(id: string, memoryMb: number): Promise<void> {
  const { Version, Spec } = (await bed.docker.call('GET', `/services/${id}`)) as {
    Version: { Index: number }
    Spec: LiveService['Spec']
  }
  const Limits = { NanoCPUs: 20_000_000, MemoryBytes: memoryMb * 1024 * 1024 }
  await bed.docker.call('POST', `/services/${id}/update`, {
    query: { version: Version.Index },
    body: { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, Resources: { Limits } } },
  })
}

it('keeps a state that could not be delivered, and delivers it with the next run', async () => {
  const services = { ...bed.services, log: { ...bed.services.log, error: () => {} } }
  const slow = applyStack(services, bed.request(bed.seats([1, 2, 3]), { parallelism: 1 }))
  await untilServices(1)
  await execute(bed.database.pool, sql`alter table state_version rename to state_version_away`)
  expect(await slow).toMatchObject({ ok: false, reason: 'failed', retry: true })
  await execute(bed.database.pool, sql`alter table state_version_away rename to state_version`)
  const made = await liveServices(bed.docker)

  const next = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  // Nothing is adopted: the state that was left behind knew everything.
  expect(next).toMatchObject({ ok: true, summary: { import: 0, create: 0, update: 0 } })
  expect(await liveServices(bed.docker)).toEqual(made)
})

it('counts a stack as applied only once its caller has written down what was made', async () => {
  const after = () => Promise.reject(new Error('the database is away'))
  const quiet = { ...bed.services, log: { ...bed.services.log, error: () => {} } }
  const content = bed.seats([1, 2, 3])
  const first = await applyStack(quiet, bed.request(content, { after }))
  expect(first).toMatchObject({ ok: false, reason: 'failed', retry: true })
  expect(await stackRow(bed.database, SEATS)).toMatchObject({ state: 'failed' })

  const oks: boolean[] = []
  const request = bed.request(content, { after: async ({ ok }) => void oks.push(ok) })
  expect(await applyStack(bed.services, request)).toMatchObject({ ok: true })
  expect(oks).toEqual([true])
})

it('adopts a running seat whose state was lost as it is: its task goes on, and nothing is held up', async () => {
  const { ID } = await serviceOf(bed.docker, 3)
  await setReplicas(bed.docker, ID, { replicas: 1, pidsLimit: 32 })
  const task = await runningTask(bed.docker, ID)
  await execute(bed.database.pool, sql`delete from state_version`)
  const adopted = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  expect(adopted).toMatchObject({ ok: true, summary: { import: 3, create: 0, update: 0 } })
  expect(await runningTask(bed.docker, ID)).toBe(task)
  await setReplicas(bed.docker, ID, { replicas: 0, pidsLimit: 0 })
})

it('makes again what somebody removed', async () => {
  const { ID } = await serviceOf(bed.docker, 2)
  await bed.docker.call('DELETE', `/services/${ID}`)
  const result = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  expect(result).toMatchObject({ ok: true, summary: { create: 1, update: 0, delete: 0 } })
  expect((await serviceOf(bed.docker, 2)).ID).not.toBe(ID)
})

it('says of a run that had to be killed that its end may be in no state, and looks for it in the next', async () => {
  const { config } = bed.services
  const [engine, mark] = [join(config.home, 'deaf-engine'), join(config.home, 'applies')]
  const deaf = `if [ "$1" = apply ]; then trap '' INT; touch ${mark}; sleep 600; fi`
  writeFileSync(engine, `#!/bin/sh\n${deaf}\nexec ${config.terraformBinary} "$@"\n`, {
    mode: 0o755,
  })
  const stop = new AbortController()
  const services = { ...bed.services, config: { ...config, terraformBinary: engine }, graceMs: 300 }
  const content = bed.seats([1, 2, 3, 4])
  const run = applyStack(services, bed.request(content, { signal: stop.signal }))
  await expect.poll(() => existsSync(mark), { timeout: 60_000 }).toBe(true)
  stop.abort()
  expect(await run).toMatchObject({
    ...{ ok: false, reason: 'cancelled' },
    message: expect.stringMatching(
      /^Cancelled during apply: Terraform was killed before it could save/,
    ),
  })
  expect(await stackRow(bed.database, SEATS)).toMatchObject({ state: 'needs_reconcile' })
  const next = await applyStack(bed.services, bed.request(content))
  expect(next).toMatchObject({ ok: true, summary: { create: 1 } })
  const less = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3])))
  expect(less).toMatchObject({ ok: true, summary: { delete: 1 } })
})

it('looks as closely in the run after one whose plan could not be made', async () => {
  const { config } = bed.services
  const engine = join(config.home, 'no-plans')
  writeFileSync(
    engine,
    `#!/bin/sh\n[ "$1" != plan ] || exit 1\nexec ${config.terraformBinary} "$@"\n`,
    { mode: 0o755 },
  )
  const content = bed.seats([1, 2, 3])
  expect(await applyStack(bed.services, bed.request(content))).toMatchObject({ ok: true })
  const { ID } = await serviceOf(bed.docker, 1)
  await setMemory(ID, 24)
  const { pool } = bed.database
  await execute(pool, sql`update stack set state = 'needs_reconcile' where key = ${SEATS}`)
  const without = { ...bed.services, config: { ...config, terraformBinary: engine } }
  expect(await applyStack(without, bed.request(content))).toMatchObject({ reason: 'failed' })
  const next = await applyStack(bed.services, bed.request(content))
  expect(next).toMatchObject({ ok: true, summary: { update: 1 } })
  expect((await serviceOf(bed.docker, 1)).Spec.TaskTemplate).toMatchObject({
    Resources: { Limits: { MemoryBytes: 16 * 1024 * 1024 } },
  })
})

it('leaves a running seat of another make alone, and takes it over once it is cold', async () => {
  const stranger = await makeByHand(4)
  const task = await runningTask(bed.docker, stranger)
  const request: StackRequest = bed.request(bed.seats([1, 2, 3, 4, 5]))
  const spared = await applyStack(bed.services, request)
  expect(spared).toMatchObject({ ok: false, reason: 'held', retry: true })
  expect(spared).toHaveProperty('message', expect.stringContaining('docker_service.s004'))
  expect(await runningTask(bed.docker, stranger)).toBe(task)
  // The rest of the class did not wait for it.
  expect((await serviceOf(bed.docker, 5)).Spec.Labels['labplan.stack']).toBe(SEATS)

  await setReplicas(bed.docker, stranger, { replicas: 0, pidsLimit: 32 })
  const taken = await applyStack(bed.services, request)
  expect(taken).toMatchObject({ ok: true, summary: { import: 1, create: 0, delete: 0 } })
  const { Spec } = await serviceOf(bed.docker, 4)
  expect(Spec.TaskTemplate).toMatchObject({ ContainerSpec: { CapabilityDrop: ['ALL'] } })
})

it('says which network is missing, and which secret', async () => {
  const elsewhere = bed.seats([1], { ...bed.template, network: 'elsewhere' })
  expect(await applyStack(bed.services, bed.request(elsewhere))).toMatchObject({
    ok: false,
    reason: 'failed',
    message: "There is no Swarm network lp-test0000-elsewhere: make the pool's base first.",
  })
  const before = async () => ({ secrets: {} })
  expect(await applyStack(bed.services, bed.request(bed.seats([1]), { before }))).toMatchObject({
    ok: false,
    message: 'No Swarm secret was made for seat 1.',
  })
})

it('says what Terraform said when it fails, and gives the stack back', async () => {
  const services = { ...bed.services, log: { ...bed.services.log, error: () => {} } }
  const unheard = bed.seats([1, 2, 3, 4, 5, 6], { ...bed.template, constraints: ['nonsense'] })
  const failed = await applyStack(services, bed.request(unheard))
  expect(failed).toMatchObject({ ok: false, reason: 'failed', retry: true })
  expect(failed).toHaveProperty(
    'message',
    expect.stringMatching(/^Terraform could not apply: .*constraint expected one operator/),
  )
  const result = await applyStack(bed.services, bed.request(bed.seats([1, 2, 3, 4, 5])))
  expect(result).toMatchObject({ ok: true })
})

it('leaves a running task alone when a label of its seat changes, with Terraform by hand too', async () => {
  const { ID } = await serviceOf(bed.docker, 1)
  await setReplicas(bed.docker, ID, { replicas: 1, pidsLimit: 32 })
  const task = await runningTask(bed.docker, ID)
  const renamed = renderStack(bed.seats([1, 2, 3, 4, 5])).replaceAll(
    '"label": "labplan.run"',
    '"label": "labplan.maker"',
  )
  expect(await applyByHand(renamed)).toContain('No changes')
  expect(await runningTask(bed.docker, ID)).toBe(task)
  expect((await serviceOf(bed.docker, 1)).Spec.Mode.Replicated.Replicas).toBe(1)
})

/** `terraform apply` of a configuration on the stack's state, past our guard. */
async function applyByHand(configuration: string): Promise<string> {
  const { config, keyRing } = bed.services
  const { pool } = bed.database
  const stack = await one<{ id: string }>(pool, sql`select id from stack where key = ${SEATS}`)
  const state = await findState(pool, keyRing, stack.id)
  const { secrets } = await makeSecrets(bed.docker, bed.seats([1, 2, 3, 4, 5]))
  const ids = Object.entries(secrets).map(([number, id]) => [number.padStart(3, '0'), id])
  const [network] = (await bed.docker.call('GET', '/networks', {
    query: { filters: { name: ['lp-test0000-seats'], scope: ['swarm'] } },
  })) as { Id: string }[]
  const tools = await prepareTools(config, JSON.parse(configuration).terraform.required_providers)
  const folder = join(config.home, 'by-hand')
  mkdirSync(folder)
  writeFileSync(join(folder, 'cdk.tf.json'), configuration.replace('"http": {}', '"local": {}'))
  writeFileSync(join(folder, 'terraform.tfstate'), state!.bytes)
  const terraform = (...args: string[]) =>
    execFileSync(config.terraformBinary, args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: config.searchPath,
        DOCKER_HOST: bed.dockerHost,
        TF_CLI_CONFIG_FILE: tools.cliConfig,
        TF_VAR_run: 'by-hand',
        TF_VAR_secrets: JSON.stringify(Object.fromEntries(ids)),
        TF_VAR_networks: JSON.stringify({ 'lp-test0000-seats': network!.Id }),
      },
    })
  terraform('init', '-no-color')
  return terraform('apply', '-auto-approve', '-no-color')
}

/** A service with a seat's name and labels, made by nobody we know, and running. */
async function makeByHand(number: number): Promise<string> {
  const { Spec } = await serviceOf(bed.docker, 1)
  const container = Spec.TaskTemplate.ContainerSpec as { Image: string }
  const made = (await bed.docker.call('POST', '/services/create', {
    body: {
      Name: serviceName({ installation: 'test0000', course8: COURSE8, number }),
      Labels: { ...Spec.Labels, 'labplan.seat': `${COURSE8}/00${number}` },
      TaskTemplate: {
        ContainerSpec: { Image: container.Image },
        Networks: Spec.TaskTemplate.Networks,
      },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: 'dnsrr' },
    },
  })) as { ID: string }
  return made.ID
}

async function untilServices(count: number): Promise<void> {
  const deadline = Date.now() + 60_000
  while ((await liveServices(bed.docker)).length < count) {
    if (Date.now() > deadline) throw new Error(`Not ${count} services after 60 s.`)
    await sleep(50)
  }
}
