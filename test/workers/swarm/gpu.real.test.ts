/**
 * Seats with GPUs on three engines with two stand-in cards each, with a real worker and real Terraform: whatever happens to
 * the machines, no two seats ever see the same card.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../../api/config.ts'
import { many, one, sql } from '../../../api/data/db.ts'
import { readKeyRing } from '../../../api/data/key-ring.ts'
import { heldDevices } from '../../../api/data/seats/seat-device.ts'
import { openLog } from '../../../api/log.ts'
import { type Worker, startWorker } from '../../../workers/worker.ts'
import { terminalOn } from '../../beds/image.ts'
import { seatNetworkOn } from '../../beds/seat-network.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const WAIT_MS = 110_000
const CLASS = '2026-11-24T09:00:00Z'
const SEATS = 4

const gpu = 'gpu: { kind: a100, count: 2 }'
const poolDocument = `apiVersion: labplan/v1
kind: Pool
key: hall
title: { en: Hall, fr: Salle }
nodes:
${[1, 2, 3].map((n) => `  - { key: pc-${n}, cpu: 2, memoryMb: 4096, ${gpu} }`).join('\n')}
reserve: { cpu: 0, memoryMb: 0 }
`
const courseDocument = (key: string, seat: string, students: number) => `apiVersion: labplan/v1
kind: Course
key: ${key}
title: { en: ${key}, fr: ${key} }
environment: terminal
pool: hall
seat: { cpu: 0.05, memoryMb: 64${seat} }
students: ${students}
sessions:
  - { start: 2026-11-24T10:00, minutes: 120 }
headroom: { seats: 0 }
`

let bed: SwarmBed
let database: TestDatabase
let worker: Worker
const home = mkdtempSync(join(tmpdir(), 'labplan-test-gpu-'))

let clock = { atMs: 0, since: 0 }
const setClock = (minutes: number): void => {
  clock = { atMs: Date.parse(CLASS) + minutes * 60_000, since: performance.now() }
}
const now = () => new Date(clock.atMs + performance.now() - clock.since)

beforeAll(async () => {
  setClock(-20)
  ;[bed, database] = await Promise.all([swarmBed({ nodes: 3, gpusPerNode: 2 }), testDatabase()])
  const { installation, pool, url } = database
  const image = (await terminalOn(bed)).replace(`${bed.registry}/`, '')
  await seatNetworkOn(bed, installation)
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  writeFileSync(join(home, 'keys.json'), JSON.stringify(keys))
  const cache = process.env['LABPLAN_CACHE'] ?? join(homedir(), '.cache', 'labplan')
  const config = readConfig({
    ...{ LABPLAN_HOME: home, DATABASE_URL: url, LABPLAN_INSTALLATION: installation },
    ...{ LABPLAN_REGISTRY: bed.registry, DOCKER_HOST: bed.dockerHost, PATH: process.env['PATH'] },
    TERRAFORM_BINARY_NAME: process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform',
    LABPLAN_PROVIDER_MIRROR: process.env['LABPLAN_PROVIDER_MIRROR'] ?? join(cache, 'mirror'),
  })
  // What an image or a teacher asks for by itself gives nobody a card.
  const environment = `${environmentDocument.replace(/image: .*/, `image: ${image}`)}env: { NVIDIA_VISIBLE_DEVICES: all }
