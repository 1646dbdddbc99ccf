/** Who approves what: teams, authors, several at once, deputies; what is denied; what an approval gives; a policy's trial. */
import { afterAll, beforeEach, expect, it } from 'vitest'
import { approveChange } from '../../api/data/changes/approval.ts'
import type { Actor } from '../../api/data/audit.ts'
import {
  type Proposal,
  findChange,
  latestChanges,
  proposeChange,
} from '../../api/data/changes/change.ts'
import { rejectChange, revertChange, reviewOf } from '../../api/data/changes/change-review.ts'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import { latestNotices, noticesOfCourse } from '../../api/data/notice.ts'
import { tryOnRecord } from '../../api/data/changes/policy-trial.ts'
import { putInTeam, reviewers } from '../../api/data/changes/reviewer.ts'
import { noticeText } from '../../api/notice-text.ts'
import { policySchema } from '../../stacks/schema.ts'
import { tidyUp } from '../../workers/passes.ts'
import { watchChanges } from '../../workers/jobs/watch-changes.ts'
import { networksDocument, poolDocument } from '../cast/documents.ts'
import {
  addLmsCourse,
  courseId,
  documentOf,
  importDocuments,
  signIn,
  testRing,
} from '../cast/record.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'

/** A Monday, 13:00 in Paris. */
const NOW = new Date('2026-11-23T12:00:00Z')
const IN_CLASS = new Date('2026-11-24T09:20:00Z')
const ring = testRing()
const opened: TestDatabase[] = []
let database: TestDatabase
beforeEach(async () => {
  opened.push((database = await testDatabase()))
  await importDocuments(database.pool, ring, NOW)
})
afterAll(() => Promise.all(opened.map((one) => one.drop())))

const teacher: Actor = { name: 'p-teacher', role: 'teacher' }
const propose = (text: string, actor: Actor = teacher, now = NOW) =>
  proposeChange(database.pool, { sources: [{ name: 'n.yaml', text }], actor, ring, now })
const policy = (gate: string) =>
  propose(`apiVersion: labplan/v1\nkind: Policy\n${gate}`, { name: 'op', role: 'operator' })
const newest = async () => (await latestChanges(database.pool, 1))[0]!
async function approve(actor: Actor, now = NOW) {
  const { id, blueprint_digest: digest } = await newest()
  return approveChange(database.pool, { id, digest, actor, ring, now })
}
async function administrator(): Promise<Actor> {
  const { personId } = await signIn(database.pool, { administrator: true, now: NOW })
  return { name: await pseudonym(personId), role: 'administrator' }
}
const pseudonym = async (id: string) =>
  (await one<{ p: string }>(database.pool, sql`select pseudonym as p from person where id = ${id}`))
    .p
const operator: Actor = { name: 'operator', role: 'operator' }
const told = async () =>
  (await latestNotices(database.pool, { limit: 20 })).map((one) => noticeText(one, 'en'))

/** Of a large change administrators may decide, too, once `net` has let eight working hours go by. */
const DEPUTY_AFTER_A_DAY = `gate:
  rules:
    - key: large
      title: Large
      lane: review
      when: { students: 31 }
      by: [net]
      deputy: { by: [administrators], afterWorkingHours: 8 }`

it('leaves what was saved while a change waited, and shows that before anybody agrees to it', async () => {
  const admin = await administrator()
  await propose(networksDocument(150, 30))
  const waits = await newest()
  const shorter = (text: string) => text.replace('minutes: 120', 'minutes: 90')
  const [later, latest] = [60_000, 120_000].map((ms) => new Date(NOW.getTime() + ms))
  await propose(shorter(networksDocument()), teacher, later)
  expect(await documentOf(database.pool, 'networks-101')).toBe(shorter(networksDocument()))
  const { id } = waits
  const agree = async () => {
    const { blueprint_digest: digest } = (await findChange(database.pool, id))!
    return approveChange(database.pool, { id, digest, actor: admin, ring, now: latest! })
  }
  expect(await agree()).toEqual({ outcome: 'changed' })
  const review = await reviewOf(database.pool, { id, ring, now: latest! })
  expect(JSON.stringify(review?.difference)).not.toContain('minutes')
  expect(await agree()).toEqual({ outcome: 'approved', isSolo: false })
  expect(await documentOf(database.pool, 'networks-101')).toBe(shorter(networksDocument(150, 30)))
  // Undone, only what it changed itself is.
  const sources = { id, actor: admin, now: latest! }
  const again = (proposal: Proposal) => proposeChange(database.pool, { ...proposal, ring })
  expect(await revertChange(database.pool, sources, again)).toMatchObject({ outcome: 'changed' })
  expect(await documentOf(database.pool, 'networks-101')).toBe(shorter(networksDocument()))
})

