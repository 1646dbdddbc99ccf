/** Tasks of seats as the Swarm reports them, and where they can be reached. */
import { z } from 'zod'
import { type Engine, EngineError } from './engine.ts'

const task = z.looseObject({
  ID: z.string(),
  ServiceID: z.string().optional(),
  NodeID: z.string().optional(),
  DesiredState: z.string(),
  CreatedAt: z.string(),
  Status: z.looseObject({
    State: z.string(),
    Err: z.string().optional(),
    Message: z.string().optional(),
    PortStatus: z
      .looseObject({
        Ports: z
          .array(z.looseObject({ TargetPort: z.number(), PublishedPort: z.number().optional() }))
          .nullish(),
      })
      .optional(),
  }),
})
export type Task = z.infer<typeof task>

const node = z.looseObject({
  ID: z.string(),
  Description: z.looseObject({ Hostname: z.string() }),
  Status: z.looseObject({ State: z.string(), Addr: z.string().optional() }),
  ManagerStatus: z.looseObject({ Addr: z.string() }).optional(),
})

/**
 * Tasks of the given services, newest first; every task of the installation's seats when none are named, or when one of them is
 * no more: the engine then answers for none, and Terraform may just be making that one anew.
 */
export async function listTasks(
  engine: Engine,
  wanted: { installation: string; serviceIds?: string[]; namePrefix?: string },
): Promise<Task[]> {
  const all = { name: [wanted.namePrefix ?? `lp-${wanted.installation}-`] }
  const ask = (filters: Record<string, string[]>) =>
    engine.call('GET', '/tasks', { query: { filters } })
  const answer = wanted.serviceIds
    ? await ask({ service: wanted.serviceIds }).catch((error: unknown) => {
        if (!(error instanceof EngineError) || error.status !== 404) throw error
        return ask(all)
      })
    : await ask(all)
  return z
    .array(task)
    .parse(answer)
    .toSorted((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1))
}

/** The task that runs for its service now, if one does. */
export function runningTask(tasks: Task[], serviceId: string): Task | undefined {
  return tasks.find(
    (t) =>
      t.ServiceID === serviceId && t.DesiredState === 'running' && t.Status.State === 'running',
  )
}

/** The task of the service whose node makes it ready to start: above all, it fetches the image. */
export function preparingTask(tasks: Task[], serviceId: string): Task | undefined {
  return tasks.find(
    (t) =>
      t.ServiceID === serviceId && t.DesiredState === 'running' && t.Status.State === 'preparing',
  )
}

/** Whether the service has a task that no node has room for: one that has may be on its way. */
export function waitsForNode(tasks: Task[], serviceId: string): boolean {
  const newest = tasks.find((t) => t.ServiceID === serviceId && t.DesiredState === 'running')
  return newest !== undefined && BEFORE_A_NODE.includes(newest.Status.State)
}

const BEFORE_A_NODE = ['new', 'pending', 'allocated']
/** States of a task that comes to nothing more. */
export const ENDED: ReadonlySet<string> = new Set([
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'orphaned',
  'remove',
])

/** Whether any container of the service may still be alive. */
export function isAlive(tasks: Task[], serviceId: string): boolean {
  return tasks.some((t) => t.ServiceID === serviceId && !ENDED.has(t.Status.State) && hasBegun(t))
}

// A task that is wanted down before a node took it never had a container.
const hasBegun = (t: Task): boolean =>
  t.DesiredState === 'running' || !BEFORE_A_NODE.includes(t.Status.State)

/** Why the newest task of the service does not run, in the engine's words, and on which node that was. */
export function failureOf(
  tasks: Task[],
  serviceId: string,
): { reason: string; nodeId: string | undefined } | undefined {
  const failed = tasks.find((t) => t.ServiceID === serviceId && t.Status.Err)
  return failed?.Status.Err ? { reason: failed.Status.Err, nodeId: failed.NodeID } : undefined
}

/** Container port → published ports. An engine may list a port twice (IPv4 and IPv6), with different numbers. */
export function publishedPorts(running: Task): Map<number, number[]> {
  const ports = new Map<number, number[]>()
  for (const port of running.Status.PortStatus?.Ports ?? []) {
    if (!port.PublishedPort) continue
    const known = ports.get(port.TargetPort) ?? []
    if (!known.includes(port.PublishedPort))
      ports.set(port.TargetPort, [...known, port.PublishedPort])
  }
  return ports
}

/** Node id → IPv4 address, for every node of the Swarm. */
export async function nodeAddresses(engine: Engine): Promise<Map<string, string>> {
  const nodes = z.array(node).parse(await engine.call('GET', '/nodes'))
  return new Map(
    nodes.map((n) => {
      // A manager may report 0.0.0.0 for itself: its advertised address is in ManagerStatus.
      const own = n.Status.Addr && n.Status.Addr !== '0.0.0.0' ? n.Status.Addr : undefined
      return [n.ID, own ?? n.ManagerStatus?.Addr.replace(/:\d+$/, '') ?? '127.0.0.1']
    }),
  )
}
