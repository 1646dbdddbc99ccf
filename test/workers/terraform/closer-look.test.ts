/**
 * Somebody altered what a stack has, and the run that looked closely ended before anything was applied: the next one looks as
 * closely. On PostgreSQL and a disk, with a program in Terraform's place that sees what was altered only where it looks.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, one, sql } from '../../../api/data/db.ts'
import { postponeStack } from '../../../api/data/runs/stack-wish.ts'
import { saveState } from '../../../api/data/runs/state.ts'
import type { VolumesContent } from '../../../stacks/content.ts'
import { volumeAddress, volumeName } from '../../../stacks/parts/names.ts'
import type { Engine } from '../../../workers/swarm/engine.ts'
import { planStack } from '../../../workers/terraform/plan-stack.ts'
import { applyStack, type StackRequest } from '../../../workers/terraform/run-stack.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { beginRun, want } from '../../cast/runs.ts'
import { testDatabase } from '../../postgres.ts'

const now = IN_CLASS
const keyRing = testRing()
const KEY = 'volumes-networks-101'
const database = await testDatabase()
const { pool, installation } = database
const home = mkdtempSync(join(tmpdir(), 'labplan-test-closer-look-'))
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await database.drop()
})
await importDocuments(pool, keyRing, now)
await want(pool, now, { [KEY]: 'x' })

const content: VolumesContent = {
  ...{ kind: 'volumes', key: KEY, installation, course8: 'netw0rks' },
  volumes: [{ seat: 1, generation: 1 }],
}
const address = volumeAddress({ seat: 1, generation: 1 })
const name = volumeName({ installation, course8: 'netw0rks', number: 1, generation: 1 })
const labels = Object.entries({ 'labplan.installation': installation, 'labplan.stack': KEY })

/** What it shows of a plan: where it looked, that the volume would have to be made anew; else nothing. */
function shown(actions: string[]): string {
  const of = { id: name, name, labels: labels.map(([label, value]) => ({ label, value })) }
  const change = { actions, before: of, after: of }
  return JSON.stringify({
    resource_changes: [{ address, mode: 'managed', type: 'docker_volume', change }],
  })
}
const [program, calls] = [join(home, 'engine'), join(home, 'calls')]
writeFileSync(join(home, 'looked.json'), shown(['delete', 'create']))
writeFileSync(join(home, 'blind.json'), shown(['no-op']))
writeFileSync(
  program,
  `#!/bin/sh
case "$1" in
  version) echo '{"terraform_version": "1.11.4", "platform": "linux_amd64"}' ;;
  init) touch .terraform.lock.hcl ;;
  plan) case "$*" in *-refresh=false*) way=blind ;; *) way=looked ;; esac
    echo $way >> ${calls}; cp ${home}/$way.json plan.bin ;;
  show) cat plan.bin ;;
  *) echo "$1" >> ${calls} ;;
esac
`,
  { mode: 0o755 },
)
const mirror = join(home, 'mirror')
const provider = join(
  mirror,
  'registry.terraform.io',
  'kreuzwerker',
  'docker',
  '4.6.0',
  'linux_amd64',
)
mkdirSync(provider, { recursive: true })
writeFileSync(join(provider, 'terraform-provider-docker'), '')

/** The Swarm has the volume. */
const engine = {
  host: () => '',
  call: async () => ({ Volumes: [{ Name: name, Labels: Object.fromEntries(labels) }] }),
} as unknown as Engine
const services = {
  ...{ pool, keyRing, worker: 'worker-1', now: () => now, docker: engine },
  config: {
    ...{ home, installation, dockerHost: '', terraformBinary: program, providerMirror: mirror },
    searchPath: process.env['PATH'] ?? '',
  },
  log: { info: () => {}, warn: () => {}, error: () => {} },
}
const run = (more: Partial<StackRequest> = {}, docker = engine) =>
  applyStack({ ...services, docker }, { content, ...more })
const plans = () => readFileSync(calls, 'utf8').trim().split('\n')
const state = async () =>
  (await one<{ state: string }>(pool, sql`select state from stack where key = ${KEY}`)).state

beforeEach(async () => {
  rmSync(calls, { force: true })
  await pool.query('delete from state_version')
  const { id, lease } = await beginRun(pool, { key: KEY, kind: 'apply', digest: 'x', now })
  const attributes = { id: name }
  const resources = [
    {
      mode: 'managed',
      type: 'docker_volume',
      name: address.split('.')[1],
      instances: [{ attributes }],
    },
  ]
  const bytes = Buffer.from(JSON.stringify({ version: 4, serial: 1, lineage: 'ours', resources }))
  await saveState(pool, keyRing, { ...lease, runId: id, now, bytes, lockId: null })
  await execute(pool, sql`update run set state = 'applied', ended_at = ${now}`)
  // As the inventory leaves it, which has seen that it is not as applied.
  await execute(
    pool,
    sql`update stack set state = 'needs_reconcile', lease_owner = null, lease_token = null, lease_until = null, failures = 0, message = null where key = ${KEY}`,
  )
})

it('looks as closely after a run that was held, and holds it again', async () => {
  const held = {
    ok: false,
    reason: 'held',
    message: expect.stringContaining('volume_would_be_lost'),
  }
  expect(await run()).toMatchObject(held)
  expect(await run()).toMatchObject(held)
  expect([await state(), plans()]).toEqual(['needs_reconcile', ['looked', 'looked']])
})

it('leaves why it is held to be read when somebody would plan it early', async () => {
  const held = await run()
  if (held.ok) throw new Error('It was not held.')
  const { message } = held
  await postponeStack(pool, { key: KEY, message, now })
  expect(await planStack(services, { content })).toMatchObject({ ok: false, reason: 'busy' })
  const said = await one(pool, sql`select state, message from stack where key = ${KEY}`)
  expect(said).toEqual({ state: 'needs_reconcile', message })
})

it('looks as closely after a run that was cancelled once it was planned', async () => {
  const stop = new AbortController()
  const cold = new Promise<void>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve()),
  )
  const before = async () => ({ cold })
  const cancelled = run({ signal: stop.signal, before })
  await expect.poll(() => calledOnce(), { timeout: 20_000 }).toBe(true)
  stop.abort()
  expect(await cancelled).toMatchObject({ ok: false, reason: 'cancelled' })
  expect(await run()).toMatchObject({ ok: false, reason: 'held' })
  expect(plans()).toEqual(['looked', 'looked'])
})

const calledOnce = async () =>
  (await one<{ n: number }>(pool, sql`select count(*) as n from run where state = 'planned'`)).n ===
  1
