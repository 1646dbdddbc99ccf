/**
 * The cephfs backend on a real Ceph: what is made of it, what a volume's own key opens and what it does not, its limit, and what
 * is left when it is purged; and an agent of another machine, which is told nothing.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { snapshotIdOf } from '../../../api/storage/storage-snapshots.ts'
import type { Backend } from '../../../workers/storage/backend.ts'
import type { Cluster } from '../../../workers/storage/ceph-command.ts'
import { letGo, mountVolume, placeOf } from '../../../workers/storage/cephfs-volume.ts'
import { cephItself } from '../../../workers/storage/ceph-keeper.ts'
import { cephfsBackend } from '../../../workers/storage/cephfs.ts'
import { pathOf } from '../../../workers/storage/files.ts'
import { bringBack, isFull } from '../../../workers/storage/restore.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { type CephBed, cephBed } from '../../beds/ceph.ts'
import { whyNoCephNow } from '../../beds/cluster/install.ts'
import { clientsOf, endGently } from './ceph-clients.ts'
import { testSlots } from './cephfs-slots.ts'
import { type StorageScene, storageScene } from './storage-scene.ts'

const execute = promisify(execFile)
const MIB = 1024 * 1024
const why = whyNoCephNow()
const name = (number: number) => `lp-test0000-c0urse00-s${String(number).padStart(3, '0')}-g1`

let ceph: CephBed
let cluster: Cluster
let scene: StorageScene
let backend: Backend
let root = ''

const anew = async (folder: string, client = 'labplan'): Promise<Backend> => {
  const made = cephfsBackend({ root: folder, cluster: { ...cluster, client } })
  await made.start()
  return made
}

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  ceph = await cephBed()
  const { configFile, group } = ceph
  cluster = { configFile, group, client: 'labplan', fileSystem: 'cephfs' }
  scene = storageScene()
  root = join(scene.root, 'node-1')
  backend = await anew(root)
})
afterAll(async () => {
  scene?.end()
  await ceph?.down()
})

const source = () => ({ keeper: cephItself(cluster), configFile: cluster.configFile })

const home = (number: number, of = root) => join(of, 'mounts', name(number), 'home')

it('makes a volume with its limit, an empty home, and a key that root alone reads', async () => {
  for (const number of [1, 2]) {
    const made = await backend.ensure({ name: name(number), limitMb: 24, isNew: true })
    expect(made).toMatchObject({ ok: true, volume: { state: 'ready', limitBytes: 24 * MIB } })
    expect(readdirSync(home(number))).toEqual([])
  }
  const users = [1, 2].map((number) => `client.${name(number)}`)
  expect(await ceph.kept()).toEqual({ subvolumes: [name(1), name(2)], users })
  const keyring = join(root, 'keys', `${name(1)}.keyring`)
  expect((statSync(keyring).mode & 0o777).toString(8)).toBe('600')
  expect((statSync(join(root, 'keys')).mode & 0o777).toString(8)).toBe('700')
  const options = readFileSync('/proc/self/mounts', 'utf8').match(
    new RegExp(`${name(1)} fuse.ceph-fuse (\\S+)`),
  )?.[1]
  expect(options?.split(',')).toEqual(expect.arrayContaining(['nosuid', 'nodev']))
  expect(await backend.freeBytes()).toBeGreaterThan(MIB)
})

const refused = async (program: string, ...args: string[]): Promise<string> => {
  try {
    await execute(program, args, { timeout: 60_000 })
    return 'let in'
  } catch (error) {
    return (error as { stderr: string }).stderr
  }
}

it('has a key that opens its own path and nothing else, neither by the file system nor past it', async () => {
  writeFileSync(join(home(2), 'secret'), 'of seat 2')
  execFileSync('sync', ['-f', home(2)])
  const as = [
    ...['--conf', ceph.configFile, '--id', name(1)],
    ...['--keyring', join(root, 'keys', `${name(1)}.keyring`)],
  ]
  const { path } = JSON.parse(readFileSync(join(root, 'keys', `${name(2)}.json`), 'utf8')) as {
    path: string
  }
  const folder = join(scene.root, 'tried')
  mkdirSync(folder)
  for (const tried of [path, '/', '/volumes', `/volumes/${ceph.group}`])
    expect(await refused('ceph-fuse', ...as, '-r', tried, folder)).toMatch(
      /Operation not permitted/,
    )
  // Past the file system: the blocks themselves, each in the namespace of its volume.
  const others = `fsvolumens_${name(2)}`
  const blocks = (await ceph.run('rados', '-p', 'data', '-N', others, 'ls')).split('\n')
  expect(blocks.join('')).not.toBe('')
  const rados = ['rados', ...as, '-p', 'data'] as const
  expect(await refused(...rados, '-N', others, 'ls')).toMatch(/not permitted/)
  expect(await refused(...rados, '-N', others, 'get', blocks[0]!, '-')).toMatch(/not permitted/)
  expect(await refused(...rados, 'ls')).toMatch(/not permitted/)
  expect(await refused('rados', ...as, '-p', 'meta', 'ls')).toMatch(/not permitted/)
  // Nor others' keys, nor its own limit.
  expect(await refused('ceph', ...as, 'auth', 'get', `client.${name(2)}`)).toMatch(/EACCES/)
  expect(await refused('ceph', ...as, 'fs', 'subvolume', 'ls', 'cephfs')).toMatch(/EACCES/)
  for (const quota of ['ceph.quota.max_bytes', 'ceph.quota.max_files']) {
    const more = ['-n', quota, '-v', String(999 * MIB), join(home(1), '..')]
    expect(await refused('setfattr', ...more)).toMatch(/Permission denied/)
  }
})

const write = (number: number, file: string, block: string) =>
  execute('dd', ['if=/dev/zero', `of=${join(home(number), file)}`, `bs=${block}`, 'conv=fsync'], {
    timeout: 60_000,
  }).catch(() => {})
const sizes = (number: number): number =>
  readdirSync(home(number)).reduce((sum, file) => sum + statSync(join(home(number), file)).size, 0)
/** Ceph hears of what is written, and deleted, in its own time. */
const isUsed = (number: number, bytes: number) =>
  expect
    .poll(async () => (await backend.list()).find((one) => one.name === name(number))?.usedBytes, {
      timeout: 30_000,
    })
    .toBe(bytes)
