/**
 * Sixty seats on three machines, by what they reserve: spread, on no machine more than it has, moved when one is
 * emptied and when one dies; and wherever they run, they reach each other, the control plane and a cloud's metadata
 * service not at all. What may be reached is reached with the same tool, so that a shut door says something.
 */
import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { many, sql } from '../../../api/data/db.ts'
import { serviceName } from '../../../stacks/parts/names.ts'
import { listTasks } from '../../../workers/swarm/task.ts'
import { containerAddress, type Door, listen, probeFrom, probeInside } from '../../beds/doors.ts'
import { WEB_PORT } from '../../beds/machines/small-image.ts'
import { openWebShell } from '../../beds/web-shell.ts'
import { METADATA_ADDRESS, PUBLIC_ADDRESS } from '../../beds/wires.ts'
import { PARTS, PARTS_TAKEN, SEATS, type SpreadScene, spreadScene } from './spread-scene.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const CLASS = Date.parse('2026-11-24T09:00:00Z')
/** What api, database and all else of the control plane is: something that listens beside the machines. */
const LISTENED = 4321
let scene: SpreadScene
let listeners: ChildProcess[] = []
const began = performance.now()
/** Ten minutes before class, and on from there. */
const now = (): Date => new Date(CLASS - 10 * 60_000 + performance.now() - began)

beforeAll(async () => {
  scene = await spreadScene(now)
  const { bed } = scene
  listeners = await Promise.all([
    listen(undefined, bed.hostAddress, LISTENED),
    listen(bed.outsideNamespace, METADATA_ADDRESS, 80),
    listen(bed.outsideNamespace, PUBLIC_ADDRESS, 80),
  ])
})
afterAll(async () => {
  for (const listener of listeners) listener.kill()
  await scene?.down()
})

type SeatSeen = { course8: string; number: number; address: string; port: number }

/** Seats that the record says are ready, and where. */
const ready = () =>
  many<SeatSeen>(
    scene.database.pool,
    sql`select code as "course8", number, node_address as address, published_port as port
        from seat join seat_port on seat_id = seat.id join course on course_id = course.id
        where container_port = ${WEB_PORT} and seat.state = 'ready' order by code, number`,
  )

async function until(what: string, is: () => Promise<boolean>, limitMs = 150_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await is())) {
    if (performance.now() > end) {
      const states = await many(
        scene.database.pool,
        sql`select state, count(*)::int from seat group by 1`,
      )
      const runs = await many(scene.database.pool, sql`select kind, state, message from run`)
      const seen = { held: await scene.held(), states, runs }
      throw new Error(`${what}: not within ${limitMs / 1000} s\n${JSON.stringify(seen, null, 1)}`)
    }
    await sleep(250)
  }
}

/** All seats run and were probed, each where Swarm says; these machines have so many. */
async function untilAllReady(what: string, isSo: (seats: number[]) => boolean): Promise<number[]> {
  let seats: number[] = []
  await until(what, async () => {
    const held = await scene.held()
    seats = held.map((one) => (one.isUp ? one.seats : 0))
    const record = Map.groupBy(await ready(), ({ address }) => address)
    const isAsRecorded = held.every(
      ({ address }, i) => (record.get(address)?.length ?? 0) === seats[i],
    )
    return seats.reduce((sum, n) => sum + n, 0) === SEATS && isAsRecorded && isSo(seats)
  })
  return seats
}

it('spreads sixty seats over the machines', async () => {
  const seats = await untilAllReady('sixty seats', () => true)
  expect(Math.max(...seats) - Math.min(...seats)).toBeLessThanOrEqual(2)
  const parts = (await scene.held()).map((one) => one.parts)
  expect(parts.reduce((sum, n) => sum + n, 0)).toBe(PARTS_TAKEN)
})

it('lets no seat reach another one, the control plane, or the metadata of a cloud', async () => {
  for (const { address } of scene.bed.nodes) expect(await triedFrom(address)).toEqual(CLOSED)
})

it('moves the seats of a machine that is emptied to where there is room, and no more than that', async () => {
  const third = (await scene.held())[2]!
  updateNode(third.id, 'drain')
  const seats = await untilAllReady('seats of two machines', ([, , last]) => last === 0)
  expect(seats[2]).toBe(0)
  // Two of eighty parts are left: whoever needs three waits for the machine that is away.
  const extra = await addService(3)
  await until('the one too many to be told', async () =>
    (await tasksOf(extra)).some(({ Status }) => /no suitable node/.test(Status.Err ?? '')),
  )
  expect((await tasksOf(extra)).map(({ Status }) => Status.State)).toEqual(['pending'])
  updateNode(third.id, 'active')
  await until('its start', async () =>
    (await tasksOf(extra)).some(
      ({ Status, NodeID }) => Status.State === 'running' && NodeID === third.id,
    ),
  )
  await scene.engine.call('DELETE', `/services/${extra}`)
})

