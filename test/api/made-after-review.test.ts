/** A course that is more than one may have: made by a teacher, agreed to by others, and then as theirs as any they make. */
import { afterAll, expect, it } from 'vitest'
import { proposeChange } from '../../api/data/changes/change.ts'
import { execute, many, one, sql, withTransaction } from '../../api/data/db.ts'
import {
  addressNotice,
  latestNotices,
  noticesOfCourse,
  noticesToAddress,
} from '../../api/data/notice.ts'
import { mailText } from '../../api/notice-text.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { addCopiedActivity } from '../cast/copied-activity.ts'
import { BEFORE_CLASS, addLmsCourse, courseId, importDocuments, signIn } from '../cast/record.ts'
import { keepLmsResource } from '../../api/data/lms/lms-activity.ts'
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

/** With a rule that denies courses and sizes beyond it, until this is over. */
async function denied(work: () => Promise<void>): Promise<void> {
  const policy = (gate: string) => ({
    name: 'policy.yaml',
    text: `apiVersion: labplan/v1\nkind: Policy\n${gate}`,
  })
  const rule = `{ key: huge, title: { en: Far too large, fr: Bien trop grand }, lane: deny, when: { students: 100 } }`
  await importDocuments(pool, ring, now, [policy(`gate:\n  rules:\n    - ${rule}`)])
  try {
    await work()
  } finally {
    await importDocuments(pool, ring, now, [policy('gate: {}')])
  }
}

const codesAbout = async (id: string) =>
  (
    await many<{ code: string }>(
      pool,
      sql`select code from notice where thread = ${`change/${id}`} and audience = 'teachers' order by created_at, id`,
    )
  ).map(({ code }) => code)

/** What waits is approved while the policy denies it: it waits on, as denied. */
async function approveInVain({ id, digest }: { id: string; digest: string }): Promise<void> {
  expect((await site.api(`/api/changes/${id}/approval`, { digest })).status).toBe(409)
  const { lane, state } = await one<{ lane: string; state: string }>(
    pool,
    sql`select lane, state from change where id = ${id}`,
  )
  expect([lane, state]).toEqual(['deny', 'proposed'])
}

it('is told of, and why, where the policy came to deny it before it was rejected', async () => {
  await execute(pool, sql`update change set state = 'superseded' where state = 'proposed'`)
  const waits = await asked()
  await denied(async () => {
    await approveInVain(waits)
    expect(textOf((await site.get('/', { who: maker })).text)).toContain(
      'Large networks waits for agreement',
    )
    const no = { reason: 'Too large for every room.' }
    expect((await site.api(`/api/changes/${waits.id}/rejection`, no)).status).toBe(200)
  })
  expect(await codesAbout(waits.id)).toEqual(['notice.change-rejected'])
  expect(textOf((await site.get('/', { who: maker })).text)).toContain(
    'Who decided wrote: “Too large for every room.”',
  )
})

it('waits on the class page no more, once what the policy came to deny is decided', async () => {
  const course = await courseId(pool, 'networks-101')
  const shown = async (id: string) =>
    (await noticesOfCourse(pool, { courseId: course, now }))
      .filter(({ thread }) => thread === `change/${id}`)
      .map(({ code }) => code)
  const larger = async (students: number) => {
    const text = networksDocument(students, 30)
    const outcome = await importDocuments(pool, ring, now, [{ name: 'n.yaml', text }])
    if (outcome.outcome !== 'changed') throw new Error(outcome.outcome)
    return { id: outcome.change.id, digest: outcome.change.blueprint_digest }
  }
  const [rejected, relaxed] = [await larger(150), await larger(160)]
  expect(await shown(rejected.id)).toEqual(['notice.change-waits'])
  await denied(async () => {
    await approveInVain(rejected)
    await approveInVain(relaxed)
    await site.api(`/api/changes/${rejected.id}/rejection`, { reason: 'No.' })
  })
  expect(await shown(rejected.id)).toEqual(['notice.change-rejected'])
  const agreed = await site.api(`/api/changes/${relaxed.id}/approval`, { digest: relaxed.digest })
  expect(agreed.status).toBe(200)
  expect(await shown(relaxed.id)).toEqual(['notice.change-approved'])
})