const empty = async (number: number): Promise<void> => {
  for (const file of readdirSync(home(number))) execFileSync('rm', [join(home(number), file)])
  await isUsed(number, 0)
}

it('is full at its limit to within a MiB for one file, and soon after for eight at once', async () => {
  for (const block of ['4k', '64k']) {
    await write(1, 'full', block)
    expect(Math.abs(sizes(1) - 24 * MIB), `blocks of ${block}`).toBeLessThanOrEqual(MIB)
    await empty(1)
  }
  const files = Array.from({ length: 8 }, (_, i) => `part-${i}`)
  await Promise.all(files.map((file) => write(1, file, '64k')))
  // A client hears of the use of others' writes a moment late (docs/storage-backends.md).
  expect(sizes(1)).toBeGreaterThanOrEqual(23 * MIB)
  expect(sizes(1)).toBeLessThanOrEqual((24 + 8) * MIB)
  await empty(1)
})

it('is resized while it is open, and refused below what is in it', async () => {
  writeFileSync(join(home(1), 'work'), Buffer.alloc(10 * MIB))
  await isUsed(1, 10 * MIB)
  const wish = { name: name(1), isNew: false }
  expect(await backend.ensure({ ...wish, limitMb: 8 })).toMatchObject({
    ...{ ok: false, code: 'below-use' },
    volume: { usedBytes: 10 * MIB, limitBytes: 24 * MIB },
  })
  for (const limitMb of [12, 32]) {
    expect(await backend.ensure({ ...wish, limitMb })).toMatchObject({ ok: true })
    const shown = () => execFileSync('df', ['--output=size', '-B1M', home(1)]).toString()
    await expect.poll(shown).toMatch(new RegExp(`\\b${limitMb}$`, 'm'))
    expect((await backend.list())[0]).toMatchObject({ limitBytes: limitMb * MIB })
  }
})

