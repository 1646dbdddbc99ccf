/**
 * The inventory on a real Swarm, with a real worker beside it: faults are planted, named and repaired; what
 * belongs to others is as it was.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Config, readConfig } from '../../../api/config.ts'
import { execute, many, one, sql } from '../../../api/data/db.ts'
import { readKeyRing } from '../../../api/data/key-ring.ts'
import { openLog } from '../../../api/log.ts'
import { dataVolumeName, secretName, serviceName } from '../../../stacks/parts/names.ts'
import { type Engine, connectEngine } from '../../../workers/swarm/engine.ts'
import { createSecret } from '../../../workers/swarm/secret.ts'
import { setReplicas } from '../../../workers/swarm/service.ts'
import { type Watch, inventoryWatch } from '../../../workers/watch/inventory.ts'
import { type Worker, startWorker } from '../../../workers/worker.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { allDocuments, environmentDocument, networksDocument } from '../../cast/documents.ts'
import { newPerson } from '../../api/class-scene.ts'
import { importDocuments, launch } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { removeEngineVolume } from '../../../workers/swarm/engine-volume.ts'
import { pushSleeper } from '../../beds/sleeper.ts'
import {
  type LiveService,
  liveServices,
  makeNetwork,
  runningTask,
} from '../terraform/terraform-bed.ts'

// A Wednesday, between two classes: a course of two headroom seats, cold.
const startedAt = Date.now()
const now = () => new Date(Date.UTC(2026, 10, 25, 12) + Date.now() - startedAt)
const STACK = 'seats-networks-101-0'

let bed: SwarmBed
let database: TestDatabase
let docker: Engine
let worker: Worker
let watch: Watch
let course8: string
let image: string
const home = mkdtempSync(join(tmpdir(), 'labplan-test-inventory-'))
const installation = () => database.installation

beforeAll(async () => {
  ;[bed, database] = await Promise.all([swarmBed({ nodes: 1 }), testDatabase()])
  docker = connectEngine(bed.dockerHost)
  image = pushSleeper(bed.dockerHost, bed.registry, home)
  makeNetwork(bed.dockerHost, `lp-${installation()}-seats`)
  const config = writeConfig()
  const ring = readKeyRing(config.keyFile)
  await importCourse(ring)
  const log = openLog('worker', 'silent')
  worker = await startWorker({ config, log, name: 'test-1', now })
  const place = { installation: installation(), registry: bed.registry, storageRoot: bed.volumes }
  watch = inventoryWatch({ pool: database.pool, engine: docker, ring, place, log, now })
  await untilSettled(2)
})

afterAll(async () => {
  await worker?.stop()
  docker?.close()
  await Promise.all([bed?.down(), database?.drop()])
  rmSync(home, { recursive: true, force: true })
})

function writeConfig(): Config {
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  writeFileSync(join(home, 'keys.json'), JSON.stringify(keys))
  return readConfig({
    LABPLAN_HOME: home,
    DATABASE_URL: database.url,
    LABPLAN_INSTALLATION: installation(),
    LABPLAN_REGISTRY: bed.registry,
    DOCKER_HOST: bed.dockerHost,
    TERRAFORM_BINARY_NAME: engineThatWaits(process.env.TERRAFORM_BINARY_NAME ?? 'terraform'),
    LABPLAN_PROVIDER_MIRROR:
      process.env.LABPLAN_PROVIDER_MIRROR ?? join(homedir(), '.cache', 'labplan', 'mirror'),
    PATH: process.env.PATH,
  })
}

/** The engine; while `waits` is there, it does not begin an apply, and says so by `began`. */
const [waits, began] = [join(home, 'waits'), join(home, 'began')]
function engineThatWaits(engine: string): string {
  const file = join(home, 'engine')
  const wait = `if [ "$1" = apply ] && [ -e ${waits} ]; then touch ${began}; while [ -e ${waits} ]; do sleep 0.1; done; fi`
  writeFileSync(file, `#!/bin/sh\n${wait}\nexec ${engine} "$@"\n`, { mode: 0o755 })
  return file
}