capabilities: [CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, SYS_CHROOT, AUDIT_WRITE, NET_BIND_SERVICE]
mountPath: /home
`
  const texts = [
    ...[zoneDocument, environment, poolDocument],
    courseDocument('vision', ', gpu: { kind: a100, count: 1 }', SEATS),
    courseDocument('networks', '', 1),
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(pool, readKeyRing(config.keyFile), now(), sources)
  worker = await startWorker({ config, log: openLog('worker', 'silent'), name: 'test-1', now })
}, 180_000)

afterAll(async () => {
  await worker?.stop()
  await Promise.all([bed?.down(), database?.drop()])
  rmSync(home, { recursive: true, force: true })
})

const docker = (node: number, ...words: string[]): string[] =>
  execFileSync('docker', ['-H', bed.nodes[node]!.dockerHost, ...words], {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  })
    .split('\n')
    .filter(Boolean)

const dead = new Set<number>()

/** `node/card` that each container of a course sees, on every engine that lives. */
function cards(course: string): string[] {
  return bed.nodes.flatMap((_, i) => {
    if (dead.has(i)) return []
    return docker(i, 'ps', '-q', '--filter', `name=-${course}-s`).map((container) => {
      try {
        const seen = docker(i, 'exec', container, 'sh', '-c', 'cd /dev; ls -d nvidia* 2>&-; true')
        return `${bed.nodes[i]!.name}/${seen.join(' ')}`
      } catch {
        return '' // Ended meanwhile.
      }
    })
  })
}

const codeOf = async (key: string) =>
  (await one<{ code: string }>(database.pool, sql`select code from course where key = ${key}`)).code

/** Each look counts: no card in two containers, ever. */
async function lookAtCards(): Promise<string[]> {
  const seen = cards(await codeOf('vision')).filter((one) => one.includes('/nvidia'))
  expect(new Set(seen).size, seen.join(' ')).toBe(seen.length)
  for (const one of seen) expect(one).toMatch(/\/nvidia[01]$/)
  return seen
}

const ready = async () =>
  (
    await many(
      database.pool,
      sql`select seat.id from seat join course on course.id = course_id where course.key = 'vision' and seat.state = 'ready'`,
    )
  ).length

/** All seats run; and what they see is what the record says. */
async function untilAllRun(isElsewhere: (seen: string[]) => boolean = () => true) {
  const deadline = performance.now() + WAIT_MS
  let seen = await lookAtCards()
  while (seen.length < SEATS || !isElsewhere(seen) || (await ready()) < SEATS) {
    if (performance.now() > deadline) throw new Error(`Only ${seen.join(' ')}: ${await why()}`)
    await sleep(500)
    seen = await lookAtCards()
  }
  const rows = (await heldDevices(database.pool)).filter(({ left_at }) => left_at === null)
  const names = new Map(docker(0, 'node', 'ls', '--format', '{{.ID}} {{.Hostname}}').map(pair))
  const told = rows.map(({ node_id, device }) => `${names.get(node_id)}/nvidia${device}`)
  expect(told.toSorted()).toEqual(seen.toSorted())
  return seen
}

const pair = (line: string) => line.split(' ').slice(0, 2) as [string, string]
const why = async () =>
  JSON.stringify(
    await many(
      database.pool,
      sql`select number, state, message_code, message_params from seat order by number`,
    ),
  )

/** A worker of the Swarm on which seats see cards. */
const busyWorker = (seen: string[]): number =>
  [1, 2].find((n) => seen.some((one) => one.startsWith(`${bed.nodes[n]!.name}/`)))!

it('gives each seat a card of its own, and a seat without one none, whatever its image says', async () => {
  await untilAllRun()
  const networks = await codeOf('networks')
  const none = [expect.stringMatching(/\/$/)]
  await expect.poll(() => cards(networks), { timeout: WAIT_MS }).toEqual(none)
})

it('plans nothing anew because of what it told the Swarm', async () => {
  const runs = () =>
    one<{ count: number }>(database.pool, sql`select count(*)::int as count from run`)
  const outcome = () =>
    many(
      database.pool,
      sql`select state, message, lease_owner as holder from stack where key like 'seats-vision%'`,
    )
  // Seats run before the run that made them is over, whose end would write over what is written here.
  const atRest = [{ state: 'applied', message: null, holder: null }]
  await expect.poll(outcome, { timeout: WAIT_MS }).toEqual(atRest)
  const before = await runs()
  await database.pool.query(
    `update stack set state = 'needs_reconcile' where kind = 'seats' and key like 'seats-vision%'`,
  )
  await database.pool.query(`notify work`)
  await expect.poll(runs, { timeout: WAIT_MS }).not.toEqual(before)
  await expect.poll(outcome, { timeout: WAIT_MS }).toEqual(atRest)
  expect(await lookAtCards()).toHaveLength(SEATS)
})

it('moves seats off a machine that is emptied, to cards that nobody sees any more', async () => {
  const victim = busyWorker(await untilAllRun())
  const { name } = bed.nodes[victim]!
  docker(0, 'node', 'update', '--availability', 'drain', name)
  await untilAllRun((seen) => seen.every((one) => !one.startsWith(`${name}/`)))
  docker(0, 'node', 'update', '--availability', 'active', name)
})

it('moves seats off a machine that was killed, and keeps its cards until it is forgotten', async () => {
  const victim = busyWorker(await untilAllRun())
  const { name, pid } = bed.nodes[victim]!
  dead.add(victim)
  process.kill(pid, 'SIGKILL')
  await untilAllRun((seen) => seen.every((one) => !one.startsWith(`${name}/`)))
  const left = async () => (await heldDevices(database.pool)).filter(({ left_at }) => left_at)
  // The Swarm cannot know what still runs there.
  expect((await left()).length).toBeGreaterThan(0)
  docker(0, 'node', 'rm', '--force', name)
  await expect.poll(left, { timeout: 20_000 }).toEqual([])
})

it('gives all of them back after class', async () => {
  setClock(200)
  await expect.poll(() => heldDevices(database.pool), { timeout: WAIT_MS }).toEqual([])
})