it('keeps how a volume was, for nothing of its limit, where nobody changes it, and lets go of it with its purge', async () => {
  const past = name(5)
  await backend.ensure({ name: past, limitMb: 16, isNew: true })
  const place = (await backend.place(past))!
  const snapshots = place.snapshots!
  const id = (afterMs: number) => snapshotIdOf(new Date(Date.now() + afterMs))
  const keep = async (count: number, take: string | null) =>
    (await snapshots.keep({ keep: count, take })).map((one) => one.id)
  expect(await keep(3, id(0))).toEqual([])
  mkdirSync(join(home(5), 'lab'))
  const essay = join(home(5), 'lab', 'essay')
  writeFileSync(essay, 'first')
  writeFileSync(join(home(5), 'lab', 'big'), Buffer.alloc(8 * MIB, 'x'))
  await isUsed(5, 8 * MIB + 5)
  const first = id(0)
  expect(await keep(3, first)).toEqual([first])
  expect(await keep(3, first)).toEqual([first])
  // Not within a minute: clocks differ.
  const second = id(120_000)
  expect(await keep(3, second)).toEqual([first, second])
  expect(await keep(3, id(180_000))).toEqual([first, second])
  writeFileSync(essay, 'then')
  execFileSync('rm', [join(home(5), 'lab', 'big')])
  // What only a snapshot has counts no more.
  await isUsed(5, 4)
  const then = (await snapshots.home(first))!
  expect(readFileSync(join(then, 'lab', 'essay'), 'utf8')).toBe('first')
  expect(() => writeFileSync(join(then, 'lab', 'essay'), 'other')).toThrow(/EROFS/)
  // A seat comes to none, and the volume's own key neither makes nor removes one.
  expect(existsSync(join(home(5), 'lab', '.snap'))).toBe(false)
  expect(() => mkdirSync(join(then, '..', '..', 'mine'))).toThrow(/EACCES/)
  const keyring = join(root, 'keys', `${past}.keyring`)
  const as = ['--conf', ceph.configFile, '--id', past, '--keyring', keyring]
  const snapshot = (act: string, of: string) =>
    `fs subvolume snapshot ${act} cephfs ${past} ${of} --group_name ${ceph.group}`.split(' ')
  expect(await refused('ceph', ...as, ...snapshot('rm', `labplan-${first}`))).toMatch(/EACCES/)

  writeFileSync(join(home(5), 'full'), Buffer.alloc(12 * MIB))
  await isUsed(5, 12 * MIB + 4)
  const bring = (path: string) =>
    bringBack(place, {
      homeThen: async () => place.snapshots?.home(first),
      ...{ path: pathOf(path), label: 'then' },
    })
  const tooMuch = await bring('lab/big').catch((error: unknown) => error)
  expect(isFull(tooMuch), String(tooMuch)).toBe(true)
  const folder = await bring('lab').catch((error: unknown) => error)
  expect(isFull(folder), String(folder)).toBe(true)
  expect([readdirSync(join(home(5), 'lab')), readdirSync(place.uploads)]).toEqual([['essay'], []])
  execFileSync('rm', [join(home(5), 'full')])
  await isUsed(5, 4)
  expect(await bring('lab/big')).toEqual({ folder: 'lab', name: 'big' })
  expect(readFileSync(join(home(5), 'lab', 'big')).equals(Buffer.alloc(8 * MIB, 'x'))).toBe(true)
  execFileSync('rm', [join(home(5), 'lab', 'big')])
  await isUsed(5, 4)
  expect(await bring('lab')).toEqual({ folder: '', name: 'lab (then)' })
  expect(readFileSync(join(home(5), 'lab (then)', 'essay'), 'utf8')).toBe('first')
  expect(readFileSync(essay, 'utf8')).toBe('then')

  expect(await keep(1, null)).toEqual([second])
  expect((await snapshots.list()).map((one) => one.id)).toEqual([second])
  await ceph.run('ceph', ...snapshot('create', 'by-hand'))
  expect(await keep(1, null)).toEqual([second])
  expect(await backend.purge(past)).toMatchObject({
    ...{ ok: true, before: { snapshots: 2 } },
    after: { file: false, mounted: false, listed: false, snapshots: false },
  })
  const blocks = () => ceph.run('rados', '-p', 'data', '-N', `fsvolumens_${past}`, 'ls')
  await expect.poll(blocks, { timeout: 120_000, interval: 500 }).toBe('')
}, 240_000)