async function importCourse(ring: ReturnType<typeof readKeyRing>): Promise<void> {
  const texts: Record<string, string> = {
    'environment.yaml': environmentDocument.replace(/labplan\/terminal@sha256:\w+/, image),
    'networks-101.yaml': networksDocument(3)
      .replace('headroom: { seats: 0 }', 'headroom: { seats: 2 }')
      .replace('cpu: 0.5, memoryMb: 512', 'cpu: 0.05, memoryMb: 32'),
  }
  const documents = allDocuments()
    .filter(({ name }) => name !== 'machine-learning-lab.yaml')
    .map(({ name, text }) => ({ name, text: texts[name] ?? text }))
  await importDocuments(database.pool, ring, now(), documents)
  const course = await one<{ code: string }>(database.pool, sql`select code from course`)
  course8 = course.code
}

/** Waits until every stack is what is wanted and in nobody's hands. */
async function untilSettled(stacks: number): Promise<void> {
  const deadline = Date.now() + 90_000
  for (;;) {
    const rows = await many<{ settled: boolean; message: string | null }>(
      database.pool,
      sql`select state = 'applied' and wanted_digest = applied_digest and lease_owner is null as settled, message
          from stack`,
    )
    if (rows.length >= stacks && rows.every((row) => row.settled)) return
    if (Date.now() > deadline) throw new Error(`Not settled: ${JSON.stringify(rows)}`)
    await sleep(200)
  }
}

const nameOf = (number: number) => serviceName({ installation: installation(), course8, number })
const labelsOf = (number: number, stack = STACK) => ({
  'labplan.installation': installation(),
  'labplan.stack': stack,
  'labplan.seat': `${course8}/${String(number).padStart(3, '0')}`,
})

async function makeService(name: string, labels: Record<string, string>, replicas = 0) {
  return docker.call('POST', '/services/create', {
    body: {
      ...{ Name: name, Labels: labels, Mode: { Replicated: { Replicas: replicas } } },
      TaskTemplate: { ContainerSpec: { Image: `${bed.registry}/${image}` } },
      EndpointSpec: { Mode: 'dnsrr' },
    },
  })
}

async function service(number: number): Promise<LiveService> {
  const found = (await liveServices(docker)).find((one) => one.Spec.Name === nameOf(number))
  if (!found) throw new Error(`No service ${nameOf(number)}`)
  return found
}

/** Looks twice, as the worker does in two minutes; what is off, in words. */
async function lookTwice(): Promise<string[]> {
  await watch.look()
  return (await watch.look()).map(({ kind, name, code, repair }) =>
    [kind, name, code, repair].join(' '),
  )
}

/** Everything on the Swarm that is not ours, as its engine describes it. */
async function others(): Promise<string[]> {
  const isOurs = (text: string) => text.includes(installation())
  const [services, secrets, networks, volumes] = (await Promise.all(
    ['/services', '/secrets', '/networks', '/volumes'].map((path) => docker.call('GET', path)),
  )) as [object[], object[], object[], { Volumes: object[] }]
  return [...services, ...secrets, ...networks, ...volumes.Volumes]
    .map((one) => JSON.stringify(one))
    .filter((text) => !isOurs(text))
    .toSorted()
}

it('finds nothing on a healthy Swarm, whatever others have there', async () => {
  const other = { ...labelsOf(1), 'labplan.installation': 'other000' }
  const otherName = serviceName({ installation: 'other000', course8, number: 1 })
  await makeService(otherName, other)
  await makeService('somebodys-web-site', {})
  await createSecret(docker, { name: 'somebodys-password', content: 'x', labels: {} })
  await createSecret(docker, {
    name: secretName({ installation: 'other000', course8, number: 1, generation: 1 }),
    ...{ content: 'x', labels: other },
  })
  const volume = { Name: `${otherName}-g1`, Labels: other }
  await docker.call('POST', '/volumes/create', { body: volume })
  await docker.call('POST', '/volumes/create', { body: { Name: 'somebodys-files' } })
  const before = await others()
  expect(before.length).toBeGreaterThanOrEqual(6)

  expect(await lookTwice()).toEqual([])
  expect(await others()).toEqual(before)
})

