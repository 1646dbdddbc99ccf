/**
 * The Swarm as the worker sees it through the Engine API: services, tasks, nodes and secrets in memory, with the
 * latencies of the recorded one. What the worker asks of it and how it reads the answers is the real code.
 */
import { type Engine, EngineError, type Method } from '../../workers/swarm/engine.ts'
import type { VirtualClock } from './clock.ts'
import type { Latencies } from './latencies.ts'

export type Node = {
  id: string
  pool: string
  cpuMillis: number
  gpus: number
  images: Set<string>
  slow: number
}
type State = 'pending' | 'preparing' | 'starting' | 'running' | 'shutdown'
export type Task = {
  id: string
  service: string
  node: Node | undefined
  state: State
  wanted: 'running' | 'shutdown'
  createdAt: string
}
export type Service = {
  id: string
  name: string
  stack: string
  course: string
  number: number
  generation: number
  template: string
  volume: string | undefined
  pool: string
  image: string
  cpuMillis: number
  gpus: number
  version: number
  spec: Spec
  tasks: Task[]
}
type Spec = {
  Name: string
  Mode: { Replicated: { Replicas: number } }
  TaskTemplate: { ContainerSpec: object; Resources: { Limits: object } }
}
type Means = {
  clock: VirtualClock
  latencies: Latencies
  /** Seconds until an image is on a node that lacks it. */
  pullSeconds(image: string): number
  /** `isLost`: a container went that nobody stopped. */
  onChange(isLost: boolean): void
  /** No node has room for it. */
  onHomeless(): void
}
type Answer = { status: number; body: unknown }
type Options = { query?: Record<string, unknown>; body?: unknown }

export class VirtualSwarm {
  readonly services = new Map<string, Service>()
  readonly nodes = new Map<string, Node>()
  /** By name. */
  readonly #secrets = new Map<string, { id: string; stack: string | undefined }>()
  /** Of nodes, as the worker set them. */
  readonly #labels = new Map<string, Record<string, string>>()
  readonly #means: Means
  #ids = 0
  /** Set by faults: called before each change of replicas; throws instead of answering. */
  loseAnswer: (service: Service) => Promise<void> = async () => {}

  constructor(means: Means) {
    this.#means = means
  }

  /** A new id, as the engine would give. */
  id(kind: string): string {
    return `${kind}${(++this.#ids).toString(36).padStart(12, '0')}`
  }

  engine(): Engine {
    const ask: Engine['ask'] = (method, path, options = {}) => this.#answer(method, path, options)
    return {
      ask,
      async call(method, path, options) {
        const { status, body } = await ask(method, path, options)
        if (status >= 400)
          throw new EngineError(status, `${method} ${path}: ${JSON.stringify(body)}`)
        return body
      },
      host: () => '',
      close: () => {},
    }
  }

  addNode(node: Node): void {
    this.nodes.set(node.id, node)
    this.#placePending()
  }

  /** Containers of a node that goes end; the Swarm starts them elsewhere. */
  removeNode(id: string): void {
    this.nodes.delete(id)
    for (const service of this.services.values())
      for (const task of service.tasks.filter((one) => one.node?.id === id && !isOver(one)))
        this.#crash(service, task)
    this.#means.onChange(true)
  }

  put(service: Service): void {
    this.services.set(service.id, service)
  }

  remove(id: string): void {
    this.services.delete(id)
    this.#placePending()
  }

  /** A container that runs or is on its way. */
  alive(course?: string): Task[] {
    return [...this.services.values()]
      .filter((service) => course === undefined || service.course === course)
      .flatMap((service) =>
        service.tasks.filter((task) => !isOver(task) && task.node !== undefined),
      )
  }

  /** Seats that run on a node, or are on their way there. */
  seatsOn(nodeId: string): Service[] {
    const isThere = (task: Task): boolean => task.node?.id === nodeId && !isOver(task)
    return [...this.services.values()].filter((service) => service.tasks.some(isThere))
  }

  get hasHomeless(): boolean {
    return [...this.services.values()].some((service) =>
      service.tasks.some((task) => task.state === 'pending' && task.wanted === 'running'),
    )
  }

  running(service: Service): Task | undefined {
    return service.tasks.find((task) => task.state === 'running' && task.wanted === 'running')
  }

