/** The estate on a real forge: Gitea opens, shows, merges and closes what Labplan asks it to, and is away for a while. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { findChange } from '../../../api/data/changes/change.ts'
import { rejectChange } from '../../../api/data/changes/change-review.ts'
import { withTransaction } from '../../../api/data/db.ts'
import { findForge, findRequest } from '../../../api/data/changes/forge.ts'
import { estateKeeper } from '../../../workers/git/keep-estate.ts'
import { forgeKeeper } from '../../../workers/git/keep-forge.ts'
import { type GiteaBed, giteaBed, whyNoGitea } from '../../beds/gitea.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const COURSE = 'courses/networks-101/course.yaml'
const why = whyNoGitea()
if (why) process.stdout.write(`skipped, the estate on a real Gitea: ${why}\n`)

describe.skipIf(why !== undefined)('a real Gitea', () => {
  let database: TestDatabase
  let gitea: GiteaBed
  let folder: string
  let labplan: { name: string; token: string }
  let reviewer: { name: string; token: string }
  let now = NOW
  const ring = testRing()
  const name = `gitea_${randomBytes(6).toString('hex')}`

  beforeAll(async () => {
    database = await testDatabase()
    folder = mkdtempSync(join(tmpdir(), 'labplan-test-forge-'))
    await onServer(`create database ${name}`)
    const own = new URL(inject('postgres').serverUrl)
    own.pathname = name
    gitea = await giteaBed(own.href)
    labplan = await gitea.person('labplan-bot')
    reviewer = await gitea.person('reviewer')
    const org = { username: 'infra' }
    await gitea.ask(reviewer.token, 'POST', '/orgs', org)
    const repository = { name: 'estate', private: true, default_branch: 'main' }
    await gitea.ask(reviewer.token, 'POST', '/orgs/infra/repos', repository)
    writeFileSync(join(folder, 'token'), labplan.token)
    await importDocuments(database.pool, ring, NOW, [
      { name: 'zone.yaml', text: zoneDocument },
      { name: 'environment.yaml', text: environmentDocument },
      { name: 'pool.yaml', text: poolDocument },
      { name: 'networks.yaml', text: networksDocument() },
    ])
  })
  afterAll(async () => {
    await gitea?.down()
    await onServer(`drop database if exists ${name} with (force)`)
    await database?.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('opens a request with its words and status, and a merge there approves', async () => {
    await pass()
    // It shows no requests of a repository that it has not yet seen to be full: told at the next try.
    const isEmpty = async () => (await gitea.ask(reviewer.token, 'GET', at(''))) as object
    await expect.poll(isEmpty, { timeout: 60_000 }).toMatchObject({ empty: false })
    now = new Date(now.getTime() + 60_000)
    const id = await proposeBeyond(40)
    await pass()
    const request = await findRequest(database.pool, id)
    expect(request).toMatchObject({ state: 'open', message: null })
    const there = await pull(request!.number!)
    expect(there).toMatchObject({
      ...{ state: 'open', title: 'Labplan: Course networks-101', mergeable: true },
      head: { ref: `change/${id}`, sha: request!.commit },
    })
    expect(there.body).toContain('**What changes**')
    expect(await statusesOf(request!.commit!)).toMatchObject([
      { status: 'success', context: 'labplan', description: 'It compiles. A merge approves it.' },
    ])
    await merge(request!.number!)
    await pass()
    expect(await findChange(database.pool, id)).toMatchObject({ state: 'approved' })
    expect(await findRequest(database.pool, id)).toMatchObject({ state: 'merged' })
    expect(await commentsOf(request!.number!)).toEqual([`Change ${id}: approved.`])
    expect(git('show', `main:${COURSE}`)).toBe(beyond(40).trim())
    expect(git('branch', '--list', 'change/*')).toBe('')
  })

  it('approves nothing by a merge that is squashed there', async () => {
    const id = await proposeBeyond(60)
    await pass()
    const { number } = (await findRequest(database.pool, id))!
    await merge(number!, 'squash')
    await pass()
    expect(await findChange(database.pool, id)).toMatchObject({ state: 'proposed' })
    expect(git('show', `main:${COURSE}`)).toBe(beyond(40).trim())
    // It still waits, so it can be read and merged anew.
    const again = (await findRequest(database.pool, id))!
    expect(again).toMatchObject({ state: 'open' })
    expect(again.number).not.toBe(number)
    await reject(id)
    await pass()
  })

  it('closes the request of a change that is rejected here, with a word', async () => {
    const id = await proposeBeyond(70)
    await pass()
    const { number } = (await findRequest(database.pool, id))!
    await reject(id)
    await pass()
    expect(await pull(number!)).toMatchObject({ state: 'closed', merged: false })
    expect(await commentsOf(number!)).toEqual([
      expect.stringMatching(/^Rejected; why stands on its page: https:/),
    ])
    expect(await findRequest(database.pool, id)).toMatchObject({ state: 'closed' })
  })

  it('says what is wrong with what people pushed, by a status of their commit', async () => {
    const work = clone()
    writeFileSync(join(work, COURSE), beyond(40).replace('minutes: 120', 'minutes: 1'))
    git('-C', work, 'commit', '--quiet', '--all', '-m', 'Shorter')
    git('-C', work, 'push', '--quiet', 'origin', 'HEAD:refs/heads/shorter')
    const commit = git('-C', work, 'rev-parse', 'HEAD')
    await pass()
    const [status] = await statusesOf(commit)
    expect(status).toMatchObject({ status: 'failure' })
    expect(status?.description).toMatch(new RegExp(`^${COURSE}:\\d+:\\d+: `))
  })

  it('goes on where it was when the forge has been away', async () => {
    await gitea.stop()
    const id = await proposeBeyond(80)
    await pass()
    const held = await findForge(database.pool)
    expect(held).toMatchObject({ state: 'held', message: expect.stringMatching(/ECONNREFUSED/) })
    await gitea.start()
    await pass()
    expect(await findRequest(database.pool, id)).toBeUndefined()
    now = held!.retry_at!
    await pass()
    expect(await findForge(database.pool)).toMatchObject({ state: 'current', message: null })
    expect(await findRequest(database.pool, id)).toMatchObject({ state: 'open' })
  })

  it('writes the token nowhere', () => {
    const all = execFileSync('git', ['-C', join(folder, 'estate.git'), 'log', '--all', '-p'])
    expect(all.toString()).not.toContain(labplan.token)
    const config = execFileSync('git', ['-C', join(folder, 'estate.git'), 'config', '--list'])
    expect(config.toString()).not.toContain(labplan.token)
  })

  /** One pass of a worker. */
  async function pass() {
    const { pool, installation } = database
    const tokenFile = join(folder, 'token')
    const repository = {
      ...{ folder: join(folder, 'estate.git'), remote: `${gitea.url}/infra/estate.git` },
      ...{ installation, searchPath: process.env.PATH ?? '' },
      token: { origin: gitea.url, file: tokenFile },
    }
    const books = { pool, ring, repository, now: () => now, hasForge: true }
    await estateKeeper(books).keep()
    const address = `${gitea.url}/infra/estate`
    const config = { kind: 'gitea' as const, address, tokenFile }
    const publicUrl = 'https://labplan.example.edu'
    await forgeKeeper({ pool, ring, now: () => now, config: { ...config, publicUrl } }).keep()
  }

  async function proposeBeyond(students: number): Promise<string> {
    const outcome = await importDocuments(database.pool, ring, now, [
      { name: 'n.yaml', text: beyond(students) },
    ])
    if (outcome.outcome !== 'changed') throw new Error('It was to be a change.')
    expect(outcome.change.state).toBe('proposed')
    return outcome.change.id
  }

  const reject = (id: string) =>
    withTransaction(database.pool, (tx) => {
      const actor = { name: 'test', role: 'operator' } as const
      return rejectChange(tx, { id, reason: 'Too large', actor, now })
    })

  type Pull = { body: string }
  const at = (path: string) => `/repos/infra/estate${path}`
  const pull = async (number: number) =>
    (await gitea.ask(reviewer.token, 'GET', at(`/pulls/${number}`))) as Pull

  /** Gitea looks for itself whether a branch can be merged, and says 405 until it knows. */
  async function merge(number: number, how = 'merge') {
    await expect.poll(() => pull(number), { timeout: 60_000 }).toMatchObject({ mergeable: true })
    await gitea.ask(reviewer.token, 'POST', at(`/pulls/${number}/merge`), { Do: how })
  }

  const statusesOf = async (commit: string) =>
    (await gitea.ask(reviewer.token, 'GET', at(`/commits/${commit}/statuses`))) as {
      description: string
    }[]

  const commentsOf = async (number: number) =>
    (
      (await gitea.ask(reviewer.token, 'GET', at(`/issues/${number}/comments`))) as {
        body: string
      }[]
    ).map((one) => one.body)

  /** In the worker's own copy, or anywhere with -C; as the reviewer. */
  function git(...args: string[]): string {
    const basic = Buffer.from(`reviewer:${reviewer.token}`).toString('base64')
    const config = [
      ...['-c', 'user.name=reviewer', '-c', 'user.email=reviewer@example.edu'],
      ...['-c', `http.${gitea.url}/.extraHeader=Authorization: Basic ${basic}`],
    ]
    const where = args[0] === '-C' ? [] : ['-C', join(folder, 'estate.git')]
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }
    const how = { env, encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync('git', [...where, ...config, ...args], how).trim()
  }

  function clone(): string {
    const work = mkdtempSync(join(folder, 'work-'))
    git('-C', work, 'clone', '--quiet', `${gitea.url}/infra/estate.git`, '.')
    return work
  }
})

const beyond = (students: number) =>
  networksDocument(students).replace('students', 'allowance: { seats: 30 }\nstudents')

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: inject('postgres').serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
