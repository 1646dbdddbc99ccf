/**
 * Volumes that are shares of a real OpenStack's Manila on a real Ceph, whole: made by Terraform with the pool's credential, mounted
 * by the storage agent with keys of its own, in seats on a Swarm of two nodes. Limits as a student meets them, another size in
 * class, files on another node, a state that was lost, and the purge.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, many, notify, one, sql, withTransaction } from '../../../api/data/db.ts'
import { orderPurge } from '../../../api/data/volumes/purge.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { wantedAt } from '../../../stacks/rules/wanted.ts'
import { CloudError } from '../../../workers/cloud/client.ts'
import {
  removeStillborn,
  type Share,
  type Shares,
  sharesOf,
} from '../../../workers/cloud/shares.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { planAsItWillBe } from '../../../workers/jobs/plan-early.ts'
import type { Backend } from '../../../workers/storage/backend.ts'
import { cephBackend } from '../../../workers/storage/cephfs.ts'
import { manilaSource } from '../../../workers/storage/manila-keeper.ts'
import { SHARE_TYPE, whyNoSharesNow } from '../../beds/cloud/shares.ts'
import { REGION } from '../../beds/cloud/place.ts'
import { administrator } from '../../beds/cloud/seed.ts'
import { credentialFile, type ManilaBeds } from '../../beds/manila-pool.ts'
import { type PracticeClass, until } from '../../practice-class.ts'
import { formTo } from '../../visitor.ts'
import { meansOf } from '../machines/machines-player.ts'
import { type ManilaScene, manilaScene, volumesStack } from './manila-scene.ts'
import { docker, seatsInside } from '../swarm/seats-inside.ts'
import { storageScene } from './storage-scene.ts'
import { wholeRecord } from '../whole-record.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 420_000 })

const MIB = 1024 * 1024
const STUDENTS = Number(process.env['LABPLAN_SEATS'] ?? 2)
const seatNumbers = Array.from({ length: STUDENTS }, (_, i) => i + 1)
const plan = { students: STUDENTS, volumeQuotaMb: 1000, nodes: 2 }
const IS_LONG = process.env['LABPLAN_LONG'] !== undefined
const LONG = 'takes a third of a minute: LABPLAN_LONG=1 runs it'
/** A type of shares that nobody can make. */
const NOWHERE = 'bed-nowhere'
const why = whyNoSharesNow()

let scene: ManilaScene
let beds: ManilaBeds
let practice: PracticeClass
let code = ''

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  scene = await manilaScene(plan)
  ;({ beds, practice } = scene)
  code = (await one<{ code: string }>(practice.inst.pool, sql`select code from course`)).code
})
afterAll(() => scene?.close())

const shares = (): Promise<Share[]> =>
  sharesOf(beds.tenant.cloud, { region: REGION, installation: practice.inst.id }).list()
/** Name, size in GiB and state of each, by name. */
const listed = async () =>
  (await shares()).map(({ name, size, status }) => [name, size, status]).toSorted()
const ids = async () => (await shares()).map(({ id }) => id).toSorted()
const subvolumes = async (): Promise<string[]> =>
  (
    JSON.parse(
      await beds.ceph.run('ceph', 'fs', 'subvolume', 'ls', 'cephfs', '--format', 'json'),
    ) as {
      name: string
    }[]
  ).map(({ name }) => name)

type Row = { name: string; number: number; state: string; limit_bytes: number; used_bytes: number }
const volumes = () =>
  many<Row>(
    practice.inst.pool,
    sql`select volume.*, seat.number from volume join seat on seat.id = seat_id order by number`,
  )
const { place, inSeat, sizeIn } = seatsInside(() => practice)

it('has a share for each seat number, of whole GiB, that Terraform made and that names nobody', async () => {
  const rows = await volumes()
  expect(rows.map(({ number, state, limit_bytes: limit }) => [number, state, limit])).toEqual(
    seatNumbers.map((number) => [number, 'ready', 1024 * MIB]),
  )
  expect(await listed()).toEqual(rows.map(({ name }) => [name, 1, 'available']))
  expect(await subvolumes()).toHaveLength(STUDENTS)
  for (const { name, metadata } of await shares()) {
    const { __mount_options: _driver, ...own } = metadata
    expect(own).toEqual({
      'labplan.installation': practice.inst.id,
      'labplan.stack': 'volumes-networks-101',
      'labplan.seat': `${code}/${name?.slice(-6, -3)}`,
    })
  }
})

