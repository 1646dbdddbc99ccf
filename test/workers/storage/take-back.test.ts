/** Archives that come back to a real agent, and go from it for good: whoever asks at once, and whatever disk it has before it. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { agentScene, storageScene } from './storage-scene.ts'

const sockets = storageScene()
const scene = await agentScene(join(sockets.root, 'agent.sock'))
const { agent, root } = scene
afterAll(async () => {
  await scene.end()
  sockets.end()
})

const ID = '00000000-0000-4000-8000-000000000001'
const MIB = 2 ** 20
const folder = join(root, 'submissions')
const archive = join(folder, `${ID}.zip`)
const right = randomBytes(MIB)
const wrong = randomBytes(MIB)
const recordOf = (bytes: Buffer) => ({
  ...{ bytes: bytes.length, files: 1, leftOut: 0 },
  sha256: createHash('sha256').update(bytes).digest('hex'),
})
const kept = recordOf(right)
const takeBack = (from: Readable) => agent.takeBack(ID, kept, from)

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  writeFileSync(join(root, 'labplan-volumes'), '')
})

it('answers also who sends much more than what was handed in', async () => {
  const large = Readable.from(Array.from({ length: 64 }, () => randomBytes(MIB)))
  expect(await takeBack(large)).toBe('differs')
  expect(readdirSync(folder)).toEqual([])
})

it('takes one at a time: what two send at once is the one that was handed in', async () => {
  const slow = new PassThrough()
  const first = takeBack(slow)
  slow.write(right.subarray(0, MIB / 2))
  for (let looks = 0; readdirSync(root).includes('submissions') === false; looks++) {
    if (looks > 500) throw new Error('Nothing of it came.')
    await sleep(10)
  }
  const second = takeBack(Readable.from([wrong]))
  // What the second sends has arrived, wherever it is put.
  await sleep(200)
  slow.end(right.subarray(MIB / 2))
  expect(await Promise.all([first, second])).toEqual(['back', 'there'])
  expect(readFileSync(archive).equals(right)).toBe(true)
})

it('puts the one that was handed in in the place of one that is damaged, and no other', async () => {
  expect(await takeBack(Readable.from([right]))).toBe('back')
  const damaged = Buffer.from(right)
  damaged[17]! ^= 1
  writeFileSync(archive, damaged)
  expect(await takeBack(Readable.from([wrong]))).toBe('differs')
  expect(readFileSync(archive).equals(damaged)).toBe(true)
  expect(await takeBack(Readable.from([right]))).toBe('back')
  expect(await takeBack(Readable.from([right]))).toBe('there')
  // Its note, too.
  writeFileSync(join(folder, `${ID}.json`), 'torn')
  expect(await takeBack(Readable.from([right]))).toBe('back')
  expect(readFileSync(archive).equals(right)).toBe(true)
})

it('says of no archive that it is gone while its disk is not there', async () => {
  expect(await takeBack(Readable.from([right]))).toBe('back')
  // As when the disk is not mounted: what is below has nothing of it.
  renameSync(root, `${root}-disk`)
  mkdirSync(root)
  try {
    await expect(agent.forget(ID)).rejects.toThrow('not-there')
  } finally {
    rmSync(root, { recursive: true })
    renameSync(`${root}-disk`, root)
  }
  expect(await agent.forget(ID)).toEqual({ bytes: MIB })
  expect(await agent.forget(ID)).toEqual({ bytes: null })
  expect(readdirSync(folder)).toEqual([])
})
