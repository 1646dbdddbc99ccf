/** Volumes that are missing or damaged: one notice for all of them to who runs the machines, and one when it is over. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { livingSeats } from '../../../api/data/seats/seat.ts'
import { beginOutage, endOutage } from '../../../api/data/volumes/storage-outage.ts'
import { keptVolumes, recordSights, type VolumeState } from '../../../api/data/volumes/volume.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { openLog } from '../../../api/log.ts'
import { watchLosses } from '../../../workers/jobs/watch-losses.ts'
import { at, plannedCourse } from '../../api/class-scene.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

let database: TestDatabase
const log = openLog('worker', 'silent')
let now = at(0)
let courseKey = ''

beforeAll(async () => {
  database = await testDatabase()
  ;({ key: courseKey } = await plannedCourse(database.pool, { seats: 3, atOnce: 3, ready: 3 }))
  for (const { id } of await livingSeats(database.pool))
    await execute(
      database.pool,
      sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, limit_bytes, state, state_at, created_at)
          values (${newId()}, ${id}, 1, ${`lp-${id}`}, 'local', 24, 25165824, 'ready', ${now}, ${now})`,
    )
})
afterAll(() => database.drop())

/** As the volume keeper writes down what the agent says. */
async function become(...states: VolumeState[]): Promise<void> {
  const rows = await keptVolumes(database.pool)
  const sights = rows.map(({ id, state: was }, i) => ({
    ...{ id, was, state: states[i]!, limitBytes: null, usedBytes: null, message: null },
  }))
  await withTransaction(database.pool, (tx) => recordSights(tx, { sights, now }))
}
async function look(minute: number): Promise<void> {
  now = at(minute)
  await watchLosses({ pool: database.pool, log, now: () => now })
}
const told = async () =>
  (await latestNotices(database.pool, { limit: 50 }))
    .toReversed()
    .map(({ code, params, audience, lines }) => ({ code, params, audience, lines }))

it('says nothing of what is back within a minute', async () => {
  await become('missing', 'missing', 'missing')
  await look(1)
  await look(1.5)
  await become('ready', 'ready', 'ready')
  await look(2)
  await look(10)
  expect(await told()).toEqual([])
})

it('says nothing of volumes while their storage is away', async () => {
  await become('missing', 'ready', 'ready')
  const outage = { backend: 'local', since: now, reason: 'its disk', now } as const
  await withTransaction(database.pool, (tx) => beginOutage(tx, outage))
  await look(11)
  await look(20)
  expect(await told()).toEqual([])
  await withTransaction(database.pool, (tx) => endOutage(tx, { backend: 'local', now }))
  await become('ready', 'ready', 'ready')
})

it('tells of all in one notice, once, and of more a day later', async () => {
  await become('missing', 'damaged', 'ready')
  await look(30)
  await look(31)
  await look(32)
  await look(90)
  const first = {
    ...{ code: 'notice.volumes-lost', audience: 'infra' },
    params: { count: 2, missing: 1, damaged: 1 },
    lines: [{ code: 'notice.volumes-lost.of', params: { name: courseKey, count: 2 } }],
  }
  expect(await told()).toEqual([first])
  await become('missing', 'damaged', 'missing')
  await look(100)
  expect(await told()).toHaveLength(1)
  await look(31 + 24 * 60)
  expect(await told()).toMatchObject([first, { params: { count: 3, missing: 2 } }])
})

it('says when it is over, and begins anew with the next', async () => {
  await become('ready', 'ready', 'ready')
  await look(2000)
  await look(2001)
  const all = await told()
  expect(all).toHaveLength(3)
  expect(all[2]).toMatchObject({
    ...{ code: 'notice.volumes-found', audience: 'infra' },
    params: { sinceAt: at(30).toISOString(), backAt: at(2000).toISOString() },
  })
  await become('ready', 'missing', 'ready')
  await look(2100)
  await look(2102)
  expect(await told()).toHaveLength(4)
})

it('tells of what is to be deleted and is not there, too', async () => {
  await become('ready', 'ready', 'ready')
  await look(2110)
  await execute(
    database.pool,
    sql`update volume set state = 'purging', message_code = 'volume.not-there'
        where id = (select id from volume order by name limit 1)`,
  )
  await look(2120)
  await look(2122)
  expect((await told()).at(-1)).toMatchObject({
    params: { count: 1, missing: 0 },
    lines: [{ code: 'notice.volumes-lost.purging', params: { count: 1 } }],
  })
})

it('is said in both languages, with every figure', async () => {
  const notices = await latestNotices(database.pool, { limit: 50 })
  for (const locale of ['en', 'fr'] as const)
    for (const notice of notices) {
      const { subject, paragraphs } = noticeText(notice, locale)
      const words = [subject, ...paragraphs].join('\n')
      expect(words).not.toMatch(/[{}]|notice\./)
      expect(words).not.toMatch(/\b1 volumes|\b[01] (are|cannot|sont|ne)\b/)
    }
  const rows = await many(database.pool, sql`select 1 from notice where code like '%volumes%'`)
  expect(rows.length).toBe(notices.length)
})
