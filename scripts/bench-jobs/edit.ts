/**
 * What a teacher waits for while planning: 500 courses and 30,000 seats in force, two api processes as they are
 * installed, and the requests a browser sends. Looks (what would this edit mean), opened pages and saves, while
 * others save through the other process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { stringify } from 'yaml'
import { type Pool, execute, sql } from '../../api/data/db.ts'
import { approveChange } from '../../api/data/changes/approval.ts'
import { proposeChange } from '../../api/data/changes/change.ts'
import type { Source } from '../../api/data/courses/documents.ts'
import { type KeyRing, readKeyRing } from '../../api/data/key-ring.ts'
import { campus, dayAfter } from '../../test/campus/campus.ts'
import { type SignedIn, addLmsCourse, signIn } from '../../test/cast/record.ts'
import { ask } from '../../test/lms/http.ts'
import { freePort } from '../../test/free-port.ts'
import { migratedPostgres } from '../bench-parts/postgres.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR_MS = 150
const LOOKS = 200
const SAVE_EVERY = 10
const TEACHERS = 10
const size = { courses: 500, weeks: 15, sessionsPerWeek: 2, seats: 60 }
const COURSES_A_CHANGE = 100
/** The term is still to come: what is over needs no room and no other slot. */
const nextMonday = mondayAfter(new Date())
const START_MS = 60_000
const root = join(import.meta.dirname, '..', '..')

askedOf({ json: { type: 'boolean' } })
const say = (text: string) => process.stderr.write(`${text}\n`)

const home = mkdtempSync(join(tmpdir(), 'labplan-bench-edit-'))
const key = randomBytes(32).toString('base64')
writeFileSync(join(home, 'keys.json'), JSON.stringify({ current: 'k1', keys: { k1: key } }))
writeFileSync(join(home, 'operator-token'), randomBytes(24).toString('hex'))
const postgres = await migratedPostgres('bench001', new Date())
const children: ChildProcess[] = []
try {
  process.exitCode = await bench(postgres.pool, readKeyRing(join(home, 'keys.json')))
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.map((child) => child.exitCode === null && once(child, 'exit')))
  await postgres.end()
  rmSync(home, { recursive: true, force: true })
}

type Teacher = { who: SignedIn; path: string; form: Record<string, string> }

async function bench(pool: Pool, ring: KeyRing): Promise<number> {
  await seedCampus(pool, ring)
  const origins = [await api(), await api()]
  const teachers = await Promise.all(
    Array.from({ length: TEACHERS }, (_, n) => teacherOf(pool, `course-${n * 47 + 3}`)),
  )
  const firstMs: number[] = []
  for (const origin of origins) firstMs.push((await timed(() => open(origin, teachers[0]!))).ms)
  say(`first pages after a start: ${firstMs.join(' and ')} ms`)
  const opened: number[] = []
  for (const teacher of teachers)
    opened.push((await timed(async () => (teacher.form = await open(origins[0]!, teacher)))).ms)
  const looks: number[] = []
  const saves: number[] = []
  for (let n = 0; n < LOOKS; n++) {
    const teacher = teachers[n % TEACHERS]!
    // Whoever saves does it through the other process: this one has to hear of it.
    if (n % SAVE_EVERY === 0)
      saves.push(await save(origins[(n + 1) % 2]!, teachers[(n / 10 + 1) % TEACHERS]!))
    looks.push(await look(origins[n % 2]!, teacher, n))
  }
  return report({ looks, opened, saves, firstMs })
}

/** In several changes, so that PostgreSQL knows how many rows there are before it gets the most of them. */
async function seedCampus(pool: Pool, ring: KeyRing): Promise<void> {
  const input = campus(7, size, nextMonday)
  await approved(pool, ring, [
    ...documentsOf('Policy', [input.policy]),
    ...documentsOf('Zone', input.zones),
    ...documentsOf('Environment', input.environments),
    ...documentsOf('Pool', input.pools),
  ])
  for (let from = 0; from < size.courses; from += COURSES_A_CHANGE) {
    await approved(
      pool,
      ring,
      documentsOf('Course', input.courses.slice(from, from + COURSES_A_CHANGE)),
    )
    await pool.query('analyze')
    say(`${Math.min(size.courses, from + COURSES_A_CHANGE)} courses are in force`)
  }
  await execute(pool, sql`update seat set taken = true where number <= ${size.seats}`)
  await pool.query('vacuum analyze seat')
  // Who sits there is now part of every plan.
  const again = input.courses.slice(0, 1).map((one) => ({ ...one, students: one.students - 1 }))
  await approved(pool, ring, documentsOf('Course', again))
}

function documentsOf(kind: string, values: object[]): Source[] {
  return values.map((value, n) => ({
    name: `${kind}-${n}`,
    text: stringify({ apiVersion: 'labplan/v1', kind, ...value }),
  }))
}

async function approved(pool: Pool, ring: KeyRing, sources: Source[]): Promise<void> {
  const actor = { name: 'bench', role: 'operator' } as const
  const outcome = await proposeChange(pool, { sources, actor, ring, now: new Date() })
  if (outcome.outcome !== 'changed') throw new Error(JSON.stringify(outcome).slice(0, 500))
  // A campus has courses of more than the usual allowance: somebody agreed to it.
  const { id, blueprint_digest: digest, state } = outcome.change
  if (state === 'proposed') await approveChange(pool, { id, digest, actor, ring, now: new Date() })
}