it('keeps both of two changes of the same series, and of two changes of the same number the one agreed to', async () => {
  const admin = await administrator()
  const fewer = (text: string) => text.replace('COUNT=12', 'COUNT=11')
  const shorter = (text: string) => text.replace('minutes: 120', 'minutes: 90')
  await propose(fewer(networksDocument(150, 30)))
  const { id } = await newest()
  const later = new Date(NOW.getTime() + 60_000)
  await propose(shorter(networksDocument(20, 20)), teacher, later)
  const agree = async () => {
    const { blueprint_digest: digest } = (await findChange(database.pool, id))!
    return approveChange(database.pool, { id, digest, actor: admin, ring, now: later })
  }
  expect(await agree()).toEqual({ outcome: 'changed' })
  expect(await agree()).toMatchObject({ outcome: 'approved' })
  expect(await documentOf(database.pool, 'networks-101')).toBe(
    fewer(shorter(networksDocument(150, 20))),
  )
})

it('follows a list without undoing what was saved since its course was read', async () => {
  const roster: Actor = { name: 'roster', role: 'labplan' }
  const read = await documentOf(database.pool, 'networks-101')
  await propose(networksDocument(20))
  await propose(read, roster)
  expect(await documentOf(database.pool, 'networks-101')).toBe(networksDocument(20))
})

it('lets nobody approve their own where somebody else could, and says so where it was', async () => {
  const first = await administrator()
  await propose(networksDocument(150, 30), first)
  expect(await approve(first)).toEqual({ outcome: 'approved', isSolo: true })
  const [kept] = await many(database.pool, sql`select is_solo, teams from approval`)
  expect(kept).toEqual({ is_solo: true, teams: ['administrators'] })
  const second = await administrator()
  await propose(networksDocument(190, 30), first)
  expect(await approve(first)).toEqual({ outcome: 'own' })
  expect(await approve(second)).toEqual({ outcome: 'approved', isSolo: false })
  const { approved_by_role: role } = await one<{ approved_by_role: string }>(
    database.pool,
    sql`select approved_by_role from blueprint join blueprint_head using (digest)`,
  )
  expect(role).toBe('administrators')
})

it('takes as many different approvals as the policy asks, of the same plan, from the teams it names', async () => {
  await policy(`gate:
  rules:
    - { key: large, title: Large, lane: review, when: { students: 31 }, by: [net, administrators], approvals: 2 }`)
  const { personId } = await signIn(database.pool, { now: NOW })
  const member: Actor = { name: await pseudonym(personId), role: 'administrator' }
  await propose(networksDocument(40))
  expect(await approve(member)).toEqual({ outcome: 'not-asked', by: ['net', 'administrators'] })
  const put = { pseudonym: member.name, team: 'net', isIn: true, actor: operator, ring, now: NOW }
  expect(await withTransaction(database.pool, (tx) => putInTeam(tx, put))).toBe(true)
  expect((await reviewers(database.pool))[0]).toMatchObject({ teams: ['net'] })
  expect(await approve(member)).toMatchObject({ outcome: 'counted', missing: [{ count: 1 }] })
  expect(await approve(member)).toMatchObject({ outcome: 'counted', missing: [{ count: 1 }] })
  expect(await approve({ name: 'git:1', role: 'reviewer' })).toMatchObject({ outcome: 'not-asked' })
  expect(await approve(operator)).toEqual({ outcome: 'approved', isSolo: false })
})

