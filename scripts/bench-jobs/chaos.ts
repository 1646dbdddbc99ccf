/**
 * Kills worker, Terraform, provider, api, PostgreSQL or the engine, or cuts a connection, at instants that seeds decide;
 * then counts how long it takes until every seat, volume, file and student is where it was, with nobody's help.
 *
 * `--resume FILE` keeps each outcome as a line there and goes on where it ended; `--minutes` bounds one sitting;
 * `--document FILE` writes what all of them led to between two marks of a text. `--each` takes, from `--seed` on, the
 * first seed of each victim in each phase instead of `--runs` in a row; `--together 7,12,31` does these to one class.
 * A class is harmed as it begins, as students launch and as it ends; classes run side by side on `--beds` beds.
 */
import { runOnBeds } from '../../test/chaos/beds.ts'
import { classesOf, seedsOfEach } from '../../test/chaos/harm.ts'
import { CONVERGED_BAR_MS } from '../../test/chaos/run.ts'
import { CHAOS_TABLE } from '../../test/chaos/table.ts'
import { sit } from '../bench-parts/kept-runs.ts'
import { askedOf } from '../bench-parts/asked.ts'

const values = askedOf({
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
})
const say = (text: string) => process.stderr.write(`${text}\n`)

const bench = (): Promise<number> =>
  sit({
    ...{ seeds: chosenSeeds(), table: CHAOS_TABLE, barMs: CONVERGED_BAR_MS, say },
    ...{ resume: values.resume, document: values.document, minutes: values.minutes },
    // Who names seeds wants to see them again.
    isAgain: values.together !== undefined,
    run: (seeds, { isOver, ended }) =>
      runOnBeds({
        classes: classesOf(seeds),
        ...{ beds: Number(values.beds), seats: Number(values.seats), say, isOver },
        ended: (_, lines) => ended(lines),
      }),
  })

function chosenSeeds(): number[] {
  const first = Number(values.seed)
  if (values.together) return values.together.split(',').map(Number)
  if (values.each) return seedsOfEach(first)
  return Array.from({ length: Number(values.runs) }, (_, i) => first + i)
}

try {
  process.exitCode = await bench()
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
