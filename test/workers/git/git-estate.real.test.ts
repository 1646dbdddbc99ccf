/** The estate in real Git repositories: what reaches main, how a merge approves, what becomes of what people push. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { execute, many, one, sql } from '../../../api/data/db.ts'
import { findEstate } from '../../../api/data/changes/estate.ts'
import { newId } from '../../../api/data/ids.ts'
import type { Repository } from '../../../workers/git/command.ts'
import { labplan } from '../../../scripts/labplan.ts'
import { renderStack } from '../../../stacks/render.ts'
import { wantedAt } from '../../../stacks/rules/wanted.ts'
import { contentOf } from '../../../workers/jobs/content.ts'
import { estateKeeper } from '../../../workers/git/keep-estate.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const COURSE = 'courses/networks-101/course.yaml'

let database: TestDatabase
let folder: string
let bare: string
let ring: ReturnType<typeof testRing>
let remote: string | undefined

beforeEach(async () => {
  database = await testDatabase()
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-estate-'))
  bare = join(folder, 'estate.git')
  ring = testRing()
  remote = undefined
  await importDocuments(database.pool, ring, NOW, [
    { name: 'zone.yaml', text: zoneDocument },
    { name: 'environment.yaml', text: environmentDocument },
    { name: 'pool.yaml', text: poolDocument },
    { name: 'networks.yaml', text: networksDocument() },
  ])
})
afterEach(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

it('writes what is approved to main, once, by a role', async () => {
  const keeper = keep()
  await keeper.keep()
  const work = clone()
  expect(readFileSync(join(work, COURSE), 'utf8')).toBe(networksDocument())
  expect(readFileSync(join(work, 'courses/networks-101/PLAN.md'), 'utf8')).toContain('12 times')
  expect(git(work, 'log', '-1', '--format=%an <%ae>%n%(trailers:only)')).toMatch(
    /^Labplan <labplan@\w{8}\.invalid>\nLabplan-Blueprint: [0-9a-f]{64}\nLabplan-Version: \d+\nApproved-by: automatic$/,
  )
  const before = git(bare, 'rev-parse', 'main')
  await keeper.keep()
  await keep().keep()
  expect(git(bare, 'rev-parse', 'main')).toBe(before)
})

it('offers a change that waits as a branch, and a plain merge of it approves', async () => {
  await keep().keep()
  const id = await proposeBeyond(40)
  await keep().keep()
  const work = clone()
  expect(git(work, 'diff', '--stat', 'origin/main', `origin/change/${id}`)).toContain('PLAN.md')
  git(work, 'merge', '--quiet', '--no-ff', '-m', 'Looks right', `origin/change/${id}`)
  git(work, 'push', '--quiet', 'origin', 'main')
  await keep().keep()
  expect(await stateOf(id)).toBe('approved')
  git(work, 'pull', '--quiet', '--ff-only')
  expect(readFileSync(join(work, COURSE), 'utf8')).toBe(beyond(40))
  expect(git(work, 'log', '-1', '--format=%(trailers:only)')).toContain('Approved-by: git')
  expect(git(bare, 'branch', '--list', 'change/*')).toBe('')
  expect(note(git(work, 'rev-parse', 'HEAD^'))).toContain(`Change ${id}: approved.`)
})

it('approves nothing by a merge of what compiles to something else by now, and says so', async () => {
  await keep().keep()
  const id = await proposeBeyond(40)
  await keep().keep()
  const work = clone()
  git(work, 'merge', '--quiet', '--no-ff', '-m', 'Looks right', `origin/change/${id}`)
  await importDocuments(database.pool, ring, NOW, [
    { name: 'pool.yaml', text: poolDocument.replace('key: node-1', 'key: node-2') },
  ])
  git(work, 'push', '--quiet', 'origin', 'main')
  const merge = git(work, 'rev-parse', 'HEAD')
  await keep().keep()
  expect(await stateOf(id)).toBe('proposed')
  expect(note(merge)).toContain('compiles to something else by now')
  git(work, 'pull', '--quiet', '--ff-only')
  // Main stands for what is approved again, and the branch can be read and merged anew.
  expect(readFileSync(join(work, COURSE), 'utf8')).toBe(networksDocument())
  git(work, 'fetch', '--quiet', '--force')
  git(work, 'merge', '--quiet', '--no-ff', '-m', 'Read again', `origin/change/${id}`)
  git(work, 'push', '--quiet', 'origin', 'main')
  await keep().keep()
  expect(await stateOf(id)).toBe('approved')
})

it('has each stack as a file that renders to the bytes which a worker runs', async () => {
  await keep().keep()
  const work = clone()
  const { installation } = database
  const place = { installation, registry: '127.0.0.1:5000', storageRoot: '/var/lib/labplan' }
  const head = await currentBlueprint(database.pool)
  const { stacks } = wantedAt(head!.blueprint, '2026-11-24T08:30:00Z')
  expect(stacks.map((stack) => stack.kind)).toEqual(['seats', 'volumes'])
  for (const stack of stacks) {
    const printed: string[] = []
    const words = ['render', join(work, `courses/networks-101/stacks/${stack.key}.json`)]
    const where = ['--installation', place.installation, '--registry', place.registry]
    const print = (line: string) => void printed.push(line)
    expect(await labplan([...words, ...where], { print, complain: print })).toBe(0)
    const run = renderStack(await contentOf(database.pool, place, stack))
    expect(`${printed.join('\n')}\n`).toBe(run)
  }
})

it('takes an edit on a branch as a change, and answers with a note', async () => {
  await keep().keep()
  const work = clone()
  const small = pushEdit(work, 'smaller', networksDocument(28))
  await keep().keep()
  expect(note(small)).toMatch(/^Approved/)
  expect(await courseText()).toBe(networksDocument(28))
  git(work, 'pull', '--quiet', '--ff-only', 'origin', 'main')
  const wrong = pushEdit(work, 'wrong', networksDocument().replace('minutes: 120', 'minutes: 1'))
  await keep().keep()
  expect(note(wrong)).toMatch(new RegExp(`^Not taken.*\\n${COURSE}:12:14: .*allowed: minutes`))
  const large = pushEdit(work, 'larger', beyond(60))
  await keep().keep()
  expect(note(large)).toContain('Waits for review: merge change/')
  expect(await courseText()).toBe(networksDocument(28))
})

it('lets nobody overwrite what was approved meanwhile', async () => {
  await keep().keep()
  const work = clone()
  await importDocuments(database.pool, ring, NOW, [{ name: 'n.yaml', text: networksDocument(25) }])
  const edit = pushEdit(work, 'old', networksDocument(29))
  await keep().keep()
  await keep().keep()
  expect(note(edit)).toContain(`Not taken: changed in main meanwhile`)
  expect(await courseText()).toBe(networksDocument(25))
})

it('keeps commits that a rewritten main left out, and goes on from there', async () => {
  await keep().keep()
  const first = git(bare, 'rev-parse', 'main')
  await importDocuments(database.pool, ring, NOW, [{ name: 'n.yaml', text: networksDocument(25) }])
  await keep().keep()
  const second = git(bare, 'rev-parse', 'main')
  const work = clone()
  git(work, 'push', '--quiet', '--force', 'origin', `${first}:refs/heads/main`)
  await keep().keep()
  expect(git(bare, 'rev-parse', `refs/labplan/kept/${second}`)).toBe(second)
  expect(git(bare, 'show', `main:${COURSE}`)).toBe(networksDocument(25).trim())
  expect(git(bare, 'rev-parse', 'main^')).toBe(first)
})

it('says when the remote is away, and takes up again', async () => {
  remote = join(folder, 'remote.git')
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote])
  await keep().keep()
  expect(git(remote, 'show', `main:${COURSE}`)).toBe(networksDocument().trim())
  renameSync(remote, `${remote}.away`)
  await importDocuments(database.pool, ring, NOW, [{ name: 'n.yaml', text: networksDocument(25) }])
  await keep().keep()
  expect(await findEstate(database.pool)).toMatchObject({
    state: 'held',
    message: expect.stringContaining('git fetch failed'),
  })
  renameSync(`${remote}.away`, remote)
  // Somebody pushed meanwhile: nothing of theirs is lost.
  const work = clone(remote)
  const edit = pushEdit(work, 'meanwhile', networksDocument(29))
  await keep().keep()
  expect(await findEstate(database.pool)).toMatchObject({ state: 'current', message: null })
  expect(git(remote, 'show', `main:${COURSE}`)).toBe(networksDocument(25).trim())
  await keep().keep()
  expect(git(remote, 'notes', '--ref=labplan', 'show', edit)).toContain('Not taken')
})

it('never writes what names a person or looks like a secret', async () => {
  await keep().keep()
  const titled = networksDocument().replace('Networks 101', 'Networks 101 (ada invented)')
  await importDocuments(database.pool, ring, NOW, [{ name: 'n.yaml', text: titled }])
  const { id: zone } = await one<{ id: string }>(database.pool, sql`select id from zone limit 1`)
  await execute(
    database.pool,
    sql`insert into person (id, zone_id, pseudonym, display_name, created_at, seen_at)
        values (${newId()}, ${zone}, 'p-1', 'Ada Invented', ${NOW}, ${NOW})`,
  )
  await keep().keep()
  const held = await findEstate(database.pool)
  expect(held?.message).toContain(`${COURSE}:4 names a person`)
  expect(held?.message).not.toMatch(/ada/i)
  expect(git(bare, 'log', '--all', '-p')).not.toMatch(/ada/i)
  await importDocuments(database.pool, ring, NOW, [{ name: 'n.yaml', text: networksDocument() }])
  await keep().keep()
  expect(await findEstate(database.pool)).toMatchObject({ state: 'current' })
  // Known already, it is not even approved.
  const key = 'env: { API_TOKEN: glpat-Xy7Qz0PmW3vK9tBrLs2D }'
  const secret = environmentDocument.replace('ports:', `${key}\nports:`)
  await expect(
    importDocuments(database.pool, ring, NOW, [{ name: 'e.yaml', text: secret }]),
  ).rejects.toThrow(/looks like a secret/)
})

function keep() {
  const repository: Repository = {
    ...{ folder: bare, remote, installation: database.installation },
    searchPath: process.env.PATH ?? '',
  }
  return estateKeeper({ pool: database.pool, ring, repository, now: () => NOW })
}

const beyond = (students: number) =>
  networksDocument(students).replace('students', 'allowance: { seats: 30 }\nstudents')

/** More seats than the course may have unseen. Answers the change that waits. */
async function proposeBeyond(students: number): Promise<string> {
  const outcome = await importDocuments(database.pool, ring, NOW, [
    { name: 'n.yaml', text: beyond(students) },
  ])
  if (outcome.outcome !== 'changed') throw new Error('It was to be a change.')
  expect(outcome.change.state).toBe('proposed')
  return outcome.change.id
}

