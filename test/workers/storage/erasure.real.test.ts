/**
 * Somebody asks to be erased, on a real agent and a real PostgreSQL: what runs stops first, files and submissions are gone from
 * disk, what a duty keeps says why and until when, a database and a disk that are brought back forget once more.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, many, one, sql, withTransaction } from '../../../api/data/db.ts'
import { credentialOf, seatsOfCourse } from '../../../api/data/seats/seat.ts'
import { markCold } from '../../../api/data/seats/seat-life.ts'
import { handIn } from '../../../api/data/volumes/submission.ts'
import { recordVolumes } from '../../../api/data/volumes/volume.ts'
import { erasedAt, ledgerFile, readLedger } from '../../../api/data/people/erasure-ledger.ts'
import { endWhatIsDue } from '../../../workers/jobs/end-what-is-due.ts'
import { erasureKeeper } from '../../../workers/jobs/keep-erasures.ts'
import { retentionKeeper } from '../../../workers/jobs/keep-retention.ts'
import { keepSubmissions } from '../../../workers/jobs/keep-submissions.ts'
import { volumeKeeper } from '../../../workers/jobs/keep-volumes.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { openBrowser, signedInPage } from '../../browser.ts'
import { isFit } from '../../page-fit.ts'
import { textOf } from '../../api/page-text.ts'
import { openWebsite } from '../../api/website.ts'
import { allDocuments } from '../../cast/documents.ts'
import {
  addLmsCourse,
  courseId,
  IN_CLASS,
  importDocuments,
  launch,
  seatReady,
  signIn,
  type SignedIn,
} from '../../cast/record.ts'
import { restoreDatabase, type Snapshot, snapshotOf } from '../database-snapshot.ts'
import { agentScene, silent } from './storage-scene.ts'
import { runCommand } from '../../api/command-line.ts'
import { turnsFor } from '../../../workers/storage/turns.ts'

const NAME = 'Student Wanting-Out'
const REASON = 'Exam papers are kept for a year'
const site = await openWebsite(IN_CLASS)
const { pool, ring } = site
const scene = await agentScene(site.config.storage.socket)
const { agent } = scene
const { installation } = site.config
const file = ledgerFile(site.config)
const inTurn = turnsFor((name) => name)
const common = { pool, agent, inTurn, log: silent, now: site.now }
const retention = retentionKeeper({
  ...{ ...common, installation },
  removeFromEngine: () => Promise.reject(new Error('no volume here is an engine’s')),
})
const erasures = erasureKeeper({ ...common, ring, installation, file })
const volumes = volumeKeeper(common)
/** As the worker does it. */
const pass = (): Promise<boolean> => endWhatIsDue({ ...common, erasures, retention })

const courses = ['networks-101', 'machine-learning-lab'] as const
let contexts: string[]
let student: SignedIn
let other: SignedIn
let sub: string
const mine: { workspace: string; seat: string; name: string; course: string }[] = []
let theirs: string
let before: Snapshot
let erasurePath: string
let browser: Browser

const pageOf = ({ token }: SignedIn, locale: 'en' | 'fr', width: number): Promise<Page> =>
  signedInPage(browser, site, { token, locale, width, bypassCSP: true })

const documents = allDocuments().map((one) => {
  const [course] = courses.filter((key) => one.name === `${key}.yaml`)
  if (!course) return one
  const duty = `, duty: { reason: '${REASON}', until: 2027-06-30 }`
  const due = 'due: 2026-12-24T11:00'
  const { text } = one
  return {
    ...one,
    text: `${text}submissions: { ${due}${course === 'networks-101' ? duty : ''} }\n`,
  }
})

async function cli(...argv: string[]): Promise<{ code: number; said: string }> {
  const { code, text } = await runCommand(site, argv, { now: site.now })
  return { code, said: text }
}

async function takeSeat(who: SignedIn, course: string) {
  const { id } = await launch(pool, { personId: who.personId, courseKey: course, now: IN_CLASS })
  await seatReady(pool, id, IN_CLASS)
  const seat = await one<{ id: string; number: number; code: string }>(
    pool,
    sql`select seat.id, number, course.code from workspace join seat on seat.id = seat_id
          join course on course.id = seat.course_id where workspace.id = ${id}`,
  )
  const name = `lp-${installation}-${seat.code}-s${String(seat.number).padStart(3, '0')}-g1`
  const limit = { backend: 'local', limitMb: 8 } as const
  const made = [{ seatId: seat.id, generation: 1, name, limit }]
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: made, now: IN_CLASS }))
  await volumes.keep()
  writeFileSync(join(scene.root, 'mounts', name, 'home', 'work.txt'), `of ${who.personId}`)
  const actor = { name: 'test', role: 'student' } as const
  await withTransaction(pool, (tx) =>
    handIn(tx, { workspaceId: id, path: '', actor, now: IN_CLASS }),
  )
  return { workspace: id, seat: seat.id, name, course }
}

