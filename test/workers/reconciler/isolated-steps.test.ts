/**
 * One course whose rows PostgreSQL refuses to change, and another beside it: the real reconciler does for the other what it
 * would have done, says what went wrong with the first, and does that too once the rows may change.
 */
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, isServerLost, many, one, openPool, sql } from '../../../api/data/db.ts'
import { type Boss, startBoss } from '../../../api/data/jobs.ts'
import { pino } from 'pino'
import { rosterFollower } from '../../../workers/jobs/follow-rosters.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments, launch, seatReady, signIn, testRing } from '../../cast/record.ts'
import { addLmsCourse } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

/** Both at 10:00 in Paris. */
const at = (clock: string): Date => new Date(`2026-11-24T${clock}:00Z`)
const later = (clock: string): Date => new Date(`2026-11-25T${clock}:00Z`)
const courseNamed = (key: string, title: string): string =>
  networksDocument(4)
    .replace('key: networks-101', `key: ${key}`)
    .replaceAll(/title: \{.*Networks.*\}/g, `title: { en: ${title}, fr: ${title} }`)

const ring = testRing()
let database: TestDatabase
let boss: Boss
/** One worker, since it remembers what is still to be done. */
let pass: (now: Date) => Promise<void>

async function begin(): Promise<void> {
  database = await testDatabase()
  boss = await startBoss({ databaseUrl: database.url, onError: () => {} })
  const texts = [zoneDocument, environmentDocument, poolDocument]
  const courses = [courseNamed('rivers', 'Rivers'), courseNamed('woods', 'Woods')]
  const sources = [...texts, ...courses].map((text, i) => ({ name: `${i}.yaml`, text }))
  await importDocuments(database.pool, ring, at('06:00'), sources)
  let clock = at('06:00')
  const { pool, installation } = database
  const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/srv/labplan' }
  const budget = { memoryMb: 8192, cores: 8 }
  const { reconcile } = reconciler({ pool, boss, place, now: () => clock, budget })
  pass = (now) => {
    clock = now
    return reconcile()
  }
}
async function end(): Promise<void> {
  await boss.stop({ graceful: false })
  await database.drop()
}

/** PostgreSQL refuses what is written to these rows of the course. `of`: in SQL, of the row `new`. */
const refuse = (table: string, on: string, of: string): Promise<void> =>
  write(
    table,
    on,
    `if ${of} = (select id from course where key = 'rivers') then raise exception 'nothing is written here'; end if`,
  )

