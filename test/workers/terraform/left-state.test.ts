/** A state that Terraform could not deliver is removed when it was, or when the record has one as new: on PostgreSQL and a disk. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { newId } from '../../../api/data/ids.ts'
import { findState, saveState } from '../../../api/data/runs/state.ts'
import { releaseLease } from '../../../api/data/runs/stack.ts'
import type { RunContext } from '../../../workers/terraform/context.ts'
import { recoverLeftStates, stackFolder } from '../../../workers/terraform/workdir.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { type LiveRun, SEATS_STACK, beginRun, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const database = await testDatabase()
const { pool, installation } = database
const keyRing = testRing()
const home = mkdtempSync(join(tmpdir(), 'labplan-test-left-state-'))
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await database.drop()
})
await importDocuments(pool, keyRing, now)
await want(pool, now, { [SEATS_STACK]: 'two-seats' })

let run: LiveRun
const told: object[] = []
beforeEach(async () => {
  told.length = 0
  await pool.query('delete from state_version')
  if (run) await releaseLease(pool, run.lease)
  run = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'two-seats', now })
  rmSync(stackFolder(home, run.lease.stackId), { recursive: true, force: true })
})

const state = (serial: number, lineage = 'ours', more = '') =>
  Buffer.from(JSON.stringify({ version: 4, serial, lineage, more }))
const keep = (serial: number) =>
  saveState(pool, keyRing, {
    ...{ ...run.lease, runId: run.id, now, bytes: state(serial), lockId: null },
  })
const kept = async () => (await findState(pool, keyRing, run.lease.stackId))?.serial

/** What a run that began at `base` could not deliver; answers its folder. */
function leave(base: number, bytes: Buffer): { id: string; file: string } {
  const id = newId()
  const folder = join(stackFolder(home, run.lease.stackId), id)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'base-serial'), String(base))
  const file = join(folder, 'errored.tfstate')
  writeFileSync(file, bytes)
  return { id, file }
}

function recover(lease = run.lease) {
  const log = { info: () => {}, warn: () => {}, error: (fields: object) => void told.push(fields) }
  const services = { pool, keyRing, log, now: () => now, config: { home, installation } }
  const workdir = join(stackFolder(home, lease.stackId), run.id)
  return recoverLeftStates({ services, lease, runId: run.id, workdir } as unknown as RunContext)
}

it('takes up what follows the record, and removes its folder', async () => {
  await keep(5)
  const left = leave(5, state(8))
  expect(await recover()).toEqual({ recovered: [left.id], kept: [] })
  expect([await kept(), existsSync(left.file), told]).toEqual([8, false, []])
})

it('keeps what was refused because the stack is somebody else’s by now, for whoever has it next', async () => {
  await keep(5)
  const left = leave(5, state(8))
  const fenced = { ...run.lease, tokenHash: Buffer.from('an earlier one') }
  expect(await recover(fenced)).toEqual({ recovered: [], kept: [left.id] })
  expect([await kept(), existsSync(left.file)]).toEqual([5, true])
  expect(told).toMatchObject([{ runId: left.id }])
  expect(await recover()).toEqual({ recovered: [left.id], kept: [] })
  expect(await kept()).toBe(8)
})

it('keeps what may not follow the record until that is as new', async () => {
  await keep(6)
  const left = leave(5, state(8))
  expect(await recover()).toEqual({ recovered: [], kept: [left.id] })
  await keep(7)
  expect(await recover()).toEqual({ recovered: [], kept: [left.id] })
  await keep(8)
  expect(await recover()).toEqual({ recovered: [], kept: [] })
  expect([await kept(), existsSync(left.file)]).toEqual([8, false])
})

it('keeps what cannot be read, and what is of another lineage', async () => {
  await keep(5)
  const [torn, foreign] = [
    leave(5, Buffer.from('{"version": 4, "ser')),
    leave(5, state(4, 'other')),
  ]
  const { recovered, kept: left } = await recover()
  expect([recovered, left.toSorted()]).toEqual([[], [torn.id, foreign.id].toSorted()])
  expect([existsSync(torn.file), existsSync(foreign.file)]).toEqual([true, true])
})
