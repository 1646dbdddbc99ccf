/**
 * What is killed while volumes in a Ceph are made, sized and purged: the agent, a volume's client, each of Ceph's servers, at an
 * instant that a seed decides. None is lost, doubled, mounted twice, or left behind. `LABPLAN_SEEDS=50` for as many,
 * `LABPLAN_FIRST_SEED` to begin elsewhere.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { MIB } from '../../../workers/storage/backend.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { type CephBed, cephBed, type CephServer } from '../../beds/ceph.ts'
import { whyNoCephNow } from '../../beds/cluster/install.ts'
import { processesOf } from '../../beds/cluster/place.ts'
import { random as seeded } from '../../campus/random.ts'
import { type StorageScene, storageScene } from './storage-scene.ts'

/**
 * Ceph gives what a dead client had open to nobody for a minute (session_timeout), and a metadata server that starts waits 45 s for it
 * (mds_reconnect_timeout): a step after which a client was killed is done only then, and there are three of them.
 */
const AGAIN_MS = 180_000
/** Longer than `session_timeout`. */
const LOOK_MS = 90_000
vi.setConfig({ testTimeout: 3 * AGAIN_MS + 60_000, hookTimeout: 180_000 })

const why = whyNoCephNow()
const name = (number: number) => `lp-test0000-c0urse00-s${String(number).padStart(4, '0')}-g1`
const program = join(import.meta.dirname, '../../../workers/storage/main.ts')

let ceph: CephBed
let scene: StorageScene
let agent: ChildProcess | undefined

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  ceph = await cephBed()
  scene = storageScene()
  mkdirSync(join(scene.root, 'agent', 'run'), { recursive: true })
})
afterAll(async () => {
  await end()
  scene?.end()
  await ceph?.down()
})

const disk = () => join(scene.root, 'disk')
const socket = () => join(scene.root, 'agent', 'run', 'storage.sock')

/** As its supervisor does: as often as it ends before it answers. */
async function start(): Promise<void> {
  const env = {
    ...{ ...process.env, ...ceph.env, LABPLAN_HOME: join(scene.root, 'agent') },
    ...{ LABPLAN_STORAGE_ROOT: disk(), LABPLAN_LOG_LEVEL: 'warn' },
  }
  const deadline = performance.now() + AGAIN_MS
  for (;;) {
    if (!agent || agent.exitCode !== null || agent.signalCode !== null)
      agent = spawn(process.execPath, [program], { env, stdio: 'ignore' })
    const answered = await storageAgent({ socket: socket() })
      .list()
      .then(
        () => true,
        () => false,
      )
    if (answered) return
    if (performance.now() > deadline) throw new Error('The agent does not answer.')
    await sleep(100)
  }
}

async function end(): Promise<void> {
  if (!agent || agent.exitCode !== null || agent.signalCode !== null) return
  const ended = once(agent, 'exit')
  agent.kill('SIGKILL')
  await ended
}

type Victim = 'agent' | 'client' | CephServer
const VICTIMS: Victim[] = ['agent', 'client', 'ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph-mds']

async function kill(victim: Victim): Promise<void> {
  if (victim === 'agent') return end()
  if (victim !== 'client') return ceph.kill(victim)
  const clients = processesOf(ceph.folder, 'ceph-fuse').filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(disk()),
  )
  if (clients[0] !== undefined) process.kill(clients[0], 'SIGKILL')
}

/** As the worker does: again and again until all is as asked. */
async function untilDone(work: () => Promise<unknown>[]): Promise<void> {
  const deadline = performance.now() + AGAIN_MS
  for (;;) {
    await start()
    const done = await Promise.allSettled(work())
    if (done.every(({ status }) => status === 'fulfilled')) return
    if (performance.now() > deadline)
      throw new Error(
        `It is not done in time: ${done.map((one) => (one.status === 'rejected' ? String(one.reason) : 'done')).join(', ')}`,
      )
    await sleep(500)
  }
}

/** Begins the work, kills in the middle of it, and has it done in the end. */
async function cut(work: () => Promise<unknown>[], victim: Victim, afterMs: number): Promise<void> {
  await start()
  const begun = Promise.allSettled(work())
  await sleep(afterMs)
  await kill(victim)
  await begun
  await untilDone(work)
}

const first = Number(process.env['LABPLAN_FIRST_SEED'] ?? 1)
const seeds = Array.from({ length: Number(process.env['LABPLAN_SEEDS'] ?? 1) }, (_, i) => first + i)

it.for(seeds)('loses none, doubles none and leaves none (seed %i)', async (seed) => {
  const { next } = seeded(seed)
  const pick = (): Victim => VICTIMS[Math.floor(next() * VICTIMS.length)]!
  const numbers = [1, 2].map((one) => seed * 10 + one)
  const names = numbers.map(name)
  const call = storageAgent({ socket: socket() })
  const limits = numbers.map(() => 4 * (3 + Math.floor(next() * 4)))
  const ensure = (isNew: boolean) => () =>
    names.map(async (one, i) => {
      const { code } = await call.ensure({ name: one, limitMb: limits[i]!, isNew })
      if (code !== undefined) throw new Error(`${one}: ${code}`)
    })
  const victims = [pick(), pick(), pick()] as const
  await cut(ensure(true), victims[0], next() * 4_000)
  const work = (one: string) => join(disk(), 'mounts', one, 'home', 'work')
  for (const one of names) writeFileSync(work(one), `of ${one}`, { flush: true })
  for (const i of limits.keys()) limits[i]! += 4
  await cut(ensure(false), victims[1], next() * 1_500)
  const users = names.map((one) => `client.${one}`)
  expect(await ceph.kept()).toEqual({ subvolumes: names, users })
  await expect
    .poll(
      async () =>
        (await call.list()).volumes.map(({ name: at, state, limitBytes }) => [
          at,
          state,
          limitBytes,
        ]),
      // A metadata server that has just started answers late, and what a dead client had open only after its minute.
      { timeout: LOOK_MS },
    )
    .toEqual(names.map((one, i) => [one, 'ready', limits[i]! * MIB]))
  for (const one of names) expect(readFileSync(work(one), 'utf8')).toBe(`of ${one}`)
  // Of the agents, from the first purge on.
  const board = `${ceph.group}-board`
  const mounted = () => mountsBelow(disk()).filter((at) => at !== join(disk(), 'mounts', board))
  expect(mounted().toSorted()).toEqual(names.map((one) => join(disk(), 'mounts', one)))
  // Each has one that goes with it: a subvolume that has one cannot be removed.
  const take = new Date()
  const remember = () => names.map((one) => call.keepSnapshots(one, { keep: 1, take }))
  for (const there of await Promise.all(remember())) expect(there).toHaveLength(1)
  const purge = () =>
    names.map(async (one) => {
      if (!(await call.purge(one))) throw new Error(`${one} is in use`)
    })
  await cut(purge, victims[2], next() * 4_000)
  expect(await ceph.kept(), victims.join(', ')).toEqual({ subvolumes: [], users: [] })
  expect(mounted()).toEqual([])
  expect(readdirSync(join(disk(), 'keys')).filter((file) => !file.startsWith(board))).toEqual([])
  const onBoard = readdirSync(join(disk(), 'mounts', board))
  expect(onBoard.filter((file) => file.startsWith('ending-'))).toEqual([])
})
