/**
 * Everything a run of Terraform needs, real and the test's own: PostgreSQL, a Swarm, a registry with an
 * image that does nothing, and a home for states and work folders.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execute, many, one, sql } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { keyRing } from '../../../api/data/key-ring.ts'
import type { SeatTemplate } from '../../../stacks/blueprint.ts'
import {
  type SeatsContent,
  type StackContent,
  type VolumesContent,
} from '../../../stacks/content.ts'
import { secretName, serviceName } from '../../../stacks/parts/names.ts'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import type { RunServices, StackRequest } from '../../../workers/terraform/run-stack.ts'
import { pushSleeper } from '../../beds/sleeper.ts'
import { swarmBed } from '../../beds/swarm.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { terraformTools } from '../../terraform-tools.ts'

export const COURSE8 = 'netw0rks'
export const SEATS = `seats-networks-101-0`
export const VOLUMES = `volumes-networks-101`

export type TerraformBed = {
  database: TestDatabase
  services: RunServices
  docker: Engine
  dockerHost: string
  /** The key ring as its file, for another process. */
  keys: { current: string; keys: Record<string, string> }
  /** Moves the clock that leases are read on. */
  advance(seconds: number): void
  template: SeatTemplate
  /** Content of the seats stack with these numbers. */
  seats(numbers: number[], template?: SeatTemplate): SeatsContent
  volumes(numbers: number[]): VolumesContent
  /** A request whose secrets are made and kept as the worker does. */
  request(content: StackContent, more?: Partial<StackRequest>): StackRequest
  down(): Promise<void>
}

