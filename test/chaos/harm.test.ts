import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PHASES, classesOf, harmOf, seedsOfEach, victimsIn } from './harm.ts'
import {
  isFailure,
  type Kept,
  newestOf,
  readRecord,
  settledSeeds,
  summaryOf,
  withRecord,
} from './record.ts'
import { CHAOS_TABLE } from './table.ts'

const root = join(import.meta.dirname, '..', '..')
const outcome = (seed: number, convergedMs: number, hit = true): Kept => ({
  ...harmOf(seed),
  ...{ convergedMs, hit, on: 'abc' },
})

it('finds one seed for each victim in each phase', () => {
  const found = seedsOfEach(1).map((seed) => `${harmOf(seed).victim} ${harmOf(seed).phase}`)
  const each = PHASES.flatMap((phase) => victimsIn(phase).map((victim) => `${victim} ${phase}`))
  expect(found.toSorted()).toEqual(each.toSorted())
})

it('harms each class once in each of its phases, and leaves no seed out', () => {
  const seeds = Array.from({ length: 300 }, (_, i) => i + 1)
  const classes = classesOf(seeds)
  const all = classes.flat().map(({ seed }) => seed)
  expect(all.toSorted((a, b) => a - b)).toEqual(seeds)
  const order = ['begin', 'launch', 'destroy']
  for (const harms of classes) {
    const when = harms.map(({ phase }) =>
      order.indexOf(phase === 'apply' || phase === 'adoption' ? 'begin' : phase),
    )
    expect(when).toEqual([...new Set(when)].toSorted())
  }
})

it('counts runs that met their victim, and runs the others again', () => {
  const lines: Kept[] = [
    outcome(1, 3_000),
    outcome(2, 9_000),
    outcome(4, 99_000, false),
    { seed: 5, failure: 'to-nodes in launch: two seats\nand its log', on: 'abc' },
  ]
  expect(summaryOf(lines)).toEqual({
    ...{ hits: 2, p50: 9, p95: 9, longest: 9 },
    failures: [{ seed: 5, failure: 'to-nodes in launch: two seats' }],
  })
  expect([...settledSeeds(lines)]).toEqual([1, 2, 5])
})

it('says in docs/chaos.md what the kept runs led to, each as its seed decides', () => {
  const lines = newestOf(readRecord(join(root, 'test/chaos/runs.jsonl')))
  const outcomes = lines.filter((line) => !isFailure(line))
  for (const line of outcomes) expect(line).toMatchObject(harmOf(line.seed))
  const document = readFileSync(join(root, 'docs/chaos.md'), 'utf8')
  expect(withRecord(document, lines, CHAOS_TABLE)).toBe(document)
})