it('has its files on another node, whose agent is told nothing, and goes there with its purge', async () => {
  const other = join(scene.root, 'node-2')
  const follower = await anew(other, 'labplan-node')
  expect(statSync(join(home(1, other), 'work')).size).toBe(10 * MIB)
  await backend.ensure({ name: name(3), limitMb: 16, isNew: true })
  writeFileSync(join(home(3), 'note'), 'from node 1')
  await follower.follow?.()
  // Root of a node may open every volume, and take none away.
  await expect(follower.purge(name(2))).rejects.toThrow(/EACCES/)
  await follower.follow?.()
  await expect.poll(() => readFileSync(join(home(3, other), 'note'), 'utf8')).toBe('from node 1')
  await isUsed(3, 'from node 1'.length)
  expect(await backend.purge(name(3))).toMatchObject({
    ...{ ok: true, before: { bytes: 11 } },
    after: { file: false, mounted: false, listed: false },
  })
  await follower.follow?.()
  expect(mountsBelow(other).filter((at) => at.includes(name(3)))).toEqual([])
  expect((await follower.list()).map((one) => one.name)).toEqual([name(1), name(2)])
  expect((await ceph.kept()).users).not.toContain(`client.${name(3)}`)
})

it('lets go of a volume, and of others after it, while Ceph does not say how large it is', async () => {
  for (const number of [7, 8])
    await backend.ensure({ name: name(number), limitMb: 24, isNew: true })
  ceph.freeze()
  try {
    for (const number of [7, 8]) {
      const over = sleep(60_000).then(() => 'waits')
      expect(await Promise.race([letGo(source(), placeOf(root, name(number))), over])).toBe(
        'let-go',
      )
    }
  } finally {
    await ceph.thaw()
  }
  // It has lost no key: it is asked for once more.
  for (const number of [7, 8]) {
    expect(await backend.ensure({ name: name(number), limitMb: 24, isNew: false })).toMatchObject({
      ok: true,
    })
    expect(await backend.purge(name(number))).toMatchObject({ ok: true })
  }
}, 120_000)

it('gives up a mount that Ceph does not let in, and leaves no client behind that waits on', async ({
  skip,
}) => {
  skip(process.env['LABPLAN_LONG'] === undefined, 'takes a minute: LABPLAN_LONG=1 runs it')
  await backend.ensure({ name: name(7), limitMb: 24, isNew: true })
  const place = placeOf(root, name(7))
  const of = source()
  const clients = () => clientsOf(place.mount)
  execFileSync('umount', [place.mount])
  await expect.poll(clients, { timeout: 20_000 }).toEqual([])
  ceph.freeze()
  try {
    const over = sleep(80_000).then(() => 'waits')
    const mounting = mountVolume(of, place).catch((error: unknown) => String(error))
    expect(await Promise.race([mounting, over])).toMatch(/timed out/)
    expect(clients()).toEqual([])
  } finally {
    await ceph.thaw()
  }
  await mountVolume(of, place)
  expect(await backend.purge(name(7))).toMatchObject({ ok: true })
}, 180_000)

it('goes on with a client that was cut off for longer than Ceph waits for one', async ({
  skip,
}) => {
  skip(process.env['LABPLAN_LONG'] === undefined, 'takes a minute: LABPLAN_LONG=1 runs it')
  const cut = name(4)
  await backend.ensure({ name: cut, limitMb: 24, isNew: true })
  const mine = join(home(4), 'mine')
  const writer = spawn('sh', ['-c', `exec 3>>"$0"; while echo line >&3; do sleep 0.1; done`, mine])
  const size = () => statSync(mine).size
  await expect.poll(() => existsSync(mine) && size(), { timeout: 10_000 }).toBeGreaterThan(0)
  // The shortest that Ceph takes. After that a client counts as stale.
  await ceph.run('ceph', 'fs', 'set', 'cephfs', 'session_timeout', '30')
  const [client] = clientsOf(join(root, 'mounts', cut))
  process.kill(client!, 'SIGSTOP')
  await sleep(45_000)
  process.kill(client!, 'SIGCONT')
  const before = size()
  await expect.poll(size, { timeout: 20_000 }).toBeGreaterThan(before)
  expect(writer.exitCode).toBeNull()
  writer.kill()
  await once(writer, 'exit')
  await ceph.run('ceph', 'fs', 'set', 'cephfs', 'session_timeout', '60')
  // What the writer had begun may have it open a moment longer.
  await expect.poll(() => backend.purge(cut), { timeout: 10_000 }).toMatchObject({ ok: true })
}, 180_000)

