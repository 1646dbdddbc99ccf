/** Publishing course data that the policy denies: the version stays a draft, to be corrected or discarded. On a real agent. */
import { afterAll, expect, it } from 'vitest'
import { execute, many, one, sql } from '../../api/data/db.ts'
import { documentsWith } from '../cast/documents.ts'
import { BEFORE_CLASS, documentOf, importDocuments } from '../cast/record.ts'
import { agentScene } from '../workers/storage/storage-scene.ts'
import { courseScene } from './course-scene.ts'
import { textOf } from './page-text.ts'

const { site, teacher } = await courseScene({
  now: BEFORE_CLASS,
  documents: documentsWith({ 'pool.yaml': 'storage: { backend: local }\n' }),
})
const { pool, ring } = site
const scene = await agentScene(site.config.storage.socket)
afterAll(async () => {
  await scene.end()
  await site.close()
})
await execute(
  pool,
  sql`update membership set edits_plans = true where person_id = ${teacher.personId}`,
)

const AT = '/courses/networks-101/data'
const post = (act: string, form: Record<string, string> = {}) =>
  site.post(AT + act, form, { who: teacher })
const policy = (gate: string) =>
  importDocuments(pool, ring, BEFORE_CLASS, [
    { name: 'policy.yaml', text: `apiVersion: labplan/v1\nkind: Policy\n${gate}` },
  ])
const version = () =>
  one<{ state: string; name: string }>(pool, sql`select state, name from course_data`)

it('leaves the version a draft, which is discarded, or published once it may be', async () => {
  expect((await post('', { sizeMb: '8' })).status).toBe(303)
  const before = await documentOf(pool, 'networks-101')
  const rule = `{ key: july, title: { en: Closed in July, fr: Fermé en juillet }, lane: deny, when: { courses: [networks-101] } }`
  await policy(`gate:\n  rules:\n    - ${rule}`)
  const denied = await post('/1/publication')
  expect(denied.status).toBe(409)
  expect(textOf(denied.text)).toContain('nothing was saved')
  expect((await version()).state).toBe('draft')
  expect(await documentOf(pool, 'networks-101')).toBe(before)
  expect((await post('/1/discard')).status).toBe(303)
  expect(await many(pool, sql`select 1 from course_data`)).toEqual([])
  await policy('gate: {}')
  await post('', { sizeMb: '8' })
  expect((await post('/1/publication')).status).toBe(303)
  expect((await version()).state).toBe('published')
})
