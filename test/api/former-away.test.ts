/** A disk that is not there, of now or of before a reset: its student reads so, and not that there is no such file. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { IN_CLASS } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { type Hander, type SubmissionScene, submissionScene } from './submission-scene.ts'

let scene: SubmissionScene
let student: Hander

beforeAll(async () => {
  scene = await submissionScene('{}')
  student = await scene.addStudent('Student One')
  const { pool } = scene.site
  const { id } = await one<{ id: string }>(pool, sql`select seat_id as id from volume`)
  const limit = { backend: 'local', limitMb: 64 } as const
  const next = { seatId: id, generation: 2, name: 'lp-abcdefgh-abcdefgh-s001-g2', limit }
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: [next], now: IN_CLASS }))
  await execute(pool, sql`update volume set state = 'ready'`)
  await execute(pool, sql`update seat set generation = 2, wanted_generation = 2 where id = ${id}`)
  const now = join(student.home, '..', '..', next.name, 'home')
  mkdirSync(now, { recursive: true })
  writeFileSync(join(now, 'new.txt'), 'new')
})
afterAll(() => scene.end())

async function own(path: string): Promise<string> {
  const headers = { 'accept-language': 'en' }
  const address = `/workspaces/${student.workspaceId}/personal/files?path=${path}`
  return textOf((await scene.site.get(address, { who: student, headers })).text)
}

async function page(path: string, locale = 'en', asOf?: string): Promise<string> {
  const cookie = `__Host-labplan=${student.token}; __Host-labplan-locale=${locale}`
  const query = new URLSearchParams({ path, ...(asOf && { asOf }) })
  const address = `/workspaces/${student.workspaceId}/files?${query}`
  return textOf((await scene.site.get(address, { headers: { cookie } })).text)
}

it('says of a folder that it was not there, and of the disk that it cannot be reached', async () => {
  expect(await page('', 'en', 'g1')).toContain('report.txt')
  expect(await page('nowhere', 'en', 'g1')).toContain('This folder was not there on 24 Nov 2026')
  rmSync(join(student.home, '..'), { recursive: true })
  expect(await page('', 'en', 'g1')).toMatch(
    /What was on your disk before the reset of 24 Nov 2026, \d\d:\d\d cannot be reached at the moment\. Tell your teacher/,
  )
  expect(await page('', 'fr', 'g1')).toContain('n’est pas accessible pour l’instant. Si cela dure')
  expect(await page('', 'en', 'g1')).toContain('Back to my files of now')
})

it('says of the disk of now that it is missing, beside what can be done all the same', async () => {
  const { pool } = scene.site
  rmSync(join(student.home, '..', '..', 'lp-abcdefgh-abcdefgh-s001-g2'), { recursive: true })
  await execute(pool, sql`update volume set state = 'missing' where generation = 2`)
  const said = await page('')
  expect(said).toContain('Your files cannot be reached at the moment. Nothing was deleted')
  expect(said).toContain('Hand in this folder')
  expect(said).toContain('before 24 Nov 2026')
  expect(await page('', 'fr')).toContain('Vos fichiers ne sont pas accessibles pour l’instant.')
  expect(await page('nowhere')).toContain('There is no such file')
  await execute(pool, sql`update volume set state = 'damaged' where generation = 2`)
  expect(await page('')).toContain('Your files cannot be read at the moment')
})

it('says the same of a student’s own folder', async () => {
  const { pool } = scene.site
  await rememberTemplate(pool, { digest: 'own', body: { personal: { mountPath: '/personal' } } })
  await execute(pool, sql`update seat set template_digest = 'own' where number = 1`)
  await execute(
    pool,
    sql`insert into volume (id, person_id, generation, name, backend, limit_mb, state, state_at, created_at, last_used_at)
        values (gen_random_uuid(), ${student.personId}, 1, 'lp-abcdefgh-personal-s1-g1', 'local', 64, 'missing',
          ${IN_CLASS}, ${IN_CLASS}, ${IN_CLASS})`,
  )
  expect(await own('')).toContain('Your personal folder cannot be reached at the moment.')
  expect(await own('nowhere')).toContain('There is no such file')
  await execute(pool, sql`update volume set state = 'damaged' where person_id is not null`)
  expect(await own('')).toContain('Your personal folder cannot be read at the moment')
})
