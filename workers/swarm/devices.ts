/**
 * GPUs of seats: taken in the record before a seat starts, told to the Swarm with its start, and followed when its node is
 * lost or emptied. A seat with GPUs runs only where it was given some, so the Swarm moves it nowhere: this does.
 */
import { type Db, withTransaction } from '../../api/data/db.ts'
import {
  type DeviceNeeds,
  freeDevices,
  heldDevices,
  leaveDevices,
  lockDevices,
  takeDevices,
} from '../../api/data/seats/seat-device.ts'
import { markHomeless } from '../../api/data/pools/live-demand.ts'
import { markFailed } from '../../api/data/seats/seat-life.ts'
import type { Seat } from '../../api/data/seats/seat.ts'
import { gpuNodeLabel, installationOfGpuLabel } from '../../stacks/parts/names.ts'
import { devicesOf, freeAgain, homesFor, isAtHome, type Sight } from './device-home.ts'
import type { Engine } from './engine.ts'
import { loadOfNodes } from './load.ts'
import { labelNode, listNodes, type SwarmNode } from './node.ts'
import { NODE_LIMIT_MS, poll, type RiseMeans, retryAfter, type Way } from './rise.ts'
import { isAround, serviceOf, setReplicas } from './service.ts'
import type { Task } from './task.ts'

type Means = RiseMeans & { engine: Engine; installation: string }
type GpuSeat = Seat & { device_needs: DeviceNeeds }

/** Free GPUs come with the end of somebody's seat, or with a node. */
const ASK_MS = 1_000
const WITHDRAW_MS = 120

export const needsDevices = (seat: Seat): seat is GpuSeat => seat.device_needs !== null

/** Numbers of its GPUs, as its service is told; undefined when it gave way, or none became free in time. */
export async function devicesFor(
  means: Means,
  seat: GpuSeat,
  way: Way,
): Promise<string | undefined> {
  if (!(await withdraw(means, seat))) return undefined
  const given = await poll(
    means,
    () => ASK_MS,
    async () => {
      if (means.isStopped() || way.isOff()) return 'given up' as const
      const devices = await giveDevices(means, seat)
      if (!devices) way.leaveWave()
      if (!devices === (seat.homeless_at === null)) {
        seat.homeless_at = devices ? null : means.now()
        await markHomeless(means.pool, { id: seat.id, since: seat.homeless_at })
      }
      return devices
    },
    limitOf(means),
  )
  if (given === 'given up') return undefined
  if (given) return given.join(',')
  const message = { code: 'seat.no_gpu' }
  means.log.warn({ seat: seat.id, ...message }, 'no GPU became free for a seat')
  const now = means.now()
  await markFailed(means.pool, { id: seat.id, retryAt: retryAfter(seat, now), message, now })
  return undefined
}

function limitOf({ pace }: Means): () => number {
  const end = pace.elapsedMs() + NODE_LIMIT_MS
  return () => end
}

/** Those it has, or others: then those it had are kept from everybody until nothing of it runs there. */
async function giveDevices(means: Means, seat: GpuSeat): Promise<number[] | undefined> {
  const { engine, pool, now, installation } = means
  const [nodes, load] = await Promise.all([listNodes(engine), loadOfNodes(engine, installation)])
  const sight = { nodes: await withoutLeftLabels(means, nodes), load, installation, now: now() }
  const given = await withTransaction(pool, (tx) => choose(tx, seat, sight))
  if (given) await pin(means, seat, { nodes, home: given.home })
  return given?.devices
}

/** An installation of which the Swarm has neither a service nor a task was removed while seats ran: it holds no GPU by labels it left. */
export async function withoutLeftLabels(
  { engine, installation }: Pick<Means, 'engine' | 'installation'>,
  nodes: SwarmNode[],
): Promise<SwarmNode[]> {
  const owners = nodes.flatMap(({ labels }) => Object.keys(labels).map(installationOfGpuLabel))
  const gone = new Set<string>()
  for (const owner of new Set(owners))
    if (owner !== undefined && owner !== installation && !(await isAround(engine, owner)))
      gone.add(owner)
  if (gone.size === 0) return nodes
  const isLeft = (name: string): boolean => gone.has(installationOfGpuLabel(name) ?? '')
  return nodes.map((node) => ({
    ...node,
    labels: Object.fromEntries(Object.entries(node.labels).filter(([name]) => !isLeft(name))),
  }))
}

