/** Notices from the record to a real mail server and a real listener, with a clock of the test's. */
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type Config, readConfig } from '../../../api/config.ts'
import { execute, many, sql, withTransaction } from '../../../api/data/db.ts'
import {
  type NoticeWish,
  addressNotice,
  noticesToAddress,
  noticesOfCourse,
  sendNotice,
  takeDeliveries,
} from '../../../api/data/notice.ts'
import { notifier } from '../../../workers/jobs/deliver-notices.ts'
import { addLmsCourse, courseId, importDocuments, signIn, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { catchHooks, catchMail } from './mail-catcher.ts'

const START = new Date('2026-11-24T08:40:00Z')
const ops = { channel: 'mail', address: 'ops@school.example' } as const
const SECRET = 'a secret of the test only'
const database = await testDatabase()
const { pool } = database
const [mail, hooks] = await Promise.all([catchMail(), catchHooks()])
const folder = mkdtempSync(join(tmpdir(), 'labplan-notices-'))
const secretFile = join(folder, 'secret')
writeFileSync(secretFile, `${SECRET}\n`)
afterAll(async () => {
  await Promise.all([mail.close(), hooks.close(), database.drop()])
  rmSync(folder, { recursive: true })
})

await importDocuments(pool, testRing(), START)
const networks = await courseId(pool, 'networks-101')
const contextId = await addLmsCourse(pool, {
  courseKey: 'networks-101',
  contextId: '2',
  now: START,
})

let now = START
const after = (seconds: number) => (now = new Date(now.getTime() + seconds * 1000))

function configWith(more: Record<string, string | undefined> = {}): Config {
  return readConfig({
    DATABASE_URL: database.url,
    LABPLAN_INSTALLATION: database.installation,
    LABPLAN_SMTP_URL: mail.url,
    LABPLAN_MAIL_FROM: 'labplan@school.example',
    LABPLAN_NOTICE_MAIL: 'ops@school.example',
    LABPLAN_NOTICE_WEBHOOK: hooks.url,
    LABPLAN_NOTICE_SECRET_FILE: secretFile,
    ...more,
  })
}

/** One pass of a worker with this configuration. */
async function deliver(config = configWith()): Promise<void> {
  const pass = notifier({ pool, config, now: () => now })
  await pass.deliver().finally(() => pass.close())
}

const send = (wish: Partial<NoticeWish> = {}) =>
  withTransaction(pool, (tx) =>
    sendNotice(tx, {
      code: 'notice.test',
      to: 'both',
      courseId: networks,
      dedupeKey: 'one',
      now,
      ...wish,
    }),
  )

const deliveries = () =>
  many<{ channel: string; state: string; attempts: number; message: string | null; wait: number }>(
    pool,
    sql`select channel, state, attempts, message, extract(epoch from next_try_at - ${now}::timestamptz)::int as wait
        from notice_delivery order by channel, address nulls first`,
  )

async function teacher(locale: 'en' | 'fr', email: string | null) {
  const { personId } = await signIn(pool, {
    name: 'Teacher One',
    contextId,
    role: 'teacher',
    locale,
    now,
  })
  await execute(pool, sql`update person set email = ${email} where id = ${personId}`)
  return personId
}

beforeEach(async () => {
  now = START
  mail.mails.length = 0
  hooks.forget()
  await pool.query('delete from notice')
  await pool.query('update person set email = null')
})

it('tells the teachers of the course who have an address, and the infra team, each once', async () => {
  await teacher('fr', 'teacher1@school.example')
  await teacher('en', null)
  const student = await signIn(pool, { name: 'Student One', contextId, now })
  await execute(
    pool,
    sql`update person set email = 's@school.example' where id = ${student.personId}`,
  )
  expect(await send()).toBe(true)
  expect(await send()).toBe(false)
  await Promise.all([deliver(), deliver()])
  await deliver()
  expect(mail.mails.flatMap(({ to }) => to).toSorted()).toEqual([
    'ops@school.example',
    'teacher1@school.example',
  ])
  expect(hooks.posts).toHaveLength(1)
  expect((await deliveries()).map(({ state }) => state)).toEqual(['sent', 'sent', 'sent'])
})

it('tells a teacher who left the LMS course no more of it', async () => {
  await teacher('en', 'here@school.example')
  const left = await teacher('en', 'left@school.example')
  const set = (state: string) =>
    execute(pool, sql`update membership set state = ${state} where person_id = ${left}`)
  // Who teaches by a role in the whole category is on no course's list, and leaves by none.
  const category = await teacher('en', 'category@school.example')
  await execute(
    pool,
    sql`update membership set state = 'dormant' where person_id in (${left}, ${category})`,
  )
  await execute(pool, sql`update membership set listed_at = ${now} where person_id = ${left}`)
  await send({ to: 'teachers' })
  await deliver()
  expect(mail.mails.flatMap(({ to }) => to).toSorted()).toEqual([
    'category@school.example',
    'here@school.example',
  ])
  await set('active')
  await send({ to: 'teachers', dedupeKey: 'two' })
  await deliver()
  expect(mail.mails.flatMap(({ to }) => to)).toContain('left@school.example')
})

it('writes to each in their language, as text and as HTML, with a link and no student', async () => {
  await teacher('fr', 'teacher1@school.example')
  await send({ to: 'teachers' })
  await deliver()
  const [{ raw = '', from } = {}] = mail.mails
  expect(from).toBe('labplan@school.example')
  expect(raw).toContain('Subject: =?UTF-8?Q?Labplan=C2=A0=3A_ce_canal_fonctionne?=')
  expect(raw).toContain('Content-Type: text/plain')
  expect(raw).toContain('Content-Type: text/html')
  expect(raw).toContain('Auto-Submitted: auto-generated')
  expect(raw.replaceAll('=\r\n', '')).toContain(
    'http://labplan.localhost:7080/courses/networks-101',
  )
  expect(raw).not.toMatch(/Student|Teacher/)
})

it('writes nothing of a change that was rolled back', async () => {
  const failing = withTransaction(pool, async (tx) => {
    await sendNotice(tx, { code: 'notice.test', to: 'infra', dedupeKey: 'two', now })
    throw new Error('it did not happen')
  })
  await expect(failing).rejects.toThrow('it did not happen')
  await deliver()
  expect([mail.mails, hooks.posts]).toEqual([[], []])
})

describe('a webhook', () => {
  it('can tell that it is ours, and not an old one', async () => {
    await send({ to: 'infra' })
    await deliver()
    const { headers, body } = hooks.posts[0]!
    const [, time, hex] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['labplan-signature'])) ?? []
    expect(Number(time) * 1000).toBe(START.getTime())
    expect(hex).toBe(createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex'))
    expect(JSON.parse(body)).toMatchObject({
      code: 'notice.test',
      course: 'networks-101',
      text: { en: { subject: 'Labplan: this channel works' } },
    })
  })

  it('that is away is tried again, later each time, and given up in the end', async () => {
    await send({ to: 'infra' })
    hooks.answer(500, 503, 429, 500, 500, 500, 500)
    const waits: number[] = []
    for (let tries = 0; tries < 8; tries++) {
      await deliver(configWith({ LABPLAN_NOTICE_MAIL: '' }))
      const [one] = await deliveries()
      if (one?.state !== 'waiting') break
      waits.push(one.wait)
      after(one.wait - 1)
      await deliver(configWith({ LABPLAN_NOTICE_MAIL: '' }))
      after(1)
    }
    expect(waits).toEqual([30, 120, 480, 1800, 7200])
    expect(hooks.posts).toHaveLength(6)
    expect(await deliveries()).toMatchObject([
      { state: 'failed', attempts: 6, message: 'answered 500' },
    ])
  })

  it('is not followed elsewhere, and a refusal that lasts ends it', async () => {
    await send({ to: 'infra' })
    hooks.answer(302)
    await deliver(configWith({ LABPLAN_NOTICE_MAIL: '' }))
    expect(hooks.posts.map(({ path }) => path)).toEqual(['/hook'])
    expect(await deliveries()).toMatchObject([{ state: 'failed', message: 'answered 302' }])
  })

  it('in a private network is not called, unless the network is listed', async () => {
    const outside = {
      LABPLAN_PUBLIC_URL: 'https://labplan.school.example',
      LABPLAN_NOTICE_MAIL: '',
    }
    const hook = hooks.url.replace('http:', 'https:')
    await send({ to: 'infra' })
    await deliver(configWith({ ...outside, LABPLAN_NOTICE_WEBHOOK: hook }))
    expect(await deliveries()).toMatchObject([{ state: 'failed', attempts: 1 }])
    expect((await deliveries())[0]?.message).toMatch(/private network/)
    await send({ to: 'infra', dedupeKey: 'listed' })
    // It is dialled then; this listener speaks no TLS.
    await deliver(
      configWith({
        ...outside,
        LABPLAN_NOTICE_WEBHOOK: hook,
        LABPLAN_NOTICE_NETWORKS: '127.0.0.0/8',
      }),
    )
    expect((await deliveries()).map(({ message }) => message?.slice(0, 9))).toContain('no answer')
    expect(hooks.posts).toEqual([])
  })
})

