/**
 * How long things take, drawn from what the real ones took (recorded.json, made by record.ts). A duration that
 * grows with a size is a straight line through the recorded points, times what one of them was off it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../campus/random.ts'

export type SeatSample = { crowd: number; seconds: number }
export type RunSample = {
  stack: 'seats' | 'volumes'
  kind: 'apply' | 'destroy'
  resources: number
  steps: Record<string, number>
}
export type Recorded = {
  machine: string
  runs: RunSample[]
  starts: SeatSample[]
  stops: SeatSample[]
}

export const readRecorded = (): Recorded =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'recorded.json'), 'utf8')) as Recorded

export type Latencies = {
  /** Seconds from scale-up to a seat that answers, with so many on their way on its node. */
  start(crowd: number): number
  stop(crowd: number): number
  /** Seconds from taking the stack to a plan, and from there to the end. */
  plan(run: RunShape): number
  apply(run: RunShape): number
}
export type RunShape = { stack: 'seats' | 'volumes'; kind: 'apply' | 'destroy'; resources: number }

export function latencies(recorded: Recorded, dice: Random): Latencies {
  const starts = bySize(recorded.starts.map(({ crowd, seconds }) => ({ size: crowd, seconds })))
  const stops = bySize(recorded.stops.map(({ crowd, seconds }) => ({ size: crowd, seconds })))
  const lines = new Map<string, Line>()
  const lineOf = (part: 'plan' | 'apply', { stack, kind }: RunShape): Line => {
    const name = `${part} ${stack} ${kind}`
    const known = lines.get(name) ?? lineThrough(pointsOf(recorded.runs, part, { stack, kind }))
    lines.set(name, known)
    return known
  }
  const onLine = (line: Line, size: number): number =>
    Math.max(line.least, line.at(size)) * dice.pick(line.ratios)
  return {
    start: (crowd) => dice.pick(nearest(starts, crowd)),
    stop: (crowd) => dice.pick(nearest(stops, crowd)),
    plan: (run) => onLine(lineOf('plan', run), run.resources),
    apply: (run) => onLine(lineOf('apply', run), run.resources),
  }
}

type Point = { size: number; seconds: number }

/** Steps before the apply, without the caller's own part, which the simulation does for real; and those after. */
export function pointsOf(
  runs: RunSample[],
  part: 'plan' | 'apply',
  of: Pick<RunShape, 'stack' | 'kind'>,
): Point[] {
  const names =
    part === 'plan' ? ['recover', 'survey', 'prepare', 'plan', 'guard'] : ['apply', 'verify']
  return runs
    .filter((run) => run.stack === of.stack && run.kind === of.kind && run.resources > 0)
    .map((run) => ({
      size: run.resources,
      seconds: names.reduce((sum, name) => sum + (run.steps[name] ?? 0), 0),
    }))
}

type Line = { at: (size: number) => number; ratios: number[]; least: number }

function lineThrough(points: Point[]): Line {
  if (points.length === 0) return { at: () => 1, ratios: [1], least: 1 }
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean((p) => p.size), mean((p) => p.seconds)]
  const spread = mean((p) => (p.size - x) ** 2)
  const slope = spread === 0 ? 0 : mean((p) => (p.size - x) * (p.seconds - y)) / spread
  const at = (size: number) => y + slope * (size - x)
  const least = Math.min(...points.map((p) => p.seconds))
  return { at, least, ratios: points.map((p) => p.seconds / Math.max(least, at(p.size))) }
}

function bySize(points: Point[]): Map<number, number[]> {
  const grouped = Map.groupBy(points, (point) => point.size)
  return new Map([...grouped].map(([size, list]) => [size, list.map((point) => point.seconds)]))
}

/** The samples of the recorded size nearest to this one. */
function nearest(groups: Map<number, number[]>, size: number): number[] {
  let best: number | undefined
  for (const known of groups.keys())
    if (best === undefined || Math.abs(known - size) < Math.abs(best - size)) best = known
  return (best !== undefined && groups.get(best)) || [1]
}
