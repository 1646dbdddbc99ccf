/**
 * Kills worker, Terraform, provider, api, PostgreSQL or the engine, or cuts a connection, at instants that seeds decide;
 * then counts how long it takes until every seat, volume, file and student is where it was, with nobody's help.
 *
 * `--resume FILE` keeps each outcome as a line there and goes on where it ended; `--minutes` bounds one sitting. `--each`
 * takes, from `--seed` on, the first seed of each victim in each phase instead of `--runs` in a row.
 * Classes run side by side on `--beds` beds: most of the time each waits for something.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  CONVERGED_BAR_MS,
  type Outcome,
  chaosRun,
  harmOf,
  seedsOfEach,
} from '../../test/chaos/run.ts'
import { type World, chaosWorld } from '../../test/chaos/world.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    seats: { type: 'string', default: '4' },
    beds: { type: 'string', default: '2' },
    minutes: { type: 'string' },
    resume: { type: 'string' },
    each: { type: 'boolean' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

type Failure = { seed: number; failure: string }
type Line = Outcome | Failure

const isFailure = (line: Line): line is Failure => 'failure' in line

async function bench(): Promise<number> {
  const first = Number(values.seed)
  const inARow = Array.from({ length: Number(values.runs) }, (_, i) => first + i)
  const seeds = values.each ? seedsOfEach(first) : inARow
  const lines = known().filter((line) => seeds.includes(line.seed))
  const done = new Set(lines.map((line) => line.seed))
  const end = performance.now() + Number(values.minutes ?? 24 * 60) * 60_000
  const waiting = seeds.filter((one) => !done.has(one)).values()
  await Promise.all(
    Array.from({ length: Number(values.beds) }, async () => {
      for await (const line of outcomes(waiting, end)) {
        lines.push(line)
        if (values.resume) appendFileSync(values.resume, `${JSON.stringify(line)}\n`)
        say(JSON.stringify(line))
      }
    }),
  )
  return report(lines)
}

/** On a bed of its own, taken from seeds that other beds take from too. */
async function* outcomes(waiting: Iterator<number>, end: number): AsyncGenerator<Line> {
  let world: World | undefined
  try {
    for (;;) {
      if (performance.now() > end) return
      const { value: seed, done } = waiting.next()
      if (done) return
      world ??= await chaosWorld(Number(values.seats), say)
      const line = await outcomeOf(world, seed)
      yield line
      // What went wrong once must not spoil the next run.
      if (!isFailure(line)) continue
      await world.close()
      world = undefined
    }
  } finally {
    await world?.close()
  }
}

function known(): Line[] {
  if (!values.resume || !existsSync(values.resume)) return []
  const text = readFileSync(values.resume, 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

async function outcomeOf(world: World, seed: number): Promise<Line> {
  try {
    return await chaosRun(world, harmOf(seed))
  } catch (error) {
    return { seed, failure: error instanceof Error ? error.message : String(error) }
  }
}

function report(lines: Line[]): number {
  const failures = lines.filter(isFailure)
  const outcomes = lines.filter((line): line is Outcome => !isFailure(line))
  const hits = outcomes.filter((one) => one.hit)
  const seconds = hits.map((one) => one.convergedMs / 1000).toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round(
      (seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))] ?? 0) * 10,
    ) / 10
  const holds = failures.length === 0 && hits.length > 0
  const line = {
    ...{ name: 'chaos', figure: at(1), unit: 's', bar: CONVERGED_BAR_MS / 1000, holds },
    ...{ runs: lines.length, hits: hits.length, p50: at(0.5), p95: at(0.95) },
    failures: failures.map(({ seed, failure }) => ({ seed, failure: failure.split('\n')[0] })),
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return holds ? 0 : 1
}

try {
  process.exitCode = await bench()
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
