/** A seat as a real service of a real Swarm, running the program `echo`, for what only real containers show. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { buildImage } from '../../scripts/images/build.ts'
import type { Recipe } from '../../scripts/images/recipe.ts'
import { terminal } from '../../scripts/images/terminal.ts'
import { readSettings, root } from '../../scripts/steps/settings.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import { IDENTITY_PORT, findDoors, portAnswers } from '../../workers/swarm/probe.ts'
import { createSecret } from '../../workers/swarm/secret.ts'
import { findService, setReplicas } from '../../workers/swarm/service.ts'
import {
  isAlive,
  listTasks,
  nodeAddresses,
  publishedPorts,
  runningTask,
} from '../../workers/swarm/task.ts'
import type { Where } from './gateway-rows.ts'

const WEB_PORT = 9000
const READY_MS = 90_000
const PROGRAM = '/usr/lib/labplan/echo'

/** On the terminal's base system, which is in the cache already. */
const recipe: Recipe = {
  ...terminal,
  name: 'echo',
  programs: [
    { module: 'seat', to: 'sbin/labplan-seat' },
    { module: 'echo', to: PROGRAM.slice(1) },
  ],
  files: [],
  config: {
    ...terminal.config,
    ExposedPorts: { [`${WEB_PORT}/tcp`]: {}, [`${IDENTITY_PORT}/tcp`]: {} },
    Labels: { 'labplan.environment': 'echo' },
  },
}

/** Builds the image into the registry of a bed; answers its reference. */
export async function echoImage({ registry }: { registry: string }): Promise<string> {
  return buildImage(recipe, { root, cache: readSettings().cache, registry, say: () => {} })
}

export type Ports = { web: number; identity: number }

export type ContainerSeat = {
  start(): Promise<Where>
  stop(): Promise<void>
  /** Other published ports, while it is stopped. */
  move(ports: Ports): Promise<void>
}

/** `key` is the seat's identity key; `ports` are its published ports, free ones unless given. */
export async function echoSeat(
  engine: Engine,
  wanted: { name: string; image: string; key: Buffer; word: string; ports?: Ports },
): Promise<ContainerSeat> {
  const { name, key } = wanted
  const credential = { login: name, password: 'echo-echo-echo' }
  const content = JSON.stringify({ ...credential, identityKey: key.toString('base64url') })
  const secret = await createSecret(engine, { name: `secret-${name}`, content, labels: {} })
  const body = serviceSpec(wanted, secret)
  const answer = await engine.call('POST', '/services/create', { body })
  const id = z.object({ ID: z.string() }).parse(answer).ID
  const scale = (replicas: 0 | 1) => setReplicas(engine, id, { replicas, pidsLimit: 64 })
  const tasks = () => listTasks(engine, { installation: '', serviceIds: [id] })
  return {
    async start() {
      await scale(1)
      return soon(`seat ${name} to answer`, () => whereOf(engine, id, key))
    },
    async stop() {
      await scale(0)
      await soon(`seat ${name} to end`, async () => (isAlive(await tasks(), id) ? undefined : true))
    },
    async move(ports) {
      const service = (await findService(engine, id))!
      await engine.call('POST', `/services/${id}/update`, {
        query: { version: service.Version.Index },
        body: { ...service.Spec, EndpointSpec: published(ports) },
      })
    },
  }
}

type Wanted = { name: string; image: string; word: string; ports?: Ports }

function serviceSpec({ name, image, word, ports }: Wanted, secretId: string) {
  const file = { Name: 'labplan', UID: '0', GID: '0', Mode: 0o400 }
  return {
    Name: name,
    Mode: { Replicated: { Replicas: 0 } },
    EndpointSpec: published(ports),
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Args: [PROGRAM, '-word', word],
        Env: ['LABPLAN_TASK={{.Task.ID}}', `LABPLAN_SEAT=course00/${name}`],
        Secrets: [{ SecretID: secretId, SecretName: `secret-${name}`, File: file }],
      },
      RestartPolicy: { Condition: 'none' },
    },
  }
}

function published(ports?: Ports) {
  const port = (target: number, publish: number | undefined) => ({
    ...{ TargetPort: target, Protocol: 'tcp', PublishMode: 'host' },
    ...(publish !== undefined && { PublishedPort: publish }),
  })
  return {
    Mode: 'dnsrr',
    Ports: [port(WEB_PORT, ports?.web), port(IDENTITY_PORT, ports?.identity)],
  }
}

/** Where it runs, once it has proven who it is and its program answers. */
async function whereOf(engine: Engine, id: string, key: Buffer): Promise<Where | undefined> {
  const tasks = await listTasks(engine, { installation: '', serviceIds: [id] })
  const task = runningTask(tasks, id)
  if (!task?.NodeID) return undefined
  const address = (await nodeAddresses(engine)).get(task.NodeID)!
  const doors = await findDoors({ address, published: publishedPorts(task), task: task.ID, key })
  const port = doors?.ports.get(WEB_PORT)
  if (!doors || !port || !(await portAnswers('web', address, port))) return undefined
  return { taskId: task.ID, address, port, identityPort: doors.identityPort }
}

async function soon<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`Waited ${READY_MS / 1000} s for ${what}.`)
    await sleep(100)
  }
}
