/** What the virtual parts draw is spread as what was recorded: medians and both ends, for each size recorded. */
import { expect, it } from 'vitest'
import { random } from '../campus/random.ts'
import { latencies, pointsOf, readRecorded, type SeatSample } from './latencies.ts'

const DRAWS = 4_000
const recorded = readRecorded()
const drawn = latencies(recorded, random(7))

const quantile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN

it('was recorded from more than a few runs of each kind', () => {
  expect(recorded.starts.length).toBeGreaterThan(100)
  expect(recorded.stops.length).toBeGreaterThan(100)
  for (const kind of ['apply', 'destroy'] as const)
    expect(pointsOf(recorded.runs, 'apply', { stack: 'seats', kind }).length).toBeGreaterThan(8)
})

it.each([
  ['starts', recorded.starts, drawn.start],
  ['stops', recorded.stops, drawn.stop],
] as const)('%s as the recorded ones do', (_, samples, draw) => {
  for (const [crowd, list] of Map.groupBy<number, SeatSample>(samples, (one) => one.crowd)) {
    const seconds = list.map((one) => one.seconds)
    const made = Array.from({ length: DRAWS }, () => draw(crowd))
    expect(Math.min(...made)).toBe(Math.min(...seconds))
    expect(Math.max(...made)).toBe(Math.max(...seconds))
    expect(quantile(made, 0.5) / quantile(seconds, 0.5)).toBeCloseTo(1, 0)
  }
})

it.each(['apply', 'destroy'] as const)('%s takes as long as the recorded runs', (kind) => {
  for (const part of ['plan', 'apply'] as const) {
    const points = pointsOf(recorded.runs, part, { stack: 'seats', kind })
    const real = points.map((point) => point.seconds)
    const made = points.flatMap(({ size }) =>
      Array.from({ length: 200 }, () => drawn[part]({ stack: 'seats', kind, resources: size })),
    )
    for (const share of [0.1, 0.5, 0.9]) {
      const ratio = quantile(made, share) / quantile(real, share)
      expect(ratio).toBeGreaterThan(0.6)
      expect(ratio).toBeLessThan(1.6)
    }
  }
})
