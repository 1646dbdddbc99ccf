import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { root } from '../../scripts/steps/settings.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import type { Environment } from '../../stacks/terms.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import { IDENTITY_PORT, findDoors, portAnswers } from '../../workers/swarm/probe.ts'
import { createSecret } from '../../workers/swarm/secret.ts'
import { setReplicas } from '../../workers/swarm/service.ts'
import { listTasks, nodeAddresses, publishedPorts, runningTask } from '../../workers/swarm/task.ts'

const READY_MS = 90_000

export type Seat = {
  name: string
  serviceId: string
  login: string
  password: string
  /** What it proves itself with. */
  key: Buffer
  /** Waits until every port of the environment answers, and says where. */
  untilReady(): Promise<Place>
  /** Turns it off, waits for its end, turns it on again. */
  restart(): Promise<Place>
}

/** A running seat: its task, its node's address, and the node's port for each container port. */
export type Place = { task: string; node: string; address: string; ports: Map<number, number> }

/** The environment `terminal` as examples/environments.yaml declares it. */
export function terminalEnvironment(): Environment {
  const file = 'examples/environments.yaml'
  const { documents } = parseDocuments(readFileSync(join(root, file), 'utf8'), file)
  const found = documents.find((one) => one.kind === 'Environment' && one.value.key === 'terminal')
  if (found?.kind !== 'Environment') throw new Error(`${file} declares no environment terminal`)
  return found.value
}

/** A seat as the product makes them (stacks/parts/seat-service.ts), but without Terraform. */
export async function makeSeat(
  engine: Engine,
  wanted: { name: string; image: string; networkId?: string; node?: string },
): Promise<Seat> {
  const { name } = wanted
  const environment = terminalEnvironment()
  const login = `student-${name}`
  const password = randomBytes(12).toString('base64url')
  const key = randomBytes(32)
  const content = JSON.stringify({ login, password, identityKey: key.toString('base64url') })
  const secret = await createSecret(engine, { name: `secret-${name}`, content, labels: {} })
  const body = serviceSpec(environment, wanted, secret)
  const answer = await engine.call('POST', '/services/create', { body })
  const serviceId = z.object({ ID: z.string() }).parse(answer).ID
  const scale = (replicas: 0 | 1) =>
    setReplicas(engine, serviceId, { replicas, pidsLimit: environment.pidsLimit })
  const untilReady = () => untilDoorsAnswer(engine, serviceId, environment, key)
  await scale(1)
  return {
    name,
    serviceId,
    login,
    password,
    key,
    untilReady,
    async restart() {
      await scale(0)
      await untilNothingRuns(engine, serviceId)
      await scale(1)
      return await untilReady()
    },
  }
}

function serviceSpec(
  environment: Environment,
  wanted: { name: string; image: string; networkId?: string; node?: string },
  secretId: string,
) {
  const { name } = wanted
  const file = { Name: 'labplan', UID: '0', GID: '0', Mode: 0o400 }
  const numbers = [...environment.ports.map((port) => port.number), IDENTITY_PORT]
  return {
    Name: name,
    Labels: { 'labplan.seat': `course00/${name}` },
    Mode: { Replicated: { Replicas: 0 } },
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: numbers.map((number) => ({
        TargetPort: number,
        Protocol: 'tcp',
        PublishMode: 'host',
      })),
    },
    TaskTemplate: {
      ContainerSpec: {
        Image: wanted.image,
        Env: ['LABPLAN_TASK={{.Task.ID}}', `LABPLAN_SEAT=course00/${name}`],
        CapabilityDrop: ['ALL'],
        CapabilityAdd: environment.capabilities.map((one) => `CAP_${one}`),
        Secrets: [{ SecretID: secretId, SecretName: `secret-${name}`, File: file }],
        Mounts: [{ Type: 'volume', Source: `volume-${name}`, Target: environment.mountPath }],
      },
      Networks: wanted.networkId === undefined ? [] : [{ Target: wanted.networkId }],
      RestartPolicy: { Condition: 'any', Delay: 5e9, MaxAttempts: 0, Window: 0 },
      Placement: wanted.node ? { Constraints: [`node.hostname==${wanted.node}`] } : {},
    },
  }
}

async function untilDoorsAnswer(
  engine: Engine,
  serviceId: string,
  environment: Environment,
  key: Buffer,
): Promise<Place> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const place = await placeOf(engine, serviceId, key)
    if (place && (await everyPortAnswers(environment, place))) return place
    if (Date.now() > deadline) throw new Error(await whyNotReady(engine, serviceId))
    await sleep(100)
  }
}

async function placeOf(engine: Engine, serviceId: string, key: Buffer): Promise<Place | undefined> {
  const tasks = await listTasks(engine, { installation: '', serviceIds: [serviceId] })
  const task = runningTask(tasks, serviceId)
  if (!task?.NodeID) return undefined
  const address = (await nodeAddresses(engine)).get(task.NodeID) ?? ''
  const published = publishedPorts(task)
  const doors = await findDoors({ address, published, task: task.ID, key })
  return doors && { task: task.ID, node: task.NodeID, address, ports: doors.ports }
}

async function everyPortAnswers(environment: Environment, place: Place): Promise<boolean> {
  const answers = environment.ports.map((port) =>
    portAnswers(port.kind, place.address, place.ports.get(port.number) ?? 0),
  )
  return (await Promise.all(answers)).every(Boolean)
}

async function untilNothingRuns(engine: Engine, serviceId: string): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const tasks = await listTasks(engine, { installation: '', serviceIds: [serviceId] })
    if (tasks.every((task) => !['running', 'starting'].includes(task.Status.State))) return
    if (Date.now() > deadline) throw new Error('The seat does not stop')
    await sleep(100)
  }
}

async function whyNotReady(engine: Engine, serviceId: string): Promise<string> {
  const tasks = await listTasks(engine, { installation: '', serviceIds: [serviceId] })
  return `The seat is not ready in time: ${JSON.stringify(tasks.map((task) => task.Status))}`
}
