// Documents in: errors with file and line, compiled, approved or kept for approval, and what follows in rows.
import { afterAll, beforeEach, expect, it } from 'vitest'
import { approveChange } from '../../api/data/changes/approval.ts'
import { parseBlueprint, digest as digestOf } from '../../stacks/blueprint.ts'
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { latestChanges, notesOfCourse, proposeChange } from '../../api/data/changes/change.ts'
import { many, one, sql } from '../../api/data/db.ts'
import { Listening } from '../../api/data/listen.ts'
import {
  allDocuments,
  environmentDocument,
  machineLearningDocument,
  networksDocument,
  poolDocument,
} from '../cast/documents.ts'
import { courseId, importDocuments, launch, signIn, testRing } from '../cast/record.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'

const now = new Date('2026-11-23T12:00:00Z')
const actor = { name: 'test', role: 'operator' } as const
const ring = testRing()
const opened: TestDatabase[] = []
let database: TestDatabase
beforeEach(async () => void opened.push((database = await testDatabase())))
afterAll(() => Promise.all(opened.map((one) => one.drop())))

const propose = (...texts: string[]) =>
  proposeChange(database.pool, {
    sources: texts.map((text, i) => ({ name: `file-${i + 1}.yaml`, text })),
    ...{ actor, ring, now },
  })

type SessionRow = { key: string; state: string; at_once: number; message_code: string | null }
const sessionsOf = (course: string) =>
  many<SessionRow>(
    database.pool,
    sql`select session.key, session.state, at_once, message_code from session
        join course on course.id = course_id where course.key = ${course} order by starts_at`,
  )
const count = async (table: string): Promise<number> => {
  const query = { text: `select count(*) as n from ${table}`, values: [] }
  return (await one<{ n: number }>(database.pool, query)).n
}

it('keeps nothing of documents that are wrong, and says file, line and what is allowed', async () => {
  const wrong = networksDocument().replace('minutes: 120', 'minutes: two hours')
  const outcome = await propose(environmentDocument, `${poolDocument}---\n${wrong}`)
  expect(outcome).toEqual({
    outcome: 'wrong',
    errors: [
      {
        file: 'file-2.yaml',
        line: 19,
        column: 14,
        message: 'sessions[0].minutes: "two hours" is not allowed here',
        allowed: 'minutes, from 5 to 20160 (two weeks)',
      },
    ],
  })
  expect([await count('change'), await count('document'), await count('blueprint')]).toEqual([
    0, 0, 0,
  ])
})

it('wants a document, and each only once', async () => {
  const empty = await propose('# nothing\n')
  expect(empty).toMatchObject({ outcome: 'wrong', errors: [{ message: 'no document' }] })
  const twice = await propose(poolDocument, poolDocument)
  expect(twice).toMatchObject({
    outcome: 'wrong',
    errors: [{ file: 'file-2.yaml', line: 1, message: 'Pool local is described twice' }],
  })
})

it('approves what the allowance covers at once: head, rows and seats in one step', async () => {
  const outcome = await importDocuments(database.pool, ring, now)
  expect(outcome).toMatchObject({
    outcome: 'changed',
    change: { lane: 'automatic', state: 'approved' },
  })
  const current = await currentBlueprint(database.pool)
  expect(current?.version).toBe(1)
  expect(current?.digest).toBe(digestOf(current!.blueprint))
  const approved = await one<{ approved_by_role: string; bytes: Buffer }>(
    database.pool,
    sql`select approved_by_role, bytes from blueprint where digest = ${current?.digest}`,
  )
  expect(approved.approved_by_role).toBe('automatic')
  expect(parseBlueprint(approved.bytes).courses.map((course) => course.key)).toEqual([
    'machine-learning-lab',
    'networks-101',
  ])
  const networks = await sessionsOf('networks-101')
  expect(networks).toHaveLength(12)
  expect(networks[0]).toMatchObject({ state: 'planned', at_once: 30, message_code: null })
  const seats = await one<{ n: number; ports: number }>(
    database.pool,
    sql`select count(distinct seat.id) as n, count(*) as ports from seat join seat_port on seat_id = seat.id
        join course on course.id = course_id where course.key = 'networks-101'`,
  )
  expect(seats).toEqual({ n: 100, ports: 200 })
})

