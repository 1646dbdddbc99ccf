/** What is left of uploads that nobody goes on with, on a real volume of a real agent whose clock is the test's. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { silent, storageScene } from './storage-scene.ts'

const MIB = 2 ** 20
const HOUR_MS = 60 * 60_000
const scene = storageScene()
const { root } = scene
const socket = join(root, 'agent.sock')
const backend = localBackend({ root })
await backend.start()
let nowMs = Date.now()
const served = await serveAgent(backend, { socket, root, log: silent, now: () => nowMs })
const agent = storageAgent({ socket })
const [name, other] = ['lp-test0000-c0urse00-s001-g1', 'lp-test0000-c0urse00-s002-g1']
const uploadsOf = (volume: string): string => join(root, 'mounts', volume, 'uploads')
for (const volume of [name, other]) await backend.ensure({ name: volume, limitMb: 24, isNew: true })
afterAll(async () => {
  await served.close()
  scene.end()
})

const send = (method: string, id: string | undefined, headers = {}, body = Buffer.alloc(0)) =>
  agent.upload(name, {
    ...{ method, id, body: Readable.from([body]) },
    headers: { 'tus-resumable': '1.0.0', ...headers },
  })

/** 8 of 16 MiB, and then nothing. */
async function abandon(): Promise<string> {
  const metadata = `filename ${Buffer.from('video.mp4').toString('base64')}`
  const begun = await send('POST', undefined, {
    ...{ 'upload-length': `${16 * MIB}`, 'upload-metadata': metadata },
  })
  const id = /[0-9a-f]{32}$/.exec(String(begun.headers.location))![0]
  const patch = {
    ...{ 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    'content-length': `${8 * MIB}`,
  }
  expect((await send('PATCH', id, patch, Buffer.alloc(8 * MIB))).status).toBe(204)
  return id
}

const used = async () => (await agent.list()).volumes.find((one) => one.name === name)!.usedBytes!
const left = (volume = name) => readdirSync(uploadsOf(volume)).toSorted()

let id = ''
beforeEach(async () => {
  nowMs = Date.now()
  id = await abandon()
})

it('stays for a day, and then goes by itself with what it took of the disk', async () => {
  nowMs = Date.now() + 23 * HOUR_MS
  expect(await used()).toBeGreaterThan(8 * MIB)
  // Within the hour nothing is looked for.
  nowMs += HOUR_MS / 2
  await agent.list()
  expect(left()).toEqual([id, `${id}.json`])
  mkdirSync(uploadsOf(other), { recursive: true })
  const stray = '0'.repeat(32)
  writeFileSync(join(uploadsOf(other), stray), 'of an agent that was killed')
  mkdirSync(join(uploadsOf(other), 'import-00000000'))
  nowMs += 2 * HOUR_MS
  await agent.list()
  await expect.poll(() => [left(), left(other)]).toEqual([[], []])
  expect(await used()).toBeLessThan(MIB)
})

it('goes at once for who begins another upload when the day is over', async () => {
  nowMs = Date.now() + 25 * HOUR_MS
  const next = await abandon()
  expect(left()).toEqual([next, `${next}.json`])
})
