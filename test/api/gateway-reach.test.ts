import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request as ask } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import { Prover } from '../../api/gateway/identity.ts'
import { keyed, writeWhere } from './gateway-rows.ts'
import {
  type Scene,
  type TestSeat,
  browse,
  enter,
  runSeat,
  scene,
  seat,
  tell,
  until,
} from './gateway-scene.ts'

let on: Scene
beforeAll(async () => {
  on = await scene()
})
afterAll(() => on.end())

const html = { accept: 'text/html' }
const says = (text: string) => (_: unknown, response: { end(text: string): void }) =>
  response.end(text)

/** Two seats, each entered by its own student, that stopped and came back on each other's ports. */
async function swapped() {
  const [a, b] = [await seat(on, says('a')), await seat(on, says('b'))]
  const passes = { a: await enter(on, a), b: await enter(on, b) }
  for (const [one, pass] of [
    [a, passes.a],
    [b, passes.b],
  ] as const)
    expect((await browse(on, one.host, '/', { headers: pass })).status).toBe(200)
  const [ports, others] = [a.running!, b.running!]
  await Promise.all([a.running!.stop(), b.running!.stop()])
  a.running = await runSeat(on.ring, a, says('a'), others)
  b.running = await runSeat(on.ring, b, says('b'), ports)
  return { a, b, passes }
}

async function stop(...seats: TestSeat[]) {
  await Promise.all(seats.map((one) => one.running?.stop()))
}

describe('two seats whose ports were swapped', () => {
  it('reach nobody while the gateway knows the old ports, not with one byte', async () => {
    const { a, b, passes } = await swapped()
    for (const [one, pass] of [
      [a, passes.a],
      [b, passes.b],
    ] as const) {
      const answer = await browse(on, one.host, '/secret', { headers: { ...pass, ...html } })
      expect(answer.status).toBe(502)
      const upload = { method: 'POST', body: 'my secret', headers: pass }
      expect((await browse(on, one.host, '/', upload)).status).toBe(502)
      const socket = new WebSocket(`ws://127.0.0.1:${on.gateway.port}/`, {
        headers: { host: one.host, ...pass },
      })
      expect(((await once(socket, 'error')) as [Error])[0].message).toContain('502')
    }
    expect(a.running!.taken().bytes + b.running!.taken().bytes).toBe(0)
    expect(a.running!.taken().connections).toBeGreaterThan(0)
    await stop(a, b)
  })

  it('are found at the first request once the database knows, notice or not', async () => {
    const { a, b, passes } = await swapped()
    await writeWhere(on.database.pool, a.seatId, a.running)
    await writeWhere(on.database.pool, b.seatId, b.running)
    expect((await browse(on, a.host, '/', { headers: passes.a })).body).toBe('a')
    const upload = { method: 'POST', body: 'x', headers: passes.b }
    expect((await browse(on, b.host, '/', upload)).body).toBe('b')
    await stop(a, b)
  })
})

describe('a proof', () => {
  it('is asked once for each connection, and shared by those made before the question', async () => {
    const { promise: together, resolve } = Promise.withResolvers<void>()
    let waiting = 0
    const own = await seat(on, (request, response) => {
      if (request.url === '/together' && ++waiting === 40) resolve()
      void (request.url === '/together' ? together : undefined)?.then(() => response.end('x'))
      if (request.url === '/') response.end('x')
    })
    const pass = await enter(on, own)
    await browse(on, own.host, '/', { headers: pass })
    const asked = own.running!.identity.asked
    for (let i = 0; i < 5; i++) await browse(on, own.host, '/', { headers: pass })
    expect(own.running!.identity.asked).toBe(asked)
    own.running!.identity.delayMs = 500
    const many = Array.from({ length: 40 }, () =>
      browse(on, own.host, '/together', { headers: pass }),
    )
    for (const answer of await Promise.all(many)) expect(answer.status).toBe(200)
    expect(own.running!.taken().connections).toBeGreaterThanOrEqual(40)
    expect(own.running!.identity.asked - asked).toBeLessThan(10)
    await stop(own)
  })

  it('is never an answer to a question asked before the connection was made', async () => {
    const own = await seat(on)
    const { taskId, address, identityPort: port, identity } = own.running!
    const prover = new Prover({ taskId, address, port, key: identityKey(on.ring, keyed(own)) })
    identity.delayMs = 50
    const first = prover.lives()
    await until(() => identity.asked === 1)
    const [second, third] = [prover.lives(), prover.lives()]
    expect(await Promise.all([first, second, third])).toEqual([true, true, true])
    expect(identity.asked).toBe(2)
    prover.close()
    await stop(own)
  })

  it('that does not come in time is none', async () => {
    const own = await seat(on)
    const pass = await enter(on, own)
    own.running!.identity.delayMs = 60_000
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(502)
    expect(own.running!.taken().bytes).toBe(0)
    await stop(own)
    // Twice the three seconds a proof may take, and a machine that has other things to do.
  }, 30_000)

  it('of a later task of the same seat is none: its ports may mean something else', async () => {
    const own = await seat(on)
    const pass = await enter(on, own)
    const { taskId } = own.running!
    await own.running!.stop()
    own.running = await runSeat(on.ring, own, says('later'), own.running!)
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(502)
    expect(own.running.taken().bytes).toBe(0)
    expect(own.running.taskId).not.toBe(taskId)
    await writeWhere(on.database.pool, own.seatId, own.running)
    expect((await browse(on, own.host, '/', { headers: pass })).body).toBe('later')
    await stop(own)
  })

  it('of another generation’s key is none', async () => {
    const own = await seat(on, 'off')
    const pass = await enter(on, own)
    own.running = await runSeat(on.ring, { ...own, generation: 2 }, says('old'))
    await tell(on.database, own)
    await until(() => on.gateway.gate.routes.find(own.hostLabel)?.taskId === own.running!.taskId)
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(502)
    expect(own.running!.taken().bytes).toBe(0)
    await stop(own)
  })
})

