/** On which node does a seat with GPUs run, and is it still there? Pure. */
import type { DeviceNeeds, HeldDevice } from '../../api/data/seats/seat-device.ts'
import type { Load } from './load.ts'
import type { SwarmNode } from './node.ts'
import { GPU_LABEL, gpuLabelsOf } from '../../stacks/parts/names.ts'
import { isAlive, type Task } from './task.ts'

export type Sight = { nodes: SwarmNode[]; load: Map<string, Load>; held: HeldDevice[] }

/**
 * Nodes with so many free GPUs of its kind and room for the rest, the fullest first: so machines that are not needed
 * become empty. A node whose kind nobody told has any.
 */
export function homesFor(
  needs: DeviceNeeds,
  { nodes, load, held }: Sight,
  installation: string,
): SwarmNode[] {
  const free = (node: SwarmNode) =>
    node.gpus - held.filter(({ node_id }) => node_id === node.id).length
  return nodes
    .filter((node) => isOpen(node) && isOurs(node, installation))
    .filter((node) => free(node) >= needs.gpu.count)
    .filter(({ engineLabels }) => [undefined, needs.gpu.kind].includes(engineLabels['labplan.gpu']))
    .filter((node) => needs.constraints.every((constraint) => meets(node, constraint)))
    .filter((node) => hasRoom(needs, node, withPromised(node, load.get(node.id), held)))
    .toSorted((a, b) => free(a) - free(b) || (a.id < b.id ? -1 : 1))
}

/** Where another installation gave GPUs to a seat, nobody here knows which: that one has the node to itself until it is over. */
function isOurs(node: SwarmNode, installation: string): boolean {
  if (node.installation !== null && node.installation !== installation) return false
  const given = Object.keys(node.labels).filter((name) => name.startsWith(GPU_LABEL))
  return given.every((name) => name.startsWith(gpuLabelsOf(installation)))
}

const isOpen = ({ isUp, availability }: SwarmNode): boolean => isUp && availability === 'active'

/** What pools say of their machines (`stacks/rules/pool-constraints.ts`); the rest is the Swarm's to judge. */
function meets({ engineLabels }: SwarmNode, constraint: string): boolean {
  const [, name = '', operator, value] =
    /^engine\.labels\.(\S+?)(==|!=)(.*)$/.exec(constraint) ?? []
  if (operator === undefined) return true
  return (engineLabels[name] === value) === (operator === '==')
}

type Taken = Pick<Load, 'cores' | 'memoryMb'>

function hasRoom(needs: DeviceNeeds, node: SwarmNode, taken: Taken): boolean {
  const cores = node.cores - taken.cores
  const memoryMb = node.memoryMb - taken.memoryMb
  return cores * 1000 + 0.5 >= needs.cpuMillis && memoryMb >= needs.memoryMb
}

/** Besides what runs there, seats that were given GPUs there and have not begun: a whole class starts at once. */
function withPromised({ id }: SwarmNode, load: Load | undefined, held: HeldDevice[]): Taken {
  const coming = held.filter(
    ({ node_id, left_at, service_id }) =>
      node_id === id && left_at === null && !load?.services.has(service_id ?? ''),
  )
  const taken = { cores: load?.cores ?? 0, memoryMb: load?.memoryMb ?? 0 }
  for (const one of new Map(coming.map((some) => [some.seat_id, some])).values()) {
    taken.cores += one.cpu_millis / 1000
    taken.memoryMb += one.memory_mb
  }
  return taken
}

/** The GPUs that a seat has now, on one node. */
export const devicesOf = (seatId: string, held: HeldDevice[]): HeldDevice[] =>
  held.filter(({ seat_id, left_at }) => seat_id === seatId && left_at === null)

/**
 * Whether its node still has it, or can start it: one that takes no new tasks keeps those it has.
 * @param tasks of all seats
 */
export function isAtHome(
  seat: { id: string; service_id: string | null; device_needs: DeviceNeeds | null },
  { nodes, held }: Omit<Sight, 'load'>,
  tasks: Task[],
): boolean {
  const own = devicesOf(seat.id, held)
  const node = nodes.find(({ id }) => id === own[0]?.node_id)
  if (!node?.isUp || own.length !== seat.device_needs?.gpu.count) return false
  if (node.availability === 'active') return true
  return tasks.some(
    (task) =>
      task.ServiceID === seat.service_id &&
      task.NodeID === node.id &&
      task.DesiredState === 'running',
  )
}

/** Those of which no container of their seat can be left: it is cold, gone, or elsewhere and over there. */
export function freeAgain({ nodes, held }: Omit<Sight, 'load'>, tasks: Task[]): HeldDevice[] {
  const known = new Set(nodes.map(({ id }) => id))
  return held.filter(({ node_id, service_id, left_at, seat_state }) => {
    if (left_at === null && seat_state !== 'absent') return false
    if (!known.has(node_id) || service_id === null) return true
    return !isAlive(
      tasks.filter(({ NodeID }) => NodeID === node_id),
      service_id,
    )
  })
}