it('is not shown as asked for where it was denied at once: its maker was told then', async () => {
  const { name } = await one<{ name: string }>(
    pool,
    sql`select pseudonym as name from person where id = ${maker.personId}`,
  )
  const text = networksDocument(300)
    .replace(/title: .*/, 'title: Denied networks')
    .replace('networks-101', 'networks-denied')
  await denied(async () => {
    const sources = [{ name: 'n.yaml', text }]
    const actor = { name, role: 'teacher' } as const
    const outcome = await proposeChange(pool, { sources, actor, ring, now })
    expect(outcome).toMatchObject({ change: { lane: 'deny', state: 'rejected' } })
  })
  expect((await site.get('/', { who: maker })).text).not.toContain('Denied networks')
})

/** As a launch keeps another of the same LMS course. */
async function secondCopy(of: string): Promise<string> {
  const first = await one<{
    lmsContextId: string
    deploymentId: string
    copiedCourseId: string
    copiedFromId: string
  }>(
    pool,
    sql`select lms_context_id as "lmsContextId", deployment_id as "deploymentId", copied_course_id as "copiedCourseId",
          copied_from_id as "copiedFromId" from lms_resource where id = ${of}`,
  )
  const { lmsContextId, deploymentId, ...pointsAt } = first
  const link = { resourceLinkId: '2', lineItemUrl: null, now }
  return keepLmsResource(pool, { lmsContextId, deploymentId, pointsAt, ...link })
}

it('is opened by the copies it was made for, which say meanwhile that it waits', async () => {
  await execute(pool, sql`update change set state = 'superseded' where state = 'proposed'`)
  const teacher = maker.personId
  const activity = await addCopiedActivity(pool, {
    ...{ from: contextId, contextId: '3', teacher, now },
  })
  const at = `/copied-activities/${activity}`
  const page = async () => (await site.get(at, { who: maker })).text
  const waiting = () =>
    many<{ id: string; digest: string; key: string }>(
      pool,
      sql`select id, blueprint_digest as digest, documents->0->>'key' as key from change where state = 'proposed'`,
    )
  const ask = async () => {
    const press = () =>
      site.post(at, { decision: 'edition', title: 'Next', from: '' }, { who: maker })
    // Twice, as an impatient hand does.
    await Promise.all([press(), press()])
    const [change, ...more] = await waiting()
    expect(more).toEqual([])
    return change!
  }
  expect(await page()).toContain('value="edition"')
  const refused = await ask()
  expect(await page()).not.toContain('value="edition"')
  expect(textOf(await page())).toContain('The copy was sent to the infra team for review')
  expect((await ask()).id).toBe(refused.id)
  const second = await secondCopy(activity)
  expect((await site.get(`/copied-activities/${second}`, { who: maker })).text).not.toContain(
    'value="edition"',
  )
  await site.api(`/api/changes/${refused.id}/rejection`, { reason: 'Not so many.' })
  expect(textOf(await page())).toContain('Who decided wrote: “Not so many.”')
  expect(await page()).toContain('value="edition"')
  const { id, digest, key } = await ask()
  expect((await site.api(`/api/changes/${id}/approval`, { digest })).status).toBe(200)
  expect((await site.get(at, { who: maker })).status).toBe(410)
  const opens = await one<{ key: string }>(
    pool,
    sql`select key from course join lms_resource on lms_resource.course_id = course.id where lms_resource.id = ${activity}`,
  )
  expect(opens.key).toBe(key)
  expect((await site.get(`/copied-activities/${second}`, { who: maker })).status).toBe(410)
})
