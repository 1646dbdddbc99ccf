/**
 * What our class is held against: the same services (image, reservations, limits, mounts, secrets, ports) made and
 * probed by plain calls of the Docker API over N connections, by a program that keeps nothing and can lose it all.
 */
import { randomBytes } from 'node:crypto'
import { until } from '../../test/practice-class.ts'
import { type Engine, EngineError, connectEngine } from '../../workers/swarm/engine.ts'
import { type PortKind, findDoors, portAnswers } from '../../workers/swarm/probe.ts'
import { createSecret, listSecrets, removeSecret } from '../../workers/swarm/secret.ts'
import type { Service } from '../../workers/swarm/service.ts'
import {
  type Task,
  listTasks,
  nodeAddresses,
  publishedPorts,
  runningTask,
} from '../../workers/swarm/task.ts'

const LIMIT_MS = 300_000
const LOOK_MS = 100

/** Required ports of the environment, as the product probes them. */
export type Ports = { number: number; kind: PortKind }[]

export type RawClass = {
  /** Milliseconds until every seat has proven who it is and answers on its ports. */
  create(): Promise<number>
  /** Milliseconds until no service, container or secret of it is left. */
  destroy(): Promise<number>
}

type Seat = {
  name: string
  spec: Service['Spec']
  key: Buffer
  serviceId: string
  isReady: boolean
}

/** Twins of `services`, made over so many connections. */
export function rawClass(
  hosts: { manager: string; nodes: string[] },
  services: Service[],
  ports: Ports,
  connections: number,
): RawClass {
  const label = `raw${connections}-${randomBytes(3).toString('hex')}`
  const seats: Seat[] = services.map((service, i) => ({
    name: `${label}-s${i + 1}`,
    spec: service.Spec,
    key: randomBytes(32),
    serviceId: '',
    isReady: false,
  }))
  const withEngines = async (work: (make: Engine, look: Engine) => Promise<void>) => {
    const [make, look] = [connectEngine(hosts.manager), connectEngine(hosts.manager)]
    const begun = performance.now()
    try {
      await work(make, look)
      return performance.now() - begun
    } finally {
      make.close()
      look.close()
    }
  }
  return {
    create: () =>
      withEngines(async (make, look) => {
        const making = overConnections(connections, seats, (seat) => makeSeat(make, label, seat))
        await Promise.all([making, probeAll(look, label, seats, ports)])
      }),
    async destroy() {
      const ms = await withEngines(async (make) => {
        await overConnections(connections, seats, ({ serviceId }) => removeService(make, serviceId))
        const secrets = [...(await listSecrets(make, label)).values()]
        const drop = async (id: string) => void (await removeSecret(make, id))
        await overConnections(connections, secrets, drop)
        await until(
          async () => (await leftOf(hosts.nodes, [`${label}-`])) === 0,
          LIMIT_MS,
          () => 'the raw services to go',
        )
      })
      await removeVolumes(hosts.nodes, label)
      return ms
    },
  }
}

async function overConnections<T>(
  connections: number,
  all: T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = [...all]
  const connection = async () => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: connections }, connection))
}

async function makeSeat(engine: Engine, label: string, seat: Seat): Promise<void> {
  const identityKey = seat.key.toString('base64url')
  const content = JSON.stringify({ login: 'raw', password: 'raw-raw-raw', identityKey })
  const name = `${seat.name}-secret`
  const labels = { 'labplan.installation': label }
  const secretId = await createSecret(engine, { name, content, labels })
  const body = twinOf(seat, { id: secretId, name }, labels)
  const made = (await engine.call('POST', '/services/create', { body })) as { ID: string }
  seat.serviceId = made.ID
}

type ContainerSpec = {
  Mounts?: { Source: string; VolumeOptions?: { Labels?: Record<string, string> } }[]
  Secrets: object[]
  Labels?: Record<string, string>
}

/** The running seat's own spec, one replica included; only names, labels and the secret differ. */
function twinOf(seat: Seat, secret: { id: string; name: string }, labels: Record<string, string>) {
  const { spec, name } = seat
  const container = spec.TaskTemplate.ContainerSpec as unknown as ContainerSpec
  const Mounts = container.Mounts?.map((mount) => ({
    ...mount,
    Source: `${name}-home`,
    VolumeOptions: { ...mount.VolumeOptions, Labels: labels },
  }))
  const Secrets = container.Secrets.map((one) => ({
    ...one,
    SecretID: secret.id,
    SecretName: secret.name,
  }))
  return {
    ...spec,
    Name: name,
    Labels: labels,
    TaskTemplate: {
      ...spec.TaskTemplate,
      ContainerSpec: { ...container, Labels: labels, Mounts, Secrets },
    },
  }
}

/** One list for all, and each seat that runs is probed beside the others. */
async function probeAll(engine: Engine, label: string, seats: Seat[], ports: Ports): Promise<void> {
  const addresses = await nodeAddresses(engine)
  const probing = new Map<Seat, Promise<void>>()
  await until(
    async () => {
      const tasks = await tasksOf(engine, label)
      for (const seat of seats) {
        const task = seat.serviceId ? runningTask(tasks, seat.serviceId) : undefined
        if (seat.isReady || !task || probing.has(seat)) continue
        const work = probe(seat, task, addresses, ports).finally(() => probing.delete(seat))
        probing.set(seat, work)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      return seats.every((seat) => seat.isReady)
    },
    LIMIT_MS,
    () => `${seats.filter((seat) => !seat.isReady).length} raw seats to answer`,
  )
}

const tasksOf = (engine: Engine, label: string) =>
  listTasks(engine, { installation: '', namePrefix: `${label}-` })

async function probe(
  seat: Seat,
  task: Task,
  addresses: Map<string, string>,
  ports: Ports,
): Promise<void> {
  const address = addresses.get(task.NodeID ?? '')
  if (!address) return
  const doors = await findDoors({
    address,
    published: publishedPorts(task),
    task: task.ID,
    key: seat.key,
  })
  if (!doors) return
  const answers = ports.map(({ number, kind }) =>
    portAnswers(kind, address, doors.ports.get(number) ?? 0),
  )
  seat.isReady = (await Promise.all(answers)).every(Boolean)
}

async function removeService(engine: Engine, id: string): Promise<void> {
  await engine.call('DELETE', `/services/${id}`).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.status !== 404) throw error
  })
}

/** Services, containers and secrets whose name begins so, over all engines; the first is the manager. */
export async function leftOf(nodes: string[], prefixes: string[]): Promise<number> {
  const counts = nodes.map(async (host, i) => {
    const engine = connectEngine(host)
    try {
      const query = { filters: { name: prefixes } }
      const containers = await engine.call('GET', '/containers/json', { query })
      if (i > 0) return (containers as unknown[]).length
      const services = await engine.call('GET', '/services', { query })
      const secrets = await engine.call('GET', '/secrets', { query })
      return [containers, services, secrets].reduce<number>(
        (n, l) => n + (l as unknown[]).length,
        0,
      )
    } finally {
      engine.close()
    }
  })
  return (await Promise.all(counts)).reduce((sum, n) => sum + n, 0)
}

async function removeVolumes(nodes: string[], label: string): Promise<void> {
  for (const host of nodes) {
    const engine = connectEngine(host)
    const filters = { label: [`labplan.installation=${label}`] }
    const { Volumes } = (await engine.call('GET', '/volumes', { query: { filters } })) as {
      Volumes: { Name: string }[] | null
    }
    for (const { Name } of Volumes ?? [])
      await engine.call('DELETE', `/volumes/${Name}`, { query: { force: 1 } }).catch(() => {})
    engine.close()
  }
}
