/** What a teacher downloads is whole, or says what is missing and why; of one student by itself, too. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findCourse } from '../../api/data/courses/course.ts'
import { many, sql } from '../../api/data/db.ts'
import { submissionsOf, submissionsOfCourse } from '../../api/data/volumes/submission.ts'
import { submissionsArchive } from '../../api/storage/submissions-archive.ts'
import type { SignedIn } from '../cast/record.ts'
import { textOf } from './page-text.ts'
import { type Hander, type SubmissionScene, submissionScene } from './submission-scene.ts'

const PATH = '/courses/networks-101/submissions'
const words = { locale: 'en', timeZone: 'Europe/Paris' } as const
const folder = mkdtempSync(join(tmpdir(), 'labplan-archives-'))

let scene: SubmissionScene
let one: Hander
let two: Hander
let files: string[]

beforeAll(async () => {
  scene = await submissionScene('{}')
  one = await scene.addStudent('Student One')
  two = await scene.addStudent('Student Two')
  await one.handIn()
  await one.handIn()
  await two.handIn()
  const ids = [...(await submissionsOf(scene.site.pool, one.workspaceId))].toReversed()
  files = ids.map(({ id }) => join(scene.kept, `${id}.zip`))
})
afterAll(async () => {
  await scene.end()
  rmSync(folder, { recursive: true })
})

async function download(path: string, who: SignedIn) {
  const answer = await fetch(`http://127.0.0.1:${new URL(scene.site.origin).port}${path}`, {
    headers: { cookie: `__Host-labplan=${who.token}`, 'accept-language': 'en' },
  })
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()), answer }
}

/** Names and texts, read by another program than the one that wrote it; that checks each CRC, too. */
function inside(body: Buffer): Record<string, string> {
  const file = join(folder, 'one.zip')
  writeFileSync(file, body)
  const program =
    'import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps({n: z.read(n).decode("latin1") for n in z.namelist()}))'
  return JSON.parse(execFileSync('python3', ['-c', program, file]).toString()) as Record<
    string,
    string
  >
}

