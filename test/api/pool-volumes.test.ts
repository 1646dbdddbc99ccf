/** Volumes on the page of their pool: a line for each course, what needs somebody first. */
import { afterAll, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { poolVolumes } from '../../api/data/pools/pool-volumes.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { allDocuments, networksDocument, poolDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, IN_CLASS, importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const MIB = 2 ** 20
const now = IN_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
const physics = networksDocument()
  .replace('key: networks-101', 'key: physics-202')
  .replace('title: { en: Networks 101, fr: Réseaux 101 }', 'title: Physics 202')
await importDocuments(pool, ring, BEFORE_CLASS, [
  ...allDocuments().map((one) =>
    one.text === poolDocument ? { ...one, text: `${one.text}storage: { backend: local }\n` } : one,
  ),
  { name: 'physics.yaml', text: physics },
])
const administrator = await signIn(pool, { administrator: true, now })
const student = await signIn(pool, { name: 'Student One', now })

async function page(locale = 'en'): Promise<string> {
  const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=${locale}`
  const { text } = await site.get('/admin/pools/local', { headers: { cookie } })
  return textOf(text)
    .split('\n')
    .filter((line) => !line.startsWith('  '))
    .join('\n')
}

/** Volumes of 100 MB of a course's first seats, with so much used. */
async function volumesOf(course: string, usedMb: (number | 'missing')[]): Promise<void> {
  const seats = await many<{ id: string; number: number }>(
    pool,
    sql`select seat.id, number from seat join course on course.id = course_id where key = ${course}
        order by number limit ${usedMb.length}`,
  )
  const limit = { backend: 'local', limitMb: 100 } as const
  const volumes = seats.map(({ id, number }) => ({
    ...{ seatId: id, generation: 1, name: `lp-${course}-${number}`, limit },
  }))
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes, now }))
  for (const [i, used] of usedMb.entries())
    await execute(
      pool,
      sql`update volume set state = ${used === 'missing' ? 'missing' : 'ready'}, limit_bytes = ${100 * MIB},
            used_bytes = ${used === 'missing' ? null : used * MIB} where name = ${volumes[i]!.name}`,
    )
}

it('says so where there is none yet', async () => {
  expect(await page()).toContain('No volume yet: a course’s are made with its first seats here.')
  expect(await page('fr')).toContain('Aucun volume pour l’instant')
})

it('shows of each course how much is used and what is amiss, worst first', async () => {
  await volumesOf('networks-101', [10, 40, 20])
  await volumesOf('physics-202', [95, 'missing', 100])
  await execute(
    pool,
    sql`insert into volume (id, person_id, generation, name, backend, limit_mb, state, state_at, created_at, last_used_at, used_bytes)
        values (gen_random_uuid(), ${student.personId}, 1, 'lp-own', 'local', 1024, 'ready', ${now}, ${now}, ${now}, ${930 * MIB})`,
  )
  const text = await page()
  const lines = text.split('\n')
  const first = lines.findIndex((line) => line.startsWith('Course | State | How many'))
  expect(lines.slice(first, first + 4)).toEqual([
    'Course | State | How many | Used of the limits | Fullest |',
    'physics-202 | 1 missing 1 full 1 almost full | 3 | 195 MB of 300 MB | 100 % Seat 3 |',
    'Students’ own folders | 1 almost full | 1 | 930 MB of 1 GB | 90 % |',
    'networks-101 | nothing amiss | 3 | 70 MB of 300 MB | 40 % Seat 2 |',
  ])
  expect(text).toContain('Each volume by itself: labplan volume list')
  expect(text).not.toContain('Student One')
  expect(await page('fr')).toContain('1 absent')
})

it('counts one that takes no more files as full, as its own page does', async () => {
  await execute(
    pool,
    sql`update volume set message_code = 'volume.no-files-left', message_params = '{"files": 25600}'
        where name = 'lp-networks-101-1'`,
  )
  expect(await page()).toContain('networks-101 | 1 full | 3 | 70 MB of 300 MB | 40 % Seat 2 |')
})

it('counts what was left behind by a reset, and takes nobody’s old disk for one that is full', async () => {
  await execute(pool, sql`delete from volume`)
  await volumesOf('networks-101', [100])
  const [seat] = await many<{ id: string }>(pool, sql`select seat_id as id from volume`)
  const limit = { backend: 'local', limitMb: 100 } as const
  const next = { seatId: seat!.id, generation: 2, name: 'lp-next', limit }
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: [next], now }))
  await execute(pool, sql`update seat set generation = 2 where id = ${seat!.id}`)
  expect(await page()).toContain(
    'networks-101 | 1 being made | 2 (1 of before a reset) | 100 MB of 200 MB |',
  )
})

it('says nothing of a limit where the engine keeps them, or of another pool’s, or what is purged', async () => {
  await execute(
    pool,
    sql`update volume set backend = 'engine', limit_mb = null, limit_bytes = null, state = 'ready'`,
  )
  expect(await page()).toContain('| no limit, not measured |')
  expect(await poolVolumes(pool, { poolKey: 'other', backend: 'nfs' })).toEqual([])
  await execute(pool, sql`update volume set state = 'purged'`)
  expect(await page()).toContain('No volume yet')
})
