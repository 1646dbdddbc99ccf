/**
 * Whoever asks for something new while the storage agent has another disk before it than volumes were made on: nothing is made there,
 * and nothing counts as gone, since the one mark that tells that disk from others would be on the wrong one.
 */
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, many, sql } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { ROOT_MARK } from '../../workers/storage/root-mark.ts'
import { agentScene } from '../workers/storage/storage-scene.ts'
import { allDocuments } from '../cast/documents.ts'
import { addLmsCourse, IN_CLASS, importDocuments, signIn } from '../cast/record.ts'
import { openWebsite } from './website.ts'

const now = IN_CLASS
const site = await openWebsite(now)
const { pool, ring } = site
const scene = await agentScene(site.config.storage.socket)
afterAll(async () => {
  await scene.end()
  await site.close()
})
const documents = allDocuments().map((one) =>
  one.name === 'pool.yaml' ? { ...one, text: `${one.text}storage: { backend: local }\n` } : one,
)
await importDocuments(pool, ring, now, documents)
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const teacher = await signIn(pool, { name: 'Teacher One', contextId, role: 'teacher', now })
await execute(pool, sql`update membership set edits_plans = true`)
const AT = '/courses/networks-101/data'
const ofCourse = sql`select id from course where key = 'networks-101'`

/** As it is when the agent's machine began anew, and the disk was not mounted. */
const unmount = () => rmSync(join(scene.root, ROOT_MARK), { force: true })
const mount = () => writeFileSync(join(scene.root, ROOT_MARK), '')
const made = () => readdirSync(join(scene.root, 'images'))
const versions = () => many<{ state: string }>(pool, sql`select state from course_data`)

beforeEach(async () => {
  await execute(pool, sql`delete from course_data`)
  await execute(pool, sql`delete from volume`)
  for (const { name } of (await scene.agent.list()).volumes) await scene.agent.purge(name)
})

async function aSeatsVolume(): Promise<void> {
  await execute(
    pool,
    sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, limit_bytes, state, state_at, created_at)
        select ${newId()}, id, 1, 'lp-test0000-c0urse00-s001-g1', 'local', 8, 8388608, 'ready', ${now}, ${now}
        from seat where course_id = (${ofCourse}) order by number limit 1`,
  )
}

async function aPublishedVersion(): Promise<void> {
  await execute(
    pool,
    sql`insert into course_data (id, course_id, version, name, size_mb, state, state_at, created_at, published_at, last_used_at, files, bytes)
        select ${newId()}, id, 1, 'lp-test0000-c0urse00-data-g1', 8, 'published', ${now}, ${now}, ${now}, ${now}, 1, 1
        from (${ofCourse}) course`,
  )
}

const begin = () => site.post(AT, { sizeMb: '8' }, { who: teacher })

it.each([
  ['volumes of seats', aSeatsVolume],
  ['versions of data alone', aPublishedVersion],
])('makes nothing, and no mark, where there were %s', async (_, before) => {
  await before()
  unmount()
  expect((await begin()).status).toBe(503)
  expect([made(), readdirSync(scene.root).includes(ROOT_MARK)]).toEqual([[], false])
  // It is gone on with once the disk is there.
  mount()
  expect((await begin()).status).toBe(303)
  expect(made()).toHaveLength(2)
})

it('does not forget a draft that is on the disk', async () => {
  await aSeatsVolume()
  mount()
  expect((await begin()).status).toBe(303)
  unmount()
  const discard = () => site.post(`${AT}/1/discard`, {}, { who: teacher })
  expect((await discard()).status).toBe(503)
  expect(await versions()).toEqual([{ state: 'draft' }])
  mount()
  expect((await discard()).status).toBe(303)
  expect(await versions()).toEqual([])
})

it('makes no lost volume anew before somebody said that this is the disk that counts', async () => {
  const name = 'lp-test0000-c0urse00-s001-g1'
  unmount()
  expect(await scene.agent.recreate(name, 8)).toBe('disk-away')
  expect([made(), readdirSync(scene.root).includes(ROOT_MARK)]).toEqual([[], false])
  mount()
  expect(await scene.agent.recreate(name, 8)).toBe(undefined)
})

it('hides no volume that is there by an order that could not look at it', async () => {
  const name = 'lp-test0000-c0urse00-s001-g1'
  mount()
  await scene.agent.ensure({ name, limitMb: 8, isNew: true })
  // A folder that cannot be read just now.
  const images = join(scene.root, 'images')
  renameSync(images, `${images}-away`)
  writeFileSync(images, '')
  await expect(scene.agent.recreate(name, 8)).rejects.toThrow('ENOTDIR')
  rmSync(images)
  renameSync(`${images}-away`, images)
  expect((await scene.agent.list()).volumes).toMatchObject([{ name, state: 'ready' }])
  expect(await scene.agent.recreate(name, 8)).toBe('there')
})