describe('mail', () => {
  const mailOnly = () => configWith({ LABPLAN_NOTICE_WEBHOOK: undefined })

  it('that is refused for now is tried again under the same id; a refusal that lasts ends it', async () => {
    await send({ to: 'infra' })
    mail.refuse(451)
    await deliver(mailOnly())
    expect(await deliveries()).toMatchObject([{ state: 'waiting', attempts: 1 }])
    after(30)
    await deliver(mailOnly())
    expect(await deliveries()).toMatchObject([{ state: 'sent', attempts: 2 }])
    await send({ to: 'infra', dedupeKey: 'two' })
    mail.refuse(550)
    await deliver(mailOnly())
    const failed = (await deliveries()).find(({ state }) => state === 'failed')
    expect(failed?.message).toContain('No such mailbox here')
    expect(mail.mails).toHaveLength(1)
  })

  it('goes to nobody whose address was erased meanwhile', async () => {
    const person = await teacher('en', 'teacher1@school.example')
    await send({ to: 'teachers' })
    mail.refuse(451)
    await deliver()
    await execute(
      pool,
      sql`update person set email = null, erased_at = ${now} where id = ${person}`,
    )
    after(60)
    await deliver()
    expect(await deliveries()).toMatchObject([
      { state: 'failed', message: 'has no address any more' },
    ])
    expect(mail.mails).toEqual([])
  })

  it('survives a worker that dies in the middle of a try', async () => {
    await send({ to: 'infra' })
    const [{ id } = { id: '' }] = await noticesToAddress(pool)
    await withTransaction(pool, (tx) => addressNotice(tx, { id, infra: [ops], hasMail: true, now }))
    const taken = await withTransaction(pool, (tx) => takeDeliveries(tx, { limit: 5, now }))
    expect(taken).toHaveLength(1)
    await deliver(mailOnly())
    expect(mail.mails).toEqual([])
    after(30)
    await deliver(mailOnly())
    expect(mail.mails).toHaveLength(1)
  })

  it('is not made when there is no server: the page tells', async () => {
    await teacher('en', 'teacher1@school.example')
    await send({ to: 'teachers', shownUntil: new Date(START.getTime() + 60_000) })
    await deliver(
      readConfig({ DATABASE_URL: database.url, LABPLAN_INSTALLATION: database.installation }),
    )
    expect(await deliveries()).toEqual([])
    expect(await noticesOfCourse(pool, { courseId: networks, now })).toHaveLength(1)
  })
})

