/**
 * What the virtual parts draw is spread as what really happened: drawn from one half of what was recorded, compared with the other
 * half, which the draws know nothing of; then the halves change places.
 */
import { describe, expect, it } from 'vitest'
import { random } from '../campus/random.ts'
import {
  type Latencies,
  type Recorded,
  type RunSample,
  type SeatSample,
  latencies,
  pointsOf,
  readRecorded,
} from './latencies.ts'

/** For each that was held out: so much finer than the halves that its own chance is nothing beside theirs. */
const DRAWS = 100
const recorded = readRecorded()

type Model = Pick<Latencies, 'start' | 'stop' | 'plan' | 'apply'>
/** What is wrong with a model, where the comparison has to find it; nothing of the real one. */
type Planted = (model: Model) => Model
const asItIs: Planted = (model) => model

const inHalves = <T>(list: T[]): [T[], T[]] => [
  list.filter((_, i) => i % 2 === 0),
  list.filter((_, i) => i % 2 === 1),
]
/** Neighbours go to different halves: of each crowd or size, and of each class that was recorded, both halves have some. */
const byCrowd = (list: SeatSample[]) => list.toSorted((a, b) => a.crowd - b.crowd)
const byShape = (list: RunSample[]) =>
  [...Map.groupBy(list, ({ stack, kind }) => `${stack} ${kind}`).values()].flatMap((own) =>
    own.toSorted((a, b) => a.resources - b.resources),
  )

/** Both ways round: who is held out, and the model that was made without them. */
function folds(planted: Planted): { heldOut: Recorded; model: Model }[] {
  const runs = inHalves(byShape(recorded.runs))
  const starts = inHalves(byCrowd(recorded.starts))
  const stops = inHalves(byCrowd(recorded.stops))
  const half = (i: 0 | 1): Recorded => ({
    ...recorded,
    ...{ runs: runs[i], starts: starts[i], stops: stops[i] },
  })
  return ([0, 1] as const).map((i) => ({
    heldOut: half(i),
    model: planted(latencies(half(i === 0 ? 1 : 0), random(7 + i))),
  }))
}

/** The largest gap between the shares of two samples that are below any value: Kolmogorov and Smirnov's distance. */
function distance(real: number[], drawn: number[]): number {
  const gap = (isBelow: (value: number) => boolean) =>
    Math.abs(share(real, isBelow) - share(drawn, isBelow))
  return Math.max(...real.flatMap((at) => [gap((one) => one <= at), gap((one) => one < at)]))
}
const share = (list: number[], isBelow: (value: number) => boolean): number =>
  list.filter(isBelow).length / list.length

/**
 * Two samples of `n` each of one and the same distribution are further apart than this once in a hundred times. What is drawn
 * is spread as the half it is drawn from, so that half is the sample that counts, however many are drawn of it.
 */
const most = (n: number): number => 1.63 * Math.sqrt(2 / n)

type Compared = { n: number; distance: number; most: number }
const compared = (real: number[], drawn: number[]): Compared => ({
  n: real.length,
  distance: distance(real, drawn),
  most: most(real.length),
})

const drawnOf = (draw: () => number): number[] => Array.from({ length: DRAWS }, draw)

/**
 * Of seats that came or went in a crowd of `from` to `to`: the worse of the two ways round. Both together would be the whole beside
 * itself again.
 */
function seats(
  what: 'start' | 'stop',
  [from, to]: readonly [number, number],
  planted = asItIs,
): Compared {
  const all = folds(planted).map(({ heldOut, model }) => {
    const own = heldOut[`${what}s`].filter(({ crowd }) => crowd >= from && crowd <= to)
    const drawn = own.flatMap(({ crowd }) => drawnOf(() => model[what](crowd)))
    return compared(
      own.map(({ seconds }) => seconds),
      drawn,
    )
  })
  return all.reduce((worst, one) =>
    one.distance / one.most > worst.distance / worst.most ? one : worst,
  )
}

/**
 * Of runs, few and each of another size: each stands for the share of draws for its own size that are below it, and these shares are
 * spread evenly where the draws are as the runs are.
 */
function runs(part: 'plan' | 'apply', kind: 'apply' | 'destroy', planted = asItIs): Compared {
  const shares = folds(planted).flatMap(({ heldOut, model }) =>
    pointsOf(heldOut.runs, part, { stack: 'seats', kind }).map(({ size, seconds }) => {
      const drawn = drawnOf(() => model[part]({ stack: 'seats', kind, resources: size }))
      return drawn.filter((one) => one < seconds).length / drawn.length
    }),
  )
  const evenly = Array.from({ length: DRAWS }, (_, i) => (i + 0.5) / DRAWS)
  return compared(shares, evenly)
}

const CROWDS = [
  ['start', [1, 3]],
  ['start', [4, 6]],
  ['stop', [1, 5]],
  ['stop', [6, 12]],
  ['stop', [13, 30]],
] as const
const RUNS = [
  ['plan', 'apply'],
  ['apply', 'apply'],
  ['plan', 'destroy'],
  ['apply', 'destroy'],
] as const

const times =
  (by: number): Planted =>
  (model) => ({
    start: (crowd) => model.start(crowd) * by,
    stop: (crowd) => model.stop(crowd) * by,
    plan: (run) => model.plan(run) * by,
    apply: (run) => model.apply(run) * by,
  })
/** Nothing ever takes longer than another time. */
const evenly: Planted = (model) => {
  const mean = (draw: () => number) => drawnOf(draw).reduce((sum, one) => sum + one, 0) / DRAWS
  return {
    ...model,
    start: (crowd) => mean(() => model.start(crowd)),
    stop: (crowd) => mean(() => model.stop(crowd)),
  }
}
/** A crowd is as quick as one alone. */
const crowdless: Planted = (model) => ({ ...model, stop: () => model.stop(1) })
describe.each(CROWDS)('a %s in a crowd of %j', (what, crowd) => {
  it('is drawn as those of the other half were', () => {
    const real = seats(what, crowd)
    expect(real.n).toBeGreaterThan(12)
    expect(real.distance).toBeLessThan(real.most)
  })

  it.each([1.5, 0.6])('would be found out at %d times as long', (by) => {
    const wrong = seats(what, crowd, times(by))
    expect(wrong.distance).toBeGreaterThan(wrong.most)
  })
})

describe.each(RUNS)('the %s of the kind %s', (part, kind) => {
  it('is drawn as those of the other half were', () => {
    const real = runs(part, kind)
    expect(real.n).toBeGreaterThan(12)
    expect(real.distance).toBeLessThan(real.most)
  })

  it.each([2, 0.45])('would be found out at %d times as long', (by) => {
    const wrong = runs(part, kind, times(by))
    expect(wrong.distance).toBeGreaterThan(wrong.most)
  })
})

it.each([
  ['starts that all take the mean', 'start', [4, 6], evenly],
  ['stops that know no crowd', 'stop', [6, 12], crowdless],
  ['stops that know no crowd', 'stop', [13, 30], crowdless],
] as const)('%s would be found out', (_, what, crowd, planted) => {
  const wrong = seats(what, crowd, planted)
  expect(wrong.distance).toBeGreaterThan(wrong.most)
})