  async #answer(method: Method, path: string, options: Options): Promise<Answer> {
    const [, kind, id, verb] = path.split('/')
    if (kind === 'tasks') return ok(this.#tasks(options.query?.['filters'] as Filters))
    if (kind === 'nodes') return this.#node(id, verb, options)
    if (kind === 'secrets') return this.#secret(method, id, options)
    if (kind !== 'services') return { status: 404, body: { message: `no ${path}` } }
    if (id === undefined) {
      const isAsked = ofStack(options)
      return ok([...this.services.values()].filter((one) => isAsked(one.stack)).map(serviceAnswer))
    }
    const service = this.services.get(id)
    if (!service) return { status: 404, body: { message: `service ${id} not found` } }
    if (verb === 'update') return this.#update(service, options)
    return ok(serviceAnswer(service))
  }

  #tasks(filters: Filters) {
    const services = filters.service
      ? filters.service.flatMap((id) => this.services.get(id) ?? [])
      : [...this.services.values()]
    return services.flatMap((service) => service.tasks.map(taskAnswer))
  }

  #node(id: string | undefined, verb: string | undefined, { body }: Options): Answer {
    const answer = (node: Node) => nodeAnswer(node, this.#labels.get(node.id) ?? {})
    if (id === undefined) return ok([...this.nodes.values()].map(answer))
    const node = this.nodes.get(id)
    if (!node) return { status: 404, body: { message: `node ${id} not found` } }
    if (verb !== 'update') return ok(answer(node))
    this.#labels.set(id, (body as { Labels: Record<string, string> }).Labels)
    this.#placePending()
    return ok({})
  }

  #secret(method: Method, id: string | undefined, options: Options): Answer {
    if (method === 'GET') {
      const isAsked = ofStack(options)
      const asked = [...this.#secrets].filter(([, { stack }]) => isAsked(stack))
      return ok(asked.map(([name, one]) => ({ ID: one.id, Spec: { Name: name } })))
    }
    if (method === 'DELETE') {
      for (const [name, known] of this.#secrets) if (known.id === id) this.#secrets.delete(name)
      return ok({})
    }
    const { Name, Labels = {} } = options.body as { Name: string; Labels?: Record<string, string> }
    if (this.#secrets.has(Name)) return { status: 409, body: { message: `secret ${Name} exists` } }
    const made = this.id('secret')
    this.#secrets.set(Name, { id: made, stack: Labels['labplan.stack'] })
    return ok({ ID: made })
  }

  async #update(service: Service, { query, body }: Options): Promise<Answer> {
    if (Number(query?.['version']) !== service.version)
      return { status: 500, body: { message: 'update out of sequence' } }
    service.version++
    service.spec = body as Spec
    const { Replicas } = service.spec.Mode.Replicated
    if (Replicas === 0) this.#stop(service)
    else if (!service.tasks.some((task) => task.wanted === 'running')) this.#start(service)
    await this.loseAnswer(service)
    return ok({})
  }

  #start(service: Service): void {
    const createdAt = this.#means.clock.now().toISOString()
    const task: Task = {
      ...{ id: this.id('task'), service: service.id, node: undefined, createdAt },
      ...{ state: 'pending', wanted: 'running' },
    }
    // The Swarm remembers a few tasks that are over; the newest is enough to say why.
    service.tasks = [
      task,
      ...service.tasks.filter((one) => !isOver(one)),
      ...service.tasks.filter(isOver).slice(0, 1),
    ]
    this.#place(service, task)
  }

  #place(service: Service, task: Task): void {
    const node = this.#roomiest(service)
    if (!node) return this.#means.onHomeless()
    task.node = node
    task.state = 'preparing'
    const { clock, latencies, pullSeconds } = this.#means
    const pull = node.images.has(service.image) ? 0 : pullSeconds(service.image)
    const pulled = clock.ms + pull * 1000
    clock.at(pulled, () => {
      if (isOver(task)) return
      node.images.add(service.image)
      const crowd = this.#onNode(node).filter((one) => one.state === 'preparing').length
      clock.at(clock.ms + latencies.start(crowd) * node.slow * 1000, () => this.#run(task))
    })
  }

  #run(task: Task): void {
    if (isOver(task) || task.wanted !== 'running') return
    task.state = 'running'
    this.#means.onChange(false)
  }

  #stop(service: Service): void {
    const { clock, latencies } = this.#means
    for (const task of service.tasks.filter((one) => one.wanted === 'running')) {
      task.wanted = 'shutdown'
      if (!task.node) task.state = 'shutdown'
    }
    const ending = service.tasks.filter((one) => !isOver(one))
    for (const task of ending)
      clock.at(clock.ms + latencies.stop(this.#stopping()) * 1000, () => {
        task.state = 'shutdown'
        this.#placePending()
        this.#means.onChange(false)
      })
  }

  #stopping(): number {
    return [...this.services.values()].reduce(
      (sum, one) =>
        sum + one.tasks.filter((task) => task.wanted === 'shutdown' && !isOver(task)).length,
      0,
    )
  }

  #crash(service: Service, task: Task): void {
    task.state = 'shutdown'
    task.wanted = 'shutdown'
    if (service.spec.Mode.Replicated.Replicas === 1) this.#start(service)
  }

  #placePending(): void {
    for (const service of this.services.values())
      for (const task of service.tasks)
        if (task.state === 'pending' && task.wanted === 'running') this.#place(service, task)
  }

  #onNode(node: Node): Task[] {
    return [...this.services.values()].flatMap((one) =>
      one.tasks.filter((task) => task.node === node && !isOver(task)),
    )
  }

  /** The node of the service's pool with most cores left, if it has room: reservations count, as in the Swarm. */
  #roomiest(service: Service): Node | undefined {
    const used = new Map<Node, { cpu: number; gpus: number }>()
    for (const other of this.services.values())
      for (const task of other.tasks) {
        if (!task.node || isOver(task)) continue
        const sum = used.get(task.node) ?? { cpu: 0, gpus: 0 }
        used.set(task.node, { cpu: sum.cpu + other.cpuMillis, gpus: sum.gpus + other.gpus })
      }
    let best: { node: Node; left: number } | undefined
    for (const node of this.nodes.values()) {
      if (node.pool !== service.pool) continue
      const isOf = this.#labels.get(node.id)?.[`labplan.gpu.${service.name}`] === 'yes'
      if (service.gpus > 0 && !isOf) continue
      const here = used.get(node) ?? { cpu: 0, gpus: 0 }
      const left = node.cpuMillis - here.cpu
      if (left < service.cpuMillis || node.gpus - here.gpus < service.gpus) continue
      if (!best || left > best.left) best = { node, left }
    }
    return best?.node
  }
}