it('names what is leaked, missing, altered and strange, and repairs what may be repaired', async () => {
  const before = await others()
  await makeService(nameOf(9), labelsOf(9))
  await makeService(nameOf(8), labelsOf(8, 'seats-nobody-0'))
  await makeService(`lp-${installation()}-by-hand`, { 'labplan.installation': installation() })
  const secret = { installation: installation(), course8, generation: 1 }
  await createSecret(docker, {
    ...{ name: secretName({ ...secret, number: 8 }), content: 'x' },
    labels: labelsOf(8, 'seats-nobody-0'),
  })
  await createSecret(docker, {
    ...{ name: secretName({ ...secret, number: 3 }), content: 'x', labels: labelsOf(3) },
  })
  await docker.call('POST', '/volumes/create', {
    body: { Name: `${nameOf(999)}-g1`, Labels: labelsOf(999) },
  })
  const dataOf = (version: number) =>
    dataVolumeName({ installation: installation(), course8, version })
  for (const version of [1, 2])
    await docker.call('POST', '/volumes/create', {
      body: { Name: dataOf(version), Labels: { 'labplan.installation': installation() } },
    })
  await execute(
    database.pool,
    sql`insert into course_data (id, course_id, version, name, size_mb, state, state_at, files, bytes, created_at, published_at)
        select gen_random_uuid(), id, 1, ${dataOf(1)}, 8, 'purged', ${now()}, 1, 3, ${now()}, ${now()} from course where code = ${course8}`,
  )
  const gone = await service(2)
  await docker.call('DELETE', `/services/${gone.ID}`)
  await giveMoreMemory(await service(1))

  const found = await lookTwice()
  expect(found.toSorted()).toEqual(
    [
      `altered ${nameOf(1)} differs run`,
      `leaked ${dataOf(1)} data-purged remove`,
      `leaked ${nameOf(8)} in-no-state remove`,
      `leaked ${nameOf(9)} in-no-state run`,
      `leaked ${secretName({ ...secret, number: 3 })} used-by-nobody run`,
      `leaked ${secretName({ ...secret, number: 8 })} used-by-nobody remove`,
      `missing ${nameOf(2)} not-there run`,
      `strange lp-${installation()}-by-hand not-as-we-name none`,
      `strange ${nameOf(999)}-g1 volume-of-no-seat none`,
    ].toSorted(),
  )

  // The worker runs the stack again by itself; nothing else was asked of it.
  await untilSettled(2)
  expect((await lookTwice()).toSorted()).toEqual([
    `strange lp-${installation()}-by-hand not-as-we-name none`,
    `strange ${nameOf(999)}-g1 volume-of-no-seat none`,
  ])
  const names = (await liveServices(docker)).map((one) => one.Spec.Name)
  expect(names).toEqual(expect.arrayContaining([nameOf(1), nameOf(2)]))
  expect(names).not.toEqual(expect.arrayContaining([nameOf(9)]))
  expect(names).not.toEqual(expect.arrayContaining([nameOf(8)]))
  expect((await service(1)).Spec.TaskTemplate).toMatchObject({
    Resources: { Limits: { MemoryBytes: 32 * 1024 * 1024 } },
  })
  // Its files were purged; those of the other version were not.
  expect((await docker.ask('GET', `/volumes/${dataOf(1)}`)).status).toBe(404)
  expect((await docker.ask('GET', `/volumes/${dataOf(2)}`)).status).toBe(200)
  expect(await others()).toEqual(before)
})

it('leaves a running service alone that no state knows', async () => {
  await makeService(nameOf(6), labelsOf(6), 1)
  expect(await lookTwice()).toContain(`strange ${nameOf(6)} runs-in-no-state none`)
  const { ID } = await service(6)
  await setReplicas(docker, ID, { replicas: 0, pidsLimit: 32 })
  expect(await lookTwice()).toContain(`leaked ${nameOf(6)} in-no-state run`)
  await untilSettled(2)
  expect((await liveServices(docker)).map((one) => one.Spec.Name)).not.toContain(nameOf(6))
})

it('wrote down what came and went, for receipts', async () => {
  const rows = await many<{ kind: string; count: number }>(
    database.pool,
    sql`select kind, count(*)::int as count from made_object where gone_at is null group by kind order by kind`,
  )
  expect(rows).toEqual([
    { kind: 'secret', count: 2 },
    { kind: 'service', count: 2 },
    { kind: 'volume', count: 3 },
  ])
})

it('takes an engine’s volume away for an erasure: not from under who runs, and nobody else’s', async () => {
  const name = `lp-${installation()}-${course8}-s090-g1`
  const run = (...args: string[]) =>
    execFileSync('docker', ['-H', bed.dockerHost, ...args], { stdio: 'pipe' }).toString()
  const remove = () => removeEngineVolume(docker, { name, installation: installation() })
  run('volume', 'create', '--label', `labplan.installation=${installation()}`, name)
  const held = ['run', '--detach', '--volume', `${name}:/home`, `${bed.registry}/${image}`]
  const container = run(...held).trim()
  expect(await remove()).toBeUndefined()
  await expect(removeEngineVolume(docker, { name, installation: 'another0' })).rejects.toThrow(
    'not labelled',
  )
  run('kill', container)
  const gone = { file: false, mounted: false, listed: false }
  expect(await remove()).toEqual({ before: { bytes: 0, diskBytes: 0 }, after: gone })
  expect(run('volume', 'ls', '--quiet')).not.toContain(name)
  expect(await remove()).toEqual({ before: null, after: gone })
})

