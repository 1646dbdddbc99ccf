/**
 * Files whose date comes, on a real agent with a clock of the test's: told twice, kept for the week that is owed, purged with a
 * receipt, and nothing left of them on disk.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import { firstBroken, purgeReceipts } from '../../../api/data/volumes/purge.ts'
import { keptVolumes, recordVolumes } from '../../../api/data/volumes/volume.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { volumeKeeper } from '../../../workers/jobs/keep-volumes.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { openWebsite } from '../../api/website.ts'
import { textOf } from '../../api/page-text.ts'
import { allDocuments } from '../../cast/documents.ts'
import { addLmsCourse, importDocuments, launch, seatReady, signIn } from '../../cast/record.ts'
import { agentScene, silent } from './storage-scene.ts'
import { runCommand } from '../../api/command-line.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'

const DAY_MS = 86_400_000
const start = new Date('2026-11-24T09:20:00Z')
const site = await openWebsite(start)
const { pool, ring } = site
const scene = await agentScene(site.config.storage.socket)
const { agent } = scene
let now = start
const { installation } = site.config
const inTurn = turnsFor((name) => name)
const keeper = retentionKeeper({
  ...{ pool, agent, inTurn, installation, log: silent, now: () => now },
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const volumes = volumeKeeper({ pool, agent, inTurn, log: silent, now: () => now })
const names = [1, 2].map((number) => `lp-test0000-c0urse00-s00${number}-g1`)
let until: Date

beforeAll(async () => {
  await importDocuments(pool, ring, start)
  const seats = await many<{ id: string }>(
    pool,
    sql`select seat.id from seat join course on course.id = course_id where course.key = 'networks-101' order by number limit 2`,
  )
  const limit = { backend: 'local', limitMb: 8 } as const
  const made = seats.map((seat, i) => ({ seatId: seat.id, generation: 1, name: names[i]!, limit }))
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: made, now }))
  await execute(
    pool,
    sql`insert into stack (id, key, kind, pool_id, course_id, state, state_at, wanted_digest, applied_digest)
        select gen_random_uuid(), 'volumes-networks-101', 'volumes', pool.id, course.id, 'applied', ${now}, 'x', 'x'
        from pool, course where pool.key = 'local' and course.key = 'networks-101'`,
  )
  await volumes.keep()
  for (const name of names)
    writeFileSync(join(scene.root, 'mounts', name, 'home', 'work'), 'of a student')
  await keeper.keep()
  const [course] = await many<{ volumes_until: Date }>(
    pool,
    sql`select volumes_until from course where key = 'networks-101'`,
  )
  until = course!.volumes_until
})

afterAll(async () => {
  await scene.end()
  await site.close()
})

const at = async (days: number) => {
  now = new Date(until.getTime() + days * DAY_MS)
  site.setNow(now)
  await keeper.keep()
}
const told = () =>
  many<{ params: { count: number; goneAt: string } }>(
    pool,
    sql`select params from notice where code = 'notice.files-end' order by created_at`,
  )
const states = async () => {
  const rows = await many<{ state: string }>(pool, sql`select state from volume order by name`)
  return rows.map((row) => row.state)
}
const onDisk = () => readdirSync(join(scene.root, 'images'))

it('has a date, which its student sees, louder when it is near', async () => {
  const contextId = await addLmsCourse(pool, {
    courseKey: 'networks-101',
    contextId: '2',
    now: start,
  })
  const one = await signIn(pool, { name: 'Student One', contextId, now: start })
  const mine = await launch(pool, { personId: one.personId, courseKey: 'networks-101', now: start })
  await seatReady(pool, mine.id, start)
  const cookie = `__Host-labplan=${one.token}; __Host-labplan-locale=en`
  const page = async () =>
    textOf((await site.get(`/workspaces/${mine.id}`, { headers: { cookie } })).text)
  expect(await page()).toContain('Kept until ')
  site.setNow(new Date(until.getTime() - 20 * DAY_MS))
  await execute(pool, sql`update login set expires_at = ${until}`)
  expect(await page()).toContain('Your files are deleted on ')
  await execute(pool, sql`update workspace set state = 'stopped'`)
  await execute(
    pool,
    sql`update seat set state = 'absent', wanted_on = false, service_id = null, task_id = null`,
  )
})

it('is told 30 and 7 days before, each once', async () => {
  await at(-31)
  expect(await told()).toHaveLength(0)
  await at(-30)
  await at(-29)
  expect(await told()).toMatchObject([{ params: { count: 2, goneAt: until.toISOString() } }])
  await at(-7)
  await at(-6)
  expect(await told()).toHaveLength(2)
  expect(await states()).toEqual(['ready', 'ready'])
})

it('keeps all of it until the date, and while somebody may be in', async () => {
  await at(-0.01)
  expect(await states()).toEqual(['ready', 'ready'])
  await execute(pool, sql`update seat set state = 'cold' where number = 9`)
  await at(0.1)
  expect(await states()).toEqual(['ready', 'ready'])
  await execute(pool, sql`update seat set state = 'absent' where number = 9`)
})

it('waits for an agent that is away, and goes on by itself', async () => {
  expect(onDisk()).toHaveLength(4)
  await scene.goAway()
  await at(0.2)
  expect(await states()).toEqual(['purging', 'purging'])
  expect(onDisk()).toHaveLength(4)
  // What is being purged is asked for by nobody.
  expect(await keptVolumes(pool)).toEqual([])
  await scene.comeBack()
})

it('proves nothing while another folder is in the place of its disk', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', scene.root])
  await at(0.25).finally(() => execFileSync('umount', [scene.root]))
  expect(await states()).toEqual(['purging', 'purging'])
  const { lines } = await runCommand(site, ['volume', 'list'])
  expect(lines.join('\n')).toContain('Nothing counts as deleted before.')
  expect(await purgeReceipts(pool)).toEqual([])
  // Nor while the folder is there, and what was made in it is not.
  const images = join(scene.root, 'images')
  renameSync(images, `${images}-away`)
  mkdirSync(images)
  await at(0.26)
  expect(await states()).toEqual(['purging', 'purging'])
  rmSync(images, { recursive: true })
  renameSync(`${images}-away`, images)
})

it('leaves nothing, and says so with a receipt for each', async () => {
  await at(0.3)
  expect(await states()).toEqual(['purged', 'purged'])
  expect(onDisk()).toEqual([])
  expect(mountsBelow(scene.root)).toEqual([])
  expect((await agent.list()).volumes).toEqual([])
  const receipts = await purgeReceipts(pool)
  expect(firstBroken(receipts)).toBeUndefined()
  expect(receipts.map(({ body }) => JSON.parse(body))).toMatchObject(
    names.map((name, i) => ({
      ...{ kind: 'PurgeReceipt', number: i + 1, installation, reason: 'retention' },
      volume: { name, course: 'networks-101', seat: i + 1, generation: 1 },
      times: { keptUntil: until.toISOString(), toldAt: expect.any(String) },
      before: { bytes: expect.any(Number), diskBytes: expect.any(Number) },
      after: { file: false, mounted: false, listed: false },
    })),
  )
  const [stack] = await many(pool, sql`select wanted_digest from stack where kind = 'volumes'`)
  expect(stack).toEqual({ wanted_digest: null })
})

it('shows a receipt that was changed or removed', async () => {
  await expect(execute(pool, sql`delete from purge`)).rejects.toThrow('A receipt is never changed.')
  await expect(execute(pool, sql`update purge set body = '{}'`)).rejects.toThrow('never changed')
  const receipts = await purgeReceipts(pool)
  const changed = receipts.map((one) => ({
    ...one,
    body: one.body.replace('"seat":2', '"seat":3'),
  }))
  expect(firstBroken(changed)).toBe(2)
  expect(firstBroken(receipts.slice(1))).toBe(1)
  const { code, lines } = await runCommand(site, ['volume', 'purges'])
  expect(code).toBe(0)
  expect(lines[1]).toMatch(/1 +networks-101 +1 +1 /)
})

it('does it twice without harm, and begins anew when the course goes on', async () => {
  await expect(agent.purge(names[0]!)).resolves.toMatchObject({ before: null })
  const [seat] = await many<{ id: string }>(
    pool,
    sql`select seat_id as id from volume where name = ${names[0]}`,
  )
  const again = {
    seatId: seat!.id,
    generation: 1,
    name: names[0]!,
    limit: { backend: 'local', limitMb: 8 },
  } as const
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: [again], now }))
  await volumes.keep()
  expect(await states()).toEqual(['ready', 'purged'])
  expect(readdirSync(join(scene.root, 'mounts', names[0]!, 'home'))).toEqual([])
})

it('owes a week to a course that was not told, whatever its date', async () => {
  const before = (await told()).length
  await execute(pool, sql`update notice set dedupe_key = dedupe_key || ' (another date)'`)
  await at(10)
  expect((await told()).length).toBe(before + 1)
  expect((await told()).at(-1)?.params.goneAt).toBe(
    new Date(until.getTime() + 17 * DAY_MS).toISOString(),
  )
  await at(16.9)
  expect(await states()).toEqual(['ready', 'purged'])
  await at(17)
  expect(await states()).toEqual(['purged', 'purged'])
})

it('has a date also where its course has no day any more: by its last use', async () => {
  const drafts = allDocuments().map((one) =>
    one.text.includes('key: networks-101\n') ? { ...one, text: `${one.text}state: draft\n` } : one,
  )
  const { outcome } = await importDocuments(pool, ring, start, drafts)
  expect(outcome).toBe('changed')
  const limit = { backend: 'local', limitMb: 8 } as const
  const [seat] = await many<{ id: string }>(
    pool,
    sql`select seat_id as id from volume where name = ${names[0]}`,
  )
  const again = { seatId: seat!.id, generation: 1, name: names[0]!, limit }
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: [again], now }))
  await volumes.keep()
  const used = new Date(until.getTime() + 100 * DAY_MS)
  await execute(pool, sql`update workspace set state_at = ${used}`)
  const before = (await told()).length
  // As long after it as the course says.
  until = new Date(used.getTime() + 60 * DAY_MS)
  await at(-31)
  expect((await told()).length).toBe(before)
  await at(-30)
  await at(-7)
  expect((await told()).slice(before)).toMatchObject([
    { params: { count: 1, goneAt: until.toISOString() } },
    { params: { count: 1, goneAt: until.toISOString() } },
  ])
  await at(-0.1)
  expect(await states()).toEqual(['ready', 'purged'])
  await at(0.1)
  expect(await states()).toEqual(['purged', 'purged'])
  const receipt = (await purgeReceipts(pool)).at(-1)!
  expect(JSON.parse(receipt.body)).toMatchObject({
    times: { keptUntil: until.toISOString(), toldAt: expect.any(String) },
  })
})