const agent = () => storageAgent({ socket: join(practice.inst.home, 'run', 'storage.sock') })
/** As the agent sees the volume of the first seat. */
const isFuller = (thanMib: number) => async () => {
  const { name } = (await volumes())[0]!
  const seen = (await agent().list()).volumes.find((one) => one.name === name)
  return (seen?.usedBytes ?? 0) > thanMib * MIB
}

it('lets each seat write to its limit; df shows it', async () => {
  for (const number of seatNumbers) {
    expect(sizeIn(number)).toBe(1024)
    // Of a file with a hole in it every byte counts, for Ceph.
    inSeat(number, 'echo mine > mine; truncate -s 1012M large')
    const write = 'dd if=/dev/zero of=full bs=64k conv=fsync 2>&1 || true'
    expect(inSeat(number, write)).toContain('Disk quota exceeded')
    const sizes = inSeat(number, "find . -type f -printf '%s\\n'").split('\n').map(Number)
    // Parts of files are of 4 MiB, since a tenant sets no layout.
    const beyond = sizes.reduce((sum, size) => sum + size, 0) / MIB - 1024
    console.log(`a share of 1 GiB, one file: ${beyond.toFixed(2)} MiB beyond`)
    expect(Math.abs(beyond)).toBeLessThanOrEqual(4)
    expect(inSeat(number, 'head -c 1M /dev/zero > more 2>/dev/null || echo refused')).toBe(
      'refused',
    )
  }
  await until(isFuller(1015), 60_000, () => 'the agent to say that it is full')
})

