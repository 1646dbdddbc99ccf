/** A seat whose ports take their time: none is asked anew before it could answer. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { awaitPorts } from '../../../workers/swarm/await-ports.ts'
import { portAnswers, type PortKind } from '../../../workers/swarm/probe.ts'

const at = (containerPort: number, kind: PortKind = 'ssh') => ({
  ...{ containerPort, kind, published: containerPort },
})

it('gives one that is slow longer at each try', async () => {
  let nowMs = 0
  const limits: number[] = []
  const ports = awaitPorts(
    async (_kind, _address, _port, limitMs = 0) => {
      limits.push(limitMs)
      nowMs += limitMs
      return limits.length === 6
    },
    { elapsedMs: () => nowMs },
  )
  for (let look = 0; look < 6; look++) {
    expect(ports.answered.has(22)).toBe(false)
    await ports.ask('127.0.0.1', [at(22)])
  }
  expect(limits).toEqual([2_000, 4_000, 8_000, 16_000, 16_000, 16_000])
  expect(ports.answered).toEqual(new Set([22]))
  await ports.ask('127.0.0.1', [at(22)])
  expect(limits).toHaveLength(6)
})

it('asks none again that is still being asked, and does not wait for it for long', async () => {
  const answer = Promise.withResolvers<boolean>()
  const asked: number[] = []
  const ports = awaitPorts(
    (_kind, _address, port) => (
      asked.push(port),
      port === 22 ? answer.promise : Promise.resolve(true)
    ),
    { elapsedMs: () => 0 },
  )
  for (let look = 0; look < 2; look++) await ports.ask('127.0.0.1', [at(22), at(80, 'web')])
  expect([asked, [...ports.answered]]).toEqual([[22, 80], [80]])
  answer.resolve(true)
  await ports.ask('127.0.0.1', [at(22), at(80, 'web')])
  expect(asked).toEqual([22, 80])
  expect(ports.answered).toEqual(new Set([80, 22]))
})

it('gives one that refuses no longer: nothing listens there yet', async () => {
  const limits: number[] = []
  const ports = awaitPorts(
    async (_kind, _address, _port, limitMs = 0) => (limits.push(limitMs), false),
    { elapsedMs: () => 0 },
  )
  for (let look = 0; look < 4; look++) await ports.ask('127.0.0.1', [at(22)])
  expect(limits).toEqual([2_000, 2_000, 2_000, 2_000])
})

it('has a seat whose greeting takes longer than a look', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    setTimeout(() => socket.write('SSH-2.0-Slow\r\n'), 2_500)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const ports = awaitPorts(portAnswers, { elapsedMs: () => performance.now() })
  for (let look = 0; look < 10 && ports.answered.size === 0; look++)
    await ports.ask('127.0.0.1', [{ ...at(22), published: port }])
  expect(ports.answered).toEqual(new Set([22]))
})
