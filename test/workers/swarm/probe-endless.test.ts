/** What a seat's ports may say, however long: the worker that asks neither waits for the end of it nor keeps it. Real sockets. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { IDENTITY_PORT, findDoors, portAnswers } from '../../../workers/swarm/probe.ts'

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
