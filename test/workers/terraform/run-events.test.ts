/** What a run says, while PostgreSQL is away for a moment, for good, or will not have it. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type RunEvent, addRunEvents, runEvents } from '../../../api/data/runs/run.ts'
import { recordEvents } from '../../../workers/terraform/record.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { SEATS_STACK, beginRun, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const database = await testDatabase()
const { pool } = database
let stacks = 0
beforeAll(() => importDocuments(pool, testRing(), IN_CLASS))
afterAll(() => database.drop())

/** A run of a stack of its own, its recorder, and what was lost of it. */
async function recorded() {
  const key = SEATS_STACK.replace(/0$/, String(stacks++))
  await want(pool, IN_CLASS, { [key]: 'one' })
  const { id } = await beginRun(pool, { key, kind: 'apply', digest: 'one', now: IN_CLASS })
  const lost: string[] = []
  let waits = 0
  const recorder = recordEvents(
    pool,
    id,
    (_, events) => lost.push(...events.map((event) => event.message ?? '')),
    async () => void waits++,
  )
  const said = async () => (await runEvents(pool, id)).map((event) => event.message)
  return { id, recorder, lost, said, waits: () => waits }
}

const note = (message: string): RunEvent => ({ at: IN_CLASS, kind: 'note', message })
const away = () => pool.query('alter table run_event rename to run_event_away')
const back = () => pool.query('alter table run_event_away rename to run_event')

it('writes what it could not when PostgreSQL is back, in order', async () => {
  const { recorder, said, lost } = await recorded()
  recorder.add(note('one'))
  await recorder.flush()
  await away()
  recorder.add(note('two'))
  await recorder.flush()
  recorder.add(note('three'))
  await recorder.flush()
  await back()
  expect(await said()).toEqual(['one'])
  await recorder.close()
  expect([await said(), lost]).toEqual([['one', 'two', 'three'], []])
})

it('comes back to it by itself, though nothing more is said', async () => {
  const { recorder, said } = await recorded()
  await away()
  recorder.add(note('once'))
  await recorder.flush()
  await back()
  await expect.poll(said, { timeout: 20_000 }).toEqual(['once'])
  await recorder.close()
})

it('writes nothing twice of which it did not hear that it was written', async () => {
  const { id, recorder, said, lost } = await recorded()
  await addRunEvents(pool, id, 1, [note('one')])
  recorder.add(note('one'))
  recorder.add(note('two'))
  await recorder.close()
  expect([await said(), lost]).toEqual([['one', 'two'], []])
})

it('gives up in the end, and says what was lost', async () => {
  const { recorder, said, lost, waits } = await recorded()
  recorder.add(note('one'))
  await recorder.flush()
  await away()
  recorder.add(note('two'))
  await recorder.close()
  await back()
  expect([await said(), lost, waits()]).toEqual([['one'], ['two'], 5])
})

it('goes on after what PostgreSQL refuses, and says what that was', async () => {
  const { recorder, said, lost } = await recorded()
  recorder.add(note('no such text: \0'))
  await recorder.flush()
  recorder.add(note('two'))
  await recorder.close()
  expect([await said(), lost]).toEqual([['two'], ['no such text: \0']])
})

it('writes all of a moment but the ones that are refused', async () => {
  const { recorder, said, lost } = await recorded()
  const all = Array.from({ length: 40 }, (_, i) => (i % 19 === 7 ? `\0 ${i}` : `event ${i}`))
  for (const message of all) recorder.add(note(message))
  await recorder.close()
  expect(lost).toEqual(['\0 7', '\0 26'])
  expect(await said()).toEqual(all.filter((message) => !message.startsWith('\0')))
})

it('asks once for what was said of a run that is gone', async () => {
  const { id, recorder, lost } = await recorded()
  await pool.query('delete from run where id = $1', [id])
  const asked = vi.spyOn(pool, 'query')
  for (const message of ['one', 'two', 'three']) recorder.add(note(message))
  await recorder.close()
  expect([lost, asked.mock.calls.length]).toEqual([['one', 'two', 'three'], 1])
})
