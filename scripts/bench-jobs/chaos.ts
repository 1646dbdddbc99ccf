/**
 * Kills worker, Terraform, provider, api, PostgreSQL or the engine, or cuts a connection, at instants that seeds decide;
 * then counts how long it takes until every seat, volume, file and student is where it was, with nobody's help.
 *
 * `--resume FILE` keeps each outcome as a line there and goes on where it ended; `--minutes` bounds one sitting;
 * `--document FILE` writes what all of them led to between two marks of a text. `--each` takes, from `--seed` on, the
 * first seed of each victim in each phase instead of `--runs` in a row; `--together 7,12,31` does these to one class.
 * A class is harmed as it begins, as students launch and as it ends; classes run side by side on `--beds` beds.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { runOnBeds } from '../../test/chaos/beds.ts'
import { classesOf, seedsOfEach } from '../../test/chaos/harm.ts'
import {
  type Kept,
  holds,
  keepLine,
  newestOf,
  readRecord,
  settledSeeds,
  summaryOf,
  withRecord,
} from '../../test/chaos/record.ts'
import { CONVERGED_BAR_MS } from '../../test/chaos/run.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    together: { type: 'string' },
    seats: { type: 'string', default: '4' },
    beds: { type: 'string', default: '2' },
    minutes: { type: 'string' },
    resume: { type: 'string' },
    document: { type: 'string' },
    each: { type: 'boolean' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

async function bench(): Promise<number> {
  const seeds = chosenSeeds()
  const before = readRecord(values.resume)
  // Who names seeds wants to see them again.
  const settled = values.together ? new Set<number>() : settledSeeds(before)
  const fresh: Kept[] = []
  const end = performance.now() + Number(values.minutes ?? 24 * 60) * 60_000
  const on = commit()
  await runOnBeds({
    classes: classesOf(seeds.filter((seed) => !settled.has(seed))),
    ...{ beds: Number(values.beds), seats: Number(values.seats), say },
    isOver: () => performance.now() > end,
    ended(_, lines) {
      for (const line of lines) {
        const kept = { ...line, on, load: Math.round(loadavg()[0] ?? 0) }
        fresh.push(kept)
        if (values.resume) keepLine(values.resume, kept)
        say(JSON.stringify(kept))
      }
    },
  })
  const lines = newestOf([...before, ...fresh])
  if (values.document) {
    const text = readFileSync(values.document, 'utf8')
    writeFileSync(values.document, withRecord(text, lines))
  }
  return report(lines.filter(({ seed }) => seeds.includes(seed)))
}

function chosenSeeds(): number[] {
  const first = Number(values.seed)
  if (values.together) return values.together.split(',').map(Number)
  if (values.each) return seedsOfEach(first)
  return Array.from({ length: Number(values.runs) }, (_, i) => first + i)
}

function commit(): string {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  return git('describe', '--always', '--dirty=+')
}

function report(lines: Kept[]): number {
  const summary = summaryOf(lines)
  const { hits, p50, p95, longest, failures } = summary
  const line = {
    ...{ name: 'chaos', figure: longest, unit: 's', bar: CONVERGED_BAR_MS / 1000 },
    ...{ holds: holds(summary), runs: lines.length, hits, p50, p95, failures },
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return line.holds ? 0 : 1
}

try {
  process.exitCode = await bench()
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
