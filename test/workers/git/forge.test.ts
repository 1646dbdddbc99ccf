/** The forge's keeper against exchanges written from the forges' documentation: every call of it, in order, or none. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig, withoutLogin } from '../../../api/config.ts'
import { execute, sql, withTransaction } from '../../../api/data/db.ts'
import { rejectChange, reviewOf } from '../../../api/data/changes/change-review.ts'
import { offerCommit } from '../../../api/data/changes/estate.ts'
import {
  findForge,
  findRequest,
  statusShouldBe,
  unsaidStatuses,
} from '../../../api/data/changes/forge.ts'
import { forgeAt, type ForgeKind } from '../../../workers/git/forge-at.ts'
import { estateKeeper } from '../../../workers/git/keep-estate.ts'
import { forgeKeeper, waitAfter } from '../../../workers/git/keep-forge.ts'
import { pushedStatus } from '../../../workers/git/forge-words.ts'
import { keepEstate } from '../../../workers/passes.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { testDatabase } from '../../postgres.ts'
import { type Exchange, github, gitlab } from './forge-exchanges.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const TOKEN = 'a-token-of-the-test-alone'
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-forge-'))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, `${TOKEN}\n`)

const [first, second] = ['1'.repeat(40), '2'.repeat(40)]
const ring = testRing()
const database = await testDatabase()
const { pool } = database
await importDocuments(pool, ring, NOW, [
  { name: 'zone.yaml', text: zoneDocument },
  { name: 'environment.yaml', text: environmentDocument },
  { name: 'pool.yaml', text: poolDocument },
  { name: 'networks.yaml', text: networksDocument() },
])
const id = await proposeBeyond()
let script: Awaited<ReturnType<typeof playExchanges>>
let now = NOW

beforeEach(async () => {
  now = NOW
  script = await playExchanges()
  await execute(pool, sql`truncate forge, forge_request, forge_status, forge_comment`)
  await execute(pool, sql`update change set state = 'proposed', offered = '{}' where id = ${id}`)
  await offerCommit(pool, { id, commit: first })
})
afterEach(() => script.close())
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.drop()
})

const cases = [
  ['gitlab', gitlab, '/infra/teaching/estate.git'],
  ['github', github, '/infra/estate'],
] as const

describe.each(cases)('%s', (kind, said, path) => {
  const at = (commit: string) => ({ branch: `change/${id}`, commit })
  const keep = () => keeper(kind, `${script.url}${path}`).keep()
  const opening = () => [said.listed([]), said.opened(at(first)), said.status(first, 'success')]

  it('opens a request for a change that waits, once, and sets its status', async () => {
    await script.plays(opening(), keep)
    await script.plays([said.listed([at(first)])], keep)
    const [, opened] = script.seen
    expect(opened?.body).toContain('allowance')
    expect(opened?.body).toContain(`approve commit ${first}`)
    expect(opened?.authorization).toBe(`Bearer ${TOKEN}`)
    const request = await findRequest(pool, id)
    expect(request).toMatchObject({ state: 'open', commit: first, message: null })
    expect(request?.address).toMatch(/^https:/)
  })

  it('tells it of its branch made anew, and sets the status of that', async () => {
    await script.plays(opening(), keep)
    await offerCommit(pool, { id, commit: second })
    const calls = [said.listed([at(second)]), said.amended(at(second))]
    await script.plays([...calls, said.status(second, 'success')], keep)
    expect(await findRequest(pool, id)).toMatchObject({ commit: second })
  })

  it('takes up one that it had opened before it died', async () => {
    const calls = [said.listed([at(first)]), said.amended(at(first)), said.status(first, 'success')]
    await script.plays(calls, keep)
    expect(await findRequest(pool, id)).toMatchObject({ state: 'open' })
  })

  it('takes nothing from a fork, whose branches may be called as ours', async () => {
    const calls = [said.listed([], at(second)), said.opened(at(first))]
    await script.plays([...calls, said.status(first, 'success')], keep)
    expect(await findRequest(pool, id)).toMatchObject({ commit: first })
  })

  it('closes it with a word when the change was rejected, and does not say why', async () => {
    await script.plays(opening(), keep)
    await reject('Ask Ada first')
    const calls = [
      said.listed([at(first)]),
      said.found(at(first), 'opened'),
      said.closed(at(first)),
    ]
    await script.plays([...calls, said.commented(/Rejected; why stands on its page: http/)], keep)
    expect(script.seen.map((one) => one.body).join('')).not.toContain('Ada')
    expect(await findRequest(pool, id)).toMatchObject({ state: 'closed' })
    await script.plays([said.listed([])], keep)
  })

  it('leaves alone what somebody closed there, until its branch is another', async () => {
    await script.plays(opening(), keep)
    await script.plays([said.listed([]), said.found(at(first), 'closed')], keep)
    expect(await findRequest(pool, id)).toMatchObject({ state: 'closed' })
    await offerCommit(pool, { id, commit: second })
    const calls = [said.listed([]), said.found(at(first), 'closed'), said.opened(at(second))]
    await script.plays([...calls, said.status(second, 'success')], keep)
    expect(await findRequest(pool, id)).toMatchObject({ state: 'open', commit: second })
  })

  it('waits as long as it is told to, says so, and loses nothing', async () => {
    const busy = { ...said.listed([]), status: 429, headers: { 'retry-after': '120' } }
    await script.plays([busy], keep)
    expect(await findForge(pool)).toMatchObject({
      ...{ state: 'held', attempts: 1, retry_at: new Date(NOW.getTime() + 120_000) },
      message: expect.stringContaining('asks us to wait (429)'),
    })
    now = new Date(NOW.getTime() + 119_000)
    await script.plays([], keep)
    now = new Date(NOW.getTime() + 120_000)
    await script.plays(opening(), keep)
    expect(await findForge(pool)).toMatchObject({ state: 'current', attempts: 0 })
  })

  it('keeps one refused request from no other word, and tries it again', async () => {
    const refused = { ...said.opened(at(first)), status: 422, answer: { message: 'No branch' } }
    await script.plays([said.listed([]), refused, said.status(first, 'success')], keep)
    const { onForge } = (await reviewOf(pool, { id, ring, now }))!
    expect(onForge.request).toMatchObject({
      ...{ state: 'unsaid', number: null },
      message: expect.stringMatching(/answered 422 to POST .*No branch/),
    })
    await script.plays([said.listed([])], keep)
    now = onForge.request!.retry_at!
    await script.plays([said.listed([]), said.opened(at(first))], keep)
    expect(await findRequest(pool, id)).toMatchObject({ state: 'open', message: null })
  })

  it('tells whoever pushed what became of it, by a status', async () => {
    const note = 'Not taken: nothing of it is in force.\ncourses/x/course.yaml:3:1: no such field\n'
    await script.plays(opening(), keep)
    await statusShouldBe(pool, pushedStatus(second, note))
    const status = said.status(second, 'failed')
    const sends = { ...status.sends, description: 'courses/x/course.yaml:3:1: no such field' }
    await script.plays([said.listed([at(first)]), { ...status, sends }], keep)
    await script.plays([said.listed([at(first)])], keep)
    expect(await unsaidStatuses(pool, 9)).toEqual([])
  })
})

it('goes on after a forge that is away, ever less often, and never says the token', async () => {
  await script.close()
  const keep = keeper('gitlab', `${script.url}/infra/estate`)
  await keep.keep()
  const held = await findForge(pool)
  expect(held).toMatchObject({ state: 'held', message: expect.stringContaining('did not answer') })
  expect(held?.message).not.toContain(TOKEN)
  expect([0, 1, 2, 40].map(waitAfter)).toEqual([30_000, 60_000, 120_000, 900_000])
})

it('says what is wrong with a token, or an address, in a sentence', async () => {
  const keep = keeper('gitlab', `${script.url}/infra/teaching/estate`)
  const refused = (status: number) => ({ ...gitlab.listed([]), status })
  await script.plays([refused(401)], () => keep.keep())
  expect((await findForge(pool))?.message).toContain('does not know the token')
  now = new Date(NOW.getTime() + 3_600_000)
  await script.plays([refused(404)], () => keep.keep())
  expect((await findForge(pool))?.message).toContain('correct LABPLAN_FORGE_URL')
})

it('knows where each forge has its API', () => {
  const api = (kind: ForgeKind, address: string) => forgeAt(kind, address).api
  expect(api('gitlab', 'https://git.example.edu/a/b/estate.git')).toBe(
    'https://git.example.edu/api/v4/projects/a%2Fb%2Festate',
  )
  expect(api('github', 'https://github.com/infra/estate')).toBe(
    'https://api.github.com/repos/infra/estate',
  )
  expect(api('forgejo', 'https://example.edu/forge/infra/estate/')).toBe(
    'https://example.edu/forge/api/v1/repos/infra/estate',
  )
})

it('shows an address of Git without a token that somebody wrote into it', () => {
  const said =
    "fatal: unable to access 'https://bot:glpat-secret@git.example.edu/infra/estate.git/': 403"
  expect(withoutLogin(said)).toBe(
    "fatal: unable to access 'https://git.example.edu/infra/estate.git/': 403",
  )
  const kept = ['ssh://git@git.example.edu/estate', '/srv/estate.git', 'git@git.example.edu:estate']
  expect(kept.map(withoutLogin)).toEqual(kept)
  expect(withoutLogin('ssh://git:word@git.example.edu/e')).toBe('ssh://git@git.example.edu/e')
})

it('is told what holds although the estate cannot be written, nor that said', async () => {
  const repository = { folder: join(folder, 'estate'), installation: 'test0000', searchPath: '' }
  // No Git is found there, which PostgreSQL refuses to note.
  const books = estateKeeper({ pool, ring, repository, hasForge: true, now: () => now })
  await pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin
      raise exception 'nothing is written here';
    end $$;
    create trigger refuse before insert or update on estate for each row execute function refuse()`)
  const requests = keeper('gitlab', `${script.url}/infra/teaching/estate.git`)
  const at = { branch: `change/${id}`, commit: first }
  await script.plays([gitlab.listed([]), gitlab.opened(at), gitlab.status(first, 'success')], () =>
    expect(keepEstate({ pool, now: () => now, books, requests })).rejects.toThrow(
      'The estate could not be written.',
    ),
  )
  await pool.query('drop function refuse cascade')
  expect(await findForge(pool)).toMatchObject({ state: 'current' })
})

it('takes a forge as a whole, and a token over TLS alone', () => {
  const config = (more: Record<string, string>) =>
    readConfig({
      ...{ DATABASE_URL: database.url, LABPLAN_INSTALLATION: database.installation },
      ...{ LABPLAN_ESTATE: 'https://git.example.edu/infra/estate', ...more },
    }).forge
  const whole = {
    ...{ LABPLAN_FORGE: 'gitea', LABPLAN_FORGE_URL: 'https://git.example.edu/infra/estate' },
    LABPLAN_FORGE_TOKEN_FILE: tokenFile,
  }
  expect(config({})).toBeUndefined()
  expect(config(whole)).toMatchObject({ kind: 'gitea', tokenFile })
  expect(() => config({ LABPLAN_FORGE: 'gitea' })).toThrow(/all of them/)
  const plain = { ...whole, LABPLAN_FORGE_URL: 'http://git.example.edu/infra/estate' }
  expect(() => config(plain)).toThrow(/must be https/)
})

/** More seats than the course may have unseen. Answers the change that waits. */
async function proposeBeyond(): Promise<string> {
  const text = networksDocument(60).replace('students', 'allowance: { seats: 30 }\nstudents')
  const outcome = await importDocuments(pool, ring, NOW, [{ name: 'n.yaml', text }])
  if (outcome.outcome !== 'changed') throw new Error('It was to be a change.')
  return outcome.change.id
}

