// `labplan notice`, the teacher's page, and the worker's part of it: the same rows, seen from three sides.
import { afterAll, expect, it } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { withTransaction } from '../../api/data/db.ts'
import { sendNotice } from '../../api/data/notice.ts'
import { notifier } from '../../workers/jobs/deliver-notices.ts'
import { startLoop } from '../../workers/loop.ts'
import { openWebsite } from '../api/website.ts'
import { BEFORE_CLASS, addLmsCourse, courseId, importDocuments, signIn } from '../cast/record.ts'
import { catchMail } from '../workers/notices/mail-catcher.ts'
import { runCommand } from '../api/command-line.ts'

const now = BEFORE_CLASS
const site = await openWebsite(now)
const mail = await catchMail()
afterAll(() => Promise.all([site.close(), mail.close()]))
await importDocuments(site.pool, site.ring, now)

const run = (...argv: string[]) => runCommand(site, argv)

/** A worker's loop of this part only, until `work` is over. */
async function whileDelivering<T>(
  config: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  const base = { DATABASE_URL: site.database.url, LABPLAN_INSTALLATION: site.database.installation }
  const pass = notifier({
    pool: site.pool,
    config: readConfig({ ...base, ...config }),
    now: site.now,
  })
  const loop = startLoop({
    everyMs: 20,
    pass: () => pass.deliver(),
    onError: (error) => expect.soft(error).toBeUndefined(),
  })
  try {
    return await work()
  } finally {
    await loop.stop()
    pass.close()
  }
}

it('says what a mail server answered', async () => {
  const withMail = { LABPLAN_SMTP_URL: mail.url }
  const test = (...more: string[]) => run('notice', 'test', 'ops@school.example', ...more)
  const reached = await whileDelivering(withMail, test)
  expect(reached.text).toMatch(/^ops@school\.example: the mail server took it \(250 .*\)\.$/)
  expect(reached.code).toBe(0)
  expect(mail.mails.map(({ to }) => to)).toEqual([['ops@school.example']])
  mail.refuse(550)
  const refused = await whileDelivering(withMail, test)
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.text).toContain('No such mailbox here')
  const without = await whileDelivering({}, test)
  expect(without.text).toBe(
    'ops@school.example was not reached: no mail server: set LABPLAN_SMTP_URL.',
  )
  expect((await whileDelivering(withMail, () => test('--json'))).text).toMatch(/"state":"sent"/)
})

it('says that no worker runs, and which addresses it can try', async () => {
  const { code, text } = await run('notice', 'test', 'ops@school.example', '--wait', '0.1')
  expect([code, text]).toEqual([
    1,
    expect.stringContaining('the worker that sends notices does not run'),
  ])
  expect((await run('notice', 'test')).code).toBe(2)
  expect((await run('notice', 'test', 'not an address')).code).toBe(1)
})

it('lists what people were told; the teacher reads it on the course’s page, a student does not', async () => {
  const networks = await courseId(site.pool, 'networks-101')
  const contextId = await addLmsCourse(site.pool, {
    courseKey: 'networks-101',
    contextId: '2',
    now,
  })
  const teacher = await signIn(site.pool, { contextId, role: 'teacher', locale: 'fr', now })
  await withTransaction(site.pool, (tx) =>
    sendNotice(tx, {
      ...{ code: 'notice.test', to: 'teachers', courseId: networks, dedupeKey: 'one', now },
      shownUntil: new Date(now.getTime() + 60_000),
    }),
  )
  const page = async (locale: string) => {
    const cookie = `__Host-labplan=${teacher.token}; __Host-labplan-locale=${locale}`
    return (await site.get('/courses/networks-101', { headers: { cookie } })).text
  }
  expect(await page('en')).toContain('Labplan: this channel works')
  expect(await page('fr')).toContain('ce canal fonctionne')
  const { text } = await run('notice', 'list', '--limit', '1')
  expect(text).toMatch(/Labplan: this channel works +page +networks-101 +shown/)
  site.setNow(new Date(now.getTime() + 60_000))
  expect(await page('en')).not.toContain('this channel works')
})

it('shows one that goes wrong beside the others: with what was recorded, or by its code alone', async () => {
  const contextId = await addLmsCourse(site.pool, {
    courseKey: 'networks-101',
    contextId: '3',
    now,
  })
  const teacher = await signIn(site.pool, { contextId, role: 'teacher', locale: 'en', now })
  site.setNow(now)
  const networks = await courseId(site.pool, 'networks-101')
  await withTransaction(site.pool, async (tx) => {
    const shownUntil = new Date(now.getTime() + 60_000)
    const wish = { code: 'notice.session-ready', courseId: networks, now, shownUntil }
    await sendNotice(tx, { ...wish, to: 'both', dedupeKey: 'bad', params: { startsAt: 'soon' } })
    await sendNotice(tx, {
      ...{ ...wish, code: 'notice.test', to: 'infra', dedupeKey: 'worse' },
      params: { startsAt: now.toISOString() },
    })
  })
  const cookie = `__Host-labplan=${teacher.token}`
  const page = await site.get('/courses/networks-101', { headers: { cookie } })
  expect(page.text).toContain('the class soon is ready now')
  await site.pool.query(`update course set time_zone = 'Europe/Nowhere'`)
  const { text } = await run('notice', 'list', '--limit', '2')
  await site.pool.query('update course set time_zone = null')
  expect(text).toMatch(/notice\.test +.*networks-101/)
  expect(text).toContain('the class soon is ready now')
})
