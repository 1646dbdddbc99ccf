// The command line against a running api: what it prints, to whom, and with which exit code.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { labplan } from '../../scripts/labplan.ts'
import { allDocuments, networksDocument, poolDocument } from '../cast/documents.ts'
import { addLmsCourse, signIn } from '../cast/record.ts'
import { many, sql } from '../../api/data/db.ts'
import { findChange } from '../../api/data/changes/change.ts'
import { keepPlan } from '../../api/data/changes/change-plan.ts'
import { openWebsite } from '../api/website.ts'
import { commandLineEnv, runCommand } from '../api/command-line.ts'

const now = new Date('2026-11-23T12:00:00Z')
const site = await openWebsite(now)
const folder = mkdtempSync(join(tmpdir(), 'labplan-cli-'))
afterAll(async () => {
  await site.close()
  rmSync(folder, { recursive: true })
})
for (const { name, text } of [
  ...allDocuments(),
  { name: 'large.yaml', text: networksDocument(150, 30) },
  {
    name: 'wrong.yaml',
    text: networksDocument().replace('students: 30', 'students: many').replace('pool:', 'pol:'),
  },
])
  writeFileSync(join(folder, name), text)

const env = commandLineEnv(site)

/** Both outputs as one text, stderr marked, and the exit code; the folder and ids are blanked. */
async function run(...argv: string[]): Promise<string> {
  const words = argv.map((word) => (word.endsWith('.yaml') ? join(folder, word) : word))
  const text = (await runCommand(site, words)).marked.replaceAll(`${folder}/`, '')
  return `${text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/(invite|token)=[\w-]{43}/g, '$1=TOKEN')
    .replaceAll(site.origin, 'http://labplan.localhost:PORT')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')}\n`
}

const golden = (name: string) => `expected/labplan-${name}.txt`

it('lists its commands, and says more of each', async () => {
  expect(await run('help')).toMatch(/course import +Import courses/)
  expect(await run()).toBe(await run('help'))
  await expect(await run('help', 'course', 'import')).toMatchFileSnapshot(golden('help-import'))
  expect(await run('course', 'import', '--help')).toBe(await run('help', 'course', 'import'))
})

it('tells wrong words from refusals', async () => {
  await expect(
    [
      await run('course', 'inport'),
      await run('brew', 'coffee'),
      await run('course', 'list', '--colour'),
      await run('course', 'import'),
      await run('course', 'import', 'none.yaml'),
      await run('change', 'approve', '1'),
    ].join('\n'),
  ).toMatchFileSnapshot(golden('wrong'))
})

it('says there is nothing yet', async () => {
  await expect(
    [
      await run('course', 'list'),
      await run('session', 'list'),
      await run('change', 'list'),
      await run('roster', 'list'),
    ].join('\n'),
  ).toMatchFileSnapshot(golden('empty'))
})

it('names file, line and what is allowed', async () => {
  await expect(await run('course', 'import', 'pool.yaml', 'wrong.yaml')).toMatchFileSnapshot(
    golden('import-wrong'),
  )
})

it('imports, with what the planner has to say, and lists', async () => {
  const files = allDocuments().map(({ name }) => name)
  await expect(
    [
      await run('course', 'import', ...files),
      await run('course', 'import', ...files),
      await run('course', 'list'),
      await run('session', 'list', 'networks-101', '--limit', '3'),
      await run('session', 'list', 'machine-learning-lab'),
      await run('status'),
    ].join('\n'),
  ).toMatchFileSnapshot(golden('import'))
})

it('says when a class is prepared and why then, and what its early plan found', async () => {
  const reason = [{ code: 'lead.others', params: { count: 20 } }]
  await site.pool.query(
    `update session set lead_reason = $1 where key like 'networks-101/2026-11-24%'`,
    [JSON.stringify(reason)],
  )
  const problems = [
    { code: 'early.plan-failed', params: { what: 'late.what.seats', message: 'no network' } },
  ]
  await site.pool.query(
    `insert into early_plan (session_id, due_at, state, started_at, ended_at, problems)
     select id, $1, 'failed', $1, $1, $2 from session where key like 'networks-101/2026-11-24%'`,
    [now, JSON.stringify(problems)],
  )
  const unknown = [
    { code: 'early.machines-busy', params: { what: 'late.what.nodes', region: 'RegionOne' } },
  ]
  await site.pool.query(
    `insert into early_plan (session_id, due_at, state, started_at, ended_at, unknown)
     select id, $1, 'passed', $1, $1, $2 from session where key like 'networks-101/2026-12-01%'`,
    [now, JSON.stringify(unknown)],
  )
  const text = await run('session', 'list', 'networks-101', '--limit', '2', '--why')
  await expect(text).toMatchFileSnapshot(golden('session-why'))
  await site.pool.query('delete from early_plan')
})

it('keeps what needs review, and approves it', async () => {
  const proposed = await run('course', 'import', 'large.yaml')
  const list = await run('change', 'list')
  const { body } = await site.api('/api/changes')
  const [change] = body['changes'] as { id: string }[]
  const { blueprint_digest: digest } = (await findChange(site.pool, change?.id ?? ''))!
  await keepPlan(site.pool, {
    ...{
      changeId: change?.id ?? '',
      digest,
      stack: 'seats-networks-101-0',
      text: null,
      message: null,
    },
    ...{ counts: { create: 70, update: 0, replace: 0, delete: 0 }, due_at: now, now },
  })
  const show = await run('change', 'show', change?.id ?? '')
  const shown = show.replace(digest.slice(0, 12), 'DIGEST')
  const approved = await run('change', 'approve', change?.id ?? '')
  await expect([proposed, list, shown, approved].join('\n')).toMatchFileSnapshot(golden('review'))
})

