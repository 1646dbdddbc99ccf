/** Who may push to the estate gets nothing approved that nobody read: each case alters a branch and says what is answered. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { one, sql } from '../../../api/data/db.ts'
import { estateKeeper } from '../../../workers/git/keep-estate.ts'
import { allDocuments, networksDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const COURSE = 'courses/networks-101'
const ring = testRing()
let database: TestDatabase
let folder: string
let bare: string
let work: string
/** The change that waits, and its branch as we wrote it. */
let id: string
let offered: string
afterEach(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  database = await testDatabase()
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-tampered-'))
  bare = join(folder, 'estate.git')
  await importDocuments(database.pool, ring, NOW, allDocuments())
  await keep()
  const outcome = await importDocuments(database.pool, ring, NOW, [
    { name: 'n.yaml', text: networksDocument(150, 30) },
  ])
  if (outcome.outcome !== 'changed') throw new Error('It was to be a change.')
  ;({ id } = outcome.change)
  await keep()
  work = mkdtempSync(join(folder, 'work-'))
  git('clone', '--quiet', bare, '.')
  offered = git('rev-parse', `origin/change/${id}`)
})

const keep = () =>
  estateKeeper({
    ...{ pool: database.pool, ring, now: () => NOW },
    repository: {
      folder: bare,
      installation: database.installation,
      searchPath: process.env.PATH ?? '',
    },
  }).keep()

function git(...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }
  const user = ['-c', 'user.name=reviewer', '-c', 'user.email=reviewer@example.edu']
  return execFileSync('git', ['-C', work, ...user, ...args], {
    env,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim()
}
const note = (commit: string) =>
  execFileSync('git', ['-C', bare, 'notes', '--ref=labplan', 'show', commit], { encoding: 'utf8' })
const main = (path: string) =>
  execFileSync('git', ['-C', bare, 'show', `main:${path}`], { encoding: 'utf8' })
const state = async () =>
  (await one<{ state: string }>(database.pool, sql`select state from change where id = ${id}`))
    .state

/** Commits the work tree with our own words, trailers and name. */
function forge(trailers = git('log', '-1', '--format=%B', offered)): void {
  git('add', '--all')
  const us = [
    '-c',
    'user.name=Labplan',
    '-c',
    `user.email=labplan@${database.installation}.invalid`,
  ]
  git(...us, 'commit', '--quiet', '--allow-empty', '-m', trailers)
}

/** Merges what the branch has by now, as a reviewer who trusts it does. */
function merge(): string {
  git('fetch', '--quiet', '--force', 'origin', '+refs/heads/*:refs/remotes/origin/*')
  git('switch', '--quiet', 'main')
  git('merge', '--quiet', '--no-ff', '-m', 'Looks right', `origin/change/${id}`)
  git('push', '--quiet', 'origin', 'main')
  return git('rev-parse', 'HEAD')
}

/** The branch of the change, with something else in it. */
function forceBranch(alter: () => void, amend = true): void {
  git('switch', '--quiet', '--detach', offered)
  if (amend) git('reset', '--quiet', '--soft', 'HEAD^')
  alter()
  forge()
  git('push', '--quiet', '--force', 'origin', `HEAD:refs/heads/change/${id}`)
}

const write = (path: string, change: (text: string) => string) =>
  writeFileSync(join(work, path), change(readFileSync(join(work, path), 'utf8')))

it('approves by a merge of the branch it wrote', async () => {
  const merged = merge()
  await keep()
  expect(await state()).toBe('approved')
  expect(note(merged)).toContain(`Change ${id}: approved.`)
})

it.each<[string, () => void]>([
  [
    'the page that reviewers read',
    () => write(`${COURSE}/PLAN.md`, (text) => text.replaceAll('150', '31')),
  ],
  [
    'the course',
    () => write(`${COURSE}/course.yaml`, (text) => text.replace('students: 150', 'students: 31')),
  ],
  ['the numbers', () => write(`${COURSE}/numbers.txt`, (text) => `${text}allowance 900\n`)],
  [
    'the template',
    () =>
      write(`${COURSE}/stacks/seats-networks-101-0.json`, (text) =>
        text.replace('"capabilities": []', '"capabilities": ["SYS_ADMIN"]'),
      ),
  ],
  ['a file beside', () => appendFileSync(join(work, 'mine.json'), '{}\n')],
])('approves no branch that was pushed over with another of %s', async (_what, alter) => {
  forceBranch(alter)
  const merged = merge()
  await keep()
  expect(await state()).toBe('proposed')
  expect(note(merged)).toMatch(/what was merged is not the branch that Labplan wrote/)
  expect(main(`${COURSE}/course.yaml`)).toBe(networksDocument())
  // What Labplan wrote is offered again.
  git('fetch', '--quiet', '--force', 'origin', '+refs/heads/*:refs/remotes/origin/*')
  expect(git('show', `origin/change/${id}:${COURSE}/PLAN.md`)).toContain('150')
})

it.each<[string, () => string]>([
  ['of its own with our words', () => git('log', '-1', '--format=%B', offered)],
  [
    'that names another plan',
    () =>
      git('log', '-1', '--format=%B', offered).replace(
        /Blueprint: [0-9a-f]{64}/,
        `Blueprint: ${'a'.repeat(64)}`,
      ),
  ],
  [
    'that names a change of which there is none',
    () =>
      git('log', '-1', '--format=%B', offered).replace(id, '00000000-0000-7000-8000-000000000000'),
  ],
])('approves no commit on main %s', async (_what, words) => {
  git('switch', '--quiet', 'main')
  write(`${COURSE}/course.yaml`, (text) => text.replace('students: 30', 'students: 150'))
  forge(words())
  git('push', '--quiet', 'origin', 'main')
  await keep()
  expect(await state()).toBe('proposed')
  expect(note(git('rev-parse', 'HEAD'))).toMatch(/not approved/)
  expect(main(`${COURSE}/course.yaml`)).toBe(networksDocument())
})

it.each<[string, string]>([
  ['a template', `${COURSE}/stacks/seats-networks-101-0.json`],
  ['numbers', `${COURSE}/numbers.txt`],
  ['a pool’s machines', 'pools/local.json'],
  ['what reviewers read', `${COURSE}/PLAN.md`],
])('puts %s back that somebody changed on main, and says so', async (_what, path) => {
  git('switch', '--quiet', 'main')
  const before = main(path)
  write(path, (text) => `${text} `)
  git('commit', '--quiet', '--all', '-m', 'Mine')
  git('push', '--quiet', 'origin', 'main')
  await keep()
  expect(main(path)).toBe(before)
  expect(note(git('rev-parse', 'HEAD'))).toMatch(/written by Labplan alone/)
})

it('takes nothing from a history that does not come from main', async () => {
  git('switch', '--quiet', '--orphan', 'stranger')
  writeFileSync(
    join(work, 'policy.yaml'),
    'apiVersion: labplan/v1\nkind: Policy\ngate: { rules: [] }\n',
  )
  git('add', '--all')
  git('commit', '--quiet', '-m', 'Mine')
  git('push', '--quiet', 'origin', 'stranger')
  await keep()
  expect(note(git('rev-parse', 'HEAD'))).toMatch(/does not come from main/)
})
