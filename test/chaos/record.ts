/** Runs that seeds decide, kept from one sitting to the next, and what a document says of them. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'

export type Outcome = {
  seed: number
  /** From the kill until all was right again. */
  convergedMs: number
  /** Whether the victim was there to be killed at that instant. */
  hit: boolean
}
export type Failure = { seed: number; failure: string }
export type Line = Outcome | Failure

export const isFailure = (line: Line): line is Failure => 'failure' in line

/** `on`: the commit whose code ran; `load`: how many processes wanted a core in the minute before its end. */
export type Kept = Line & { on?: string; load?: number }

export function readRecord(file: string | undefined): Kept[] {
  if (!file || !existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as Kept)
}

export function keepLine(file: string, line: Kept): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`)
}

/** Of each seed what it led to last. */
export const newestOf = (lines: Kept[]): Kept[] => [
  ...new Map(lines.map((line) => [line.seed, line])).values(),
]

/** Seeds whose run need not be made again: all but those that did not meet their victim. */
export function settledSeeds(lines: Kept[]): Set<number> {
  return new Set(lines.filter((line) => isFailure(line) || line.hit).map(({ seed }) => seed))
}

export type Summary = {
  /** Runs that met their victim. */
  hits: number
  failures: { seed: number; failure: string }[]
  p50: number
  p95: number
  longest: number
}

/** Seconds from the kill until all was right again. */
export function summaryOf(lines: Line[]): Summary {
  const hits = lines.filter((line) => !isFailure(line) && line.hit) as Outcome[]
  const sorted = hits.map((one) => one.convergedMs / 1000).toSorted((a, b) => a - b)
  const at = (share: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  return {
    hits: hits.length,
    failures: lines
      .filter(isFailure)
      .map(({ seed, failure }) => ({ seed, failure: failure.split('\n')[0]! })),
    ...{ p50: at(0.5), p95: at(0.95), longest: at(1) },
  }
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10

export const holds = (summary: Summary, barMs: number): boolean =>
  summary.failures.length === 0 && summary.hits > 0 && summary.longest * 1000 <= barMs

/** How the runs of one bench are told apart: a line for each victim, a column for each moment. */
export type Table = {
  /** As scripts/bench is asked for it. */
  bench: string
  victims: readonly string[]
  moments: readonly string[]
  victimsIn(moment: string): readonly string[]
  /** What a seed decides. */
  of(seed: number): { victim: string; moment: string }
}

const END = '<!-- end of what is written -->'

/** The document with the part between the two marks of this bench made anew. */
export function withRecord(document: string, lines: Kept[], table: Table): string {
  const mark = `<!-- what follows is written by scripts/bench ${table.bench} --document -->`
  const begin = document.indexOf(mark)
  const end = document.indexOf(END, begin)
  if (begin < 0 || end < begin) throw new Error(`There is no place for the record between marks.`)
  return `${document.slice(0, begin)}${mark}\n\n${recordText(lines, table)}\n\n${document.slice(end)}`
}

function recordText(lines: Kept[], table: Table): string {
  const { hits, failures, p50, p95, longest } = summaryOf(lines)
  const missed = lines.filter((line) => !isFailure(line) && !line.hit).length
  return [
    `${hits} runs met their victim: right again after ${p50} s (median), ${p95} s (95 %), ${longest} s (longest). ${failures.length} failed.` +
      (missed ? ` ${missed} did not meet it, and count as not run.` : ''),
    'Seconds from the kill, or from the beginning of the cut, until all was right: longest (median; runs).',
    tableOf(lines, table),
    failures.map(({ seed, failure }) => `- Seed ${seed}: ${failure}`).join('\n'),
    commitsText(lines),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function tableOf(lines: Line[], { victims, moments, victimsIn, of }: Table): string {
  const head = `| | ${moments.join(' | ')} |\n|${'---|'.repeat(moments.length + 1)}`
  const rows = victims.map((victim) => {
    const cells = moments.map((moment) => {
      if (!victimsIn(moment).includes(victim)) return '–'
      const isHere = (one: { victim: string; moment: string }) =>
        one.victim === victim && one.moment === moment
      return cellOf(lines.filter((line) => isHere(of(line.seed))))
    })
    return `| ${victim} | ${cells.join(' | ')} |`
  })
  return [head, ...rows].join('\n')
}

function cellOf(lines: Line[]): string {
  const { hits, p50, longest } = summaryOf(lines)
  return hits === 0 ? '·' : `${longest} (${p50}; ${hits})`
}

/** Which code ran which seeds. */
function commitsText(lines: Kept[]): string {
  const byCommit = Map.groupBy(lines, ({ on }) => on ?? 'before this was noted')
  return [...byCommit]
    .map(([commit, of]) => `- ${commit}: ${of.length} runs, seeds ${rangesOf(of)}`)
    .join('\n')
}

function rangesOf(lines: Line[]): string {
  const seeds = lines.map(({ seed }) => seed).toSorted((a, b) => a - b)
  const ranges: [number, number][] = []
  for (const seed of seeds) {
    const last = ranges.at(-1)
    if (last && seed === last[1] + 1) last[1] = seed
    else ranges.push([seed, seed])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ')
}