describe('a seat that is not running', () => {
  it('is explained, in the student’s words, with a link to their workspace', async () => {
    const own = await seat(on, 'off')
    const pass = await enter(on, own)
    const answer = await browse(on, own.host, '/', {
      headers: { ...pass, ...html, 'accept-language': 'fr' },
    })
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('3')
    expect(answer.body).toContain('pas en marche')
    expect(answer.body).toContain(`http://labplan.localhost:7080/workspaces/${own.workspaceId}`)
    expect(answer.body).toContain('src="/.labplan/wait.js"')
    expect((await browse(on, own.host, '/.labplan/wait.js')).status).toBe(200)
    expect((await browse(on, own.host, '/.labplan/page.css')).status).toBe(200)
  })

  it('is waited for: the page learns at once when it runs', async () => {
    const own = await seat(on, 'off')
    const pass = await enter(on, own)
    expect((await browse(on, own.host, '/.labplan/ready')).status).toBe(403)
    const waiting = browse(on, own.host, '/.labplan/ready', { headers: pass })
    own.running = await runSeat(on.ring, own, says('back'))
    await tell(on.database, own)
    expect((await waiting).status).toBe(204)
    expect((await browse(on, own.host, '/', { headers: pass })).body).toBe('back')
    await stop(own)
  })

  it('stops being reached when it stops, and is reached again where it comes back', async () => {
    const own = await seat(on, says('first'))
    const pass = await enter(on, own)
    await own.running!.stop()
    own.running = undefined
    await tell(on.database, own)
    await until(() => on.gateway.gate.routes.find(own.hostLabel)?.taskId === null)
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(503)
    own.running = await runSeat(on.ring, own, says('second'))
    await tell(on.database, own)
    await until(() => on.gateway.gate.routes.find(own.hostLabel)?.taskId !== null)
    expect((await browse(on, own.host, '/', { headers: pass })).body).toBe('second')
    await stop(own)
  })

  it('is not dialled at an address that is no IPv4 address', async () => {
    const own = await seat(on)
    const pass = await enter(on, own)
    await on.database.pool.query(`update seat set node_address = 'localhost' where id = $1`, [
      own.seatId,
    ])
    await on.gateway.gate.routes.refresh(own.seatId)
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(503)
    await stop(own)
  })
})

describe('without PostgreSQL', () => {
  it('who is in stays in, who holds a ticket comes in', async () => {
    const own = await seat(on)
    const pass = await enter(on, own)
    await on.wire.cut()
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(200)
    await enter(on, own)
    await on.wire.mend()
    await stop(own)
  })

  it('a gateway that restarts serves from the routes on its disk, and catches up later', async () => {
    const own = await seat(on)
    const file = join(on.config.home, 'gateway-routes.json')
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes(own.running!.taskId))
    const pass = await enter(on, own)
    await on.wire.cut()
    await on.restart()
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(200)
    expect(JSON.parse((await browse(on, own.host, '/.labplan/healthz')).body)).toMatchObject({
      ok: true,
      fresh: false,
    })
    await own.running!.stop()
    own.running = await runSeat(on.ring, own, says('elsewhere'))
    await writeWhere(on.database.pool, own.seatId, own.running)
    await on.wire.mend()
    await until(() => on.gateway.gate.routes.fresh)
    expect((await browse(on, own.host, '/', { headers: pass })).body).toBe('elsewhere')
    await stop(own)
  })

  it('a first start has nothing to serve, and says so', async () => {
    const fresh = await scene()
    await fresh.wire.cut()
    await fresh.gateway.drain(0)
    const elsewhere = await scene({ databaseUrl: fresh.config.databaseUrl })
    const health = await browse(elsewhere, 'any.host', '/.labplan/healthz')
    expect(health.status).toBe(503)
    await elsewhere.end()
    await fresh.wire.mend()
    await fresh.end()
  })
})

it('drains: frees its port at once, lets what is open end, and cuts the rest in time', async () => {
  const own = await seat(on, (_, response) => response.write('begun '))
  const pass = await enter(on, own)
  const { gateway } = on
  const question = ask({
    ...{ host: '127.0.0.1', port: gateway.port, agent: false },
    headers: { host: own.host, ...pass },
  })
  question.end()
  const [answer] = (await once(question, 'response')) as [IncomingMessage]
  answer.on('error', () => {})
  // Long enough for the next one to start on a busy machine: what is open is looked at before it is cut.
  const drained = gateway.drain(3_000)
  await on.start()
  expect((await browse(on, own.host, '/.labplan/healthz')).status).toBe(200)
  expect(answer.destroyed).toBe(false)
  await drained
  await until(() => answer.destroyed)
  await stop(own)
})
