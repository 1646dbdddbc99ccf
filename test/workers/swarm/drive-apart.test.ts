/**
 * Seats of the same moment, one of which PostgreSQL refuses to write down: the others go down all the same. The rows are real, the
 * engine is the test's own.
 */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, sql } from '../../../api/data/db.ts'
import { seatDriver } from '../../../workers/swarm/drive.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { at, plannedCourse, ring } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  const { id } = await plannedCourse(database.pool, { seats: 3, atOnce: 3, ready: 3 })
  await database.pool.query(
    `update seat set wanted_on = false, service_id = 'svc-' || number, task_id = 'task-svc-' || number where course_id = $1`,
    [id],
  )
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      if new.number = 1 and new.state <> old.state then raise exception 'nothing is written here'; end if;
      return new;
    end $$;
    create trigger refuse before update on seat for each row execute function refuse()`)
})
afterAll(() => database.drop())

/** Services of a running seat each, until they are told to go. */
const running = new Set(['svc-1', 'svc-2', 'svc-3'])
const engine: Pick<Engine, 'call'> = {
  async call(_, path) {
    if (path === '/tasks')
      return [...running].map((ServiceID) => ({
        ...{ ID: `task-${ServiceID}`, ServiceID, NodeID: 'n1', DesiredState: 'running' },
        ...{ CreatedAt: '2026-11-23T07:00:00Z', Status: { State: 'running' } },
      }))
    const [, , id = '', verb] = path.split('/')
    if (verb === 'update') return void running.delete(id)
    const Mode = { Replicated: { Replicas: running.has(id) ? 1 : 0 } }
    return { ID: id, Version: { Index: 1 }, Spec: { Name: id, Mode, TaskTemplate: {} } }
  },
}

it('stops the others of a class, however often the one cannot be written down', async () => {
  const { pool, installation } = database
  const driver = seatDriver({
    ...{ pool, ring, installation, now: () => at(140), engine: engine as Engine },
    log: pino({ level: 'silent' }),
    // Each look is at all of them.
    pace: { elapsedMs: () => 0, sleep: async () => {} },
  })
  for (let looks = 0; looks < 4; looks++) {
    await driver.tick()
    await driver.settled()
  }
  await driver.stop()
  expect([...running]).toEqual(['svc-1'])
  const states = await many(pool, sql`select number, state from seat order by number`)
  expect(states).toEqual([
    { number: 1, state: 'ready' },
    { number: 2, state: 'cold' },
    { number: 3, state: 'cold' },
  ])
})

it('says of a seat whose key is lost that it does not come up, so that people are told', async () => {
  const { pool, installation } = database
  await pool.query(`drop function refuse cascade`)
  await pool.query(
    `update seat set state = 'starting', wanted_on = true, credential_key_id = 'lost' where number = 2`,
  )
  running.add('svc-2')
  const driver = seatDriver({
    ...{ pool, ring, installation, now: () => at(150), engine: engine as Engine },
    log: pino({ level: 'silent' }),
    pace: { elapsedMs: () => 0, sleep: async () => {} },
  })
  await driver.tick()
  await driver.settled()
  await driver.stop()
  const [seat] = await many<{ state: string; failures: number; reason: string }>(
    pool,
    sql`select state, start_failures as failures, message_params ->> 'reason' as reason from seat where number = 2`,
  )
  expect(seat).toMatchObject({ state: 'failed', failures: 1 })
  expect(seat!.reason).toMatch(/key ring has no key lost/)
})