function keeper(kind: ForgeKind, address: string) {
  const config = { kind, address, tokenFile, publicUrl: 'https://labplan.example.edu' }
  return forgeKeeper({ pool, ring, config, now: () => now })
}

const reject = (reason: string) =>
  withTransaction(pool, (tx) =>
    rejectChange(tx, { id, reason, actor: { name: 'test', role: 'operator' }, now }),
  )

type Seen = { body: string; authorization: string | undefined }

/** A server that is asked just these, in this order, and answers so. */
async function playExchanges() {
  const seen: Seen[] = []
  const wrong: string[] = []
  let next: Exchange[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    seen.push({ body, authorization: request.headers.authorization })
    const is = `${request.method} ${request.url}`
    const one = next.shift()
    if (!one || is !== `${one.method} ${one.path}`) {
      wrong.push(`asked ${is}, not ${one ? `${one.method} ${one.path}` : 'anything'}`)
      return void response.writeHead(404).end('{}')
    }
    const sent = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
    for (const [name, value] of Object.entries(one.sends ?? {}))
      if (value instanceof RegExp ? !value.test(String(sent[name])) : sent[name] !== value)
        wrong.push(`${is} sends ${name} ${JSON.stringify(sent[name])}, not ${String(value)}`)
    response.writeHead(one.status, { 'content-type': 'application/json', ...one.headers })
    response.end(JSON.stringify(one.answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...{ seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    async plays(exchanges: Exchange[], act: () => Promise<void>) {
      next = [...exchanges]
      await act()
      expect(wrong).toEqual([])
      expect(next.map(({ method, path }) => `${method} ${path}`)).toEqual([])
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
