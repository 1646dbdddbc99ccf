/** Files that come back into a real volume from a tar file, whatever its student does meanwhile and whatever ends the agent. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { silent, storageScene } from './storage-scene.ts'

const scene = storageScene()
const { root } = scene
const socket = join(root, 'agent.sock')
const backend = localBackend({ root })
await backend.start()
const served = await serveAgent(backend, { socket, root, log: silent })
const agent = storageAgent({ socket })
const name = 'lp-test0000-c0urse00-s001-g1'
await backend.ensure({ name, limitMb: 64, isNew: true })
const home = join(root, 'mounts', name, 'home')
const uploads = join(root, 'mounts', name, 'uploads')
afterAll(async () => {
  await served.close()
  scene.end()
})

/** An export with `lab/one`, which is large, before `lab/two`. */
const source = join(root, 'source')
mkdirSync(join(source, 'lab'), { recursive: true })
writeFileSync(join(source, 'lab', 'one'), Buffer.alloc(4 * 2 ** 20, 'x'))
writeFileSync(join(source, 'lab', 'two'), 'of the export')
writeFileSync(join(source, '.profile'), 'of the export')
execFileSync('chown', ['-R', '4321:4321', source])
const tar = (...names: string[]): Buffer =>
  execFileSync('tar', ['--create', '--directory', source, ...names], { maxBuffer: 2 ** 26 })
const whole = tar('.')
const HALF = 2 * 2 ** 20

beforeEach(() => {
  for (const folder of [home, uploads])
    for (const one of existsSync(folder) ? readdirSync(folder) : [])
      rmSync(join(folder, one), { recursive: true })
})

/** Until what has come of the export is on the volume, wherever. */
async function halfThere(): Promise<void> {
  const used = () =>
    Number(
      execFileSync('du', ['-sk', join(home, '..')])
        .toString()
        .split('\t')[0],
    )
  const before = used()
  for (let looks = 0; used() < before + 1024; looks++) {
    if (looks > 500) throw new Error('Nothing of the export came.')
    await sleep(20)
  }
}

/** Sends the first half, then does `meanwhile`, then the rest. */
async function importAround(file: Buffer, meanwhile: () => void, rest = file.subarray(HALF)) {
  const stream = new PassThrough()
  const done = agent.restore(name, stream)
  const there = halfThere()
  if (!stream.write(file.subarray(0, HALF))) await once(stream, 'drain')
  await there
  meanwhile()
  stream.end(rest)
  return done
}

describe('an import into a volume whose seat starts meanwhile', () => {
  const write = () => writeFileSync(join(home, 'notes'), 'written meanwhile')

  it('leaves what is written in it, and nothing of the export', async () => {
    expect(await importAround(whole, write)).toEqual({ ok: false, code: 'not-empty' })
    expect(readdirSync(home)).toEqual(['notes'])
    expect(readFileSync(join(home, 'notes'), 'utf8')).toBe('written meanwhile')
    expect(readdirSync(uploads)).toEqual([])
  })

  it('leaves it too when the file is cut', async () => {
    const done = await importAround(whole, write, Buffer.from('no tar'.repeat(1000)))
    expect(done).toMatchObject({ ok: false, code: 'not-a-backup' })
    expect(readFileSync(join(home, 'notes'), 'utf8')).toBe('written meanwhile')
    expect(readdirSync(uploads)).toEqual([])
  })

  it('has nothing in the home that could be swapped for a link', async () => {
    const outside = join(root, 'outside')
    mkdirSync(outside)
    const ordered = tar('./lab/one', './lab/two')
    const done = await importAround(ordered, () => {
      expect(readdirSync(home)).toEqual([])
      if (existsSync(join(home, 'lab'))) renameSync(join(home, 'lab'), join(home, 'away'))
      symlinkSync(outside, join(home, 'lab'))
    })
    expect(done).toEqual({ ok: false, code: 'not-empty' })
    expect(readdirSync(outside)).toEqual([])
  })

  it('is one at a time', async () => {
    const stream = new PassThrough()
    const first = agent.restore(name, stream)
    const there = halfThere()
    stream.write(whole.subarray(0, HALF))
    await there
    expect(await agent.restore(name, Readable.from([whole]))).toEqual({ ok: false, code: 'busy' })
    stream.end(whole.subarray(HALF))
    expect(await first).toEqual({ ok: true })
    expect(readdirSync(home).toSorted()).toEqual(['.profile', 'lab'])
    expect(statSync(home).uid).toBe(4321)
    expect(statSync(join(home, 'lab', 'one')).size).toBe(4 * 2 ** 20)
    expect(readdirSync(uploads)).toEqual([])
  })
})