it('is larger while its student works, by the course’s plan', async () => {
  const { container } = place(1)
  const first = await ids()
  await practice.replan({ ...plan, volumeQuotaMb: 2048 })
  await until(
    async () => sizeIn(1) === 2048,
    120_000,
    () => `a larger share:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  expect(inSeat(1, 'head -c 1M /dev/zero > more && stat -c %s more')).toBe(String(MIB))
  expect(place(1).container).toBe(container)
  expect(await ids()).toEqual(first)
  await until(
    async () => (await listed()).every(([, gib, status]) => gib === 2 && status === 'available'),
    60_000,
    () => 'the others to be larger, too',
  )
})

it('refuses to hold less than is in it, and the others are smaller again', async ({ skip }) => {
  skip(!IS_LONG, LONG)
  for (const number of seatNumbers.slice(1)) inSeat(number, 'rm -f full large more')
  inSeat(1, 'truncate -s 1500M large')
  await until(isFuller(1500), 60_000, () => 'the agent to say how much is in it')
  await practice.replan({ ...plan, volumeQuotaMb: 1024 })
  const refused = sql`select 1 from volume where message_code = 'volume.below-use'`
  await until(
    async () => (await many(practice.inst.pool, refused)).length > 0,
    120_000,
    () => `a refusal:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  await until(
    async () => (await shares()).filter(({ size: gib }) => gib === 1).length === STUDENTS - 1,
    60_000,
    () => 'the others to be smaller again',
  )
  expect(await listed()).toEqual(
    (await volumes()).map(({ name }, i) => [name, i === 0 ? 2 : 1, 'available']),
  )
})

it('has its files in the next start, on the other node', async ({ skip }) => {
  skip(!IS_LONG, LONG)
  const { bed, inst } = practice
  const becomes = (number: number, wanted: string) =>
    until(
      async () => {
        const is = sql`select 1 from seat where number = ${number} and state = ${wanted}`
        return (await many(inst.pool, is)).length > 0
      },
      120_000,
      () => `a seat that is ${wanted}:\n${inst.log('worker').slice(-3000)}`,
    )
  const { visitor, page } = await practice.launch('student1')
  const { number } = await one<{ number: number }>(
    inst.pool,
    sql`select number from workspace join seat on seat.id = seat_id`,
  )
  inSeat(number, 'echo of student1 > essay')
  const before = place(number).host
  const stop = formTo(page, '/stop')
  await visitor.post(stop.action, stop.fields)
  await becomes(number, 'cold')
  const name = bed.nodes.find((node) => node.dockerHost === before)!.name
  docker(bed.dockerHost, 'node', 'update', '--availability', 'pause', name)
  const again = await practice.launch('student1')
  await becomes(number, 'ready')
  expect(place(number).host).not.toBe(before)
  expect(inSeat(number, 'cat essay')).toBe('of student1')
  docker(bed.dockerHost, 'node', 'update', '--availability', 'active', name)
  const end = formTo(again.page, '/stop')
  await again.visitor.post(end.action, end.fields)
  await becomes(number, 'cold')
})

it('has no key of a share in state, specification, record or log, and tells the cloud’s password to nobody', async () => {
  const { inst, bed } = practice
  const { state } = await volumesStack(practice)
  expect(state).toContain('openstack_sharedfilesystem_share_v2')
  const keys = readdirSync(join(bed.volumes, 'keys'))
    .filter((file) => file.endsWith('.keyring'))
    .map((file) => /key = (\S+)/.exec(readFileSync(join(bed.volumes, 'keys', file), 'utf8'))![1]!)
  expect(keys).toHaveLength(STUDENTS)
  const services = docker(bed.dockerHost, 'service', 'ls', '--quiet').split('\n')
  const said = [
    ...[
      state,
      await wholeRecord(inst.pool),
      docker(bed.dockerHost, 'service', 'inspect', ...services),
    ],
    ...(['storage', 'worker', 'api'] as const).map(inst.log),
  ].join('\n')
  expect(said).toContain((await volumes())[0]!.name)
  const { password } = beds.tenant.access as { password: string }
  for (const secret of [...keys, password])
    for (const form of [secret, Buffer.from(secret).toString('hex')])
      expect(said.includes(form)).toBe(false)
})

it('is looked at in its cloud when it is planned ahead of time, and nothing is made', async () => {
  const { inst, bed } = practice
  const keys = JSON.parse(readFileSync(join(inst.home, 'keys.json'), 'utf8'))
  const of = { database: { pool: inst.pool, installation: inst.id }, dockerHost: bed.dockerHost }
  const means = meansOf({ ...of, registry: bed.registry, home: inst.home, keys }, () => new Date())
  const place = { ...means.place, storageRoot: bed.volumes }
  const { blueprint } = (await currentBlueprint(inst.pool))!
  const { stacks } = wantedAt(blueprint, new Date().toISOString())
  const volumesThen = stacks.find(({ kind }) => kind === 'volumes')!
  const before = await ids()
  const early = { ...means, place, signal: new AbortController().signal }
  const { result } = await planAsItWillBe(early, volumesThen)
  means.engine.close()
  expect(result).toMatchObject({
    ok: true,
    summary: { create: 0, update: 0, replace: 0, delete: 0, import: 0 },
  })
  expect(await ids()).toEqual(before)
})

it('takes up the shares that are there when a run was killed before it could say so', async () => {
  const { pool } = practice.inst
  const before = await ids()
  const { id } = await volumesStack(practice)
  await execute(pool, sql`delete from state_version where stack_id = ${id}`)
  const lost = sql`update stack set state = 'needs_reconcile', retry_at = null where id = ${id}`
  await withTransaction(pool, async (tx) => {
    await execute(tx, lost)
    await notify(tx, 'work')
  })
  await until(
    async () => (await volumesStack(practice)).stack === 'applied',
    120_000,
    () => `a run that adopts:\n${practice.inst.log('worker').slice(-3000)}`,
  )
  const { state } = await volumesStack(practice)
  expect(await ids()).toEqual(before)
  for (const one of before) expect(state).toContain(one)
  // Created are the limits alone, which are in a state and nowhere else.
  const last = sql`select summary from run where stack_id = ${id} order by created_at desc limit 1`
  const { summary } = await one<{ summary: object }>(pool, last)
  expect(summary).toMatchObject({
    create: 1,
    update: 0,
    replace: 0,
    delete: 0,
    import: 2 * STUDENTS,
  })
})

/** An agent of another machine, which knows of Ceph what Manila says. */
function farAgent(root: string, installation: string): Backend {
  const place = { root, configFile: join(root, 'no-ceph.conf'), fileSystem: 'cephfs' }
  const where = { region: REGION, shareType: SHARE_TYPE, installation }
  const file = { credentialFile: credentialFile(practice.inst) }
  return cephBackend(root, manilaSource({ ...place, ...where, ...file }))
}

it('is mounted by the agent of a machine that knows of Ceph what Manila says, and is told nothing', async () => {
  const { root, end } = storageScene()
  try {
    const far = farAgent(root, practice.inst.id)
    await far.start()
    const { name } = (await volumes())[0]!
    expect(readFileSync(findMine(join(root, 'mounts', name, 'home')), 'utf8')).toBe('mine\n')
    expect(await far.trouble()).toBeUndefined()
    expect(await far.freeBytes()).toBeGreaterThan(2 ** 30)
  } finally {
    end()
  }
})

it('makes shares by itself for a course’s data and for what agents tell each other, and takes them away', async ({
  skip,
}) => {
  skip(!IS_LONG, LONG)
  const { root, end } = storageScene()
  const installation = 'other000'
  const own = sharesOf(beds.tenant.cloud, { region: REGION, installation })
  const before = await subvolumes()
  try {
    const far = farAgent(root, installation)
    await far.start()
    const name = `lp-${installation}-${code}-data-g1`
    const made = await far.ensure({ name, limitMb: 8, isNew: true })
    expect(made).toMatchObject({ ok: true, volume: { state: 'ready', limitBytes: 2 ** 30 } })
    const board = `lp-${installation}-board`
    writeFileSync(join((await far.board!(true))!, 'note'), 'to all')
    writeFileSync(join(root, 'mounts', name, 'home', 'subject'), 'read')
    expect((await own.list()).map((one) => [one.name, one.size]).toSorted()).toEqual([
      [board, 1],
      [name, 1],
    ])
    // What was not made by Terraform, though it should have been, is nobody's to make.
    const seat = { name: `lp-${installation}-${code}-s001-g1`, limitMb: 1024, isNew: true }
    expect(await far.ensure(seat)).toMatchObject({ ok: false, code: 'missing' })
    const gone = { ok: true, after: { file: false, mounted: false, listed: false } }
    expect(await far.purge(name)).toMatchObject(gone)
  } finally {
    end()
  }
  // The board is no volume: it goes by hand, as with a Ceph.
  for (const { id } of await own.list()) await own.remove(id)
  expect(await own.list()).toEqual([])
  expect(await subvolumes()).toEqual(before)
})

it('makes a share of its own anew where Manila could not make it, and a key where Ceph did not answer', async ({
  skip,
}) => {
  skip(!IS_LONG, LONG)
  const { root, end } = storageScene()
  const installation = 'other001'
  const own = sharesOf(beds.tenant.cloud, { region: REGION, installation })
  const before = await subvolumes()
  const name = `lp-${installation}-${code}-data-g1`
  try {
    const useless = await uselessShare(own, name, { 'labplan.installation': installation })
    const far = farAgent(root, installation)
    await far.start()
    expect(await far.ensure({ name, limitMb: 8, isNew: true })).toMatchObject({ ok: true })
    const [share, ...others] = await own.list()
    expect([share?.status, others]).toEqual(['available', []])
    expect(share?.id).not.toBe(useless)
    expect(await own.rules(share!.id)).toMatchObject([{ access_to: name, state: 'active' }])
  } finally {
    end()
  }
  const failed = 'lp-other001-late0000-data-g1'
  const { root: late, end: endLate } = storageScene()
  try {
    const far = farAgent(late, installation)
    await far.start()
    const labels = { 'labplan.installation': installation }
    await own.create({ name: failed, sizeGib: 1, shareType: SHARE_TYPE, labels })
    const { id } = await shareThat(own, failed, 'available')
    beds.ceph.freeze()
    await own.allow(id, failed)
    await until(
      async () => (await own.rules(id))[0]?.state === 'error',
      240_000,
      () => 'Manila to give a key up',
    ).finally(() => beds.ceph.thaw())
    expect(await far.ensure({ name: failed, limitMb: 8, isNew: true })).toMatchObject({ ok: true })
    expect(await own.rules(id)).toMatchObject([{ access_to: failed, state: 'active' }])
  } finally {
    endLate()
  }
  for (const { id } of await own.list()) await own.remove(id)
  expect(await own.list()).toEqual([])
  expect(await subvolumes()).toEqual(before)
})

/** In the home of whoever the student is. */
const findMine = (home: string): string =>
  join(
    home,
    readdirSync(home, { recursive: true })
      .map(String)
      .find((file) => /(^|\/)mine$/.test(file))!,
  )

/** Of a type that Manila has no place for; answers its id. */
async function uselessShare(
  own: Shares,
  name: string,
  labels: Record<string, string>,
): Promise<string> {
  const specs = { driver_handles_share_servers: 'false', share_backend_name: 'nowhere' }
  const type = { name: NOWHERE, extra_specs: specs, 'share_type_access:is_public': true }
  await administrator(beds.cloud.address)
    .call('shared-file-system', 'POST', '/types', {
      ...{ region: REGION, microversion: '2.45', body: { share_type: type } },
    })
    .catch((error: unknown) => {
      if (!(error instanceof CloudError) || error.status !== 409) throw error
    })
  await own.create({ name, sizeGib: 1, shareType: NOWHERE, labels })
  return (await shareThat(own, name, 'error')).id
}

async function shareThat(own: Shares, name: string, status: string): Promise<Share> {
  let seen: Share | undefined
  await until(
    async () => (seen = await own.find(name))?.status === status,
    60_000,
    () => `a share that is ${status}; it is ${seen?.status}`,
  )
  return seen!
}

it('takes away a share that came to nothing, and no other', async () => {
  const { inst } = practice
  const own = sharesOf(beds.tenant.cloud, { region: REGION, installation: inst.id })
  const before = await listed()
  const name = `lp-${inst.id}-${code}-s099-g1`
  const stack = 'volumes-networks-101'
  const labels = { 'labplan.installation': inst.id, 'labplan.stack': stack }
  await uselessShare(own, name, labels)
  const stillborn = await removeStillborn(beds.tenant.cloud, {
    ...{ kind: 'volumes', key: stack, installation: inst.id, course8: code, volumes: [] },
    shares: { region: REGION, shareType: NOWHERE },
  })
  expect(stillborn).toEqual({ removed: [name], remnants: [] })
  expect(await listed()).toEqual(before)
})

it('is gone from cloud, Ceph, nodes and state once it is purged, listed before and after', async () => {
  const { inst, bed } = practice
  const names = (await volumes()).map(({ name }) => name)
  expect((await listed()).map(([name]) => name)).toEqual(names)
  expect(await subvolumes()).toHaveLength(STUDENTS)
  const users = async () =>
    ((await beds.ceph.run('ceph', 'auth', 'ls')).match(/^client\.lp-\S+/gm) ?? []).toSorted()
  expect(await users()).toEqual(names.map((name) => `client.${name}`))
  // The course is over, and nothing is kept beyond its end.
  await endCourse()
  const seats = sql`select 1 from seat where state <> 'absent'`
  await until(
    async () => (await many(inst.pool, seats)).length === 0,
    120_000,
    () => `seats to go:\n${inst.log('worker').slice(-3000)}`,
  )
  const course = await one<{ id: string }>(inst.pool, sql`select id from course`)
  const now = () => new Date()
  // As when its date has come, and who teaches it was told long enough before.
  await withTransaction(inst.pool, (tx) => orderPurge(tx, { id: course.id, now: now() }))
  const retention = retentionKeeper({
    ...{ pool: inst.pool, installation: inst.id, now, log: console },
    agent: agent(),
    inTurn: turnsFor((name) => name),
    removeFromEngine: () => Promise.resolve(undefined),
  })
  await retention.keep()
  const purged = sql`select 1 from volume where state = 'purged'`
  await until(
    async () => (await many(inst.pool, purged)).length === STUDENTS,
    120_000,
    () => `a purge:\n${inst.log('storage').slice(-3000)}`,
  )
  expect(await listed()).toEqual([])
  expect(await subvolumes()).toEqual([])
  expect(await users()).toEqual([])
  expect(mountsBelow(join(bed.volumes, 'mounts'))).toEqual([])
  expect(readdirSync(join(bed.volumes, 'keys'))).toEqual([])
  await until(
    async () => (await volumesStack(practice)).stack === 'absent',
    120_000,
    () => `Terraform to let go:\n${inst.log('worker').slice(-3000)}`,
  )
  expect((await volumesStack(practice)).state).not.toContain('"s001-g1"')
  expect(await listed()).toEqual([])
})

async function endCourse(): Promise<void> {
  const { inst } = practice
  const file = join(inst.home, 'plan', 'course.yaml')
  const start = new Date(Date.now() - 180 * 60_000).toISOString().slice(0, 16)
  const text = readFileSync(file, 'utf8').replace(/start: .*/, `start: ${start}`)
  writeFileSync(file, `${text}keepDays: 0\n`)
  await inst.labplan('course', 'import', file)
}
