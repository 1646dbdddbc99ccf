/** What benches of seeded runs share: a record that is gone on with, one sitting's end, a table in a document, the last line. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import {
  holds,
  keepLine,
  type Kept,
  type Line,
  newestOf,
  readRecord,
  settledSeeds,
  summaryOf,
  type Table,
  withRecord,
} from '../../test/chaos/record.ts'

export type Sitting = {
  seeds: number[]
  table: Table
  barMs: number
  /** Seeds that have an outcome are run again. */
  isAgain: boolean
  /** A file of lines that is gone on with, a document to write into, and when no run begins any more. */
  resume: string | undefined
  document: string | undefined
  minutes: string | undefined
  say: (text: string) => void
  /** Runs these seeds, and tells what they led to as it goes. */
  run(
    seeds: number[],
    tell: { isOver: () => boolean; ended: (lines: Line[]) => void },
  ): Promise<void>
}

/** Answers the exit code of the bench. */
export async function sit(sitting: Sitting): Promise<number> {
  const { seeds, table, resume, document, say } = sitting
  const before = readRecord(resume)
  const settled = sitting.isAgain ? new Set<number>() : settledSeeds(before)
  const fresh: Kept[] = []
  const end = performance.now() + Number(sitting.minutes ?? 24 * 60) * 60_000
  const on = commit()
  // What it started ends with it (test/installation.ts, beds); what ran then is in no record.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(2))
  const left = seeds.filter((seed) => !settled.has(seed))
  await sitting.run(left, {
    isOver: () => performance.now() > end,
    ended(lines) {
      for (const line of lines) {
        const kept = { ...line, on, load: Math.round(loadavg()[0] ?? 0) }
        fresh.push(kept)
        if (resume) keepLine(resume, kept)
        say(JSON.stringify(kept))
      }
    },
  })
  const lines = newestOf([...before, ...fresh])
  if (document) writeFileSync(document, withRecord(readFileSync(document, 'utf8'), lines, table))
  return report(
    lines.filter(({ seed }) => seeds.includes(seed)),
    sitting,
  )
}

function commit(): string {
  const git = (...words: string[]) =>
    execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  return git('describe', '--always', '--dirty=+')
}

function report(lines: Kept[], { table, barMs }: Sitting): number {
  const summary = summaryOf(lines)
  const { hits, p50, p95, longest, failures } = summary
  const line = {
    ...{ name: table.bench, figure: longest, unit: 's', bar: barMs / 1000 },
    ...{ holds: holds(summary, barMs), runs: lines.length, hits, p50, p95, failures },
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return line.holds ? 0 : 1
}
