// Freezes from the command line, with the api down: what is held, where it is said, and that it ends by itself.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { dueStacks } from '../../api/data/runs/stack-wish.ts'
import type { WantedStack } from '../../stacks/rules/wanted.ts'
import { labplan } from '../../scripts/labplan.ts'
import { keepSeats } from '../../workers/jobs/freezes.ts'
import { textOf } from '../api/page-text.ts'
import { openWebsite } from '../api/website.ts'
import { IN_CLASS, addLmsCourse, importDocuments, launch, signIn } from '../cast/record.ts'
import { SEATS_STACK, after, want } from '../cast/runs.ts'

const now = IN_CLASS
const VOLUMES_STACK = 'volumes-networks-101'
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, now)
await want(pool, now, { [SEATS_STACK]: 'two-seats', [VOLUMES_STACK]: 'two-volumes' })
const administrator = await signIn(pool, { administrator: true, now })
writeFileSync(join(site.home, 'installation'), `${site.database.installation}\n`)
/** No api answers there. */
const env = {
  LABPLAN_HOME: site.home,
  LABPLAN_API_URL: 'http://127.0.0.1:9',
  DATABASE_URL: site.database.url,
}

async function at(clock: Date, environment: Record<string, string>, ...argv: string[]) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(...line.split('\n'))
  const output = { print, complain: (line: string) => print(`! ${line}`) }
  const code = await labplan(argv, output, environment, () => clock)
  return [...lines, `exit ${code}`, ''].join('\n')
}

const run = (...argv: string[]) => at(now, env, ...argv)

async function due(clock: Date): Promise<string[]> {
  return (await withTransaction(pool, (tx) => dueStacks(tx, clock))).map((stack) => stack.key)
}

const both = [SEATS_STACK, VOLUMES_STACK]

it('freezes applies in a pool until their end, which comes by itself', async () => {
  expect(await due(now)).toEqual(both)
  const said = [
    await run('freeze', 'list'),
    await run('freeze', 'local', '--applies', '--reason', 'Rack 3 moves', '--until', '4h'),
    await run('freeze', 'list'),
  ]
  expect(await due(now)).toEqual([])
  // What may go is not held: nothing is wanted of the seats stack any more.
  await pool.query(`update stack set applied_digest = 'two-seats' where key = $1`, [SEATS_STACK])
  await want(pool, now, { [VOLUMES_STACK]: 'two-volumes' })
  expect(await due(now)).toEqual([SEATS_STACK])
  await want(pool, now, { [SEATS_STACK]: 'three-seats', [VOLUMES_STACK]: 'two-volumes' })
  const fourHours = after(now, 4 * 3600)
  expect(await due(after(fourHours, -1))).toEqual([])
  expect(await due(fourHours)).toEqual(both)
  await expect(
    [...said, await at(fourHours, env, 'freeze', 'list')].join('\n'),
  ).toMatchFileSnapshot('expected/labplan-freeze.txt')
})

it('says what is held and why, on the page and in the status', async () => {
  for (const locale of ['en', 'fr']) {
    const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=${locale}`
    const { text } = await site.get('/admin/runs', { headers: { cookie } })
    const page = textOf(text.replace(/<a class="skip"[\s\S]*?<\/header>/, ''))
    await expect(page).toMatchFileSnapshot(`../api/expected/runs-frozen.${locale}.txt`)
  }
  const api = `http://127.0.0.1:${new URL(site.origin).port}`
  const status = await at(now, { ...env, LABPLAN_API_URL: api }, 'status')
  expect(status).toContain('! applies are frozen in local until 2026-11-24 13:20 UTC: Rack 3 moves')
  expect(status).toMatch(
    /seats-networks-101-0 +apply +held by a freeze +2026-11-24 13:20 +Rack 3 moves/,
  )
})

it('is taken back, pool by pool or all at once, and audited', async () => {
  const said = [
    await run('freeze', 'all', '--destroys', '--reason', 'Exams', '--until', '2026-11-30T18:00'),
    await run('unfreeze', 'local'),
    await run('unfreeze', 'local'),
  ]
  expect(await due(now)).toEqual(both)
  await want(pool, now, { [VOLUMES_STACK]: 'two-volumes' })
  expect(await due(now)).toEqual([VOLUMES_STACK])
  said.push(await run('unfreeze', 'all'), await run('unfreeze', 'all'))
  expect(await due(now)).toEqual(both)
  const { rows } = await pool.query(
    `select actor, action from audit where subject_kind = 'freeze' order by id`,
  )
  expect(rows).toEqual(
    ['freeze.start', 'freeze.start', 'freeze.end', 'freeze.end'].map((action) => ({
      actor: 'operator',
      action,
    })),
  )
  await expect(said.join('\n')).toMatchFileSnapshot('expected/labplan-unfreeze.txt')
})

it('freezes both when nothing is said, and refuses what it does not understand', async () => {
  const frozen = await run('freeze', 'local', '--reason', 'Exams', '--until', '90m', '--json')
  expect(JSON.parse(frozen.split('\n')[0] ?? '')).toEqual({
    ...{ pool: 'local', applies: true, destroys: true },
    ...{ reason: 'Exams', until: '2026-11-24T10:50:00.000Z' },
  })
  expect(await due(now)).toEqual([])
  await run('unfreeze', 'all')
  await expect(
    [
      await run('freeze'),
      await run('freeze', 'local', '--until', '4h'),
      await run('freeze', 'local', '--reason', 'Exams'),
      await run('freeze', 'local', '--reason', 'Exams', '--until', 'tomorrow'),
      await run('freeze', 'local', '--reason', 'Exams', '--until', '2026-11-23T18:00'),
      await run('freeze', 'elsewhere', '--reason', 'Exams', '--until', '4h'),
    ].join('\n'),
  ).toMatchFileSnapshot('expected/labplan-freeze-wrong.txt')
  const away = await at(
    now,
    { ...env, DATABASE_URL: 'postgres://x@127.0.0.1:9/x' },
    'freeze',
    'list',
  )
  expect(away).toMatch(/^! The database does not answer \(.*\nexit 3\n$/)
})

it('tells a student whose seat cannot be made, and not one whose seat is there', async () => {
  const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
  const student = await signIn(pool, { contextId, now })
  const { id } = await launch(pool, { personId: student.personId, courseKey: 'networks-101', now })
  const read = async () => textOf((await site.get(`/workspaces/${id}`, { who: student })).text)
  expect(await read()).not.toContain('have paused this')
  await run('freeze', 'local', '--reason', 'Rack 3 moves', '--until', '4h')
  expect(await read()).toContain('Making your environment resumes at 14:20 at the latest.')
  await pool.query(`update seat set state = 'cold' where id = (select seat_id from workspace)`)
  expect(await read()).not.toContain('have paused this')
  await pool.query(`update seat set state = 'absent'`)
  await run('unfreeze', 'all')
  expect(await read()).not.toContain('have paused this')
})

it('keeps seats that exist in their stack while destroys are frozen', () => {
  const stack = { key: 'seats-x-1', kind: 'seats', pool: 'a', course: 'x', seats: [101, 103] }
  const other = { ...stack, key: 'volumes-x', kind: 'volumes', seats: [1] }
  const stacks = [stack, other] as unknown as WantedStack[]
  const seat = (number: number, more = {}) => ({ pool: 'a', course: 'x', number, ...more })
  const kept = [
    seat(102),
    seat(103),
    seat(100),
    seat(104, { pool: 'b' }),
    seat(105, { course: 'y' }),
  ]
  expect(keepSeats(stacks, kept).map((one) => one.seats)).toEqual([[101, 102, 103], [1]])
})
