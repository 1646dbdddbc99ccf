/** What a seat's ports may say, however long, or not at all: the worker that asks neither waits for the end of it nor keeps it. Real sockets. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createRawServer } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textOf } from '../../../workers/swarm/ask-seat.ts'
import { IDENTITY_PORT, findDoors, portAnswers } from '../../../workers/swarm/probe.ts'
import { countersOf } from '../../../workers/swarm/sample.ts'

let server: Server
let port: number
let sent = 0
let open = 0
beforeAll(async () => {
  server = createServer((_, answer) => {
    open++
    const some = 'x'.repeat(64 * 1024)
    // As a page that shows a stream does: something every moment, and no end.
    const timer = setInterval(() => void (answer.write(some) && (sent += some.length)), 5)
    answer.on('close', () => (clearInterval(timer), open--))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

it('takes a page without end for an answer', async () => {
  expect(await portAnswers('web', '127.0.0.1', port)).toBe(true)
  await expect.poll(() => open).toBe(0)
})

it('takes a proof without end for none', async () => {
  sent = 0
  const published = new Map([[IDENTITY_PORT, [port]]])
  const reach = { address: '127.0.0.1', published, task: 'task', key: Buffer.alloc(32) }
  expect(await findDoors(reach)).toBeUndefined()
  await expect.poll(() => open).toBe(0)
  expect(sent).toBeLessThan(4 * 1024 * 1024)
})

it('takes another protocol than it asked for as no answer, and waits for nothing more', async () => {
  const ended: Promise<unknown>[] = []
  const other = createRawServer((socket) => {
    ended.push(once(socket, 'close'))
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n',
      ),
    )
  })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  try {
    const { port: otherPort } = other.address() as AddressInfo
    const key = Buffer.alloc(32)
    const published = new Map([[IDENTITY_PORT, [otherPort]]])
    const reach = { address: '127.0.0.1', published, task: 'task', key }
    const seat = { task_id: 'task', node_address: '127.0.0.1', identity_port: otherPort }
    expect(
      await Promise.all([
        portAnswers('web', '127.0.0.1', otherPort),
        findDoors(reach),
        countersOf(key, seat),
      ]),
    ).toEqual([false, undefined, undefined])
    expect(ended).toHaveLength(3)
    await Promise.all(ended)
  } finally {
    other.close()
  }
})

it('reads an answer whole that ends with its connection', async () => {
  const plain = createRawServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n{"counters":1}'))
  })
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  try {
    const seat = { host: '127.0.0.1', port: (plain.address() as AddressInfo).port }
    expect(await textOf(seat, '/', 20_000)).toBe('{"counters":1}')
  } finally {
    plain.close()
  }
})
