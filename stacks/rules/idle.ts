/**
 * Is anybody at work in a seat? From counters that only say that something was done, never what; an open tab is
 * not work. Instants are epoch ms.
 */
import type { BlueprintSession } from '../blueprint.ts'
import type { Lifecycle } from '../terms.ts'

/** As `labplan-seat` tells them; null where a node does not know. The first two only grow while a task runs. */
export interface Counters {
  cpuMicros: number | null
  networkBytes: number | null
  inputSecondsAgo: number | null
  gpuPercent: number | null
}

export interface Sample {
  taskId: string
  at: number
  /** When work was last seen. */
  workedAt: number
  counters: Counters
}

// What an empty terminal and a tab that is only open use, measured, is a tenth of this or less.
const workCpuShare = 0.02
const workBytesPerMinute = 200_000
const workGpuPercent = 5
/** Over a longer gap nobody looked: that is no sign that nobody worked. */
const longestGapMs = 5 * 60_000

/** The next sample of a task. A new task, and one that was not watched for a while, counts as at work. */
export function nextSample(
  before: Sample | undefined,
  seen: { taskId: string; at: number; counters: Counters },
): Sample {
  const isFresh = before?.taskId === seen.taskId && seen.at - before.at <= longestGapMs
  if (!before || !isFresh || hasWorked(before, seen)) return { ...seen, workedAt: seen.at }
  const { inputSecondsAgo } = seen.counters
  const typedAt = inputSecondsAgo === null ? 0 : seen.at - inputSecondsAgo * 1000
  return { ...seen, workedAt: Math.min(seen.at, Math.max(before.workedAt, typedAt)) }
}

function hasWorked(before: Sample, seen: { at: number; counters: Counters }): boolean {
  const ms = Math.max(1, seen.at - before.at)
  const grown = (name: 'cpuMicros' | 'networkBytes') =>
    (seen.counters[name] ?? 0) - (before.counters[name] ?? 0)
  return (
    grown('cpuMicros') / 1000 / ms >= workCpuShare ||
    (grown('networkBytes') / ms) * 60_000 >= workBytesPerMinute ||
    (seen.counters.gpuPercent ?? 0) >= workGpuPercent
  )
}

/**
 * When it stops unless work is seen; null where idleness stops nothing, or nothing can be known of it. `hasGpu`: a GPU may
 * compute for hours while the processor waits for it, so that one whose load is not told may always be at work.
 */
export function idleStopsAt(
  sample: Sample,
  { idleMinutes, hasGpu }: { idleMinutes: number; hasGpu: boolean },
): number | null {
  const { cpuMicros, networkBytes, gpuPercent } = sample.counters
  if (idleMinutes === 0 || cpuMicros === null || networkBytes === null) return null
  if (hasGpu && gpuPercent === null) return null
  return sample.workedAt + idleMinutes * 60_000
}

/** Who sits in class and listens is not idle: classes have a limit of their own, usually none. */
export function idleMinutesOf(lifecycle: Lifecycle, kind: BlueprintSession['kind'] | null): number {
  const isOwnTime = kind === null || kind === 'project'
  return isOwnTime ? lifecycle.idleMinutes : lifecycle.idleMinutesInClass
}
