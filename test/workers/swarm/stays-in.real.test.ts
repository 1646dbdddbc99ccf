/**
 * Somebody is at work when the class comes and goes around them: on a real Swarm, with real Terraform and a real
 * worker, whose clock is the test's. What they typed into is the same process throughout.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { readKeyRing } from '../../../api/data/key-ring.ts'
import { claimWorkspace } from '../../../api/data/workspaces/workspace-begin.ts'
import { openLog } from '../../../api/log.ts'
import { root } from '../../../scripts/steps/settings.ts'
import { serviceName } from '../../../stacks/parts/names.ts'
import { type Worker, startWorker } from '../../../workers/worker.ts'
import { newPerson } from '../../api/class-scene.ts'
import { terminalOn } from '../../beds/image.ts'
import { seatNetworkOn } from '../../beds/seat-network.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { type WebShell, openWebShell } from '../../beds/web-shell.ts'
import { allDocuments, networksDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { workerConfig } from '../worker-config.ts'

const WAIT_MS = 90_000
/** The second of a course: three seats from 10:00 to 12:00 in Paris; who is in may stay half an hour. One headroom seat. */
const CLASS = '2026-12-01T09:00:00Z'
const course = networksDocument(3)
  .replace('minutes: 120', 'minutes: 120\n    stayMinutes: 30\n    opensMinutesBefore: 10')
  .replace('headroom: { seats: 0 }', 'headroom: { seats: 1, hours: 00:00-24:00 }')
  .replace('cpu: 0.5, memoryMb: 512', 'cpu: 0.05, memoryMb: 64')

let bed: SwarmBed
let database: TestDatabase
let worker: Worker
let shell: WebShell
const home = mkdtempSync(join(tmpdir(), 'labplan-test-stays-'))

/** Minutes after class began; runs on from there. */
let clock = { atMs: 0, since: 0 }
const setClock = (minutes: number): void => {
  clock = { atMs: Date.parse(CLASS) + minutes * 60_000, since: performance.now() }
}
const now = () => new Date(clock.atMs + performance.now() - clock.since)

beforeAll(async () => {
  setClock(-60)
  ;[bed, database] = await Promise.all([swarmBed({ nodes: 1 }), testDatabase()])
  const { installation, pool } = database
  const image = (await terminalOn(bed)).replace(`${bed.registry}/`, '')
  await seatNetworkOn(bed, installation)
  const config = workerConfig(home, bed, database)
  const environments = readFileSync(join(root, 'examples/environments.yaml'), 'utf8')
  const texts: Record<string, string> = {
    'environment.yaml': environments.replace('key: terminal', `key: terminal\nimage: ${image}`),
    'networks-101.yaml': course,
  }
  const documents = allDocuments()
    .filter(({ name }) => name !== 'machine-learning-lab.yaml')
    .map(({ name, text }) => ({ name, text: texts[name] ?? text }))
  await importDocuments(pool, readKeyRing(config.keyFile), now(), documents)
  worker = await startWorker({ config, log: openLog('worker', 'silent'), name: 'test-1', now })
}, 180_000)

afterAll(async () => {
  shell?.cut()
  await worker?.stop()
  await Promise.all([bed?.down(), database?.drop()])
  rmSync(home, { recursive: true, force: true })
})

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`)
    await sleep(100)
  }
}

/** Nothing differs from what is wanted of `seats` seats, and nobody holds a stack. */
const untilThereAre = (seats: number) =>
  until(`${seats} seats`, async () => {
    const rows = await many<{ settled: boolean }>(
      database.pool,
      sql`select wanted_digest is not distinct from applied_digest and state in ('applied', 'absent')
            and lease_owner is null as settled from stack where kind = 'seats'`,
    )
    return rows.length > 0 && rows.every((row) => row.settled) && services().length === seats
  })

const docker = (...words: string[]): string[] =>
  execFileSync('docker', ['-H', bed.dockerHost, ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)

const services = () => docker('service', 'ls', '--format', '{{.Name}}')

const workspace = () =>
  one<{ state: string; session_id: string | null }>(
    database.pool,
    sql`select state, session_id from workspace`,
  )

/** Everything by which one would notice that it is not the same seat any more. */
async function identity() {
  const { code } = await one<{ code: string }>(database.pool, sql`select code from course`)
  const name = serviceName({ installation: database.installation, course8: code, number: 1 })
  const containers = docker('ps', '-q', '--no-trunc', '--filter', `name=${name}`)
  const mounts = docker(
    ...['inspect', '--format', '{{range .Mounts}}{{.Type}} {{.Destination}};{{end}}'],
    ...containers,
  )
  const [pid, begun, typed, mounted] = (
    await shell.run(
      `echo $$ $(cut -d' ' -f22 /proc/1/stat) $typed $(grep -c " /home " /proc/self/mountinfo)`,
    )
  ).split(' ')
  return { containers, mounts, pid, begun, typed, mounted }
}

it('keeps the process of who is at work, with one mount, while a class opens and ends around it', async () => {
  const { pool } = database
  await untilThereAre(1)

  setClock(-15)
  const { id: courseId } = await one<{ id: string }>(pool, sql`select id from course`)
  const personId = await newPerson(pool)
  const launched = await withTransaction(pool, (tx) =>
    claimWorkspace(tx, { courseId, personId, now: now() }),
  )
  expect(launched.seatNumber).toBe(1)
  await until('the launch', async () => (await workspace()).state === 'ready')
  expect((await workspace()).session_id).toBeNull()
  const { host } = await one<{ host: string }>(
    pool,
    sql`select node_address || ':' || published_port as host from seat join seat_port on seat_id = seat.id
        where number = 1 and container_port = 8080`,
  )
  shell = await openWebShell(host)
  await shell.run('typed=before-class; echo mine > $HOME/mine')
  const before = await identity()
  expect(before).toMatchObject({ typed: 'before-class', mounted: '1' })
  expect(before.containers.length).toBe(1)

  // The class's other seats come into the same stack.
  await untilThereAre(3)
  expect(await identity()).toEqual(before)

  setClock(-9)
  await until('the class to take them in', async () => (await workspace()).session_id !== null)
  setClock(5)
  await until('the class to begin', async () => (await session()).state === 'open')
  expect(await identity()).toEqual(before)

  // Over; who is in may stay, and the others' seats go only with the place they hold.
  setClock(121)
  await until('the class to end', async () => (await session()).state === 'ended')
  expect((await workspace()).state).toBe('ready')
  expect(await identity()).toEqual(before)
  expect(await shell.run('cat $HOME/mine')).toBe('mine')

  const { graceEndsAt } = await session()
  setClock((graceEndsAt.getTime() - Date.parse(CLASS)) / 60_000 + 1)
  await until('the stay to end', async () => (await workspace()).state === 'stopped')
  await untilThereAre(1)
}, 180_000)

const session = () =>
  one<{ state: string; graceEndsAt: Date }>(
    database.pool,
    sql`select state, grace_ends_at as "graceEndsAt" from session where starts_at = ${new Date(CLASS)}`,
  )