/** What PostgreSQL does with each row that is written there. */
async function write(table: string, on: string, does: string): Promise<void> {
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      ${does};
      return new;
    end $$;
    create trigger refuse before ${on} on ${table} for each row execute function refuse()`)
}
const allow = () => database.pool.query(`drop function refuse cascade`)

const asked = async (): Promise<string[]> =>
  (
    await many<{ key: string }>(
      database.pool,
      sql`select distinct data->>'stackKey' as key from pgboss.job where name = 'apply-stack' order by 1`,
    )
  ).map(({ key }) => key)

const told = async (): Promise<string[]> =>
  (
    await many<{ told: string }>(
      database.pool,
      sql`select course.key || ' ' || notice.code as told from notice join course on course.id = notice.course_id order by 1`,
    )
  ).map((row) => row.told)

const state = async (key: string): Promise<string> =>
  (
    await one<{ state: string }>(
      database.pool,
      sql`select state from session where key = ${`${key}/2026-11-24T10:00`}`,
    )
  ).state

const whole = (error: unknown): string => {
  const all = error instanceof AggregateError ? error.errors : [error]
  return all.map((one: Error) => `${one.message} ${(one.cause as Error)?.message}`).join('\n')
}
const failure = (now: Date): Promise<string> => pass(now).then(() => 'nothing', whole)

describe.each([
  ['places', 'course', 'update', 'new.id', 'its places could not be made right'],
  ['sessions', 'session', 'update', 'new.course_id', 'its sessions could not go on'],
  ['notices', 'notice', 'insert', 'new.course_id', 'Nobody could be told about rivers/'],
] as const)('when no %s of one course can be written', (_name, table, on, of, words) => {
  beforeAll(begin)
  afterAll(end)

  it('the other has its runs and its notice, and the first once it can be', async () => {
    await refuse(table, on, of)
    const early = await failure(at('08:15'))
    expect(await asked()).toEqual(expect.arrayContaining(['seats-woods-0', 'volumes-woods']))
    expect(await state('woods')).toBe('preparing')
    const late = await failure(at('08:40'))
    expect(await told()).toContain('woods notice.session-late')
    expect(`${early}\n${late}`).toContain(words)
    expect(`${early}\n${late}`).toContain('rivers')
    expect(`${early}\n${late}`).toContain('nothing is written here')
    expect(`${early}\n${late}`).not.toContain('woods')
    await allow()
    await pass(at('08:44'))
    await pass(at('08:48'))
    expect(await told()).toEqual(['rivers notice.session-late', 'woods notice.session-late'])
    expect(await asked()).toEqual([
      'seats-rivers-0',
      'seats-woods-0',
      'volumes-rivers',
      'volumes-woods',
    ])
  })
})

describe('when nobody can say what a seat of one course is made of', () => {
  beforeAll(begin)
  afterAll(end)

  it('its stack stays as it was wanted, and all else goes on', async () => {
    const { pool } = database
    await pass(at('08:15'))
    const before = await wantedOf('seats-rivers-0')
    const contextId = await addLmsCourse(pool, {
      courseKey: 'rivers',
      contextId: '7',
      now: at('08:52'),
    })
    const { personId } = await signIn(pool, { contextId, now: at('08:52') })
    const { id } = await launch(pool, { personId, courseKey: 'rivers', now: at('08:52') })
    await seatReady(pool, id, at('08:52'))
    await pool.query(`insert into seat_template (digest, body) values ('nothing', 'null')`)
    // A row of a backup that was brought back halfway.
    await execute(
      pool,
      sql`update seat set template_digest = 'nothing' where id = (select seat_id from workspace where id = ${id})`,
    )
    expect(await failure(at('08:53'))).toContain(
      'Course rivers: what seats-rivers-0 should hold could not be said.',
    )
    expect(await wantedOf('seats-rivers-0')).toBe(before)
    expect(await asked()).toEqual([
      'seats-rivers-0',
      'seats-woods-0',
      'volumes-rivers',
      'volumes-woods',
    ])
    expect(await told()).toEqual(['rivers notice.session-late', 'woods notice.session-late'])
    // Over, and gone: the other is closed; this one not, as long as nobody knows what is to go.
    await pool.query(
      `update seat set state = 'absent', wanted_on = false, held = false where course_id = (select id from course where key = 'woods')`,
    )
    await failure(later('10:00'))
    await pool.query(
      `update stack set applied_digest = wanted_digest, state = 'absent', lease_until = null where course_id = (select id from course where key = 'woods')`,
    )
    await failure(later('10:01'))
    expect(await state('woods')).toBe('closed')
    expect(await state('rivers')).toBe('ended')
  })

  const wantedOf = async (key: string): Promise<string | null> =>
    (
      await one<{ wanted_digest: string | null }>(
        database.pool,
        sql`select wanted_digest from stack where key = ${key}`,
      )
    ).wanted_digest
})

describe('when the receipt of one course cannot be written', () => {
  beforeAll(begin)
  afterAll(end)

  it('the other has its own, and the first when it can be', async () => {
    const { pool } = database
    await pass(at('08:15'))
    await refuse('receipt', 'insert', '(select course_id from session where id = new.session_id)')
    await failure(later('10:00'))
    await pool.query(`update seat set state = 'absent', wanted_on = false`)
    await pool.query(`update stack set applied_digest = wanted_digest, state = 'absent'`)
    const said = await failure(later('10:01'))
    expect(said).toContain('Course rivers: session rivers/2026-11-24T10:00 could not be closed.')
    expect([await state('rivers'), await state('woods')]).toEqual(['ended', 'closed'])
    await allow()
    await pass(later('10:02'))
    expect([await state('rivers'), await state('woods')]).toEqual(['closed', 'closed'])
  })
})

describe('when one course cannot follow its LMS list', () => {
  beforeAll(begin)
  afterAll(end)

  it('the other follows its list, and the first when it can', async () => {
    const { pool } = database
    const log = pino({ level: 'silent' })
    const { follow } = rosterFollower({ pool, ring, log, now: () => at('08:15') })
    const followed = async () =>
      (
        await many<{ key: string }>(
          pool,
          sql`select key from course where roster_proposed is not null order by key`,
        )
      ).map(({ key }) => key)
    await pool.query('update course set follows_roster = true')
    await refuse('course', 'update of roster_proposed', 'new.id')
    const said = await follow().then(() => 'nothing', whole)
    expect(await followed()).toEqual(['woods'])
    expect(said).toContain('Course rivers: it could not follow its LMS list.')
    expect(said).toContain('nothing is written here')
    await allow()
    await follow()
    expect(await followed()).toEqual(['rivers', 'woods'])
  })
})

describe('when the server is lost in the middle of a pass', () => {
  beforeAll(begin)
  afterAll(end)

  it('gives the pass up at once, with nothing of what comes after it, and does it all in the next', async () => {
    await write('course', 'update', `perform pg_terminate_backend(pg_backend_pid())`)
    const failure: unknown = await pass(at('08:15')).catch((error: unknown) => error)
    // Not what was being done of which course: it is nothing of theirs.
    expect(whole(failure)).toContain('terminating connection')
    expect(isServerLost(failure)).toBe(true)
    // Others could connect again and go on: it is not tried.
    expect(await asked()).toEqual([])
    expect(await state('woods')).toBe('planned')
    await allow()
    await pass(at('08:16'))
    expect(await asked()).toContain('seats-woods-0')
    expect(await state('woods')).toBe('preparing')
  })

  it('knows one that is not there from a disk that is full', async () => {
    const away = openPool({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', installation: 'x' })
    const refused: unknown = await away.query('select 1').catch((error: unknown) => error)
    await away.end()
    expect(isServerLost(refused)).toBe(true)
    const full: unknown = await writeFile('/dev/full', 'x').catch((error: unknown) => error)
    expect(full).toMatchObject({ code: 'ENOSPC' })
    expect(isServerLost(full)).toBe(false)
  })
})
