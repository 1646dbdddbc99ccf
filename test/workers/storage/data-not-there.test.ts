/** A version of a course's data whose date came, and whose disk is another: nobody takes it for deleted, and who runs the machines hears of it. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { execute, many, sql } from '../../../api/data/db.ts'
import { newId } from '../../../api/data/ids.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { purgeReceipts, purgesNotThere } from '../../../api/data/volumes/purge.ts'
import { noticeText } from '../../../api/notice-text.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { ROOT_MARK } from '../../../workers/storage/root-mark.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'
import { IN_CLASS, importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { agentScene, silent, storageScene } from './storage-scene.ts'

const { pool, drop } = await testDatabase()
const sockets = storageScene()
const scene = await agentScene(join(sockets.root, 'agent.sock'))
afterAll(async () => {
  await scene.end()
  sockets.end()
  await drop()
})
const now = { at: IN_CLASS }
const keeper = retentionKeeper({
  ...{ pool, agent: scene.agent, inTurn: turnsFor((name) => name), installation: 'test0000' },
  ...{ log: silent, now: () => now.at },
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const NAME = 'lp-test0000-c0urse00-data-g1'
const mark = join(scene.root, ROOT_MARK)
writeFileSync(mark, '')
await importDocuments(pool, testRing(), IN_CLASS)
const id = newId()
await execute(
  pool,
  sql`insert into course_data (id, course_id, version, name, size_mb, state, state_at, created_at, published_at, last_used_at, files, bytes)
      select ${id}, id, 1, ${NAME}, 8, 'purging', ${IN_CLASS}, ${IN_CLASS}, ${IN_CLASS}, ${IN_CLASS}, 1, 1
      from course where key = 'networks-101'`,
)
await execute(
  pool,
  sql`insert into purge (id, data_id, ordered_at) values (${newId()}, ${id}, ${IN_CLASS})`,
)

/** Another pass, so many seconds after the first. */
async function keep(seconds: number): Promise<void> {
  now.at = new Date(IN_CLASS.getTime() + seconds * 1000)
  await keeper.keep()
}
const told = () =>
  many<{ audience: string; params: object }>(
    pool,
    sql`select audience, params from notice where code = 'notice.data-not-there'`,
  )

it('is said once it was so for a minute, once, and named until it is gone', async () => {
  await keep(0)
  await keep(59)
  expect([await told(), await purgesNotThere(pool)]).toEqual([[], []])
  await keep(60)
  await keep(4000)
  expect(await told()).toEqual([
    { audience: 'infra', params: { course: 'networks-101', version: 1, name: NAME } },
  ])
  expect([await purgesNotThere(pool), await purgeReceipts(pool)]).toEqual([[NAME], []])
})

it('is said in both languages, with every figure', async () => {
  const notices = await latestNotices(pool, { limit: 50 })
  const [notice] = notices.filter(({ code }) => code === 'notice.data-not-there')
  for (const locale of ['en', 'fr'] as const) {
    const { subject, paragraphs } = noticeText(notice!, locale)
    expect([subject, ...paragraphs].join('\n')).not.toMatch(/[{}]|notice\./)
  }
})

it('goes by itself once its disk is there, with its receipt', async () => {
  rmSync(mark)
  await keep(4100)
  expect(await purgesNotThere(pool)).toEqual([NAME])
  writeFileSync(mark, '')
  // Its own disk again.
  await scene.agent.ensure({ name: NAME, limitMb: 8, isNew: true })
  await keep(4200)
  expect([await purgesNotThere(pool), await purgeReceipts(pool)]).toMatchObject([
    [],
    [{ number: 1 }],
  ])
  expect(await told()).toHaveLength(1)
})