describe('one that goes wrong', () => {
  /** As many addresses as are written to at once. */
  const team = Array.from({ length: 8 }, (_, i) => `ops${i}@school.example`)
  const pass = () =>
    deliver(
      configWith({ LABPLAN_NOTICE_WEBHOOK: undefined, LABPLAN_NOTICE_MAIL: team.join() }),
    ).then(() => 'nothing', String)
  const startsAt = START.toISOString()
  const written = () => mail.mails.flatMap(({ to }) => to).toSorted()

  it('since nobody can put it into words is given up and said once, and the others go out', async () => {
    // A zone of the plan that this worker's Node does not know.
    await execute(pool, sql`update course set time_zone = 'Europe/Nowhere' where id = ${networks}`)
    await send({ to: 'infra', dedupeKey: 'bad', params: { startsAt } })
    after(1)
    await send({ to: 'infra', dedupeKey: 'good', params: {} })
    const said = await pass()
    expect(written()).toEqual(team)
    expect(said).toMatch(/Notice [-0-9a-f]{36} \(notice\.test\): it could not be put into words/)
    const bad = (await deliveries()).filter(({ state }) => state !== 'sent')
    expect(bad.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual(
      team.map(() => 'failed 1'),
    )
    expect(bad[0]?.message).toMatch(/^it could not be put into words: .*Europe\/Nowhere/)
    after(30)
    expect(await pass()).toBe('nothing')
    expect(written()).toEqual(team)
    await execute(pool, sql`update course set time_zone = null where id = ${networks}`)
  })

  it('since an instant of it is none goes out with what was recorded', async () => {
    await send({ to: 'infra', code: 'notice.session-late', params: { startsAt: 'soon' } })
    expect(await pass()).toBe('nothing')
    expect(written()).toEqual(team)
    expect(mail.mails[0]?.raw.replaceAll('=\r\n', '')).toContain('soon')
  })

  it('since nobody can be addressed keeps no other from going out, and follows when it can', async () => {
    await send({ to: 'infra', dedupeKey: 'bad' })
    after(1)
    await send({ to: 'infra', dedupeKey: 'good' })
    await pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin
        if new.notice_id = (select id from notice where dedupe_key = 'bad') then raise exception 'nothing is written here'; end if;
        return new;
      end $$;
      create trigger refuse before insert on notice_delivery for each row execute function refuse()`)
    const said = await pass()
    expect(written()).toEqual(team)
    expect(said).toMatch(/Notice [-0-9a-f]{36} \(notice\.test\): nobody could be addressed/)
    await pool.query('drop function refuse cascade')
    expect(await pass()).toBe('nothing')
    expect(written()).toHaveLength(2 * team.length)
  })
})

it('shows on the page the newest of a thread, until its time is over', async () => {
  const until = new Date(START.getTime() + 3600_000)
  await send({ dedupeKey: 'late', thread: 'class', shownUntil: until })
  after(60)
  await send({ dedupeKey: 'ready', thread: 'class', shownUntil: until, params: { count: 2 } })
  await send({ dedupeKey: 'infra only', to: 'infra', shownUntil: until })
  const shown = await noticesOfCourse(pool, { courseId: networks, now })
  expect(shown.map(({ params }) => params)).toEqual([{ count: 2 }])
  expect(await noticesOfCourse(pool, { courseId: networks, now: until })).toEqual([])
})
