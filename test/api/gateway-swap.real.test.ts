/** Two real containers of a real Swarm whose ports are swapped behind the gateway's back. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import { type SwarmBed, swarmBed } from '../beds/swarm.ts'
import { type ContainerSeat, echoImage, echoSeat } from './gateway-container.ts'
import { type Where, keyed } from './gateway-rows.ts'
import { type Scene, type TestSeat, browse, enter, scene, seat, tell } from './gateway-scene.ts'

const FIRST = { web: 31_801, identity: 31_802 }
const SECOND = { web: 31_803, identity: 31_804 }

let on: Scene
let bed: SwarmBed
let engine: Engine
beforeAll(async () => {
  on = await scene()
  bed = await swarmBed({ nodes: 1 })
  engine = connectEngine(bed.dockerHost)
})
afterAll(async () => {
  engine?.close()
  await bed?.down()
  await on?.end()
})

type Student = { row: TestSeat; container: ContainerSeat; where: Where; pass: { cookie: string } }

async function student(name: string, image: string, ports: typeof FIRST): Promise<Student> {
  const row = await seat(on, 'off')
  const key = identityKey(on.ring, keyed(row))
  const container = await echoSeat(engine, { name, image, key, word: name, ports })
  const where = await container.start()
  await tell(on.database, { ...row, running: where })
  return { row, container, where, pass: await enter(on, row) }
}

async function taken({ address, port }: Where): Promise<{ bytes: number; connections: number }> {
  const answer = await fetch(`http://${address}:${port}/taken`, {
    headers: { connection: 'close' },
  })
  return (await answer.json()) as { bytes: number; connections: number }
}

it('never brings a student to the other one, not one byte', async () => {
  const image = await echoImage(bed)
  const [a, b] = [await student('a', image, FIRST), await student('b', image, SECOND)]
  for (const { row, pass } of [a, b]) {
    const answer = await browse(on, row.host, '/', { headers: pass })
    expect(answer.body).toMatch(row === a.row ? /^a\n/ : /^b\n/)
  }

  await Promise.all([a.container.stop(), b.container.stop()])
  await a.container.move(SECOND)
  await b.container.move(FIRST)
  const [nowA, nowB] = await Promise.all([a.container.start(), b.container.start()])
  expect([nowA.port, nowB.port]).toEqual([b.where.port, a.where.port])

  const before = [await taken(nowA), await taken(nowB)]
  // What asking cost, so that it can be told apart from what comes through the gateway.
  const cost = (await taken(nowA)).bytes - before[0]!.bytes
  for (const { row, pass } of [a, b]) {
    for (const path of ['/', '/taken', '/echo'])
      expect((await browse(on, row.host, path, { headers: pass })).status).toBe(502)
    const upload = { headers: pass, method: 'POST', body: 'a student’s secret' }
    expect((await browse(on, row.host, '/', upload)).status).toBe(502)
  }
  const after = [await taken(nowA), await taken(nowB)]
  expect(after[0]!.bytes - before[0]!.bytes).toBe(2 * cost)
  expect(after[1]!.bytes - before[1]!.bytes).toBe(cost)
  // The gateway did knock: it is the proof, and not a closed port, that held it back.
  expect(after[1]!.connections - before[1]!.connections).toBeGreaterThan(4)

  await tell(on.database, { ...a.row, running: nowA })
  await tell(on.database, { ...b.row, running: nowB })
  for (const { row, pass } of [a, b]) {
    const answer = await browse(on, row.host, '/', { headers: pass })
    expect(answer.body).toMatch(row === a.row ? /^a\n/ : /^b\n/)
  }
})