type Filters = { service?: string[]; name?: string[]; label?: string[] }

const STACK = 'labplan.stack='

/** Whether something of a stack is asked for: what is there is all of one installation, and of other labels nobody asks. */
function ofStack({ query }: Options): (stack: string | undefined) => boolean {
  const { label = [] } = (query?.['filters'] ?? {}) as Filters
  const asked = label.find((one) => one.startsWith(STACK))?.slice(STACK.length)
  return (stack) => asked === undefined || stack === asked
}
const isOver = (task: Task): boolean => task.state === 'shutdown'
const ok = (body: unknown): Answer => ({ status: 200, body })

const nodeAnswer = (node: Node, labels: Record<string, string>) => ({
  ...{ ID: node.id, Version: { Index: 1 }, Status: { State: 'ready', Addr: '10.0.0.1' } },
  Spec: { Availability: 'active', Role: 'worker', Labels: labels },
  Description: {
    Hostname: node.id,
    Resources: {
      // Of the machine on which the times were recorded; one with GPUs has what its pool says.
      NanoCPUs: node.gpus > 0 ? node.cpuMillis * 1e6 : 2e9,
      MemoryBytes: node.gpus > 0 ? 2 ** 40 : 2 ** 33,
      GenericResources:
        node.gpus > 0 ? [{ DiscreteResourceSpec: { Kind: 'gpu', Value: node.gpus } }] : null,
    },
    Engine: { Labels: { 'labplan.pool': node.pool } },
  },
})

const serviceAnswer = (service: Service) => ({
  ...{ ID: service.id, Version: { Index: service.version }, Spec: service.spec },
})

const taskAnswer = (task: Task) => ({
  ...{ ID: task.id, ServiceID: task.service, NodeID: task.node?.id, CreatedAt: task.createdAt },
  ...{ DesiredState: task.wanted, Status: { State: task.state, PortStatus: { Ports } } },
  Spec: {},
})
const Ports = [
  { TargetPort: 8080, PublishedPort: 32_768 },
  { TargetPort: 1907, PublishedPort: 32_769 },
]