describe('an import whose agent was killed', () => {
  const stage = (kind: string) => join(uploads, `import-${kind}00000000`)

  it('as it unpacked leaves nothing behind for the next one', async () => {
    execFileSync('cp', ['--archive', source, stage('')])
    expect(await agent.restore(name, Readable.from([whole]))).toEqual({ ok: true })
    expect(readdirSync(uploads)).toEqual([])
  })

  it('as it moved in is gone on with by the next one, and writes over nothing', async () => {
    mkdirSync(stage('whole-'))
    execFileSync('cp', ['--archive', source, join(stage('whole-'), 'home')])
    // Put there already, and not yet taken away; and two that its student has by now.
    linkSync(join(stage('whole-'), 'home', '.profile'), join(home, '.profile'))
    mkdirSync(join(home, 'lab'))
    writeFileSync(join(home, 'lab', 'one'), 'of student1')
    expect(await agent.restore(name, Readable.from([whole]))).toEqual({
      ...{ ok: false, code: 'was-cut' },
    })
    expect(readdirSync(home).toSorted()).toEqual(['.profile', 'lab', 'lab (import)'])
    expect(readFileSync(join(home, 'lab', 'one'), 'utf8')).toBe('of student1')
    expect(readdirSync(join(home, 'lab (import)')).toSorted()).toEqual(['one', 'two'])
    expect(readdirSync(uploads)).toEqual([])
  })
})

it('is on disk once it is said to be there, also when the power is cut then', async () => {
  expect(await agent.restore(name, Readable.from([whole]))).toEqual({ ok: true })
  // What the disk has at this moment: all else is in the memory of its file system alone.
  const [copy, mount] = [join(root, 'copy.ext4'), join(root, 'copy')]
  execFileSync('cp', ['--sparse=always', join(root, 'images', `${name}.ext4`), copy])
  mkdirSync(mount)
  execFileSync('mount', ['-o', 'loop', copy, mount])
  try {
    expect(readdirSync(join(mount, 'home')).toSorted()).toEqual(['.profile', 'lab'])
    expect(readFileSync(join(mount, 'home', 'lab', 'two'), 'utf8')).toBe('of the export')
    expect(readdirSync(join(mount, 'uploads'))).toEqual([])
  } finally {
    execFileSync('umount', [mount])
  }
})

it('says of a large file that is no export that it is none', async () => {
  const large = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(2 ** 20, 'no tar')))
  expect(await agent.restore(name, large)).toMatchObject({ ok: false, code: 'not-a-backup' })
  expect([readdirSync(home), readdirSync(uploads)]).toEqual([[], []])
})

it('says of an export that does not fit which of its files did not', async () => {
  const big = join(root, 'big')
  mkdirSync(big)
  writeFileSync(join(big, 'all'), Buffer.alloc(96 * 2 ** 20, 'x'))
  const file = execFileSync('tar', ['--create', '--directory', big, '.'], { maxBuffer: 2 ** 28 })
  const parts = Array.from({ length: 97 }, (_, i) => file.subarray(i * 2 ** 20, (i + 1) * 2 ** 20))
  expect(await agent.restore(name, Readable.from(parts))).toMatchObject({
    ...{
      ok: false,
      code: 'not-a-backup',
      says: expect.stringMatching(/all: (Wrote only|Cannot write)/),
    },
  })
  expect([readdirSync(home), readdirSync(uploads)]).toEqual([[], []])
})

it('says that a volume is not empty also of a file that is large', async () => {
  writeFileSync(join(home, 'notes'), 'x')
  const large = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(2 ** 20)))
  expect(await agent.restore(name, large)).toEqual({ ok: false, code: 'not-empty' })
})