beforeAll(async () => {
  await importDocuments(pool, ring, IN_CLASS, documents)
  contexts = await Promise.all(
    courses.map((courseKey, i) =>
      addLmsCourse(pool, { courseKey, contextId: `${i + 2}`, now: IN_CLASS }),
    ),
  )
  student = await signIn(pool, { name: NAME, contextId: contexts[0]!, now: IN_CLASS })
  other = await signIn(pool, { name: 'Student Two', contextId: contexts[0]!, now: IN_CLASS })
  ;({ sub } = await one<{ sub: string }>(
    pool,
    sql`select sub from person where id = ${student.personId}`,
  ))
  for (const course of courses) mine.push(await takeSeat(student, course))
  theirs = (await takeSeat(other, 'networks-101')).name
  await keepSubmissions({ ...common, now: () => new Date(IN_CLASS.getTime() + 600_000) })
  await cli('volume', 'export', mine[1]!.name, join(site.home, 'old.tar'))
  browser = await openBrowser()
  before = await snapshotOf(pool)
  for (const ending of ['ext4', 'json'])
    copyFileSync(
      join(scene.root, 'images', `${mine[1]!.name}.${ending}`),
      join(site.home, `disk.${ending}`),
    )
})

afterAll(async () => {
  await browser?.close()
  await scene.end()
  await site.close()
})

/** In how many places of the record a text stands, whatever table or column. */
async function timesIn(text: string): Promise<string[]> {
  const found: string[] = []
  for (const [table, rows] of Object.entries(await snapshotOf(pool)))
    if (JSON.stringify(rows).includes(text)) found.push(table)
  return found
}
const pseudonym = async () =>
  (
    await one<{ p: string }>(
      pool,
      sql`select pseudonym as p from person where id = ${student.personId}`,
    )
  ).p
const lateName = () => mine[0]!.name.replace(/1$/, '2')
const ledgerHas = async (what: 'volume' | 'submission', name: string) =>
  erasedAt(await readLedger(file), ring, what, name) !== undefined
const onDisk = () => readdirSync(join(scene.root, 'images')).filter((name) => name.endsWith('ext4'))

it('says first what would go and what a duty keeps, and does nothing without a clear word', async () => {
  expect(await agent.handedIn()).toHaveLength(3)
  const who = await pseudonym()
  expect((await cli('person', 'list', 'wanting')).said).toContain(who)
  const dry = await cli('person', 'erase', who, '--dry-run')
  expect(dry.code).toBe(0)
  for (const line of [
    'stops    the workspace of networks-101',
    `removes  volume ${mine[0]!.name} of networks-101`,
    `keeps    submission 1 of networks-101 until 2027-06-30: ${REASON}`,
    'removes  submission 1 of machine-learning-lab',
  ])
    expect(dry.said).toContain(line)
  expect((await cli('person', 'erase', who)).code).toBe(2)
  expect((await cli('person', 'erase', 'p-nobody', '--yes')).code).toBe(1)
  const page = textOf((await site.get('/my-data', { who: student })).text)
  expect(page).toContain(REASON)
  expect(page).toContain('A workspace is running. It is stopped first')
  expect((await site.post('/my-data/erasure', {}, { who: student })).status).toBe(400)
  expect(await timesIn(NAME)).toEqual(['person'])
})

