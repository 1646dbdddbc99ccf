import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { notify } from '../../api/data/db.ts'
import { Listening } from '../../api/data/listen.ts'
import { testDatabase } from '../postgres.ts'

const database = await testDatabase()
afterAll(() => database.drop())

it('tries one connection at a time while the database is away, and hears again once it is back', async () => {
  const real = new URL(database.url)
  const open = new Set<Socket>()
  let isAway = false
  let tries = 0
  const server = createServer((near) => {
    tries++
    if (isAway) return near.destroy()
    const far = connect(Number(real.port), real.hostname)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => {}).on('close', () => (near.destroy(), far.destroy()))
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const between = new URL(real)
  between.port = String((server.address() as AddressInfo).port)

  const heard: (string | undefined)[] = []
  const listening = await new Listening(between.href).open()
  listening.on('work', (payload) => void heard.push(payload))
  isAway = true
  tries = 0
  for (const socket of open) socket.destroy()
  const begun = performance.now()
  await sleep(3_000)
  // Every half second, and not twice as many each time.
  expect(tries).toBeLessThanOrEqual(Math.ceil((performance.now() - begun) / 500) + 1)

  isAway = false
  await expect.poll(() => heard).toEqual([undefined])
  await notify(database.pool, 'work', 'seat')
  await expect.poll(() => heard).toEqual([undefined, 'seat'])
  await listening.close()
  server.close()
})