function git(where: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }
  const user = ['-c', 'user.name=reviewer', '-c', 'user.email=reviewer@example.edu']
  const said = execFileSync('git', ['-C', where, ...user, ...args], { env, encoding: 'utf8' })
  return said.trim()
}

function clone(from = bare): string {
  const work = mkdtempSync(join(folder, 'work-'))
  git(work, 'clone', '--quiet', from, '.')
  return work
}

/** Pushes a branch that has the course so; answers its commit. */
function pushEdit(work: string, branch: string, text: string): string {
  git(work, 'switch', '--quiet', '--create', branch)
  writeFileSync(join(work, COURSE), text)
  git(work, 'commit', '--quiet', '--all', '-m', 'Change the course')
  git(work, 'push', '--quiet', 'origin', branch)
  const commit = git(work, 'rev-parse', 'HEAD')
  git(work, 'switch', '--quiet', 'main')
  return commit
}

const note = (commit: string): string => git(bare, 'notes', '--ref=labplan', 'show', commit)

async function stateOf(changeId: string): Promise<string> {
  const [row] = await many<{ state: string }>(
    database.pool,
    sql`select state from change where id = ${changeId}`,
  )
  return row!.state
}

async function courseText(): Promise<string> {
  return (
    await one<{ document: string }>(
      database.pool,
      sql`select document from course where key = 'networks-101'`,
    )
  ).document
}
