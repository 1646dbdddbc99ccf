/** A volume of 100,000 small files, as a dependency folder or a data set has them: looked into, downloaded, sealed and purged. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, expect, it } from 'vitest'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { silent, storageScene } from './storage-scene.ts'

const FOLDERS = 100
const IN_EACH = 1_000
const FILES = FOLDERS * IN_EACH

const scene = storageScene()
const { root } = scene
const socket = join(root, 'agent.sock')
const backend = localBackend({ root })
await backend.start()
const served = await serveAgent(backend, { socket, root, log: silent })
const agent = storageAgent({ socket })
const name = 'lp-test0000-c0urse00-s001-g1'
const home = join(root, 'mounts', name, 'home')
afterAll(async () => {
  await served.close()
  scene.end()
})

async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const done = await act()
  console.log(`${FILES} small files, ${what}: ${Math.round(performance.now() - begun)} ms`)
  return done
}

/** Entries of the list at its end, each with a signature of its own; files hold nothing like it. */
async function entriesIn(archive: Readable): Promise<number> {
  const signature = Buffer.from('PK\u0001\u0002')
  let rest = Buffer.alloc(0)
  let count = 0
  for await (const part of archive) {
    const text = Buffer.concat([rest, part as Buffer])
    for (let at = text.indexOf(signature); at >= 0; at = text.indexOf(signature, at + 4)) count++
    rest = text.subarray(Math.max(0, text.length - 3))
  }
  return count
}

it('holds 100,000 small files', { timeout: 900_000 }, async ({ skip }) => {
  const isLong = process.env['LABPLAN_LONG'] !== undefined
  skip(
    !isLong,
    'takes some minutes: LABPLAN_LONG=1 runs it; very many folders are in archive.test.ts',
  )
  await backend.ensure({ name, limitMb: 512, isNew: true })
  const make = `import os, sys
for d in range(${FOLDERS}):
  os.mkdir(f'{sys.argv[1]}/{d:03}')
  for i in range(${IN_EACH}):
    with open(f'{sys.argv[1]}/{d:03}/{i:06}', 'w') as f: f.write('of student1')`
  await timed('made', async () => execFileSync('python3', ['-c', make, home]))

  const part = { start: IN_EACH - 2, count: 200 }
  const folder = await timed('a folder of them', () => agent.folder(name, '042', part))
  expect(folder).toMatchObject({ total: IN_EACH })
  expect(folder!.entries.map((one) => one.name)).toEqual(['000998', '000999'])

  const { stream } = (await agent.read(name, 'archive', { path: '' }))!
  expect(await timed('as an archive', () => entriesIn(stream))).toBe(FILES + FOLDERS)

  const sealed = await timed('sealed', () => agent.seal(name))
  expect(sealed).toEqual({ files: FILES, bytes: FILES * 'of student1'.length })

  const purged = await timed('purged', () => agent.purge(name))
  expect(purged).toMatchObject({ after: { file: false, mounted: false, listed: false } })
  expect(existsSync(home)).toBe(false)
})