it('forgets who it was at once, and stops what runs before its files go', async () => {
  const page = await pageOf(student, 'en', 360)
  await page.goto(`${site.origin}/`)
  await page.getByRole('link', { name: 'My data' }).click()
  await isFit(page, 'my-data')
  await page.getByRole('button', { name: 'Erase now' }).press('Enter')
  // The browser itself asks for the tick.
  expect(new URL(page.url()).pathname).toBe('/my-data')
  await page.getByLabel('I understand that this cannot be undone.').press('Space')
  await page.getByRole('button', { name: 'Erase now' }).press('Enter')
  await page.getByText('Under way').waitFor()
  await isFit(page, 'erasure-open')
  erasurePath = new URL(page.url()).pathname
  expect((await site.get('/my-data', { who: student })).status).toBe(401)
  expect(await timesIn(sub)).toEqual([])
  // For the submission that a duty keeps, and nowhere else.
  expect(await timesIn(NAME)).toEqual(['erasure'])
  const states = await many<{ state: string; message_code: string }>(
    pool,
    sql`select state, message_code from workspace where person_id = ${student.personId}`,
  )
  // The other course has no class now.
  expect(states).toContainEqual({ state: 'stopping', message_code: 'stopped.erasure' })
  expect(states).toContainEqual({ state: 'stopped', message_code: 'stopped.erasure' })
  // A reset was under way: its new volume came after the order.
  const late = { seatId: mine[0]!.seat, generation: 2, name: mine[0]!.name.replace(/1$/, '2') }
  const made = [{ ...late, limit: { backend: 'local', limitMb: 8 } as const }]
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: made, now: IN_CLASS }))
  await execute(pool, sql`update seat set generation = 2 where id = ${late.seatId}`)
  await volumes.keep()
  expect(await pass()).toBe(true)
  expect(onDisk()).toHaveLength(4)
  expect(readFileSync(join(scene.root, 'mounts', mine[0]!.name, 'home', 'work.txt'), 'utf8')).toBe(
    `of ${student.personId}`,
  )
  expect(textOf((await site.get(erasurePath)).text)).toContain('Under way')
})

it('waits for an agent that is away', async () => {
  for (const { seat } of mine)
    await withTransaction(pool, (tx) => markCold(tx, { ids: [seat], now: IN_CLASS }))
  await scene.goAway()
  expect(await pass()).toBe(true)
  expect(onDisk()).toHaveLength(4)
  await scene.comeBack()
})

it('leaves nothing on disk but what a duty keeps and what is others’, and proves it', async () => {
  expect(await pass()).toBe(false)
  expect(onDisk()).toEqual([`${theirs}.ext4`])
  expect(mountsBelow(scene.root)).toEqual([join(scene.root, 'mounts', theirs)])
  expect(readFileSync(join(scene.root, 'mounts', theirs, 'home', 'work.txt'), 'utf8')).toBe(
    `of ${other.personId}`,
  )
  expect(await agent.handedIn()).toHaveLength(2)
  // What came after the order is in the ledger, too.
  expect(await ledgerHas('volume', lateName())).toBe(true)
  expect(await ledgerHas('volume', theirs)).toBe(false)
  const page = textOf((await site.get(erasurePath)).text)
  // The day itself is the duty's, too.
  expect(page).toContain('kept until 30 Jun 2027')
  expect(page).toContain(REASON)
  const { said } = await cli('person', 'erasures', '--json')
  const { erasures: all, broken } = JSON.parse(said) as {
    erasures: { receipts: { body: string }[] }[]
    broken: number | null
  }
  expect(broken).toBeNull()
  expect(JSON.parse(all[0]!.receipts[0]!.body)).toMatchObject({
    ...{ kind: 'ErasureReceipt', number: 1, orderedBy: 'person' },
    left: { name: false, address: false, lmsIdentity: false, logins: 0, memberships: 0, seats: 0 },
    gone: [
      { kind: 'submission', course: 'machine-learning-lab', file: false, row: false },
      { kind: 'volume', name: mine[1]!.name, purgeReceipt: expect.any(Number) },
      { kind: 'volume', name: mine[0]!.name, purgeReceipt: expect.any(Number) },
      { kind: 'volume', name: mine[0]!.name.replace(/1$/, '2') },
    ],
    kept: [{ kind: 'submission', course: 'networks-101', reason: { en: REASON } }],
  })
  const shown = await pageOf(other, 'fr', 360)
  await shown.goto(site.origin + erasurePath)
  await shown.getByText('Le reçu, mot pour mot').click()
  await isFit(shown, 'erasure-kept')
  await expect(execute(pool, sql`delete from erasure_receipt`)).rejects.toThrow('never changed')
})

it('shows the teacher whose work a duty keeps, and why', async () => {
  const teacher = await signIn(pool, {
    ...{ name: 'Teacher One', contextId: contexts[0]!, role: 'teacher', now: IN_CLASS },
  })
  const page = textOf((await site.get('/courses/networks-101', { who: teacher })).text)
  expect(page).toContain(NAME)
  expect(page).toContain('erased, kept by duty')
  expect(page).toContain(REASON)
})

