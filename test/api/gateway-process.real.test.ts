/** The gateway as the process that scripts/up starts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { keyRing } from '../../api/data/key-ring.ts'
import {
  type Scene,
  type TestSeat,
  browse,
  enter,
  scene,
  seat,
  until,
  wayIn,
} from './gateway-scene.ts'

type Process = { child: ChildProcess; port: number; log: () => string }

let on: Scene
let own: TestSeat
let running: Process
beforeAll(async () => {
  on = await scene()
  on.clock.now = new Date()
  own = await seat(on, (_, response) => response.end('hello'))
  const sockets = new WebSocketServer({ noServer: true })
  own.running!.web.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (websocket) =>
      websocket.on('message', (data) => websocket.send(data)),
    ),
  )
  running = await startProcess()
})
afterAll(async () => {
  running?.child.kill('SIGKILL')
  await own.running?.stop()
  await on.end()
})

async function startProcess(port = 0): Promise<Process> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../api/gateway/server.ts')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        LABPLAN_HOME: on.config.home,
        LABPLAN_INSTALLATION: on.config.installation,
        LABPLAN_GATEWAY_LISTEN: `127.0.0.1:${port}`,
        DATABASE_URL: on.config.databaseUrl,
        LABPLAN_LOG_LEVEL: 'debug',
      },
    },
  )
  let log = ''
  child.stdout.on('data', (part) => (log += part))
  await until(() => log.includes('gateway serves'), 60)
  const served = log.split('\n').find((line) => line.includes('gateway serves'))!
  return { child, port: JSON.parse(served).port as number, log: () => log }
}

const at = (process: Process): Scene => ({ ...on, gateway: { ...on.gateway, port: process.port } })

it('says in its log what happened, and nothing that opens a door or names anybody', async () => {
  const pass = await enter(at(running), own)
  expect((await browse(at(running), own.host, '/secret?q=1', { headers: pass })).body).toBe('hello')
  await browse(at(running), own.host, '/other?q=2')
  expect(running.log()).toContain('entered')
  for (const secret of [
    own.hostLabel,
    own.personId,
    pass.cookie.slice(30),
    '/secret',
    'q=1',
    'q=2',
  ])
    expect(running.log()).not.toContain(secret)
})

it('takes a rotated key ring: new tickets, old passes, seats made before, and never a broken file', async () => {
  const old = await enter(at(running), own)
  const keys = {
    k1: Buffer.alloc(32, 1).toString('base64'),
    k2: Buffer.alloc(32, 9).toString('base64'),
  }
  writeFileSync(on.config.keyFile, JSON.stringify({ current: 'k2', keys }))
  running.child.kill('SIGHUP')
  await until(() => running.log().includes('read again'))
  const rotated = { ...at(running), ring: keyRing({ current: 'k2', keys }) }
  const fresh = await browse(rotated, own.host, wayIn(rotated, own))
  expect(fresh.status).toBe(303)
  // The seat still runs with what the old key gave it.
  own.running!.web.closeAllConnections()
  expect((await browse(at(running), own.host, '/', { headers: old })).body).toBe('hello')
  writeFileSync(on.config.keyFile, JSON.stringify({ current: 'k1', keys }))
  running.child.kill('SIGHUP')
  await until(() => running.log().split('read again').length === 3)
  writeFileSync(on.config.keyFile, 'nonsense')
  running.child.kill('SIGHUP')
  await until(() => running.log().includes('going on with the old ones'))
  writeFileSync(on.config.keyFile, JSON.stringify({ current: 'k1', keys }))
  expect((await browse(at(running), own.host, '/', { headers: old })).status).toBe(200)
})

it('leaves its port to the next one while an open terminal goes on', async () => {
  const pass = await enter(at(running), own)
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/`, {
    headers: { host: own.host, ...pass },
  })
  await once(socket, 'open')
  running.child.kill('SIGTERM')
  await until(() => running.log().includes('gateway drains'))
  const next = await startProcess(running.port)
  expect((await browse(at(next), own.host, '/', { headers: pass })).body).toBe('hello')
  socket.send('still here')
  expect(String((await once(socket, 'message'))[0])).toBe('still here')
  socket.close()
  const [code] =
    running.child.exitCode === null ? await once(running.child, 'exit') : [running.child.exitCode]
  expect(code).toBe(0)
  running = next
})

it('ends with a sentence when it cannot start', async () => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../api/gateway/server.ts')],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] },
    },
  )
  let said = ''
  child.stderr.on('data', (part) => (said += part))
  const [code] = await once(child, 'exit')
  expect(code).not.toBe(0)
  expect(said).toContain('The environment is not usable: DATABASE_URL')
})
