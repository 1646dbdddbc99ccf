/** How full a disk is, in words: on the student's page, on the teacher's, and on the command line. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, sql, withTransaction } from '../../api/data/db.ts'
import { markFailed } from '../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import {
  diskLevel,
  keptVolumes,
  recordSights,
  type VolumeSight,
} from '../../api/data/volumes/volume.ts'
import { beginOutage, endOutage } from '../../api/data/volumes/storage-outage.ts'
import { byteSize } from '../../api/locale.ts'
import { BEFORE_CLASS, IN_CLASS, seatReady } from '../cast/record.ts'
import { seatScene } from './course-scene.ts'
import { textOf } from './page-text.ts'
import { runCommand } from './command-line.ts'

const MIB = 2 ** 20
const now = IN_CLASS
const scene = await seatScene({ now, plannedAt: BEFORE_CLASS })
const { site, student: one, teacher, mine, seatId } = scene
afterAll(() => site.close())
const { pool } = site

const applied = (limitMb: number | null) =>
  scene.recordVolume({
    name: 'lp-v',
    limit: limitMb === null ? null : { backend: 'local', limitMb },
  })

beforeEach(async () => {
  await execute(pool, sql`delete from volume`)
  await applied(256)
})

type Sight = Omit<VolumeSight, 'id'>
async function seen(sight: Partial<Sight>): Promise<void> {
  const [row] = await keptVolumes(pool)
  const healthy = {
    was: row!.state,
    state: 'ready',
    limitBytes: 256 * MIB,
    usedBytes: 12 * MIB,
    message: null,
  } as const
  const sights = [{ ...healthy, ...sight, id: row!.id }]
  await withTransaction(pool, (tx) => recordSights(tx, { sights, now }))
}

async function read(path: string, who: { token: string }, locale = 'en'): Promise<string> {
  const cookie = `__Host-labplan=${who.token}; __Host-labplan-locale=${locale}`
  return textOf((await site.get(path, { headers: { cookie } })).text)
}
const page = (locale?: string) => read(`/workspaces/${mine.id}`, one, locale)

it('is told with its figures', async () => {
  await seen({})
  expect(await page()).toContain('12 MB of 256 MB used')
  expect(await page('fr')).toContain('12 Mo utilisés sur 256 Mo')
  expect(await read('/courses/networks-101', teacher)).toContain('12 MB of 256 MB')
})

it('says from 90 % on how little is left, and that it is full when nothing is', async () => {
  await seen({ usedBytes: 240 * MIB })
  expect(await page()).toContain('Almost full: 16 MB left.')
  expect(await read('/courses/networks-101', teacher)).toContain('almost full')
  await seen({ usedBytes: 255.75 * MIB })
  expect(await page()).toContain('Full: nothing more can be saved.')
  expect(await page('fr')).toContain('Plein')
})

it('says that it is full by its files, however few bytes they have', async () => {
  const message = { code: 'volume.no-files-left', params: { files: 65_536 } }
  await seen({ message })
  expect(await page()).toMatch(/Full: it holds 65.?536 files and folders, and takes no more/)
  expect(await page('fr')).toMatch(/Plein : il contient 65.?536 fichiers et dossiers/)
  expect(await read('/courses/networks-101', teacher)).toContain('as many files and folders as')
})

it('says that files are away, and that nothing was deleted', async () => {
  await seen({ state: 'missing', limitBytes: null, usedBytes: null })
  expect(await page()).toContain('Your files cannot be reached at the moment. Nothing was deleted')
})

it('says while its storage is away that nothing is lost, what to do, and for how long; files are not asked for', async () => {
  await seen({})
  const backend = 'local' as const
  await withTransaction(pool, (tx) =>
    beginOutage(tx, { backend, since: now, reason: 'silence', now }),
  )
  expect(await page()).toContain(
    'Nothing is lost: everything goes on by itself when they are back.',
  )
  expect(await page()).toContain('Leave it open')
  expect(await page('fr')).toContain('Laissez tout ouvert')
  expect(await read('/courses/networks-101', teacher)).toContain('not reachable')
  expect(await read(`/workspaces/${mine.id}/files`, one)).toContain('Files cannot be reached')
  await withTransaction(pool, (tx) => endOutage(tx, { backend, now }))
  expect(await page()).not.toContain('cannot be reached')
})

it('advises nobody to stop for the next version of the course’s data while nothing can be saved', async () => {
  await seen({})
  await rememberTemplate(pool, { digest: 'v1', body: { data: { version: 1, mountPath: '/data' } } })
  await execute(pool, sql`update seat set template_digest = 'v1' where id = ${seatId}`)
  await execute(pool, sql`update course set data_version = 2, data_path = '/data'`)
  const backend = 'local' as const
  const advice = 'Version 2 is there: stop this workspace'
  expect(await page()).toContain(advice)
  await withTransaction(pool, (tx) =>
    beginOutage(tx, { backend, since: now, reason: 'silence', now }),
  )
  expect(await page()).toContain('Course data: version 1')
  expect(await page()).not.toContain(advice)
  await withTransaction(pool, (tx) => endOutage(tx, { backend, now }))
  await execute(pool, sql`update seat set template_digest = null`)
  await execute(pool, sql`update course set data_version = null`)
})

it('says that a seat was not started without its files, where its node has not got them', async () => {
  await seen({})
  const reason =
    '10.0.0.5: failed to mount local volume: mount /srv/home: no such file or directory'
  const failed = {
    id: seatId,
    retryAt: now,
    message: { code: 'seat.start_failed', params: { reason } },
  }
  await markFailed(pool, { ...failed, now })
  expect(await page()).toContain(
    'so your environment was not started without them. Nothing is lost.',
  )
  await seatReady(pool, mine.id, now)
})

it('tells the teacher why a smaller limit does not hold', async () => {
  const message = { code: 'volume.below-use', params: { wantedMb: 100, usedMb: 150 } }
  await seen({ usedBytes: 150 * MIB, message })
  const text = await read('/courses/networks-101', teacher)
  expect(text).toContain('150 MB are used: it cannot be lowered to 100 MB.')
})

it('shows nothing of a volume that the engine keeps', async () => {
  await execute(pool, sql`update volume set backend = 'engine', limit_mb = null`)
  expect(await page()).not.toContain('Your disk')
  expect(await read('/courses/networks-101', teacher)).not.toContain('Disk')
})

it('keeps what made it, whatever its pool has later; a new limit is told to the agent', async () => {
  await seen({})
  await applied(300)
  expect(await keptVolumes(pool)).toMatchObject([{ state: 'ready', limit_mb: 300 }])
  await applied(null)
  expect(await keptVolumes(pool)).toHaveLength(1)
})

it('is listed on the command line', async () => {
  await seen({ usedBytes: 250 * MIB })
  const call = (...words: string[]) => runCommand(site, words)
  const listed = await call('volume', 'list', 'networks-101')
  expect(listed).toMatchObject({
    code: 0,
    text: expect.stringMatching(/networks-101 +1 +1 +local +ready +250 MB +256 MB/),
  })
  const asJson = await call('volume', 'list', '--full', '--json')
  expect(JSON.parse(asJson.text)).toMatchObject({
    volumes: [{ name: 'lp-v', plannedMb: 256, usedBytes: 250 * MIB }],
  })
  expect((await call('volume', 'list', 'no-such')).code).toBe(1)
  await seen({})
  const full = await call('volume', 'list', '--full')
  expect(full).toMatchObject({ code: 0, text: 'None is full or amiss.' })
})

it('has levels that follow the figures', () => {
  const level = (usedMb: number) => diskLevel({ limitBytes: 100 * MIB, usedBytes: usedMb * MIB })
  expect([0, 89.9, 90, 98.9, 99.5, 100, 101].map(level)).toEqual([
    ...['fine', 'fine', 'nearly', 'nearly', 'full', 'full', 'full'],
  ])
})

it('says sizes as people do', () => {
  const texts = [0, 0.32, 5, 5.25, 230, 1024, 1536, 2 ** 21].map((mb) => byteSize('fr', mb * MIB))
  expect(texts.map((text) => text.replace('\u00a0', ' '))).toEqual([
    ...['0 Mo', '0,3 Mo', '5 Mo', '5,3 Mo', '230 Mo', '1 Go', '1,5 Go', '2 To'],
  ])
})
