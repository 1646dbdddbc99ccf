/**
 * A node that fetches a large image is at work: the driver waits for it, as long as it is the same attempt. The engine
 * and the clock are the test's own; what is asked of them and the rows are real.
 */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { one, sql } from '../../../api/data/db.ts'
import { seatDriver } from '../../../workers/swarm/drive.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { at, plannedCourse, ring } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const Ports = [8080, 1907].map((TargetPort, i) => ({ TargetPort, PublishedPort: 40_000 + i }))
const pool = () => database.pool

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

it('waits four minutes for an image, and the seat is ready', async () => {
  const { state, tookMs } = await start((ms) => ({
    ID: 'task-1',
    Status: { State: ms < 240_000 ? 'preparing' : 'running', PortStatus: { Ports } },
  }))
  expect(state).toBe('ready')
  expect(tookMs).toBeLessThan(250_000)
})

it('gives up after a minute and a half when attempt after attempt fails', async () => {
  const { state, tookMs } = await start((ms) => ({
    ID: `task-${Math.floor(ms / 5_000)}`,
    Status: { State: 'preparing', Err: 'No such image' },
  }))
  expect(state).toBe('failed')
  expect(tookMs).toBeLessThan(110_000)
})

it('does not wait for ever', async () => {
  const { state, tookMs } = await start(() => ({ ID: 'task-1', Status: { State: 'preparing' } }))
  expect(state).toBe('failed')
  expect(tookMs).toBeLessThan(21 * 60_000)
})

it('waits for a node that is on its way, as long as one takes to boot', async () => {
  const { state, tookMs, failures } = await start((ms) => ({
    ID: 'task-1',
    Status: { State: ms < 200_000 ? 'pending' : 'running', PortStatus: { Ports } },
  }))
  expect({ state, failures }).toEqual({ state: 'ready', failures: 0 })
  expect(tookMs).toBeLessThan(210_000)
})

it('writes down that no node has room for a seat only where that lasts', async () => {
  const homelessAt = async (): Promise<number | undefined> =>
    (
      await one<{ homeless_at: Date | null }>(
        pool(),
        sql`select homeless_at from seat where wanted_on`,
      )
    ).homeless_at?.getTime()
  const waitFor = async (limitMs: number) => {
    const seen = new Set<number | undefined>()
    await start(
      (ms) => ({
        ID: 'task-1',
        Status: { State: ms < limitMs ? 'pending' : 'running', PortStatus: { Ports } },
      }),
      async () => {
        seen.add(await homelessAt())
        return false
      },
    )
    return { seen: [...seen], after: await homelessAt() }
  }
  expect(await waitFor(3_000)).toEqual({ seen: [undefined], after: undefined })
  // Since when it waits (its first look is after two seconds here), not since when that was written down.
  const since = at(-20).getTime() + 2_000
  expect(await waitFor(60_000)).toEqual({ seen: [undefined, since], after: undefined })
})

it('says after minutes that no node has room', async () => {
  const Err = 'no suitable node (insufficient resources on 2 nodes)'
  const { state, tookMs, reason } = await start(() => ({
    ...{ ID: 'task-1', Status: { State: 'pending', Err } },
  }))
  expect({ state, reason }).toEqual({ state: 'failed', reason: Err })
  expect(tookMs).toBeLessThan(400_000)
})

it('turns back when the seat is no longer wanted', async () => {
  const { state, tookMs } = await start(
    () => ({ ID: 'task-1', Status: { State: 'pending' } }),
    async (ms) => {
      if (ms === 20_000) await pool().query('update seat set wanted_on = false')
      return ms === 20_000
    },
  )
  expect(state).toBe('starting')
  expect(tookMs).toBeLessThan(25_000)
})

/**
 * A cold seat that is wanted, driven once; `taskAt` is its newest task so long after it was started, `isTold` changes what is
 * wanted and answers whether the driver hears of it then.
 */
async function start(
  taskAt: (ms: number) => object,
  isTold: (ms: number) => Promise<boolean> = async () => false,
) {
  let elapsedMs = 0
  await pool().query(`update seat set wanted_on = false, state = 'absent'`)
  const course = await plannedCourse(pool(), { seats: 1, atOnce: 1, ready: 1 })
  await pool().query(`update seat set state = 'cold', wanted_on = true where course_id = $1`, [
    course.id,
  ])
  const driver = seatDriver({
    ...{ pool: pool(), ring, installation: database.installation, log: pino({ level: 'silent' }) },
    now: () => new Date(at(-20).getTime() + elapsedMs),
    engine: engineWith(() => taskAt(elapsedMs)),
    // Coarser than the real poll: what it looks at changes in seconds.
    pace: {
      elapsedMs: () => elapsedMs,
      sleep: async () => {
        elapsedMs += 2_000
        if (await isTold(elapsedMs)) await driver.tick()
      },
    },
    probe: {
      findDoors: async () => ({ identityPort: 40_001, ports: new Map([[8080, 40_000]]) }),
      portAnswers: async () => true,
    },
  })
  await driver.tick()
  await driver.settled()
  const seat = await one<{ state: string; failures: number; reason: string | null }>(
    pool(),
    sql`select state, start_failures as failures, message_params ->> 'reason' as reason from seat
        where course_id = ${course.id}`,
  )
  return { ...seat, tookMs: elapsedMs }
}

function engineWith(task: () => object): Engine {
  let replicas = 0
  const service = () => ({
    ...{ ID: 'svc-1', Version: { Index: 1 } },
    Spec: { Name: 'svc-1', Mode: { Replicated: { Replicas: replicas } }, TaskTemplate: {} },
  })
  const tasks = () =>
    replicas === 0
      ? []
      : [{ ServiceID: 'svc-1', NodeID: 'n1', DesiredState: 'running', CreatedAt: '', ...task() }]
  const node = {
    ID: 'n1',
    Description: { Hostname: 'n1' },
    Status: { State: 'ready', Addr: '10.0.0.1' },
  }
  const call: Engine['call'] = async (_, path) => {
    if (path.endsWith('/update')) return void (replicas = 1)
    if (path === '/tasks') return tasks()
    return path === '/nodes' ? [node] : service()
  }
  return {
    call,
    ask: async (...words) => ({ status: 200, body: await call(...words) }),
    host: () => '',
    close: () => {},
  }
}
