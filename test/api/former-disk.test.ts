/** What a seat had before a reset: whose it is, how much of it is kept, and what its student reads before and after. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { formerVolumes, resetRoom } from '../../api/data/volumes/former-volume.ts'
import { beginGeneration } from '../../api/data/seats/seat.ts'
import { BEFORE_CLASS, IN_CLASS, importDocuments, seatReady } from '../cast/record.ts'
import { seatScene } from './course-scene.ts'
import { textOf } from './page-text.ts'

const now = IN_CLASS
const scene = await seatScene({ now, plannedAt: BEFORE_CLASS })
const { site, student, stranger, mine, seatId } = scene
afterAll(() => site.close())
const { pool, ring } = site
const at = (minute: number) => new Date(now.getTime() + minute * 60_000)
await execute(pool, sql`update course set volumes_until = '2027-02-15T22:00:00Z'`)

/** As Terraform's runs leave it: a volume for each generation, a minute apart. */
async function inGeneration(generation: number, backend: 'local' | null = 'local'): Promise<void> {
  for (let one = 1; one <= generation; one++) {
    const limit = backend && { backend, limitMb: 256 }
    await scene.recordVolume({ generation: one, limit, at: at(one) })
  }
  await execute(pool, sql`update volume set state = 'ready'`)
  await execute(
    pool,
    sql`update seat set generation = ${generation}, wanted_generation = ${generation} where id = ${seatId}`,
  )
}

beforeEach(async () => {
  await execute(pool, sql`delete from volume`)
  await seatReady(pool, mine.id, now)
})

async function page(path = '', locale = 'en'): Promise<string> {
  const cookie = `__Host-labplan=${student.token}; __Host-labplan-locale=${locale}`
  return textOf((await site.get(`/workspaces/${mine.id}${path}`, { headers: { cookie } })).text)
}
const reset = (files: 'empty' | 'keep') =>
  site.post(`/workspaces/${mine.id}/reset`, { files }, { who: student })
const generations = async () =>
  (await formerVolumes(pool, { seatId, now })).map(({ generation }) => generation)
const room = () => resetRoom(pool, seatId)

it('is said before a reset, with until when it is kept', async () => {
  await inGeneration(1)
  expect(await page('/reset')).toMatch(
    /What is on your disk now is kept until \w+ \d+ \w+( \d{4})?, on the page of your files/,
  )
  expect(await page('/reset', 'fr')).toContain('Ce qui est sur votre disque à présent est gardé')
  expect(await page()).not.toContain('Before your reset')
})

it('is said after a reset, with when that was and until when it is kept', async () => {
  await inGeneration(2)
  const said = await page()
  expect(said).toMatch(
    /What was on your disk before the reset of 24 Nov 2026, 10:22 is kept until \w+ \d+ \w+/,
  )
  expect(said).toContain('Look at it, download it or bring it back')
  expect(await page('', 'fr')).toContain('avant la remise à neuf du 24 nov. 2026')
})

it('promises nothing of a volume that the engine keeps, which no page shows', async () => {
  await inGeneration(2, null)
  expect(await page()).not.toContain('Before your reset')
  expect(await page('/reset')).toContain('no page shows them: copy first')
})

it('is kept three times unless the policy says otherwise; then a reset that keeps the files is all there is', async () => {
  await inGeneration(3)
  expect(await room()).toEqual({ isFull: false, kept: 2 })
  await inGeneration(4)
  expect(await room()).toEqual({ isFull: true, kept: 3 })
  const asked = await site.get(`/workspaces/${mine.id}/reset`, { who: student })
  expect(asked.text).toMatch(/value="empty"\s+disabled/)
  expect(textOf(asked.text)).toMatch(
    /no more can be\. Keep your files, and delete those you no longer need\. What is kept of before is removed on \w+ \d+ \w+/,
  )
  const refused = await reset('empty')
  expect([refused.status, textOf(refused.text)]).toEqual([
    409,
    expect.stringContaining('You cannot start with an empty volume again'),
  ])
  const [row] = await many(
    pool,
    sql`select wanted_generation, (select count(*)::int from audit where action = 'workspace.reset') as told
        from seat where id = ${seatId}`,
  )
  expect(row).toEqual({ wanted_generation: 4, told: 0 })
  expect((await reset('keep')).status).toBe(303)

  const policy = 'apiVersion: labplan/v1\nkind: Policy\nresets: { keep: 4 }\n'
  await importDocuments(pool, ring, now, [{ name: 'policy.yaml', text: policy }])
  await execute(pool, sql`update course set volumes_until = '2027-02-15T22:00:00Z'`)
  expect(await room()).toEqual({ isFull: false, kept: 3 })
  await seatReady(pool, mine.id, now)
  expect((await reset('empty')).status).toBe(303)
  await execute(pool, sql`delete from document where kind = 'Policy'`)
})

it('counts a reset whose volume no run has made yet, so that clicks before it make no more', async () => {
  await inGeneration(1)
  for (let clicks = 0; clicks < 3; clicks++) {
    expect((await reset('empty')).status).toBe(303)
    await withTransaction(pool, (tx) => beginGeneration(tx, { id: seatId }))
    await seatReady(pool, mine.id, now)
  }
  expect(await room()).toMatchObject({ isFull: true, kept: 3 })
  expect((await reset('empty')).status).toBe(409)
})

it('is nobody else’s, and of no generation that is not one of before', async () => {
  await inGeneration(2)
  for (const path of ['', '/content', '/archive']) {
    const of = (asOf: string) => `/workspaces/${mine.id}/files${path}?asOf=${asOf}`
    expect((await site.get(of('g1'), { who: stranger })).status).toBe(404)
    expect((await site.get(of('g1'))).status).toBe(401)
    for (const asOf of ['g2', 'g3', 'g0', 'g01', 'g1.'])
      expect((await site.get(of(asOf), { who: student })).status, `${path} ${asOf}`).toBe(404)
  }
  const back = (asOf: string, who = student) =>
    site.post(`/workspaces/${mine.id}/files/restoration`, { asOf, path: '' }, { who })
  expect((await back('g1', stranger)).status).toBe(404)
  expect([(await back('g2')).status, (await back('g7')).status]).toEqual([404, 404])
  expect((await back('g0')).status).toBe(400)
})

it('is nothing of who had the seat before, and of what was purged since', async () => {
  await inGeneration(4)
  expect(await generations()).toEqual([3, 2, 1])
  await execute(
    pool,
    sql`update volume set state = 'purged', erased_at = ${now} where generation = 1`,
  )
  await execute(pool, sql`update volume set state = 'purging' where generation = 2`)
  expect([await generations(), (await room()).kept]).toEqual([[3], 1])
  // Purged at the course's date and made anew with its next year: what was left behind before is empty for good, and no file of it.
  await execute(
    pool,
    sql`insert into purge (id, volume_id, ordered_at, done_at, number, body, hash)
        select gen_random_uuid(), id, ${at(60)}, ${at(61)}, generation, '{}', lpad(generation::text, 64, '0') from volume where generation in (3, 4)`,
  )
  expect([await generations(), (await room()).kept]).toEqual([[], 0])
  // The one in use then has files of the new year.
  const limit = { backend: 'local', limitMb: 256 } as const
  await scene.recordVolume({ generation: 5, limit, at: at(90) })
  await execute(
    pool,
    sql`update seat set generation = 5, wanted_generation = 5 where id = ${seatId}`,
  )
  expect([await generations(), (await room()).kept]).toEqual([[4], 1])
})