it('forgets approvals of what compiles to something else, or is judged by another policy', async () => {
  const rule = (by: string) => `gate:
  rules:
    - { key: large, title: Large, lane: review, when: { students: 31 }, by: ${by}, approvals: 2 }`
  await policy(rule('[administrators, git]'))
  await propose(networksDocument(40))
  const waits = await newest()
  const approveIt = async (actor: Actor) => {
    const [fresh] = await many<{ digest: string }>(
      database.pool,
      sql`select blueprint_digest as digest from change where id = ${waits.id}`,
    )
    const request = { id: waits.id, digest: fresh!.digest, actor, ring, now: NOW }
    return approveChange(database.pool, request)
  }
  expect(await approveIt(operator)).toMatchObject({ outcome: 'counted' })
  await policy(rule('[git, administrators]'))
  expect(await approveIt({ name: 'git:1', role: 'reviewer' })).toMatchObject({ outcome: 'counted' })
  await importDocuments(database.pool, ring, NOW, [
    { name: 'pool.yaml', text: poolDocument.replace('key: node-1', 'key: node-2') },
  ])
  expect(await approveIt(operator)).toEqual({ outcome: 'changed' })
  expect(await approveIt(operator)).toMatchObject({ outcome: 'counted' })
  expect(await approveIt({ name: 'git:2', role: 'reviewer' })).toMatchObject({
    outcome: 'approved',
  })
})

it('says of every change that deputies may decide, also where that cannot be said of one', async () => {
  await policy(DEPUTY_AFTER_A_DAY)
  await propose(networksDocument(40))
  const first = await newest()
  const second = networksDocument(41).replaceAll('networks-101', 'networks-102')
  await propose(second, { name: 'op', role: 'operator' }, new Date(NOW.getTime() + 1000))
  expect((await newest()).id).not.toBe(first.id)
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      if new.dedupe_key like '%${first.id}/deputy%' then raise exception 'nothing is written here'; end if;
      return new;
    end $$;
    create trigger refuse before insert on notice for each row execute function refuse()`)
  const later = new Date('2026-11-24T08:30:00Z')
  const may = async () =>
    (await told()).filter(({ subject }) => subject.includes('nobody decided yet')).length
  await expect(watchChanges(database.pool, ring, later)).rejects.toThrow(
    `Change ${first.id}: nobody could be told that deputies may decide.`,
  )
  const others = await may()
  expect(others).toBeGreaterThan(0)
  await database.pool.query('drop function refuse cascade')
  await watchChanges(database.pool, ring, later)
  expect(await may()).toBeGreaterThan(others)
})

it('says that deputies may decide also where what is over cannot be tidied up', async () => {
  const pool = database.pool
  await policy(DEPUTY_AFTER_A_DAY)
  await propose(networksDocument(40))
  const { personId } = await signIn(pool, { now: NOW })
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      raise exception 'nothing goes from here';
    end $$;
    create trigger refuse before delete on login for each row execute function refuse()`)
  const may = async () =>
    (await told()).filter(({ subject }) => subject.includes('nobody decided yet')).length
  const tidy = tidyUp({ pool, ring, now: () => new Date('2026-11-24T08:30:00Z') })
  await expect(tidy).rejects.toThrow('What of logins and LMS launches is over could not go.')
  expect(await may()).toBeGreaterThan(0)
  await pool.query('drop function refuse cascade')
  await tidyUp({ pool, ring, now: () => new Date('2026-11-24T08:31:00Z') })
  const left = await many(pool, sql`select from login where person_id = ${personId}`)
  expect(left).toEqual([])
})

it('lets deputies decide after so many working hours, and says so once', async () => {
  await policy(DEPUTY_AFTER_A_DAY)
  await propose(networksDocument(40))
  const soon = new Date('2026-11-24T07:59:00Z')
  expect(await approve(operator, soon)).toMatchObject({ outcome: 'not-asked' })
  await watchChanges(database.pool, ring, soon)
  expect(await told()).toHaveLength(2)
  // Seven hours on Monday until 20:00, one on Tuesday from 8:00.
  const later = new Date('2026-11-24T08:00:00Z')
  await watchChanges(database.pool, ring, later)
  await watchChanges(database.pool, ring, later)
  expect((await told()).map((one) => one.subject)).toEqual([
    ...['Networks 101', 'Course networks-101'].map(
      (whose) => `${whose}: nobody decided yet, so administrators may decide too`,
    ),
    ...['Networks 101', 'Course networks-101'].map(
      (whose) => `${whose}: a change waits for agreement`,
    ),
  ])
  // Its teacher sees who has it, since when, and who may decide too: instead of what was said before.
  const course = { courseId: await courseId(database.pool, 'networks-101'), now: later }
  const seen = (await noticesOfCourse(database.pool, course)).map((one) => noticeText(one, 'en'))
  expect(seen).toEqual([
    {
      subject: 'Networks 101: nobody decided yet, so administrators may decide too',
      paragraphs: [expect.stringMatching(/^It was handed in .*13:00/), 'It is with: net.'],
    },
  ])
  expect(await approve(operator, later)).toMatchObject({ outcome: 'approved' })
  const [after] = await noticesOfCourse(database.pool, course)
  expect(after?.code).toBe('notice.change-approved')
})