it('has it ordered by who administers, who finds them by name', async () => {
  const administrator = await signIn(pool, { administrator: true, now: IN_CLASS })
  const page = await pageOf(administrator, 'fr', 360)
  await page.goto(`${site.origin}/admin/people`)
  await page.getByLabel('Nom ou pseudonyme').fill('two')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'Student Two' }).waitFor()
  await isFit(page, 'people')
  await page.getByRole('link', { name: 'Student Two' }).click()
  await page.getByRole('button', { name: 'Effacer maintenant' }).waitFor()
  await isFit(page, 'person')
  // Nobody who administers can be erased, by whatever way.
  const own = { who: administrator }
  expect((await site.post('/my-data/erasure', { understood: 'yes' }, own)).status).toBe(409)
})

it('gives the number to somebody else with another volume, password and address', async () => {
  const seats = await seatsOfCourse(pool, await courseId(pool, 'networks-101'))
  const seat = seats.find(({ id }) => id === mine[0]!.seat)!
  expect(seat).toMatchObject({ taken: false, generation: 3 })
  const old = before['seat']!.find((row) => row['id'] === seat.id)!
  const bytes = Buffer.from(String(old['credential']).slice(2), 'hex')
  const was = { id: seat.id, credential: bytes, credential_key_id: seat.credential_key_id }
  expect(credentialOf(ring, seat).password).not.toBe(credentialOf(ring, was).password)
  // Terraform still names the old volume: it is not begun anew.
  const limit = { backend: 'local', limitMb: 8 } as const
  const named = [{ seatId: seat.id, generation: 1, name: mine[0]!.name, limit }]
  await withTransaction(pool, (tx) => recordVolumes(tx, { volumes: named, now: IN_CLASS }))
  await volumes.keep()
  expect(onDisk()).toEqual([`${theirs}.ext4`])
})

it('does not bring back an exported volume of somebody who was erased', async () => {
  const refused = await cli('volume', 'import', theirs, join(site.home, 'old.tar'))
  expect(refused).toMatchObject({
    code: 1,
    said: expect.stringContaining('was erased on 2026-11-24'),
  })
  expect(readFileSync(file, 'utf8')).not.toContain(sub)
})

it('erases once more what a database and a disk from before had brought back', async () => {
  const [, { name }] = mine as [unknown, { name: string }]
  await restoreDatabase(pool, before)
  for (const ending of ['json', 'ext4'])
    copyFileSync(join(site.home, `disk.${ending}`), join(scene.root, 'images', `${name}.${ending}`))
  expect(await timesIn(NAME)).toEqual(['person'])
  expect(onDisk()).toHaveLength(2)
  await pass()
  expect(await timesIn(sub)).toEqual([])
  expect(await timesIn(NAME)).toEqual(['erasure'])
  for (const { seat } of mine)
    await withTransaction(pool, (tx) => markCold(tx, { ids: [seat], now: IN_CLASS }))
  expect(await pass()).toBe(false)
  expect(onDisk()).toEqual([`${theirs}.ext4`])
  expect((await readLedger(file)).map(({ of }) => of === undefined)).toEqual([true, false])
})

it('removes a volume again that comes back alone, and nobody else’s of a name', async () => {
  // The second is one that came after the order, and that this database never heard of.
  for (const name of [mine[1]!.name, lateName()])
    for (const ending of ['json', 'ext4'])
      copyFileSync(
        join(site.home, `disk.${ending}`),
        join(scene.root, 'images', `${name}.${ending}`),
      )
  await pass()
  expect(onDisk()).toEqual([`${theirs}.ext4`])
})

it('lets go of what a duty kept when its day is over, and of the name with it', async () => {
  site.setNow(new Date('2027-06-30T21:59:00Z'))
  await pass()
  expect(await agent.handedIn()).toHaveLength(2)
  const { name: duty } = await one<{ name: string }>(
    pool,
    sql`select name from erasure_item where state = 'kept'`,
  )
  expect(await ledgerHas('submission', duty)).toBe(false)
  site.setNow(new Date('2027-06-30T22:01:00Z'))
  expect(await pass()).toBe(false)
  expect(await agent.handedIn()).toHaveLength(1)
  expect(await ledgerHas('submission', duty)).toBe(true)
  expect(await timesIn(NAME)).toEqual([])
  expect(existsSync(join(scene.root, 'images', `${theirs}.ext4`))).toBe(true)
  const { code, said } = await cli('person', 'erasures')
  expect(code).toBe(0)
  expect(said).toMatch(/replay +done +4 +0 +0 +1, 2/)
})
