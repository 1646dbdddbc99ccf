/**
 * Warm launches. Server side: POST /lti/launch with real signed tokens, open loop, from the scheduled instant to
 * the 303 with a seat taken; 1,000 ready seats, of which 30 are containers (the others are rows in the same
 * state: a launch touches rows only). Browser: 30 students in Chromium, from the click in the LMS, and from
 * Start, to the environment's first byte.
 */
import { Agent, request } from 'node:http'
import { many, one, sql, withTransaction } from '../../api/data/db.ts'
import { readKeyRing } from '../../api/data/key-ring.ts'
import { ensureSeats } from '../../api/data/seats/seat.ts'
import { practiceClass, seatsReady } from '../../test/practice-class.ts'
import { scratchPostgres } from '../../test/scratch-postgres.ts'
import { browserClicks } from '../bench-parts/browser-clicks.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR_MS = 50
const BROWSER_BAR_MS = 2_000
const SEATS = 1_000
const CONTAINERS = 30
/** A token is good for a minute, as Moodle's are: not all of a minute's launches can be signed before it. */
const SIGNED_AHEAD_MS = 40_000
const phases = [
  { name: '300 in 60 s', launches: 300, seconds: 60 },
  { name: '50/s for 20 s', launches: 1_000, seconds: 20 },
]

askedOf({ json: { type: 'boolean' } })
const say = (text: string) => process.stderr.write(`${text}\n`)