/** One seat after the other: each counts what was promised to those before it. */
async function choose(
  tx: Db,
  seat: GpuSeat,
  { installation, now, ...seen }: Omit<Sight, 'held'> & { installation: string; now: Date },
): Promise<{ home: string; devices: number[] } | undefined> {
  await lockDevices(tx)
  const sight = { ...seen, held: await heldDevices(tx) }
  const own = devicesOf(seat.id, sight.held)
  if (isAtHome(seat, sight, []))
    return { home: own[0]!.node_id, devices: own.map(({ device }) => device) }
  if (own.length > 0) await leaveDevices(tx, { seatId: seat.id, now })
  for (const { id: home, gpus } of homesFor(seat.device_needs, sight, installation)) {
    const wish = { seatId: seat.id, nodeId: home, of: gpus, now }
    const devices = await takeDevices(tx, { ...wish, count: seat.device_needs.gpu.count })
    if (devices) return { home, devices }
  }
  return undefined
}

/** One node has the label of a seat: before its service is told of GPUs there, no other has it any more. */
async function pin(
  { engine, installation }: Means,
  seat: Seat,
  { nodes, home }: { nodes: SwarmNode[]; home: string | undefined },
): Promise<void> {
  const name = gpuNodeLabel({ installation, course8: seat.course_code, number: seat.number })
  for (const { id, labels } of nodes)
    if (id !== home && labels[name] !== undefined)
      await labelNode(engine, id, { name, value: undefined })
  const isThere = nodes.some(({ id, labels }) => id === home && labels[name] === 'yes')
  if (home !== undefined && !isThere) await labelNode(engine, home, { name, value: 'yes' })
}

/** Nothing of it runs any more. */
export async function unpin(means: Means, seat: Seat): Promise<void> {
  await pin(means, seat, { nodes: await listNodes(means.engine), home: undefined })
}

/** Its node is gone, closed or was never told: it starts anew where it is given others. False when it gave way. */
export async function followDevices(means: Means, seat: GpuSeat, way: Way): Promise<boolean> {
  const { engine, pool } = means
  const [nodes, held] = await Promise.all([listNodes(engine), heldDevices(pool)])
  const service = serviceOf(seat)
  if (isAtHome(seat, { nodes, held }, await means.feed.tasksOf(service))) return true
  const devices = await devicesFor(means, seat, way)
  if (devices === undefined) return false
  await setReplicas(engine, service, { replicas: 1, pidsLimit: seat.pids_limit, devices })
  return true
}

/** Nothing waits for a node any more with numbers that were told before: it might start on another that has the label. */
async function withdraw(means: Means, seat: Seat): Promise<boolean> {
  const service = serviceOf(seat)
  await setReplicas(means.engine, service, { replicas: 0, pidsLimit: 0 })
  const isBack = await poll(
    means,
    () => WITHDRAW_MS,
    async () => {
      const tasks = await means.feed.tasksOf(service)
      return tasks.some(({ DesiredState }) => DesiredState === 'running') ? undefined : true
    },
  )
  return isBack === true
}

/**
 * What nothing can see any more is free again. Answers the seats on their way up whose node was lost meanwhile.
 * @param rising seats that somebody brings up now
 */
export async function lookAtDevices(
  means: Means,
  { seats, rising, tasks }: { seats: Seat[]; rising: Set<string>; tasks: Task[] },
): Promise<{ lost: Set<string>; held: number }> {
  const held = await heldDevices(means.pool)
  if (held.length === 0) return { lost: new Set(), held: 0 }
  const nodes = await listNodes(means.engine)
  const free = freeAgain({ nodes, held }, tasks)
  if (free.length > 0) await freeDevices(means.pool, free)
  const lost = seats.filter(
    (seat) =>
      rising.has(seat.id) &&
      devicesOf(seat.id, held).length > 0 &&
      !isAtHome(seat, { nodes, held }, tasks),
  )
  return { lost: new Set(lost.map(({ id }) => id)), held: held.length }
}