it('makes a lost seat again while another one that was altered is at work, which it leaves as it is', async () => {
  const { pool } = database
  const personId = await newPerson(pool)
  const { seatNumber } = await launch(pool, { personId, courseKey: 'networks-101', now: now() })
  const mine = seatNumber!
  const isOn = async () => {
    const all = (await liveServices(docker)).map(({ Spec }) => Spec.Name)
    const { Spec } = await service(mine)
    return Spec.Mode.Replicated.Replicas === 1 && [1, 2, 3].every((n) => all.includes(nameOf(n)))
  }
  // Nothing answers in it: it is on its way for as long as this takes.
  await expect.poll(isOn, { timeout: 60_000, interval: 200 }).toBe(true)
  await untilSettled(2)
  await giveMoreMemory(await service(mine))
  const { number: other } = await one<{ number: number }>(
    pool,
    sql`select number from seat where state = 'cold' order by number desc limit 1`,
  )
  const gone = await service(other)
  await docker.call('DELETE', `/services/${gone.ID}`)

  const found = await lookTwice()
  expect(found).toContain(`altered ${nameOf(mine)} differs wait`)
  expect(found).toContain(`missing ${nameOf(other)} not-there run`)
  await untilSettled(2)
  expect((await service(other)).ID).not.toBe(gone.ID)
  expect((await service(mine)).Spec).toMatchObject({
    Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: { Resources: { Limits: { MemoryBytes: 64 * 1024 * 1024 } } },
  })
  const still = await lookTwice()
  expect(still).toContain(`altered ${nameOf(mine)} differs wait`)
  expect(still).not.toContain(`missing ${nameOf(other)} not-there run`)
}, 180_000)

it('cuts nobody who launches while a cold seat that was altered is made right again', async () => {
  const { pool } = database
  await execute(pool, sql`update workspace set state = 'stopped'`)
  await execute(pool, sql`update seat set wanted_on = false`)
  const areCold = async () =>
    (await many(pool, sql`select 1 from seat where state not in ('cold', 'absent')`)).length === 0
  await expect.poll(areCold, { timeout: 60_000, interval: 200 }).toBe(true)
  // What was altered before, and worked on, is made right first.
  await untilSettled(2)
  await lookTwice()
  await untilSettled(2)
  const { number: altered } = await one<{ number: number }>(
    pool,
    sql`select number from seat where state = 'cold' and not taken order by number limit 1`,
  )
  await giveMoreMemory(await service(altered))
  writeFileSync(waits, '')
  expect(await lookTwice()).toContain(`altered ${nameOf(altered)} differs run`)
  await expect.poll(() => existsSync(began), { timeout: 60_000, interval: 100 }).toBe(true)

  const personId = await newPerson(pool)
  const { seatNumber } = await launch(pool, { personId, courseKey: 'networks-101', now: now() })
  const isOn = async () => (await service(seatNumber!)).Spec.Mode.Replicated.Replicas === 1
  await expect.poll(isOn, { timeout: 60_000, interval: 200 }).toBe(true)
  const task = await runningTask(docker, (await service(seatNumber!)).ID)
  rmSync(waits)
  await untilSettled(2)
  expect(await runningTask(docker, (await service(seatNumber!)).ID)).toBe(task)
  expect(seatNumber).not.toBe(altered)
  expect((await service(altered)).Spec.TaskTemplate).toMatchObject({
    Resources: { Limits: { MemoryBytes: 32 * 1024 * 1024 } },
  })
  expect(await many(pool, sql`select 1 from seat where held`)).toEqual([])
}, 240_000)

async function giveMoreMemory({ ID, Spec }: LiveService): Promise<void> {
  const { Version } = (await docker.call('GET', `/services/${ID}`)) as {
    Version: { Index: number }
  }
  const Limits = { NanoCPUs: 50_000_000, MemoryBytes: 64 * 1024 * 1024 }
  await docker.call('POST', `/services/${ID}/update`, {
    query: { version: Version.Index },
    body: { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, Resources: { Limits } } },
  })
}