it('denies with the reason of the rule, and nothing of it can be approved', async () => {
  await policy(`gate:
  rules:
    - { key: closed, title: { en: Closed in July, fr: Fermé en juillet }, lane: deny, when: { courses: [networks-101] } }`)
  const outcome = await propose(networksDocument(20))
  expect(outcome).toMatchObject({
    change: { lane: 'deny', state: 'rejected', rules: [{ key: 'closed' }] },
  })
  expect(await approve(operator)).toEqual({ outcome: 'not-proposed' })
  expect((await told())[0]).toMatchObject({
    subject: 'Networks 101: a change is not allowed',
  })
})

it('tells teachers who has their change since when, and what became of it, with no word of Git', async () => {
  await addLmsCourse(database.pool, { courseKey: 'networks-101', contextId: 'c', now: NOW })
  await propose(networksDocument(150, 30))
  const texts = await told()
  expect(texts[0]).toEqual({
    subject: 'Networks 101: a change waits for agreement',
    paragraphs: [
      'It was handed in at 13:00. Nothing changes until it is agreed to.',
      'It asks for more than the course may have.',
      'It is with the administrators.',
    ],
  })
  expect(JSON.stringify(texts)).not.toMatch(/git|branch|commit/i)
  const { id } = await newest()
  const no = { id, reason: 'Ask again in May.', actor: operator, now: NOW }
  await withTransaction(database.pool, (tx) => rejectChange(tx, no))
  expect((await told())[0]).toEqual({
    subject: 'Networks 101: your change was not agreed to',
    paragraphs: ['Nothing was changed. Who decided wrote: “Ask again in May.”'],
  })
})

it('gives a reviewed course room to grow, so that the next student needs nobody', async () => {
  await propose(networksDocument(150, 30))
  const waits = await newest()
  expect(await approve(operator)).toMatchObject({ outcome: 'approved' })
  const { granted } = await one<{ granted: object }>(
    database.pool,
    sql`select granted from course where key = 'networks-101'`,
  )
  expect(granted).toEqual({ seats: 173 })
  expect(await propose(networksDocument(150, 30))).toMatchObject({ outcome: 'unchanged' })
  expect(await propose(networksDocument(173, 30))).toMatchObject({ change: { lane: 'automatic' } })
  expect(await propose(networksDocument(174, 30))).toMatchObject({ change: { lane: 'review' } })
  expect(waits.facts?.courses[0]).toMatchObject({ asks: { seats: 150 } })
  // A document that says its own allowance begins anew.
  const own = networksDocument(120, 30).replace('students', 'allowance: { seats: 125 }\nstudents')
  expect(await propose(own, operator)).toMatchObject({ change: { lane: 'automatic' } })
  expect(await propose(own.replace('120', '126'), operator)).toMatchObject({
    change: { lane: 'review' },
  })
})

it('gives a class that runs what is free at once, for that class, and reports it', async () => {
  const oneClass = networksDocument(30).replace('\n    repeat: FREQ=WEEKLY;COUNT=12', '')
  await propose(
    oneClass.replace('students', 'allowance: { seats: 30, atOnce: 30 }\nstudents'),
    operator,
  )
  const more = oneClass
    .replace(/30/g, '35')
    .replace('students', 'allowance: { seats: 30, atOnce: 30 }\nstudents')
  expect(await propose(more, teacher, IN_CLASS)).toMatchObject({
    change: { lane: 'automatic', state: 'approved' },
  })
  expect((await told())[0]?.subject).toBe(
    'Course networks-101: a class under way took more than its course may have',
  )
  expect(
    await propose(more.replace(/35/g, '36'), teacher, new Date('2026-11-24T06:00:00Z')),
  ).toMatchObject({ change: { lane: 'review' } })
})

it('tries another policy on what was changed before', async () => {
  await propose(networksDocument(28))
  const strict = policySchema.parse({
    gate: {
      rules: [{ key: 'all', title: 'All', lane: 'review', when: { documents: ['Course'] } }],
    },
  })
  const { changes, counts } = await tryOnRecord(database.pool, strict, 10)
  expect(counts).toEqual({ automatic: 0, review: 2, deny: 0 })
  expect(changes[0]).toMatchObject({ before: 'automatic', lane: 'review', rules: ['all'] })
})
