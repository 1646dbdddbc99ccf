/**
 * Whoever has a volume of the cephfs backend open when it is purged, on whichever machine: put out, and nobody waits for it. On a real Ceph,
 * with the agents of two machines.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import type { Backend } from '../../../workers/storage/backend.ts'
import { cephfsBackend } from '../../../workers/storage/cephfs.ts'
import { type CephBed, cephBed } from '../../beds/ceph.ts'
import { whyNoCephNow } from '../../beds/cluster/install.ts'
import { clientsOf } from './ceph-clients.ts'
import { type StorageScene, storageScene } from './storage-scene.ts'

const why = whyNoCephNow()
const name = (number: number) => `lp-test0000-c0urse00-s${String(number).padStart(3, '0')}-g1`

let ceph: CephBed
let scene: StorageScene
let backend: Backend
let root = ''

const anew = async (folder: string, client = 'labplan'): Promise<Backend> => {
  const { configFile, group } = ceph
  const cluster = { configFile, group, client, fileSystem: 'cephfs' }
  const made = cephfsBackend({ root: folder, cluster })
  await made.start()
  return made
}

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  ceph = await cephBed()
  scene = storageScene()
  root = join(scene.root, 'node-1')
  backend = await anew(root)
})
afterAll(async () => {
  scene?.end()
  await ceph?.down()
})

const homeOf = (folder: string, number: number) => join(folder, 'mounts', name(number), 'home')

it('ends the key of a volume for good, however often another node looks for it meanwhile', async () => {
  const other = join(scene.root, 'node-2')
  const follower = await anew(other, 'labplan-node')
  const doomed = name(5)
  await backend.ensure({ name: doomed, limitMb: 16, isNew: true })
  await follower.follow?.()
  expect(existsSync(homeOf(other, 5))).toBe(true)
  const look = async (isOver: () => boolean): Promise<number> => {
    let looks = 0
    for (; !isOver(); looks += 1) await follower.follow?.()
    return looks
  }
  let isOver = false
  const looking = look(() => isOver)
  expect(await backend.purge(doomed)).toMatchObject({ ok: true, after: { file: false } })
  isOver = true
  expect(await looking).toBeGreaterThan(0)
  expect(await ceph.kept()).toEqual({ subvolumes: [], users: [] })
  expect(readdirSync(join(root, 'mounts', `${ceph.group}-board`))).toEqual([])
  // Between the end of the key and of the files: Ceph makes it anew for who asks, and a node asks until it knows of a purge.
  await backend.ensure({ name: doomed, limitMb: 16, isNew: true })
  await follower.follow?.()
  const putOut = async (): Promise<boolean> => {
    for (const act of ['deauthorize', 'evict'])
      await ceph.run('ceph', 'fs', 'subvolume', act, 'cephfs', doomed, doomed, ...inGroup)
    await follower.follow?.()
    return (await ceph.kept()).users.includes(`client.${doomed}`)
  }
  const inGroup = ['--group_name', ceph.group]
  expect(await putOut()).toBe(true)
  writeFileSync(join(root, 'mounts', `${ceph.group}-board`, `ending-${doomed}`), '')
  expect(await putOut()).toBe(false)
  expect((await follower.list()).find((one) => one.name === doomed)).toMatchObject({
    ...{ state: 'damaged', problem: `${doomed} is being purged.` },
  })
  expect(await backend.purge(doomed)).toMatchObject({ ok: true, after: { file: false } })
  await follower.follow?.()
  for (const at of mountsBelow(other)) execFileSync('umount', [at])
}, 180_000)

/**
 * As when a purge is cut once its key has ended, and the monitor is started again before it goes on: a client that is put out then is told so
 * by nobody, and waits for good. Who asks it waits with it; answers once somebody does, with the end of that.
 */
async function putOutUnheard(
  doomed: string,
  mount: string,
): Promise<{ answered: Promise<unknown> }> {
  const end = (act: string) =>
    ceph.run('ceph', 'fs', 'subvolume', act, 'cephfs', doomed, doomed, '--group_name', ceph.group)
  await end('deauthorize')
  ceph.kill('ceph-mon')
  const isBack = () => ceph.run('ceph', '-s').then(Boolean, () => false)
  await expect.poll(isBack, { timeout: 60_000 }).toBe(true)
  await sleep(5_000)
  await end('evict')
  const asks = spawn('mkdir', [join(mount, 'asks')], { stdio: 'ignore' })
  const answered = once(asks, 'exit')
  await sleep(1_000)
  expect(asks.exitCode).toBe(null)
  return { answered }
}

it('goes on on a node whose client of a volume that is purged never answers again', async () => {
  const other = join(scene.root, 'node-3')
  const follower = await anew(other, 'labplan-node')
  const [doomed, next] = [name(5), name(6)]
  await backend.ensure({ name: doomed, limitMb: 16, isNew: true })
  await follower.follow?.()
  writeFileSync(join((await backend.board!(true))!, `ending-${doomed}`), '')
  const mount = join(other, 'mounts', doomed)
  const { answered } = await putOutUnheard(doomed, mount)
  const followed = async () => {
    await follower.follow?.()
    return mountsBelow(other).includes(mount)
  }
  await backend.ensure({ name: next, limitMb: 16, isNew: true })
  await expect.poll(followed, { timeout: 90_000 }).toBe(false)
  expect(existsSync(homeOf(other, 6))).toBe(true)
  await answered
  expect(await backend.purge(doomed)).toMatchObject({ ok: true, after: { file: false } })
  expect(await backend.purge(next)).toMatchObject({ ok: true, after: { file: false } })
  expect(await followed()).toBe(false)
  expect([...clientsOf(mount), ...clientsOf(join(root, 'mounts', doomed))]).toEqual([])
  for (const at of mountsBelow(other)) execFileSync('umount', [at])
}, 240_000)

it('shows the volume that was made anew, where the client of the one before never answers again', async () => {
  const other = join(scene.root, 'node-4')
  const follower = await anew(other, 'labplan-node')
  const twice = name(7)
  await backend.ensure({ name: twice, limitMb: 16, isNew: true })
  await follower.follow?.()
  execFileSync('umount', [join(root, 'mounts', twice)])
  const { answered } = await putOutUnheard(twice, join(other, 'mounts', twice))
  // The follower sees neither: it is slow.
  expect(await backend.purge(twice)).toMatchObject({ ok: true, after: { file: false } })
  await backend.ensure({ name: twice, limitMb: 16, isNew: true })
  writeFileSync(join(homeOf(root, 7), 'anew'), '')
  // Twice: the first time it waits for the client of before.
  for (let look = 0; look < 2; look++) await follower.follow?.()
  await answered
  expect(readdirSync(homeOf(other, 7))).toEqual(['anew'])
  expect(clientsOf(join(other, 'mounts', twice))).toHaveLength(1)
  expect(await backend.purge(twice)).toMatchObject({ ok: true, after: { file: false } })
  await follower.follow?.()
  for (const at of mountsBelow(other)) execFileSync('umount', [at])
}, 240_000)
