/** How much an archive takes: its list of names is in memory until its end. */
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { zipFolder } from '../../../workers/storage/archive.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'labplan-test-archive-'))
})
// Its paths are longer than one call takes.
afterEach(() => void execFileSync('rm', ['-rf', home, `${home}.zip`]))

/** `count` empty files, `depth` folders down, whose names are as long as they may be. */
function makeDeep(depth: number, count: number): void {
  const program = `
import os, sys
os.chdir(sys.argv[1])
for i in range(int(sys.argv[2])):
  os.mkdir('d' * 250); os.chdir('d' * 250)
for i in range(int(sys.argv[3])): open('f' * 240 + str(i), 'x').close()`
  execFileSync('python3', ['-c', program, home, String(depth), String(count)])
}

/** The end of it: the list of what is in it, and the file that says what is not, before that. */
async function endOf(): Promise<{ bytes: number; counts: { files: number; leftOut: number } }> {
  const { stream, counts } = await zipFolder(home, [], 2 ** 30)
  let bytes = 0
  const sink = new Writable({
    write(part: Buffer, _, done) {
      bytes += part.length
      done()
    },
  })
  await pipeline(stream, sink)
  return { bytes, counts: counts() }
}

it('takes no more names than fit into memory, and says so once', async () => {
  makeDeep(60, 5_000)
  const { bytes, counts } = await endOf()
  // 64 MiB of names of 15 KiB each, which an archive has twice.
  expect(counts.files).toBeGreaterThan(4_000)
  expect(counts.files).toBeLessThan(4_500)
  expect(counts.leftOut).toBe(1)
  expect(bytes).toBeLessThan(2 * 66 * 2 ** 20)
}, 60_000)

it('holds very many empty folders behind a file whose reader is slow, and what is in them', async () => {
  const program = `import os, sys
os.chdir(sys.argv[1])
open('!first', 'wb').write(os.urandom(2 ** 20))
for i in range(6000): os.mkdir(f'{i}')
open('5999/last', 'w').write('of all')`
  execFileSync('python3', ['-c', program, home])
  const { names, texts } = await listed(['5999/last'], 3_000)
  expect(names).toHaveLength(6_002)
  expect(texts).toEqual(['of all'])
}, 60_000)

it('gives no two files one name', async () => {
  // By their bytes %FE, 0xFD and 0xFE: the last two read alike.
  const program = `import os, sys
os.chdir(sys.argv[1].encode())
for n in (b'%FE', b'\\xfd', b'\\xfe'): open(n, 'x').close()`
  execFileSync('python3', ['-c', program, home])
  const { names } = await listed([])
  expect(new Set(names).size).toBe(3)
})

it('takes times from before there were any, also where something is left out', async () => {
  const program = 'echo hi >file; mkdir folder; ln -s file link; touch -d 1960-01-01 file folder'
  execFileSync('bash', ['-c', program], { cwd: home })
  const { names, texts } = await listed(['file'])
  expect([names.toSorted(), texts]).toEqual([['_left-out.txt', 'file', 'folder/'], ['hi\n']])
})

it('leaves its own list of what is left out its name', async () => {
  execFileSync('bash', ['-c', 'echo mine >_left-out.txt; ln -s x link'], { cwd: home })
  const { names, texts } = await listed(['_left-out.txt'])
  expect(names.toSorted()).toEqual(['_left-out.txt', '_left-out.txt_'])
  expect(texts).toEqual(['link: a link, pipe or socket\n'])
})

it('breaks off, and nothing else does, where a file cannot be read', async () => {
  // A folder of the kernel's, whose files are there, and which reads of some refuse.
  const { stream } = await zipFolder('/sys/devices/virtual/net/lo', [], 2 ** 30)
  await expect(pipeline(stream, createWriteStream(`${home}.zip`))).rejects.toThrow('EINVAL')
})

/** Names in it, and texts of some, read by another program than the one that wrote it. */
async function listed(read: string[], waitMs = 0): Promise<{ names: string[]; texts: string[] }> {
  const { stream } = await zipFolder(home, [], 2 ** 30)
  // Meanwhile all of it could be looked at, where nothing waits for who reads.
  await sleep(waitMs)
  const file = `${home}.zip`
  await pipeline(stream, createWriteStream(file))
  const list = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(json.dumps({'names': z.namelist(), 'texts': [z.read(n).decode() for n in sys.argv[2:]]}))`
  const said = execFileSync('python3', ['-c', list, file, ...read], { maxBuffer: 2 ** 26 })
  return JSON.parse(said.toString()) as { names: string[]; texts: string[] }
}
