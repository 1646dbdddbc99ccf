/** The nfs backend on a server with a kernel of its own: how many files a volume may hold, and how one that was lost is made anew. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { machineParts, whyNoMachinesNow } from '../../beds/machines/install.ts'
import { ROOT, type StorageMachine, storageMachine } from '../../beds/machines/storage.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'

const MIB = 2 ** 20
const why = whyNoMachinesNow()
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-nfs-server-'))
const socket = join(folder, 'run', 'storage.sock')
const agent = storageAgent({ socket })
const name = 'lp-test0000-c0urse00-s001-g1'
const home = `${ROOT}/volumes/${name}/home`
let bed: SwarmBed | undefined
let server: StorageMachine | undefined

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  bed = await swarmBed({ nodes: 1 })
  server = await storageMachine(bed, machineParts()!, socket)
}, 600_000)
afterAll(async () => {
  await server?.end()
  await bed?.down()
  rmSync(folder, { recursive: true, force: true })
})

const sh = (command: string): Promise<string> => server!.sh(command)
const seen = async () => (await agent.list()).volumes.find((one) => one.name === name)
const ensure = (limitMb: number, isNew = false) => agent.ensure({ name, limitMb, isNew })
/** As many empty ones as go in. */
const fill = (prefix: string) =>
  sh(`cd ${home} && for i in $(seq 5000); do : 2>/dev/null >${prefix}$i || break; done; ls | wc -l`)

it('holds a volume to a file for each 4 KiB, and says how many there are', async () => {
  expect(await ensure(8, true)).toMatchObject({ volume: { files: { limit: 2048 } } })
  const made = Number(await fill('a'))
  // The folders of the volume itself count, too.
  expect(made).toBeGreaterThan(2030)
  expect(made).toBeLessThanOrEqual(2048)
  expect(await seen()).toMatchObject({ state: 'ready', files: { limit: 2048, used: 2048 } })
})

it('holds as many more as it is larger', async () => {
  expect(await ensure(12)).toMatchObject({ volume: { files: { limit: 3072, used: 2048 } } })
  expect(Number(await fill('b'))).toBeGreaterThan(3050)
})

it('is held to it at the first look where it was made before files were counted', async () => {
  await sh(`xfs_quota -x -c 'limit -p ihard=0 1001' ${ROOT}`)
  await sh(`cd ${home} && : >beyond && rm beyond`)
  // At the first look of all it cannot be, and is seen as it is.
  const program = await sh('command -v xfs_quota')
  await sh(`mv ${program} ${program}.away`)
  await server!.killAgent()
  const soon = { timeout: 60_000, interval: 500 }
  await expect
    .poll(() => seen().catch(() => undefined), soon)
    .toMatchObject({ state: 'ready', limitBytes: 12 * MIB })
  expect((await seen())!.files!.limit).not.toBe(3072)
  await sh(`mv ${program}.away ${program}`)
  expect(await seen()).toMatchObject({ limitBytes: 12 * MIB, files: { limit: 3072 } })
})

it('is made anew where its folder was lost, when an operator says so, with its limits', async () => {
  await sh(`cd ${home} && find . -type f -delete && echo of-student1 >essay`)
  const file = await buffer((await agent.backup(name))!.stream)
  expect(await agent.recreate(name, 12)).toBe('there')
  await sh(`rm -r ${ROOT}/volumes/${name}`)
  expect(await seen()).toMatchObject({ state: 'missing' })
  expect(await ensure(12)).toMatchObject({ code: 'missing' })
  expect(await agent.recreate(name, 12)).toBeUndefined()
  expect(await seen()).toMatchObject({ state: 'missing' })
  expect(await agent.restore(name, Readable.from([file]))).toEqual({ ok: true })
  const limits = { limitBytes: 12 * MIB, files: { limit: 3072 } }
  expect(await seen()).toMatchObject({ state: 'ready', ...limits })
  expect(await sh(`cat ${home}/essay`)).toBe('of-student1')
  expect(await sh(`dd if=/dev/zero of=${home}/full bs=64k 2>&1 | grep -c 'No space'`)).toBe('1')
})