const short = (name: string) => name.replace(/^.*\//, '')

it('gives one student’s by a link of their row, to who teaches the course alone', async () => {
  const headers = { 'accept-language': 'en' }
  const { text } = await scene.site.get('/courses/networks-101', { who: scene.teacher, headers })
  const link = `${PATH}/${one.workspaceId}`
  expect(text).toMatch(
    new RegExp(`<a[^>]*href="${link}"[^>]*aria-label="Download what Student One handed in"`),
  )
  const { body, answer } = await download(link, scene.teacher)
  expect(Object.keys(inside(body)).map(short)).toEqual([
    ...['submission-1.zip', 'submission-2.zip', 'manifest.csv'],
  ])
  expect(inside(body)['manifest.csv']).not.toContain('Student Two')
  expect(answer.headers.get('content-disposition')).toMatch(/filename="networks-101-p-[\w-]+\.zip"/)
  expect((await download(link, one)).status).toBe(403)
  expect((await download(`${PATH}/${crypto.randomUUID()}`, scene.teacher)).status).toBe(404)
  const audited = await many(
    scene.site.pool,
    sql`select detail from audit where action = 'submission.download-one'`,
  )
  expect(audited).toEqual([{ detail: { submissions: 2, students: 1 } }])
})

it('is whole when all is there, and says nothing of missing', async () => {
  const all = inside((await download(PATH, scene.teacher)).body)
  expect(Object.keys(all).map(short)).toEqual([
    ...['submission-1.zip', 'submission-2.zip', 'submission-1.zip', 'manifest.csv'],
  ])
  const [, row] = all['manifest.csv']!.split('\r\n')
  const first = Buffer.from(Object.values(all)[0]!, 'latin1')
  expect(row).toContain(`,${createHash('sha256').update(first).digest('hex')},`)
})

it('names what is missing, damaged or cut, and has the rest', async () => {
  chmodSync(files[0]!, 0o600)
  const [whole, size] = [readFileSync(files[0]!), readFileSync(files[0]!).length]
  writeFileSync(files[0]!, Buffer.alloc(size, 'x'))
  rmSync(files[1]!)
  const all = inside((await download(PATH, scene.teacher)).body)
  const names = Object.keys(all)
  expect(names.map(short)).toEqual([
    ...['submission-1.zip', 'submission-1.zip', '_missing.txt', 'manifest.csv'],
  ])
  const missing = all['_missing.txt']!
  expect(missing).toMatch(/Student One .*\/submission-1\.zip: damaged: its SHA-256/)
  expect(missing).toMatch(/Student One .*\/submission-2\.zip: missing: /)
  expect(missing).not.toContain('Student Two')
  const [heads, damaged, gone, good] = all['manifest.csv']!.split('\r\n')
  expect(heads).toMatch(/,file,missing$/)
  expect(damaged).toMatch(/submission-1\.zip,damaged: /)
  expect(gone).toMatch(/,,missing: /)
  expect(good).toMatch(/submission-1\.zip,$/)
  truncateSync(files[0]!, 3)
  const cut = inside((await download(`${PATH}/${one.workspaceId}`, scene.teacher)).body)
  expect(cut['_missing.txt']).toMatch(/submission-1\.zip: damaged: /)
  writeFileSync(files[0]!, whole)
})

it('goes on when reading one breaks off, or nobody answers for it', async () => {
  const { pool } = scene.site
  const course = await findCourse(pool, 'networks-101')
  const rows = await submissionsOfCourse(pool, course!.id)
  const [first, second] = rows
  const read = async (id: string) => {
    if (id === second!.id) throw new Error('The storage agent took too long.')
    if (id !== first!.id) return scene.agent.kept(id)
    const broken = async function* () {
      yield Buffer.from('be')
      throw new Error('It went.')
    }
    return { stream: Readable.from(broken(), { objectMode: false }) }
  }
  const all = inside(await buffer(submissionsArchive(rows, read, words)))
  expect(all['_missing.txt']).toMatch(/submission-1\.zip: not whole: reading it broke off/)
  expect(all['_missing.txt']).toMatch(/submission-2\.zip: missing: what keeps submissions did not/)
  expect(Object.values(all)[0]).toBe('be')
  expect(Object.keys(all).map(short)).toContain('submission-1.zip')
})

it('reads nothing more once whoever downloads it has left', async () => {
  const { pool } = scene.site
  const rows = await submissionsOfCourse(pool, (await findCourse(pool, 'networks-101'))!.id)
  const asked: string[] = []
  let closed = false
  const read = async (id: string) => {
    asked.push(id)
    const endless = new Readable({ read: () => {} })
    endless.push('begun')
    endless.once('close', () => (closed = true))
    return { stream: endless }
  }
  const archive = submissionsArchive(rows, read, words)
  await new Promise((resolve) => archive.once('data', resolve))
  archive.destroy()
  await expect.poll(() => closed).toBe(true)
  expect(asked).toEqual([rows[0]!.id])
})

it('lets go of one that is found only when whoever downloads it has left', async () => {
  const { pool } = scene.site
  const rows = await submissionsOfCourse(pool, (await findCourse(pool, 'networks-101'))!.id)
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  const found: Readable[] = []
  const read = async () => {
    await left
    found.push(new Readable({ read: () => {} }))
    return { stream: found.at(-1)! }
  }
  const archive = submissionsArchive(rows, read, words)
  archive.destroy()
  leave()
  await expect.poll(() => found.map(({ destroyed }) => destroyed)).toEqual([true])
})

it('is refused in words while the agent does not answer at all', async () => {
  await scene.goAway()
  const { status, body } = await download(PATH, scene.teacher)
  expect(status).toBe(503)
  expect(textOf(body.toString())).toContain('try again in a few minutes')
})