it('lists the changes that are so, and no others', async () => {
  const list = async (...words: string[]) => run('change', 'list', ...words)
  expect(await list('--state', 'rejected')).toBe('No change is so.\nexit 0\n')
  expect(await list('--state', 'approved', '--contains', 'machine-learning')).toMatch(
    /^CHANGE.*\n.*approved.*machine-learning-lab\nexit 0/,
  )
  expect(await list('--state', 'lost')).toMatch(
    /^! --state is proposed, approved or rejected\.\nexit 2/,
  )
})

it('tries a policy without changing anything, and names what is wrong in it', async () => {
  const policy = `apiVersion: labplan/v1
kind: Policy
gate:
  rules:
    - { key: all, title: All, lane: review, when: { documents: [Course] } }
`
  writeFileSync(join(folder, 'strict.yaml'), policy)
  writeFileSync(join(folder, 'typo.yaml'), policy.replace('review', 'revue'))
  const said = [
    await run('policy', 'test', 'strict.yaml'),
    await run('policy', 'test', 'typo.yaml'),
  ]
  await expect(said.join('\n')).toMatchFileSnapshot(golden('policy'))
})

it('puts people into the teams of the policy by their pseudonym', async () => {
  const { personId } = await signIn(site.pool, { now, name: 'student1' })
  const [person] = await many<{ pseudonym: string }>(
    site.pool,
    sql`select pseudonym from person where id = ${personId}`,
  )
  const said = [
    await run('reviewer', 'add', person!.pseudonym, 'gpu-team'),
    await run('reviewer', 'list'),
    await run('reviewer', 'remove', person!.pseudonym, 'gpu-team'),
    await run('reviewer', 'list'),
    await run('reviewer', 'add', 'p-nobody', 'gpu-team'),
  ]
  const text = said.join('\n').replaceAll(person!.pseudonym, 'PERSON')
  await expect(text).toMatchFileSnapshot(golden('reviewer'))
})

it('counts who comes, names nobody, and says when a list cannot be read', async () => {
  const contextId = await addLmsCourse(site.pool, {
    ...{ courseKey: 'networks-101', contextId: 'counted', now },
  })
  await signIn(site.pool, { name: 'Student One', role: 'student', contextId, now })
  const text = [await run('roster', 'list'), await run('roster', 'read', 'networks-101')].join('\n')
  await expect(text).toMatchFileSnapshot(golden('roster'))
  expect(await run('roster', 'read', 'none')).toMatch(/exit 1/)
  expect(await run('roster', 'read')).toMatch(/exit 2/)
})

it('speaks JSON when asked to', async () => {
  const json = async (...argv: string[]) => {
    const [line = '', ...rest] = (await run(...argv, '--json')).trimEnd().split('\n')
    return { value: JSON.parse(line) as Record<string, unknown>, rest }
  }
  expect(await json('course', 'list')).toMatchObject({
    value: { courses: [{ key: 'machine-learning-lab' }, { key: 'networks-101', state: 'ready' }] },
    rest: ['exit 0'],
  })
  expect((await json('session', 'list', 'machine-learning-lab')).value).toMatchObject({
    sessions: [{ message: 'session.does-not-fit', atOnce: 8 }],
  })
  expect((await json('status')).value).toMatchObject({ counts: { courses: 2 } })
  const wrong = await json('course', 'import', 'wrong.yaml')
  expect(wrong).toMatchObject({ value: { error: 'problem.documents' }, rest: ['exit 1'] })
  expect((await json('course', 'import', 'pool.yaml')).value).toMatchObject({
    outcome: 'unchanged',
    documents: [{ kind: 'Pool', key: 'local' }],
  })
})

it('makes the first administrator and a registration link, and activates a platform', async () => {
  await addLmsCourse(site.pool, { courseKey: 'networks-101', contextId: '2', now })
  await site.pool.query(`update platform set state = 'pending'`)
  const { body } = await site.api('/api/platforms')
  const [platform] = body['platforms'] as { id: string }[]
  await expect(
    [
      await run('admin', 'invite'),
      await run('registration-link', 'create', 'Our', 'Moodle'),
      await run('platform', 'list'),
      await run('platform', 'activate', platform?.id ?? ''),
      await run('platform', 'activate', 'nonsense'),
    ].join('\n'),
  ).toMatchFileSnapshot(golden('lms'))
})

it('says when Labplan does not answer, or there is no token', async () => {
  const silent = { print: () => {}, complain: (line: string) => said.push(line) }
  const said: string[] = []
  const away = { ...env, LABPLAN_API_URL: 'http://127.0.0.1:9' }
  expect(await labplan(['status'], silent, away)).toBe(3)
  expect(await labplan(['status'], silent, { ...env, LABPLAN_HOME: folder })).toBe(3)
  expect(said[0]).toMatch(/^Labplan does not answer at http:\/\/127\.0\.0\.1:9 \(/)
  expect(said[1]).toMatch(/^The operator's token is not readable/)
  writeFileSync(join(folder, 'operator-token'), 'not-the-token')
  expect(await labplan(['status'], silent, { ...env, LABPLAN_HOME: folder })).toBe(1)
})

it('keeps the pool document it was given', async () => {
  const { rows } = await site.pool.query(`select text from document where kind = 'Pool'`)
  expect(rows).toEqual([{ text: poolDocument }])
})
