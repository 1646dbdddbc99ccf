/**
 * Records how long the real parts take, for the semester's virtual ones: the whole of Labplan on a Swarm bed,
 * a class of 1 to 30 seats made, warmed, cooled and destroyed again and again.
 *
 *   node test/semester/record.ts > test/semester/recorded.json
 */
import { cpus } from 'node:os'
import { type Pool, many, sql } from '../../api/data/db.ts'
import { practiceClass, seatsReady, until } from '../practice-class.ts'
import { scratchPostgres } from '../scratch-postgres.ts'

const SIZES = [1, 2, 4, 8, 15, 30, 1, 2, 4, 8, 15, 30, 1, 2, 4]
const LOOK_MS = 25
const GONE_MS = 240_000

type Row = { number: number; state: string; at: number }
type SeatSample = { crowd: number; seconds: number }

const say = (text: string) => process.stderr.write(`${text}\n`)
const postgres = await scratchPostgres()
try {
  await record()
} finally {
  await postgres.stop()
}

async function record(): Promise<void> {
  const practice = await practiceClass(
    { students: 1, startsInMinutes: 600, seats: 30 },
    { databaseUrl: postgres.serverUrl, say },
  )
  const { pool } = practice.inst
  const watching = watch(pool)
  try {
    for (const students of SIZES) {
      await practice.replan({ students, seats: 30, minutes: 300 })
      await seatsReady(practice.inst, students)
      await practice.replan({ students, seats: 30, startsInMinutes: 600 })
      await until(
        async () =>
          (await many(pool, sql`select 1 from seat where state <> 'absent'`)).length === 0,
        GONE_MS,
        () => 'the seats to go',
      )
      say(`${students} seats came and went`)
    }
    const runs = await runSamples(pool)
    process.stdout.write(`${asJson({ runs, ...watching.stop() })}\n`)
  } finally {
    watching.stop()
    await practice.close()
  }
}

/** Looks at every seat many times a second; the instants are the worker's own. */
function watch(pool: Pool) {
  const starts: SeatSample[] = []
  const stops: SeatSample[] = []
  const since = new Map<number, Row & { crowd: number }>()
  const ending = new AbortController()
  const look = async (): Promise<void> => {
    const rows = await many<Row>(
      pool,
      sql`select number, state, extract(epoch from state_at)::float as at from seat`,
    )
    for (const row of rows) {
      const before = since.get(row.number)
      if (before?.state === row.state) continue
      // How many were at the same thing when it began: a crowd shares the node's disks and cores.
      const crowd = rows.filter((one) => one.state === row.state).length
      since.set(row.number, { ...row, crowd })
      if (!before) continue
      const sample = { crowd: before.crowd, seconds: row.at - before.at }
      if (before.state === 'starting' && row.state === 'ready') starts.push(sample)
      if (before.state === 'stopping' && row.state === 'cold') stops.push(sample)
    }
  }
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await look()
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }
  const ended = loop().catch((error: unknown) => say(`the watch ended: ${String(error)}`))
  return {
    stop: () => {
      ending.abort()
      void ended
      return { starts, stops }
    },
  }
}

/** Every run with the seats it changed and the seconds of each of its steps. */
async function runSamples(pool: Pool) {
  const rows = await many<{
    kind: string
    stack: string
    resources: number
    step: string
    seconds: number
    id: string
  }>(
    pool,
    sql`select run.id, run.kind, stack.kind as stack, run_step.name as step,
          extract(epoch from run_step.ended_at - run_step.started_at)::float as seconds,
          (select count(*) from run_event where run_id = run.id and kind = 'end' and action in ('create', 'delete')) as resources
        from run join stack on stack.id = run.stack_id join run_step on run_step.run_id = run.id
        where run.state = 'applied' order by run.created_at, run_step.number`,
  )
  return [...Map.groupBy(rows, (row) => row.id).values()].map(([first, ...rest]) => {
    if (!first) throw new Error('A run has no step.')
    const steps = Object.fromEntries([first, ...rest].map((row) => [row.step, round(row.seconds)]))
    return { stack: first.stack, kind: first.kind, resources: first.resources, steps }
  })
}

function asJson(samples: { runs: object[]; starts: SeatSample[]; stops: SeatSample[] }): string {
  const rounded = (list: SeatSample[]) =>
    list.map((one) => ({ ...one, seconds: round(one.seconds) }))
  const lines = (list: object[]) => list.map((one) => `    ${JSON.stringify(one)}`).join(',\n')
  const machine = `${cpus().length} cores, one engine, ${process.version}`
  return `{
  "machine": ${JSON.stringify(machine)},
  "recordedAt": "${new Date().toISOString().slice(0, 10)}",
  "runs": [
${lines(samples.runs)}
  ],
  "starts": [
${lines(rounded(samples.starts))}
  ],
  "stops": [
${lines(rounded(samples.stops))}
  ]
}`
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