it('finds all again after the agent and its mounts were ended, and makes none anew that is lost', async () => {
  const mounts = mountsBelow(root)
  const clients = mounts.flatMap(clientsOf)
  for (const at of mounts) execFileSync('umount', [at])
  // Namespaces that others made on this machine meanwhile have copies of its mounts, and keep their clients alive.
  for (const pid of clients) endGently(pid)
  await expect.poll(() => mounts.flatMap(clientsOf), { timeout: 20_000 }).toEqual([])
  const again = await anew(root)
  expect(statSync(join(home(1), 'work')).size).toBe(10 * MIB)
  expect((await again.list()).map((one) => one.state)).toEqual(['ready', 'ready'])
  // A client that was killed leaves a mount that nobody can use.
  const mount = join(root, 'mounts', name(1))
  for (const pid of clientsOf(mount)) process.kill(pid, 'SIGKILL')
  await expect.poll(() => existsSync(home(1))).toBe(false)
  expect((await again.list())[0]).toMatchObject({ state: 'ready' })
  expect(statSync(join(home(1), 'work')).size).toBe(10 * MIB)
  const lost = { name: name(9), limitMb: 16, isNew: false }
  expect(await again.ensure(lost)).toMatchObject({ ok: false, code: 'missing' })
  expect((await ceph.kept()).subvolumes).not.toContain(name(9))
})

it('is made anew where somebody removed it in Ceph, once an operator says so', async () => {
  const again = await anew(root)
  const lost = { name: name(8), limitMb: 16 }
  const stateNow = async () =>
    (await again.list()).find((volume) => volume.name === lost.name)?.state
  await again.ensure({ ...lost, isNew: true })
  writeFileSync(join(home(8), 'note'), 'of before')
  let begun = 0
  const order = { ...lost, isBegun: false, begin: async () => void begun++ }
  expect(await again.recreate(order)).toEqual({ ok: false, code: 'there' })
  expect(begun).toBe(0)
  await ceph.run('ceph', 'fs', 'subvolume', 'rm', 'cephfs', lost.name, '--group_name', ceph.group)
  await expect.poll(stateNow, { timeout: 60_000, interval: 500 }).toBe('missing')
  expect(await again.ensure({ ...lost, isNew: false })).toMatchObject({ code: 'missing' })
  expect(await again.recreate(order)).toEqual({ ok: true })
  expect([begun, readdirSync(home(8))]).toEqual([1, []])
  writeFileSync(join(home(8), 'note'), 'of now')
  const found = (await again.list()).find((volume) => volume.name === lost.name)
  expect(found).toMatchObject({ state: 'ready', limitBytes: 16 * MIB })
  // Cut as it was made, it is gone on with.
  expect(await again.recreate({ ...order, isBegun: true })).toEqual({ ok: true })
  expect(readFileSync(join(home(8), 'note'), 'utf8')).toBe('of now')
  expect(await again.purge(lost.name)).toMatchObject({ ok: true, after: { file: false } })
  // Ceph keeps the user of one that was removed past it: docs/storage.md.
  await ceph.run('ceph', 'auth', 'rm', `client.${lost.name}`)
}, 180_000)

it('leaves nothing of a purged volume: no folder, no block, no key, nothing mounted', async () => {
  const gone = await anew(root)
  const blocks = () => ceph.run('rados', '-p', 'data', '-N', `fsvolumens_${name(1)}`, 'ls')
  expect(await blocks()).not.toBe('')
  for (const number of [1, 2])
    expect(await gone.purge(name(number))).toMatchObject({
      ...{ ok: true, before: { bytes: expect.any(Number) } },
      after: { file: false, mounted: false, listed: false },
    })
  expect(await gone.purge(name(1))).toMatchObject({ ok: true, before: null })
  expect(await ceph.kept()).toEqual({ subvolumes: [], users: [] })
  const board = `${ceph.group}-board`
  expect(mountsBelow(root)).toEqual([join(root, 'mounts', board)])
  expect(readdirSync(join(root, 'keys')).filter((file) => !file.startsWith(board))).toEqual([])
  // Ceph empties its bin by itself, and says so by the blocks that are left.
  await expect.poll(blocks, { timeout: 120_000, interval: 500 }).toBe('')
  expect(readdirSync(join(ceph.root, 'volumes', ceph.group))).toEqual([board])
}, 180_000)

testSlots(() => ({ ceph, root: scene.root }))
