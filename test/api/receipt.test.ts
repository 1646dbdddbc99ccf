/**
 * A session's receipt: written once, when nothing of it runs any more; chained, so that later edits show; read
 * by teachers, administrators and the command line.
 */
import { afterAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { noteObjects, type ObjectKind } from '../../api/data/runs/made-object.ts'
import { findReceipt, verifyReceipts } from '../../api/data/sessions/receipt.ts'
import { beginOutage, endOutage } from '../../api/data/volumes/storage-outage.ts'
import { closeSessions } from '../../api/data/sessions/session-close.ts'
import { moveSessions } from '../../api/data/sessions/session-life.ts'
import { allDocuments, networksDocument } from '../cast/documents.ts'
import { addLmsCourse, courseId, importDocuments, signIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'
import { runCommand } from './command-line.ts'

const at = (time: string) => new Date(`2026-11-24T${time}:00Z`)
const SESSION = 'networks-101/2026-11-24T10:00'
const KEPT = new Map([['networks-101', '2027-03-09T12:00:00Z']])

const site = await openWebsite(at('07:00'))
afterAll(() => site.close())
const { pool, ring } = site
const documents = allDocuments().map((one) =>
  one.name === 'networks-101.yaml' ? { ...one, text: networksDocument(3) } : one,
)
await importDocuments(pool, ring, at('07:00'), documents)
const course = await courseId(pool, 'networks-101')
const seats = await addStack('seats')
const volumes = await addStack('volumes')

async function addStack(kind: 'seats' | 'volumes'): Promise<string> {
  const { id } = await one<{ id: string }>(
    pool,
    sql`insert into stack (id, key, kind, pool_id, course_id, state, state_at, wanted_digest, applied_digest)
        select ${newId()}, ${`${kind}-networks-101`}, ${kind}, pool.id, ${course}, 'applied', ${at('07:00')}, 'a', 'a'
        from pool returning id`,
  )
  return id
}

/** A run of the stack that went through, and what was there after it. */
async function ran(
  stackId: string,
  now: Date,
  there: Partial<Record<ObjectKind, string[]>>,
): Promise<void> {
  const runId = newId()
  await execute(
    pool,
    sql`insert into run (id, stack_id, kind, state, state_at, worker, created_at, ended_at)
        values (${runId}, ${stackId}, 'apply', 'applied', ${now}, 'worker', ${now}, ${now})`,
  )
  for (const kind of Object.keys(there) as ObjectKind[])
    await withTransaction(pool, (tx) =>
      noteObjects(tx, { stackId, runId, names: [[kind, there[kind] ?? []]], now }),
    )
}

const move = (now: Date, warm = 3) =>
  withTransaction(pool, async (tx) => {
    const numbers = Array.from({ length: warm }, (_, i) => i + 1)
    await moveSessions(tx, { now, warm: [{ key: SESSION, numbers }] })
    return closeSessions(tx, { now, keptUntil: KEPT })
  })
const seatsAre = (state: string) =>
  execute(pool, sql`update seat set state = ${state} where course_id = ${course}`)
const stateNow = () =>
  one<{ state: string }>(pool, sql`select state from session where key = ${SESSION}`)

/** Both outputs of the command line, and its exit code. */
const run = async (...argv: string[]) => (await runCommand(site, argv)).marked

it('says that there is nothing yet', async () => {
  expect(await run('receipt', 'list')).toMatch(/^No receipt yet: .*\nexit 0$/)
  expect(await run('receipt', 'verify')).toBe('No receipt yet.\nexit 0')
  expect(await run('receipt', SESSION)).toMatch(/^! There is no receipt of session .*\nexit 1$/)
})

it('is written when the session closes, which waits until nothing runs and its stacks are as wanted', async () => {
  // Of an earlier session: it was there before, so this one did not create it.
  await ran(volumes, at('07:00'), { volume: ['v1'] })
  await move(at('08:45'))
  await ran(volumes, at('08:46'), { volume: ['v1', 'v2', 'v3'] })
  await ran(seats, at('08:47'), { service: ['s1', 's2', 's3'], secret: ['k1', 'k2', 'k3'] })
  await seatsAre('ready')
  await move(at('08:48'))
  await move(at('08:50'))
  expect(await stateNow()).toEqual({ state: 'open' })

  await move(at('11:00'))
  await execute(pool, sql`update session set grace_ends_at = ${at('11:05')} where key = ${SESSION}`)
  expect(await move(at('11:06'))).toBe(0)
  await seatsAre('cold')
  await execute(pool, sql`update stack set wanted_digest = null where id = ${seats}`)
  expect(await move(at('11:07'))).toBe(0)
  // One service and its secret stay for the headroom.
  await ran(seats, at('11:08'), { service: ['s1'], secret: ['k1'] })
  await execute(pool, sql`update stack set applied_digest = null where id = ${seats}`)
  await execute(
    pool,
    sql`update seat set volume_made = true where course_id = ${course} and number = 1`,
  )
  expect(await move(at('11:09'))).toBe(1)
  expect(await stateNow()).toEqual({ state: 'closed' })
  expect(await move(at('11:10'))).toBe(0)
})

it('says what was created, destroyed and kept, and when', async () => {
  const receipt = await findReceipt(pool, SESSION)
  expect(receipt?.body).toMatchObject({
    number: 1,
    previous: null,
    session: { key: SESSION, course: 'networks-101', pool: 'local', students: 3 },
    times: {
      readyAt: at('08:48').toISOString(),
      openedAt: at('08:50').toISOString(),
      endedAt: at('11:00').toISOString(),
      closedAt: at('11:09').toISOString(),
    },
    created: {
      services: ['s1', 's2', 's3'],
      volumes: ['v2', 'v3'],
      secrets: ['k1', 'k2', 'k3'],
    },
    destroyed: { services: ['s2', 's3'], volumes: [], secrets: ['k2', 'k3'] },
    kept: {
      services: ['s1'],
      secrets: ['k1'],
      volumes: ['v1', 'v2', 'v3'].map((name) => ({ name, until: '2027-03-09T12:00:00.000Z' })),
    },
  })
  // The date is kept with the seats that have a volume, for whoever purges them one day.
  const dates = await many(
    pool,
    sql`select number, volume_kept_until from seat where volume_kept_until is not null`,
  )
  expect(dates).toEqual([{ number: 1, volume_kept_until: new Date('2027-03-09T12:00:00Z') }])
  expect(receipt?.body.runs.map((run) => run.stack)).toEqual([
    'volumes-networks-101',
    'seats-networks-101',
    'seats-networks-101',
  ])
})

it('closes a session whose cold seats cannot be destroyed after a quarter of an hour, and says they are there', async () => {
  const key = 'networks-101/2026-12-01T10:00'
  const day = (time: string) => new Date(`2026-12-01T${time}:00Z`)
  await execute(pool, sql`update session set grace_ends_at = ${day('11:10')} where key = ${key}`)
  await execute(pool, sql`update stack set wanted_digest = 'b' where id = ${seats}`)
  await move(day('11:09'))
  expect(await move(day('11:24'))).toBe(0)
  expect(await move(day('11:25'))).toBe(1)
  expect((await findReceipt(pool, key))?.body).toMatchObject({
    number: 2,
    times: { openedAt: null, readyAt: null },
    kept: { services: ['s1'] },
  })
})

it('is on the course page and among the administrator’s, in both languages', async () => {
  const contextId = await addLmsCourse(pool, {
    courseKey: 'networks-101',
    contextId: '2',
    now: at('12:00'),
  })
  site.setNow(new Date('2026-12-01T12:00:00Z'))
  const now = site.now()
  const teacher = await signIn(pool, { contextId, role: 'teacher', now })
  const administrator = await signIn(pool, { administrator: true, now })
  const read = async (path: string, who: typeof teacher, locale: string) => {
    const cookie = `__Host-labplan=${who.token}; __Host-labplan-locale=${locale}`
    return textOf((await site.get(path, { headers: { cookie } })).text)
  }
  for (const locale of ['en', 'fr']) {
    const page = await read('/courses/networks-101', teacher, locale)
    const past = page.slice(page.search(/^(Past sessions|Séances passées)$/m))
    await expect(past).toMatchFileSnapshot(`expected/receipt-course.${locale}.txt`)
    await expect(await read('/admin/receipts', administrator, locale)).toMatchFileSnapshot(
      `expected/receipt-admin.${locale}.txt`,
    )
  }
})

it('names nobody', async () => {
  const people = await many<{ id: string; pseudonym: string }>(
    pool,
    sql`select id, pseudonym from person`,
  )
  const bodies = await many<{ body: string }>(pool, sql`select body from receipt`)
  const text = bodies.map(({ body }) => body).join('\n')
  expect(people.length).toBeGreaterThan(0)
  for (const { id, pseudonym } of people) {
    expect(text).not.toContain(id)
    expect(text).not.toContain(pseudonym)
  }
})

it('can be read and verified from the command line', async () => {
  const shown = (await run('receipt', SESSION, '--names'))
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replaceAll(/2026-11-24 \d\d:\d\d$/gm, 'WHEN')
  await expect(shown).toMatchFileSnapshot('../scripts/expected/labplan-receipt.txt')
  const { body } = JSON.parse((await run('receipt', SESSION, '--json')).split('\n')[0] ?? '')
  expect(body).toMatchObject({ number: 1 })
  expect(await run('receipt', 'list')).toMatch(/networks-101\/2026-12-01T10:00 +2026-12-01 11:25/)
  expect(await run('receipt', 'verify')).toMatch(
    /^2 receipts, none changed or removed\. Seal: 2:[0-9a-f]{64}\nexit 0$/,
  )
})

it('cannot be changed by a statement, and says so when it is all the same', async () => {
  const { body: text } = await one<{ body: string }>(
    pool,
    sql`select body from receipt where number = 1`,
  )
  const forged = text.replace('"s3"', '"s4"')
  const forge = (body: string) =>
    execute(pool, sql`update receipt set body = ${body} where number = 1`)
  await expect(forge(forged)).rejects.toThrow(/never changed/)

  const [, seal = ''] = /Seal: (\S+)/.exec(await run('receipt', 'verify')) ?? []
  expect(await run('receipt', 'verify', '--seal', seal)).toMatch(/exit 0$/)
  await execute(pool, sql`alter table receipt disable trigger receipt_is_final`)
  await forge(forged)
  expect(await run('receipt', 'verify')).toBe(
    '! Receipt 1 was changed after it was written. Compare with a backup.\nexit 1',
  )
  // With its hash made to fit, the next one tells.
  await execute(
    pool,
    sql`update receipt set hash = encode(sha256(body::bytea), 'hex') where number = 1`,
  )
  expect(await verifyReceipts(pool)).toMatchObject({
    broken: { number: 2, why: 'not-after-previous' },
  })
  expect(await run('receipt', 'verify')).toMatch(/^! Receipt 2 does not follow receipt 1/)
  await forge(text)
  await execute(
    pool,
    sql`update receipt set hash = encode(sha256(body::bytea), 'hex') where number = 1`,
  )
  expect(await verifyReceipts(pool)).toMatchObject({ end: { number: 2 } })

  await execute(pool, sql`delete from receipt where number = 2`)
  expect(await run('receipt', 'verify')).toBe(
    '! The receipt of networks-101/2026-12-01T10:00 was removed. Compare with a backup.\nexit 1',
  )
  expect(await run('receipt', 'verify', '--seal', seal)).toBe(
    '! Receipts 2 to 2 are missing. Compare with a backup.\nexit 1',
  )
  await execute(pool, sql`delete from receipt where number = 1`)
  expect(await run('receipt', 'verify', '--json')).toMatch(/^\{"whole":false/)
})

it('is written, once, for a class that was called off when something had been made for it', async () => {
  const [first] = await many<{ key: string }>(
    pool,
    sql`select key from session where course_id = ${course} and state = 'planned' order by starts_at limit 1`,
  )
  const key = first!.key
  const off = new Date('2026-12-01T08:40:00Z')
  await execute(
    pool,
    sql`update session set state = 'cancelled', state_at = ${off} where key = ${key}`,
  )
  // Nothing was prepared: there is nothing to say.
  expect(await move(off)).toBe(0)
  await execute(
    pool,
    sql`update session set preparing_at = ${new Date('2026-12-01T08:15:00Z')} where key = ${key}`,
  )
  await seatsAre('ready')
  expect(await move(off)).toBe(0)
  await seatsAre('cold')
  await execute(pool, sql`update stack set applied_digest = wanted_digest, state = 'applied'`)
  expect(await move(new Date('2026-12-01T08:45:00Z'))).toBe(1)
  expect((await findReceipt(pool, key))?.body).toMatchObject({
    session: { key },
    times: { openedAt: null, endedAt: off.toISOString(), closedAt: '2026-12-01T08:45:00.000Z' },
  })
  const { state } = await one<{ state: string }>(
    pool,
    sql`select state from session where key = ${key}`,
  )
  expect(state).toBe('cancelled')
  expect(await move(new Date('2026-12-01T08:50:00Z'))).toBe(0)
})

it('waits for what could not be stopped while its files were out of reach, and says so; what went later is told beside it', async () => {
  const { key } = await one<{ key: string }>(
    pool,
    sql`select key from session where course_id = ${course} and state = 'planned' order by starts_at limit 1`,
  )
  const day = (time: string) => new Date(`2027-01-12T${time}:00Z`)
  await execute(
    pool,
    sql`update session set state = 'open', lead_starts_at = ${day('08:00')}, starts_at = ${day('09:00')},
          ends_at = ${day('11:00')}, grace_ends_at = ${day('11:05')} where key = ${key}`,
  )
  await execute(
    pool,
    sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
        select ${newId()}, id, 1, 'lp-away', 'nfs', 24, 'ready', ${day('07:00')}, ${day('07:00')}
        from seat where course_id = ${course} and number = 1`,
  )
  await withTransaction(pool, (tx) =>
    beginOutage(tx, { backend: 'nfs', since: day('10:50'), reason: 'silence', now: day('10:51') }),
  )
  await ran(seats, day('08:10'), { service: ['s1', 's2'], secret: [] })
  await execute(pool, sql`update stack set wanted_digest = 'c' where id = ${seats}`)
  await seatsAre('ready')
  await move(day('11:00'))
  expect(await move(day('11:40'))).toBe(0)
  await withTransaction(pool, (tx) => endOutage(tx, { backend: 'nfs', now: day('11:45') }))
  await seatsAre('cold')
  // Its services have their time to go from now on, not from the end of the class.
  expect(await move(day('11:46'))).toBe(0)
  await ran(seats, day('11:47'), { service: ['s1'], secret: [] })
  await execute(pool, sql`update stack set applied_digest = wanted_digest where id = ${seats}`)
  expect(await move(day('11:48'))).toBeGreaterThan(0)
  const receipt = await findReceipt(pool, key)
  expect(receipt?.body).toMatchObject({
    times: { endedAt: day('11:00').toISOString(), closedAt: day('11:48').toISOString() },
    destroyed: { services: ['s2'] },
    kept: { services: ['s1'] },
    outages: [
      { backend: 'nfs', from: day('10:50').toISOString(), until: day('11:45').toISOString() },
    ],
  })
  expect(await run('receipt', key)).toContain(
    'no files   nfs, 2027-01-12 10:50 to 2027-01-12 11:45',
  )
  expect(await run('receipt', key)).not.toContain('gone since')
  await ran(seats, day('12:30'), { service: [], secret: [] })
  expect(await run('receipt', key, '--names')).toContain(
    'gone since 1 service\n             s1\n             the last 2027-01-12 12:30',
  )
  const administrator = await signIn(pool, { administrator: true, now: site.now() })
  const page = textOf((await site.get('/admin/receipts', { who: administrator })).text)
  expect(page).toMatch(/could not be reached from .* to .*: nothing of it was stopped/)
  expect(page).toMatch(/Removed since\n?.*1 service, the last/)
})
