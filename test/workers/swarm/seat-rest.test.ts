/**
 * What the driver reads of seats at rest is little: a seat that is said to rest must be one with which `decide` does nothing while
 * its container is as said, and one that is left out must be looked at when it is not.
 */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AT_REST, markCold } from '../../../api/data/seats/seat-life.ts'
import { movingSeats, restingSeats } from '../../../api/data/seats/seat-rest.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { decide } from '../../../workers/swarm/decide.ts'
import { seatDriver } from '../../../workers/swarm/drive.ts'
import { type Engine, EngineError } from '../../../workers/swarm/engine.ts'
import { listTasks } from '../../../workers/swarm/task.ts'
import { at, plannedCourse, ring } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const STATES = ['absent', 'cold', 'starting', 'ready', 'stopping', 'failed']
const YES_NO = [false, true]
const now = at(-20)
let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  const facts = every()
  const { id } = await plannedCourse(database.pool, { seats: facts.length, atOnce: 10, ready: 10 })
  await database.pool.query(
    `update seat set state = f.state, wanted_on = f.wanted_on, held = f.held, generation = f.generation,
       wanted_generation = f.wanted_generation, applied_generation = f.applied_generation, wanted_start = f.wanted_start,
       started = 1, task_id = f.task_id, service_id = 'svc-' || seat.number
     from jsonb_to_recordset($2::jsonb) as f (number int, state text, wanted_on boolean, held boolean, generation int,
       wanted_generation int, applied_generation int, wanted_start int, task_id text)
     where course_id = $1 and seat.number = f.number`,
    [id, JSON.stringify(facts)],
  )
})
afterAll(() => database.drop())

/** Every state with every combination of what `decide` looks at. */
function every() {
  const all = STATES.flatMap((state) =>
    YES_NO.flatMap((wanted_on) =>
      YES_NO.flatMap((held) =>
        [1, 2].flatMap((wanted_generation) =>
          [1, 2, null].flatMap((applied_generation) =>
            [1, 2].flatMap((wanted_start) =>
              [null, 't'].map((task) => ({
                ...{ state, wanted_on, held, generation: 1, wanted_generation },
                ...{ applied_generation, wanted_start, task_id: task },
              })),
            ),
          ),
        ),
      ),
    ),
  )
  return all.map((facts, i) => ({ ...facts, number: i + 1 }))
}

it('does nothing with a seat that rests while its container is as said', async () => {
  const seats = new Map((await livingSeats(database.pool)).map((seat) => [seat.id, seat]))
  const resting = await restingSeats(database.pool)
  expect(resting.length).toBeGreaterThan(20)
  const steps = resting.map(({ id, taskId }) => {
    const seen = { runningTaskId: taskId ?? undefined, alive: taskId !== null }
    return decide(seats.get(id)!, seen, now)
  })
  expect(new Set(steps)).toEqual(new Set(['none']))
})

it('reads each living seat as one or the other, those asked for in any case', async () => {
  const living = await livingSeats(database.pool)
  const resting = await restingSeats(database.pool)
  const moving = await movingSeats(database.pool, [])
  const ids = [...moving, ...resting].map(({ id }) => id)
  expect(ids.toSorted()).toEqual(living.map(({ id }) => id).toSorted())
  const asked = await movingSeats(database.pool, [resting[0]!.id])
  expect(asked).toHaveLength(moving.length + 1)
})

it('is not kept from a seat at rest by reading little: one whose container lives though nobody wants it, and one that lost its own', async () => {
  const resting = await restingSeats(database.pool)
  const [cold, ready] = [resting.find((one) => !one.taskId)!, resting.find((one) => one.taskId)!]
  await database.pool.query('update seat set held = true, state = $2 where not id = any($1)', [
    [cold.id, ready.id],
    'cold',
  ])
  const told: string[] = []
  const driver = seatDriver({
    ...{ pool: database.pool, ring, installation: database.installation },
    ...{ log: pino({ level: 'silent' }), now: () => now, engine: engineWith(cold.serviceId, told) },
  })
  await driver.tick()
  await expect.poll(() => told).toContain(`/services/${cold.serviceId}`)
  const stateOf = async (id: string) =>
    (await livingSeats(database.pool)).find((seat) => seat.id === id)?.state
  await expect.poll(() => stateOf(ready.id)).toBe('starting')
  await driver.stop()
})

it('sees the tasks of all others while the service of one is being made anew', async () => {
  const running = { ID: 't', ServiceID: 'there', DesiredState: 'running', CreatedAt: '1' }
  const engine = engineWith('there', [])
  const call: Engine['call'] = async (_, path, options) => {
    const { service } = (options?.query?.['filters'] ?? {}) as { service?: string[] }
    if (service?.includes('gone')) throw new EngineError(404, `GET ${path}: service gone not found`)
    return [{ ...running, Status: { State: 'running' } }]
  }
  const wanted = { installation: database.installation, serviceIds: ['gone', 'there'] }
  const tasks = await listTasks({ ...engine, call }, wanted)
  expect(tasks.map(({ ID }) => ID)).toEqual(['t'])
})

/** One task runs, that of this service, until it is asked for; `told`: which were. */
function engineWith(serviceId: string, told: string[]): Engine {
  const task = { ID: 'stray', ServiceID: serviceId, DesiredState: 'running', CreatedAt: '1' }
  const call: Engine['call'] = async (_, path) => {
    if (path === '/tasks' && told.length > 0) return []
    if (path === '/tasks') return [{ ...task, Status: { State: 'running' } }]
    if (path === '/nodes') return []
    told.push(path)
    const Spec = { Name: 'x', Mode: { Replicated: { Replicas: 0 } }, TaskTemplate: {} }
    return { ID: serviceId, Version: { Index: 1 }, Spec }
  }
  return {
    call,
    ask: async (method, path) => ({ status: 200, body: await call(method, path) }),
    host: () => '',
    close: () => {},
  }
}

it('wakes nobody for a seat that came to rest only where nothing is next for it', async () => {
  await database.pool.query(`update seat set state = 'stopping' where number % 11 = 0`)
  const stopping = (await livingSeats(database.pool)).filter(({ state }) => state === 'stopping')
  const client = await database.pool.connect()
  const told: (string | undefined)[] = []
  client.on('notification', ({ channel, payload }) => channel === 'seats' && told.push(payload))
  await client.query('listen seats')
  const next: { isTold: boolean; step: string }[] = []
  for (const { id } of stopping) {
    told.length = 0
    await markCold(client, { ids: [id], now })
    const seat = (await livingSeats(database.pool)).find((one) => one.id === id)!
    const step = decide(seat, { runningTaskId: undefined, alive: false }, now)
    next.push({ isTold: told.some((payload) => payload !== AT_REST), step })
  }
  await client.query('unlisten seats')
  client.removeAllListeners('notification')
  client.release()
  expect(next.filter(({ isTold }) => !isTold).length).toBeGreaterThan(5)
  expect(next.filter(({ isTold, step }) => !isTold && step !== 'none')).toEqual([])
})
