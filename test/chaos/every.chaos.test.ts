/**
 * Every victim in every phase of a class once: real Terraform, Swarm, PostgreSQL and processes, on two beds side by side.
 * docs/chaos.md says what must hold; LABPLAN_SEED=… takes the first seed of each from there on.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runOnBeds } from './beds.ts'
import { type Harm, classesOf, seedsOfEach } from './harm.ts'
import { isFailure } from './record.ts'
import type { Line } from './run.ts'

const SEATS = 4
const BEDS = 2
const LIMIT_MS = 14 * 60_000

const seeds = seedsOfEach(Number(process.env['LABPLAN_SEED'] ?? 1))
const ended = new Map(seeds.map((seed) => [seed, Promise.withResolvers<Line>()]))
const over = new AbortController()
let running: Promise<void>

beforeAll(() => {
  running = runOnBeds({
    ...{ classes: classesOf(seeds), beds: BEDS, seats: SEATS },
    say: () => {},
    isOver: () => over.signal.aborted,
    ended: tell,
  })
  // A bed that could not be made is every class's failure that waits for it.
  running.catch((error: unknown) => ended.forEach(({ reject }) => reject(error)))
})
afterAll(async () => {
  over.abort()
  await running
}, 300_000)

/** What comes after a failure of its class was not run. */
function tell(harms: Harm[], lines: Line[]): void {
  const failed = lines.find(isFailure)
  for (const { seed } of harms) {
    const line = lines.find((one) => one.seed === seed)
    if (line) ended.get(seed)?.resolve(line)
    else ended.get(seed)?.reject(new Error(`Not run, since its class failed: ${failed?.failure}`))
  }
}

for (const { seed, victim, phase } of classesOf(seeds).flat())
  it(
    `is right again after the loss of ${victim} in ${phase}: seed ${seed}`,
    async () => {
      const line = await ended.get(seed)!.promise
      expect(isFailure(line) ? line.failure : '').toBe('')
      expect(line).toHaveProperty('hit', true)
    },
    LIMIT_MS,
  )