const postgres = await scratchPostgres()
try {
  process.exitCode = await bench()
} catch (error) {
  process.stderr
    .write(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}
`)
  process.exitCode = 2
} finally {
  await postgres.stop()
}

type Practice = Awaited<ReturnType<typeof practiceClass>>
type Phase = {
  name: string
  launches: number
  refused: number
  seats: number
  p50: number
  p95: number
  p99: number
}

async function bench(): Promise<number> {
  const practice = await practiceClass(
    { students: CONTAINERS },
    { databaseUrl: postgres.serverUrl, say },
  )
  try {
    await seatsReady(practice.inst, CONTAINERS)
    say(`${CONTAINERS} containers are ready`)
    const clicks = await browserClicks(practice, CONTAINERS, say)
    // The worker would find no container behind the rows made next, and say so.
    await practice.inst.stop('worker')
    await freeEverything(practice)
    await manySeats(practice)
    practice.lms.enrolGeneratedStudents('networks-101', SEATS)
    await phaseOf(practice, { name: 'warm-up', launches: 50, seconds: 5 })
    const results: Phase[] = []
    for (const phase of phases) {
      await freeEverything(practice)
      results.push(await phaseOf(practice, phase))
      say(JSON.stringify(results.at(-1)))
    }
    return report(results, clicks)
  } finally {
    await practice.close()
  }
}

function report(
  results: Phase[],
  clicks: { p50Ms: number; p95Ms: number; students: number },
): number {
  const worst = Math.max(...results.map((phase) => phase.p95))
  const isWhole = results.every((phase) => phase.refused === 0 && phase.seats === phase.launches)
  const holds = worst <= BAR_MS && isWhole && clicks.p95Ms <= BROWSER_BAR_MS
  const line = {
    name: 'launch',
    figure: worst,
    unit: 'ms p95',
    bar: BAR_MS,
    holds,
    phases: results,
  }
  process.stdout.write(
    `${JSON.stringify({ ...line, browser: { ...clicks, bar: BROWSER_BAR_MS } })}\n`,
  )
  return holds ? 0 : 1
}

/** The course gets 1,000 numbers and places; rows beyond the containers stand ready like them. */
async function manySeats({ inst, courseId }: Practice): Promise<void> {
  const ring = readKeyRing(`${inst.home}/keys.json`)
  await withTransaction(inst.pool, async (tx) => {
    const { pool_id: poolId } = await one<{ pool_id: string }>(
      tx,
      sql`select pool_id from seat limit 1`,
    )
    const ports = await many<Parameters<typeof ensureSeats>[2]['ports'][number]>(
      tx,
      sql`select distinct on (container_port) container_port as number, name, kind, required, title from seat_port`,
    )
    await ensureSeats(tx, ring, { id: courseId, poolId, seats: SEATS, ports, now: new Date() })
    await tx.query(
      `update seat set state = 'ready', node_address = '127.0.0.1', task_id = 'row' where state = 'absent'`,
    )
    await tx.query('update course set allowance_seats = $1, places_until = null', [SEATS])
    await tx.query('update session set students = $1, at_once = $1', [SEATS])
  })
}

async function freeEverything({ inst }: Practice): Promise<void> {
  for (const statement of [
    'update place set workspace_id = null',
    'delete from login_code',
    'delete from login',
    'delete from workspace',
    'update seat set taken = false',
  ])
    await inst.pool.query(statement)
  await inst.pool.query('analyze')
}

async function phaseOf(
  practice: Practice,
  phase: { name: string; launches: number; seconds: number },
): Promise<Phase> {
  const begun = await begunLaunches(practice, phase.launches)
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })
  const port = Number(new URL(practice.inst.publicUrl).port)
  const gapMs = (phase.seconds * 1000) / phase.launches
  const early = await Promise.all(
    begun.filter((_, i) => i * gapMs < SIGNED_AHEAD_MS).map((one) => signed(practice, one)),
  )
  const start = performance.now() + 500
  const until = (at: number) =>
    new Promise((resolve) => setTimeout(resolve, at - performance.now()))
  const answers = await Promise.all(
    begun.map(async (one, i) => {
      const scheduled = start + i * gapMs
      if (!early[i]) await until(scheduled - SIGNED_AHEAD_MS)
      const launch = early[i] ?? (await signed(practice, one))
      await until(scheduled)
      const status = await post(agent, port, launch)
      return { status, ms: performance.now() - scheduled }
    }),
  )
  agent.destroy()
  const sorted = answers.map((answer) => answer.ms).toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  const { n } = await one<{ n: number }>(
    practice.inst.pool,
    sql`select count(distinct seat_id) as n from workspace where state = 'ready'`,
  )
  const others = answers.filter((answer) => answer.status !== 303)
  const refused = others.length
  if (refused > 0) say(`not 303: ${others.map((answer) => answer.status).join(', ')}`)
  return {
    name: phase.name,
    launches: phase.launches,
    refused,
    seats: n,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
  }
}

type Begun = Awaited<ReturnType<Practice['lms']['login']>> & { person: string }
type Ready = { path: string; host: string; body: string; cookie: string }

/** Real logins, made before the clock runs: what is measured is the launch. */
async function begunLaunches({ lms, activity }: Practice, count: number): Promise<Begun[]> {
  const begun: Begun[] = []
  for (let i = 1; i <= count; i++) {
    const person = `student${String(i).padStart(4, '0')}`
    begun.push({ person, ...(await lms.login({ person, activity })) })
  }
  return begun
}

/** A real signature: the LMS's work, not ours, so it is done well before its launch. */
async function signed({ lms, activity, inst }: Practice, begun: Begun): Promise<Ready> {
  const { person, nonce, state, cookies } = begun
  const form = await lms.signedLaunch({ person, activity, nonce, state })
  const url = new URL(form.action)
  return {
    path: url.pathname,
    host: new URL(inst.publicUrl).host,
    body: new URLSearchParams(form.fields).toString(),
    cookie: cookies.join('; '),
  }
}

function broken(error: NodeJS.ErrnoException): number {
  say(`a launch had no answer: ${error.code ?? error.message}`)
  return 0
}

function post(agent: Agent, port: number, launch: Ready): Promise<number> {
  return new Promise((resolve) => {
    const call = request(
      {
        ...{ agent, port, host: '127.0.0.1', method: 'POST', path: launch.path, timeout: 10_000 },
        headers: {
          host: launch.host,
          cookie: launch.cookie,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(launch.body),
        },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    call.on('timeout', () => call.destroy())
    // A kept connection that the server closes as it is used again is taken up anew, as every browser does.
    call.on('error', (error: NodeJS.ErrnoException) =>
      resolve(
        call.reusedSocket && error.code === 'ECONNRESET'
          ? post(agent, port, launch)
          : broken(error),
      ),
    )
    call.end(launch.body)
  })
}