it('stores a course that no pool can hold, says why, and lets nobody into its session', async () => {
  const outcome = await importDocuments(database.pool, ring, now)
  const notes = outcome.outcome === 'changed' ? outcome.change.notes : []
  expect(notes.map((note) => [note.severity, note.code, note.where.course])).toEqual([
    ['error', 'seat-too-large', 'machine-learning-lab'],
  ])
  expect(await sessionsOf('machine-learning-lab')).toMatchObject([
    { state: 'cancelled', message_code: 'session.does-not-fit' },
  ])
  const outside = await one<{ places_outside: number }>(
    database.pool,
    sql`select places_outside from course where key = 'machine-learning-lab'`,
  )
  expect(outside.places_outside).toBe(0)
  expect(await notesOfCourse(database.pool, 'machine-learning-lab')).toHaveLength(1)
  expect(await notesOfCourse(database.pool, 'networks-101')).toHaveLength(0)
})

it('plans the session again when the pool gets what it lacked', async () => {
  await importDocuments(database.pool, ring, now)
  await propose(
    poolDocument.replace('diskMb: 1000000', 'diskMb: 1000000, gpu: { kind: a100, count: 8 }'),
  )
  expect(await sessionsOf('machine-learning-lab')).toMatchObject([
    { state: 'planned', at_once: 8, message_code: null },
  ])
})

it('offers the places that fit when not all do', async () => {
  await importDocuments(database.pool, ring, now)
  await propose(poolDocument.replace('cpu: 64', 'cpu: 10'))
  const [first] = await sessionsOf('networks-101')
  expect(first).toMatchObject({ state: 'planned', message_code: 'session.fits-partly' })
  expect(first?.at_once).toBeGreaterThan(0)
  expect(first?.at_once).toBeLessThan(30)
})

it('says unchanged when everything is in force already', async () => {
  await importDocuments(database.pool, ring, now)
  const again = await importDocuments(database.pool, ring, now)
  expect(again.outcome).toBe('unchanged')
  expect(await count('change')).toBe(1)
  expect((await currentBlueprint(database.pool))?.version).toBe(1)
})

it('moves one class, cancels one that left the plan, leaves the others alone', async () => {
  await importDocuments(database.pool, ring, now)
  const before = await sessionsOf('networks-101')
  const rule = 'COUNT=11\n    move: { 2026-12-01T10:00: 2026-12-02T10:00 }'
  const outcome = await propose(networksDocument().replace('COUNT=12', rule))
  expect(outcome.outcome).toBe('changed')
  const rows = await sessionsOf('networks-101')
  expect(rows.find((row) => row.key === before.at(-1)?.key)).toMatchObject({
    state: 'cancelled',
    message_code: 'session.left-the-plan',
  })
  expect(rows.filter((row) => row.state === 'planned')).toHaveLength(11)
  const { starts_at } = await one<{ starts_at: Date }>(
    database.pool,
    sql`select starts_at from session where key = 'networks-101/2026-12-01T10:00'`,
  )
  expect(starts_at).toEqual(new Date('2026-12-02T09:00:00Z'))
})

it('leaves a session under way in its state', async () => {
  await importDocuments(database.pool, ring, now)
  await database.pool.query(
    `update session set state = 'open' where key = 'networks-101/2026-11-24T10:00'`,
  )
  const during = new Date('2026-11-24T09:30:00Z')
  await importDocuments(database.pool, ring, during, [
    { name: 'more.yaml', text: networksDocument(31) },
  ])
  expect((await sessionsOf('networks-101'))[0]).toMatchObject({ state: 'open', at_once: 31 })
})

it('keeps what asks for more than the allowance until somebody approves what was read', async () => {
  await importDocuments(database.pool, ring, now)
  const outcome = await propose(networksDocument(150, 30))
  expect(outcome).toMatchObject({
    outcome: 'changed',
    change: { lane: 'review', state: 'proposed' },
  })
  expect((await currentBlueprint(database.pool))?.version).toBe(1)
  const [change] = await latestChanges(database.pool, 1)
  const approve = (digest: string) =>
    approveChange(database.pool, { id: change!.id, digest, actor, ring, now })
  expect(await approve('0'.repeat(64))).toEqual({ outcome: 'changed' })
  const alone = { outcome: 'approved', isSolo: true }
  expect(await approve(change!.blueprint_digest)).toEqual(alone)
  expect(await approve(change!.blueprint_digest)).toEqual({ outcome: 'not-proposed' })
  expect((await currentBlueprint(database.pool))?.digest).toBe(change!.blueprint_digest)
})