export async function terraformBed(): Promise<TerraformBed> {
  const [bed, database] = await Promise.all([swarmBed({ nodes: 1 }), testDatabase()])
  const docker = connectEngine(bed.dockerHost)
  const home = mkdtempSync(join(tmpdir(), 'labplan-test-terraform-'))
  const image = pushSleeper(bed.dockerHost, bed.registry, home)
  makeNetwork(bed.dockerHost, `lp-${database.installation}-seats`)
  await insertStacks(database)
  let shiftMs = 0
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  const services: RunServices = {
    pool: database.pool,
    keyRing: keyRing(keys),
    config: {
      home,
      installation: database.installation,
      dockerHost: bed.dockerHost,
      ...terraformTools(),
    },
    docker,
    log: { info: () => {}, warn: () => {}, error: (...said) => console.error(...said) },
    worker: 'test-1',
    now: () => new Date(Date.now() + shiftMs),
  }
  const template = sleeperTemplate(image)
  const names = { installation: database.installation, course8: COURSE8 }
  return {
    database,
    services,
    keys,
    docker,
    dockerHost: bed.dockerHost,
    template,
    advance: (seconds) => (shiftMs += seconds * 1000),
    seats: (numbers, of = template) => ({
      ...names,
      kind: 'seats',
      key: SEATS,
      registry: bed.registry,
      seats: numbers.map((number) => ({ number, generation: 1, template: of })),
    }),
    volumes: (numbers) => ({
      ...names,
      kind: 'volumes',
      key: VOLUMES,
      volumes: numbers.map((seat) => ({ seat, generation: 1 })),
    }),
    request: (content, more) => ({ content, before: () => makeSecrets(docker, content), ...more }),
    async down() {
      docker.close()
      await Promise.all([bed.down(), database.drop()])
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function sleeperTemplate(image: string): SeatTemplate {
  const title = { fr: 'Terminal', en: 'Terminal' }
  return {
    image,
    command: [],
    env: { LESSON: 'one' },
    capabilities: ['CHOWN', 'SETUID'],
    ports: [
      { number: 8080, name: 'terminal', kind: 'web', title, required: true },
      { number: 22, name: 'ssh', kind: 'ssh', title, required: true },
    ],
    cpuMillis: 20,
    memoryMb: 16,
    gpu: null,
    volume: { mountPath: '/home', quotaMb: 100 },
    pidsLimit: 32,
    constraints: [],
    network: 'seats',
  }
}

/** The seats' network as a pool has it: a bridge on each node, known to the Swarm. */
export function makeNetwork(dockerHost: string, name: string): void {
  const create = (...args: string[]) =>
    execFileSync('docker', ['-H', dockerHost, 'network', 'create', ...args], { stdio: 'pipe' })
  create('--config-only', '--subnet', '10.240.0.0/24', `${name}-config`)
  create('--driver', 'bridge', '--scope', 'swarm', '--config-from', `${name}-config`, name)
}

async function insertStacks({ pool }: TestDatabase): Promise<void> {
  const at = new Date('2026-09-01T00:00:00Z')
  const zone = await one<{ id: string }>(pool, sql`select id from zone`)
  const poolId = newId()
  await execute(
    pool,
    sql`insert into pool (id, zone_id, key, created_at) values (${poolId}, ${zone.id}, 'main', ${at})`,
  )
  for (const [key, kind] of [
    [SEATS, 'seats'],
    [VOLUMES, 'volumes'],
  ])
    await execute(
      pool,
      sql`insert into stack (id, key, kind, pool_id, state, state_at)
          values (${newId()}, ${key}, ${kind}, ${poolId}, 'absent', ${at})`,
    )
}

const SECRET_TEXT = 'never-in-a-plan-or-state'

export const secretText = (name: string): string => `${SECRET_TEXT} ${name}`

/** Makes each seat's Swarm secret, unless it is there from an earlier run. */
export async function makeSecrets(
  docker: Engine,
  content: StackContent,
): Promise<{ secrets: Record<number, string> }> {
  if (content.kind !== 'seats') return { secrets: {} }
  const known = (await docker.call('GET', '/secrets')) as { ID: string; Spec: { Name: string } }[]
  const secrets: Record<number, string> = {}
  for (const { number, generation } of content.seats) {
    const name = secretName({ ...content, number, generation })
    const found = known.find((secret) => secret.Spec.Name === name)?.ID
    secrets[number] = found ?? (await createSecret(docker, name))
  }
  return { secrets }
}

async function createSecret(docker: Engine, name: string): Promise<string> {
  const body = { Name: name, Data: Buffer.from(secretText(name)).toString('base64') }
  const made = (await docker.call('POST', '/secrets/create', { body })) as { ID: string }
  return made.ID
}

export type LiveService = {
  ID: string
  Spec: {
    Name: string
    Labels: Record<string, string>
    Mode: { Replicated: { Replicas: number } }
    EndpointSpec: Record<string, unknown>
    TaskTemplate: Record<string, unknown>
  }
}

export async function liveServices(docker: Engine): Promise<LiveService[]> {
  const services = (await docker.call('GET', '/services')) as LiveService[]
  return services.toSorted((a, b) => (a.Spec.Name < b.Spec.Name ? -1 : 1))
}

export async function stackRow(database: TestDatabase, key: string) {
  return one<{
    state: string
    applied_digest: string | null
    lease_owner: string | null
    message: string | null
  }>(
    database.pool,
    sql`select state, applied_digest, lease_owner, message from stack where key = ${key}`,
  )
}

export async function runRows(database: TestDatabase) {
  return many<{
    id: string
    kind: string
    state: string
    message: string | null
    plan_digest: string | null
  }>(database.pool, sql`select id, kind, state, message, plan_digest from run order by created_at`)
}

export async function serviceOf(docker: Engine, number: number): Promise<LiveService> {
  const name = serviceName({ installation: 'test0000', course8: COURSE8, number })
  const found = (await liveServices(docker)).find((service) => service.Spec.Name === name)
  if (!found) throw new Error(`There is no service ${name}.`)
  return found
}

/** Id of the task that runs, waited for. */
export async function runningTask(docker: Engine, serviceId: string): Promise<string> {
  const filters = { service: [serviceId], 'desired-state': ['running'] }
  const deadline = Date.now() + 30_000
  for (;;) {
    const tasks = (await docker.call('GET', '/tasks', { query: { filters } })) as {
      ID: string
      Status: { State: string; Err?: string }
    }[]
    const running = tasks.find((task) => task.Status.State === 'running')
    if (running) return running.ID
    if (Date.now() > deadline) throw new Error(`No task runs: ${JSON.stringify(tasks)}`)
    await sleep(100)
  }
}

/** What every file under a folder holds; links are not followed. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}