/** An api process as it is installed, on a port of its own. */
async function api(): Promise<string> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(root, 'api', 'server.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      LABPLAN_HOME: home,
      DATABASE_URL: postgres.url,
      LABPLAN_INSTALLATION: 'bench001',
      LABPLAN_PUBLIC_URL: `http://labplan.localhost:${port}`,
      LABPLAN_API_LISTEN: `127.0.0.1:${port}`,
      LABPLAN_SEAT_URL: 'http://seats.localhost:7081',
      LABPLAN_LOG_LEVEL: 'silent',
    },
  })
  children.push(child)
  const origin = `http://labplan.localhost:${port}`
  for (const until = Date.now() + START_MS; Date.now() < until;) {
    const isUp = await ask(`${origin}/healthz`).then(
      (answer) => answer.status === 200,
      () => false,
    )
    if (isUp) return origin
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('The api did not start.')
}

async function teacherOf(pool: Pool, courseKey: string): Promise<Teacher> {
  const now = new Date()
  const contextId = await addLmsCourse(pool, { courseKey, contextId: courseKey, now })
  const who = await signIn(pool, { contextId, role: 'teacher', now })
  await execute(
    pool,
    sql`update membership set edits_plans = true where person_id = ${who.personId}`,
  )
  return { who, path: `/courses/${courseKey}/plan`, form: {} }
}

/** Opens the page, and answers what its form holds. */
async function open(origin: string, { who, path }: Teacher): Promise<Record<string, string>> {
  const { status, text } = await ask(origin + path, { headers: headersOf(who) })
  if (status !== 200) throw new Error(`${path} answered ${status}.`)
  const form: Record<string, string> = {}
  for (const [, input = ''] of text.matchAll(/<input\s([^>]*)>/g)) {
    const name = /name="([^"]+)"/.exec(input)?.[1]
    const isTick = input.includes('type="checkbox"')
    if (name && !isTick && name !== 'back') form[name] = /value="([^"]*)"/.exec(input)?.[1] ?? ''
  }
  return form
}

function headersOf({ token }: SignedIn): Record<string, string> {
  return { cookie: `__Host-labplan=${token}`, accept: 'text/html' }
}

/** What somebody types: more students, longer, at another hour, one class more, far too much. */
async function look(origin: string, { who, path, form }: Teacher, n: number): Promise<number> {
  const edits: Record<string, string>[] = [
    { students: String(Number(form['students']) + 1 + (n % 7)) },
    { 's0-minutes': String(60 + (n % 9) * 10) },
    { 's0-start': `${form['s0-start']?.slice(0, 11)}${String(8 + (n % 9)).padStart(2, '0')}:00` },
    { 'added-start': `${dayAfter(nextMonday, 24 + (n % 8))}T08:00` },
    { students: '9000', atOnce: '9000' },
  ]
  const sent = { ...form, ...edits[Math.floor(n / TEACHERS) % edits.length], csrf: who.csrf }
  const { ms, value } = await timed(() =>
    ask(`${origin}${path}/preview`, { headers: { ...headersOf(who), origin }, form: sent }),
  )
  if (value.status !== 200) throw new Error(`A look answered ${value.status}.`)
  return ms
}

/** Saves another number of students, inside the allowance, from the page as it is then. */
async function save(origin: string, teacher: Teacher): Promise<number> {
  const form = await open(origin, teacher)
  const sent = { ...form, students: String(Number(form['students']) - 1), csrf: teacher.who.csrf }
  const headers = { ...headersOf(teacher.who), origin }
  const { ms, value } = await timed(() => ask(origin + teacher.path, { headers, form: sent }))
  if (value.status !== 303)
    throw new Error(`A save answered ${value.status}: ${value.text.slice(0, 300)}`)
  return ms
}

/** The Monday of next week, as a date. */
function mondayAfter(now: Date): string {
  return dayAfter(now.toISOString().slice(0, 10), 7 - ((now.getUTCDay() + 6) % 7))
}

async function timed<Value>(work: () => Promise<Value>): Promise<{ ms: number; value: Value }> {
  const start = performance.now()
  const value = await work()
  return { ms: Math.round((performance.now() - start) * 10) / 10, value }
}

type Measured = { looks: number[]; opened: number[]; saves: number[]; firstMs: number[] }

function report({ looks, opened, saves, firstMs }: Measured): number {
  const at = (values: number[], share: number) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0
  const figure = at(looks, 0.95)
  const holds = figure <= BAR_MS
  const line = {
    ...{ name: 'edit', figure, unit: 'ms p95', bar: BAR_MS, holds },
    ...{ looks: looks.length, p50: at(looks, 0.5), p99: at(looks, 0.99), most: Math.max(...looks) },
    opened: { p50: at(opened, 0.5), p95: at(opened, 0.95) },
    saves: { n: saves.length, p50: at(saves, 0.5), p95: at(saves, 0.95) },
    firstMs,
    ...{ courses: size.courses, seats: size.courses * size.seats },
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return holds ? 0 : 1
}