it('compiles a waiting change again when the head moved meanwhile', async () => {
  await importDocuments(database.pool, ring, now)
  await propose(networksDocument(150, 30))
  const [waiting] = await latestChanges(database.pool, 1)
  await propose(machineLearningDocument.replace('14:00', '15:00'))
  const request = { id: waiting!.id, actor, ring, now }
  const stale = { ...request, digest: waiting!.blueprint_digest }
  expect(await approveChange(database.pool, stale)).toEqual({ outcome: 'changed' })
  const changes = await latestChanges(database.pool, 5)
  const fresh = changes.find((change) => change.id === waiting!.id)
  const anew = { ...request, digest: fresh!.blueprint_digest }
  expect(await approveChange(database.pool, anew)).toMatchObject({ outcome: 'approved' })
  const { blueprint } = (await currentBlueprint(database.pool))!
  const [learning, networks] = blueprint.courses
  expect(learning?.sessions[0]?.startsAt).toBe('2026-11-26T14:00:00Z')
  expect(networks?.sessions[0]?.students).toBe(150)
})

it('keeps both of two imports at the same moment', async () => {
  await importDocuments(database.pool, ring, now)
  const outcomes = await Promise.all([
    propose(networksDocument(20)),
    propose(machineLearningDocument.replace('14:00', '15:00')),
  ])
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['changed', 'changed'])
  const { blueprint, version } = (await currentBlueprint(database.pool))!
  expect(version).toBe(3)
  expect(blueprint.courses[0]?.sessions[0]?.startsAt).toBe('2026-11-26T14:00:00Z')
  expect(blueprint.courses[1]?.sessions[0]?.students).toBe(20)
})

it('does not approve a course that names what does not exist', async () => {
  const outcome = await propose(networksDocument())
  expect(outcome).toMatchObject({
    outcome: 'changed',
    change: { lane: 'review', state: 'proposed' },
  })
  expect(await count('course')).toBe(0)
})

it('keeps the numbers of who has a seat, and tells who waits for an opening of the new one', async () => {
  await importDocuments(database.pool, ring, now)
  const { personId } = await signIn(database.pool, { now })
  const workspace = await launch(database.pool, { personId, courseKey: 'networks-101', now })
  expect(workspace).toMatchObject({ state: 'closed', seatNumber: 1 })
  const heard = Promise.withResolvers<string | undefined>()
  const listening = new Listening(database.url)
  listening.on('workspace', heard.resolve)
  await listening.open()
  await propose(networksDocument().replace('T10:00', 'T08:00'))
  expect(await heard.promise).toBe(workspace.id)
  await listening.close()
  const { opens_at } = await one<{ opens_at: Date }>(
    database.pool,
    sql`select opens_at from workspace where id = ${workspace.id}`,
  )
  expect(opens_at).toEqual(new Date('2026-11-24T06:50:00Z'))
  const taken = (await currentBlueprint(database.pool))!.blueprint.courses[1]
  expect(taken?.seats).toBe('1-30')
})

it('keeps each document as its author wrote it, comments too', async () => {
  const text = `# Tuesdays, room B12\n${networksDocument()}`
  await importDocuments(database.pool, ring, now, [
    ...allDocuments().filter((one) => !one.name.startsWith('networks')),
    { name: 'n.yaml', text: `---\n${text}` },
  ])
  const id = await courseId(database.pool, 'networks-101')
  const { document } = await one<{ document: string }>(
    database.pool,
    sql`select document from course where id = ${id}`,
  )
  expect(document).toBe(text)
})

it('writes who did what', async () => {
  await importDocuments(database.pool, ring, now)
  const lines = await many<{ action: string; actor: string; actor_role: string }>(
    database.pool,
    sql`select action, actor, actor_role from audit order by id`,
  )
  expect(lines).toEqual([
    { action: 'change.propose', actor: 'test', actor_role: 'operator' },
    { action: 'change.approve', actor: 'test', actor_role: 'operator' },
  ])
})
