/**
 * An idle machine becomes one of a pool: the line that the command line prints, pasted on a Debian machine with a kernel of its
 * own. API, node watch, Swarm and machine are real; the clock stands still.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type Config, readConfig } from '../../../api/config.ts'
import { many, one, sql } from '../../../api/data/db.ts'
import { readKeyRing } from '../../../api/data/key-ring.ts'
import { tokenOutSince } from '../../../api/data/pools/node.ts'
import { poolReport } from '../../../api/data/pools/pool-report.ts'
import { type RunningServer, startServer } from '../../../api/server.ts'
import { labplan } from '../../../scripts/labplan.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import { listNodes, workerToken } from '../../../workers/swarm/node.ts'
import { bootMachine, type Machine } from '../../beds/machines/boot.ts'
import { machineParts, whyNoMachinesNow } from '../../beds/machines/install.ts'
import { pushSleeper } from '../../beds/sleeper.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'
import { courseDocument, hallDocument } from '../../cast/cloud.ts'
import { environmentDocument, zoneDocument } from '../../cast/documents.ts'
import { importDocuments } from '../../cast/record.ts'
import { freePort } from '../../free-port.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

vi.setConfig({ testTimeout: 300_000 })
const READY_LIMIT_MS = 240_000
const now = new Date('2026-11-24T11:00:00Z')
const clock = () => now
const why = whyNoMachinesNow()
beforeEach(({ skip }) => skip(why !== undefined, why))

let bed: SwarmBed
let database: TestDatabase
let engine: Engine
let config: Config
let server: RunningServer
let before: string
const home = mkdtempSync(join(tmpdir(), 'labplan-test-join-'))

beforeAll(async () => {
  if (why !== undefined) return
  ;[bed, database] = await Promise.all([swarmBed({ nodes: 1 }), testDatabase()])
  engine = connectEngine(bed.dockerHost)
  before = await workerToken(engine)
  config = await configOf()
  server = await startServer(config, { now: clock })
  const image = pushSleeper(bed.dockerHost, bed.registry, home)
  const course = { key: 'networks', start: '2026-11-24T14:00', minutes: 60, students: 2 }
  const texts = [
    ...[zoneDocument, environmentDocument.replace(/image: .*/, `image: ${image}`), hallDocument],
    courseDocument(course).replace('pool: cloud', 'pool: hall'),
  ]
  const sources = texts.map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, readKeyRing(config.keyFile), now, sources)
})
afterAll(async () => {
  engine?.close()
  await server?.stop()
  await Promise.all([bed?.down(), database?.drop()])
  rmSync(home, { recursive: true, force: true })
})

async function configOf(): Promise<Config> {
  const key = randomBytes(32).toString('base64')
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ current: 'k1', keys: { k1: key } }))
  writeFileSync(join(home, 'operator-token'), 'operator-of-the-tests')
  const listen = `${bed.hostAddress}:${await freePort()}`
  return readConfig({
    ...{ LABPLAN_HOME: home, DATABASE_URL: database.url, DOCKER_HOST: bed.dockerHost },
    ...{ LABPLAN_INSTALLATION: database.installation, LABPLAN_REGISTRY: bed.registry },
    ...{ LABPLAN_PUBLIC_URL: `http://${listen}`, LABPLAN_API_LISTEN: listen },
    ...{ LABPLAN_SEAT_URL: 'http://seats.localhost:7081', LABPLAN_LOG_LEVEL: 'silent' },
  })
}

async function joinCommand(): Promise<string> {
  const said: string[] = []
  const print = (line: string) => void said.push(line)
  const env = { LABPLAN_HOME: home, LABPLAN_API_URL: config.publicUrl }
  const code = await labplan(['pool', 'join-command', 'hall'], { print, complain: print }, env)
  expect(code, said.join('\n')).toBe(0)
  return said[0]!
}

/** The system of these machines has no curl and no way to install one: what of it the line needs. */
const CURL = `#!/usr/bin/python3
import sys, urllib.request
header, url = sys.argv[sys.argv.index('-H') + 1], sys.argv[-1]
request = urllib.request.Request(url, headers=dict([header.split(': ', 1)]))
print(urllib.request.urlopen(request, timeout=60).read().decode())
`

/** Somebody's machine: with an engine that has settings of its own, and the line in a terminal on it. */
function idleMachine(line: string): Machine {
  const own = { 'log-opts': { 'max-size': '1m' }, labels: ['room=12'] }
  const config = {
    write_files: [
      { path: '/usr/local/bin/curl', permissions: '0755', content: CURL },
      { path: '/etc/docker/daemon.json', content: JSON.stringify(own) },
    ],
    runcmd: [`${line} >/dev/console 2>&1`],
  }
  const userData = `#cloud-config\n${JSON.stringify(config)}\n`
  return bootMachine(bed, machineParts()!, { name: 'idle-pc', number: 1, userData })
}

it('joins by the pasted line, is tried out, counted and shown; the line and the token are of no use afterwards', async () => {
  const { pool, installation } = database
  const log = { info() {}, warn: console.error }
  const place = { installation, registry: bed.registry }
  const ring = readKeyRing(config.keyFile)
  const watch = nodeWatch({ ...{ pool, engine, ring, log, now: clock }, ...place })
  const line = await joinCommand()
  const machine = idleMachine(line)
  const seen: string[] = []
  const stateOfIt = async () => {
    if (!machine.isRunning()) throw new Error(machine.console().slice(-2000))
    await watch.look()
    const report = await poolReport(pool, 'hall', now)
    const state = report?.nodes.find(({ name }) => name === 'idle-pc')?.state
    if (state && seen.at(-1) !== state) seen.push(state)
    return state
  }
  const end = performance.now() + READY_LIMIT_MS
  while ((await stateOfIt()) !== 'ready') {
    if (performance.now() > end)
      throw new Error(`It is not ready. Its console ends with:\n${machine.console().slice(-3000)}`)
    await sleep(1000)
  }
  expect(seen).toEqual(['joined', 'ready'])

  const node = (await listNodes(engine)).find(({ hostname }) => hostname === 'idle-pc')
  expect(node).toMatchObject({ installation, pool: 'hall', key: null, availability: 'active' })
  // What its owner had told the engine still holds.
  expect(JSON.stringify(await engine.call('GET', '/nodes'))).toContain('"room":"12"')
  const { text } = await one<{ text: string }>(
    pool,
    sql`select text from document where kind = 'Pool' and key = 'hall'`,
  )
  expect(text).toMatch(/# The machine by the door\.\n[\s\S]*key: idle-pc/)

  // Rotated as soon as it had joined; and whoever finds the line in a terminal's history gets nothing.
  await watch.look()
  expect(await workerToken(engine)).not.toBe(before)
  expect(await tokenOutSince(pool)).toBeUndefined()
  const [, token = ''] = /Bearer ([\w-]+)/.exec(line) ?? []
  const again = await fetch(`${config.publicUrl}/machines/join`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await again.text()).toContain('this line was used already')
  const rows = [
    await many(pool, sql`select * from join_ticket`),
    await many(pool, sql`select * from audit`),
    await many(pool, sql`select * from change`),
  ]
  for (const secret of [before, token]) expect(JSON.stringify(rows)).not.toContain(secret)
})
