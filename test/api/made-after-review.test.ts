/** A course that is more than one may have: made by a teacher, agreed to by others, and then as theirs as any they make. */
import { afterAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../api/data/db.ts'
import { addressNotice, latestNotices, noticesToAddress } from '../../api/data/notice.ts'
import { mailText } from '../../api/notice-text.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const now = BEFORE_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, now, allDocuments())
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const maker = await signIn(pool, { contextId, role: 'teacher', now })
const colleague = await signIn(pool, { contextId, role: 'teacher', now })
await execute(pool, sql`update membership set edits_plans = true where role = 'teacher'`)
await execute(
  pool,
  sql`update person set email = pseudonym || '@school.example' where id in (${maker.personId}, ${colleague.personId})`,
)

/** Sent for review; answers what waits. */
async function asked() {
  const text = networksDocument(300).replace(/title: .*/, 'title: Large networks')
  const sent = await site.post('/course-import', { text, make: '1' }, { who: maker })
  expect(textOf(sent.text)).toContain('Sent to the infra team for review')
  return one<{ id: string; digest: string; key: string }>(
    pool,
    sql`select id, blueprint_digest as digest, documents->0->>'key' as key from change where state = 'proposed'`,
  )
}

async function addressAll(): Promise<void> {
  for (const { id } of await noticesToAddress(pool))
    await withTransaction(pool, (tx) => addressNotice(tx, { id, infra: [], hasMail: true, now }))
}

it('is theirs once it is approved, nobody else’s, and they are told', async () => {
  const { id, digest, key } = await asked()
  const plan = `/courses/${key}/plan`
  expect((await site.get(plan, { who: maker })).status).toBe(404)
  expect((await site.api(`/api/changes/${id}/approval`, { digest })).status).toBe(200)
  expect((await site.get(plan, { who: maker })).status).toBe(200)
  expect((await site.get('/', { who: maker })).text).toContain(plan)
  expect((await site.get(plan, { who: colleague })).status).toBe(404)
  const { all } = await one<{ all: boolean }>(
    pool,
    sql`select usable_by_all as all from course where key = ${key}`,
  )
  expect(all).toBe(false)
  await addressAll()
  const told = await many<{ person_id: string; code: string }>(
    pool,
    sql`select person_id, notice.code from notice_delivery join notice on notice.id = notice_id
        join course on course.id = notice.course_id where course.key = ${key}`,
  )
  const [notice] = (await latestNotices(pool, { limit: 1 })).filter((one) => one.course_key === key)
  const mail = { locale: 'en', reader: 'teacher', publicUrl: site.origin } as const
  expect(mailText(notice!, mail).text).toContain(`${site.origin}/courses/${key}\n`)
  expect(told).toEqual([{ person_id: maker.personId, code: 'notice.change-approved' }])
})

it('is not, and its maker hears why, when it is not agreed to', async () => {
  const { id, key } = await asked()
  const no = { reason: 'Not this term.' }
  expect((await site.api(`/api/changes/${id}/rejection`, no)).status).toBe(200)
  await addressAll()
  const told = await many<{ person_id: string; id: string }>(
    pool,
    sql`select person_id, notice.id from notice_delivery join notice on notice.id = notice_id
        where notice.code = 'notice.change-rejected'`,
  )
  expect(told.map((one) => one.person_id)).toEqual([maker.personId])
  const [notice] = await latestNotices(pool, { id: told[0]!.id, limit: 1 })
  const mail = mailText(notice!, { locale: 'fr', reader: 'teacher', publicUrl: site.origin })
  expect(mail.subject).toBe('Large networks\u00a0: votre modification n’a pas été acceptée')
  expect(mail.text).toContain(
    'Rien n’a changé. Qui a décidé a écrit\u00a0: «\u00a0Not this term.\u00a0»',
  )
  expect(mail.text).toContain('parce que vous avez demandé ce cours')
  expect(mail.text).toContain(`Ouvrir vos activités\u00a0: ${site.origin}/`)
  expect(mail.text).not.toContain(key)
  const home = textOf((await site.get('/', { who: maker })).text)
  expect(home).toContain('Large networks not agreed to')
  expect(home).toContain('Who decided wrote: “Not this term.”')
  expect((await site.get('/', { who: colleague })).text).not.toContain('Large networks')
})

it('is shown to its maker while it waits, and to its reviewer by a link', async () => {
  const { id } = await asked()
  expect(textOf((await site.get('/', { who: maker })).text)).toContain(
    'Large networks waits for agreement',
  )
  const [waits] = await latestNotices(pool, { limit: 1 })
  const mail = mailText(waits!, { locale: 'en', reader: 'infra', publicUrl: site.origin })
  expect(mail.text).toContain(`Open the page about it: ${site.origin}/admin/changes/${id}`)
})