it('brings the seats of a machine that died back on the one that was emptied', async () => {
  const second = scene.bed.nodes[1]!
  process.kill(second.pid, 'SIGKILL')
  const seats = await untilAllReady('seats of a dead machine', ([, dead]) => dead === 0)
  expect(seats[2]).toBeGreaterThanOrEqual(SEATS - PARTS)
  expect((await ready()).filter(({ address }) => address === second.address)).toEqual([])
})

it('keeps those that moved apart, too', async () => {
  const [first, , third] = scene.bed.nodes
  expect(await triedFrom(third!.address)).toEqual(CLOSED)
  expect(await triedFrom(first!.address)).toEqual(CLOSED)
})

it('never had more on a machine than it has', async () => {
  expect(scene.looks.overbooked).toEqual([])
  expect(scene.looks.count).toBeGreaterThan(50)
  // Swarm goes on listing what ran on a machine that is dead.
  const alive = (await scene.held()).filter(({ isUp }) => isUp)
  expect(alive.reduce((sum, { parts }) => sum + parts, 0)).toBe(PARTS_TAKEN)
})

const CLOSED = [
  'the container beside: open, for a seat shut',
  'the seat beside: open, for a seat shut',
  'a seat elsewhere: open, for a seat shut',
  'the manager: open, for a seat shut',
  'the control plane: open, for a seat shut',
  'the registry: open, for a seat shut',
  'the metadata service: open, for a seat shut',
  'the internet: open, for a seat open',
]

/** Doors as they are for who may enter, and for the first seat on a machine. */
async function triedFrom(address: string): Promise<string[]> {
  const { bed } = scene
  const { installation } = scene.database
  const node = bed.nodes.find((one) => one.address === address)!
  const seats = await ready()
  const [own, neighbour] = seats.filter((seat) => seat.address === address)
  const elsewhere = seats.find((seat) => seat.address !== address)!
  const service = serviceName({ ...neighbour!, installation })
  const [registry = '', port = ''] = bed.registry.split(':')
  /** With the namespace from where it is open; this machine's own, where gateways are, without one. */
  const doors: [name: string, door: Door, from?: string][] = [
    [
      'the container beside',
      [await containerAddress(node, installation, service), WEB_PORT],
      node.namespace,
    ],
    ['the seat beside', [neighbour!.address, neighbour!.port]],
    ['a seat elsewhere', [elsewhere.address, elsewhere.port]],
    ['the manager', [bed.nodes[0]!.address, 2377]],
    ['the control plane', [bed.hostAddress, LISTENED]],
    ['the registry', [registry, Number(port)]],
    ['the metadata service', [METADATA_ADDRESS, 80], node.namespace],
    ['the internet', [PUBLIC_ADDRESS, 80], node.namespace],
  ]
  const all = doors.map(([, door]) => door)
  const shell = await openWebShell(`${own!.address}:${own!.port}`)
  const inside = await probeInside(shell, all, 'busybox').finally(() => shell.cut())
  return doors.map(
    ([name, door, from], i) => `${name}: ${probeFrom(from, [door])[0]}, for a seat ${inside[i]}`,
  )
}

/** As a person does it; what they closed, the worker leaves closed. */
function updateNode(id: string, availability: 'drain' | 'active'): void {
  const args = ['node', 'update', '--availability', availability, id]
  execFileSync('docker', ['-H', scene.bed.dockerHost, ...args], { stdio: 'pipe' })
}

/** Something else that somebody runs on these machines, of so many parts. */
async function addService(parts: number): Promise<string> {
  const NanoCPUs = Math.round(parts * scene.part * 1e9)
  const body = {
    Name: 'one-too-many',
    TaskTemplate: {
      ContainerSpec: { Image: scene.image, Command: ['/bin/tail', '-f', '/dev/null'] },
      Resources: { Reservations: { NanoCPUs } },
    },
  }
  const made = await scene.engine.call('POST', '/services/create', { body })
  return z.object({ ID: z.string() }).parse(made).ID
}

const tasksOf = (serviceId: string) =>
  listTasks(scene.engine, { installation: '', serviceIds: [serviceId] })
