/** Freezes as the command line reads and says them. */
import { Temporal } from 'temporal-polyfill'
import { usedWrongly } from './command.ts'
import { minute } from './runs.ts'

export type FreezeLine = {
  /** Null: every pool. */
  pool: string | null
  applies: boolean
  destroys: boolean
  reason: string
  until: string
}

/** Who acts: the person at the machine, by the right of holding its settings. */
export const OPERATOR = { name: 'operator', role: 'operator' } as const

/** `all` is every pool. */
export function poolOf([word]: string[]): string | null {
  if (!word) throw usedWrongly('Which pool? Name one, or say all.')
  return word === 'all' ? null : word
}

export function freezeText({ pool, applies, destroys, reason, until }: FreezeLine): string {
  const what = [applies && 'applies', destroys && 'destroys'].filter(Boolean).join(' and ')
  return `${what} are frozen ${pool ? `in ${pool}` : 'everywhere'} until ${minute(until)} UTC: ${reason}`
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90m`, `4h`, `2d` from now; `2026-11-30T18:00` in the zone's time; or an instant with its offset. */
export function instantOf(text: string, { now, timeZone }: { now: Date; timeZone: string }): Date {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  if (count && unit) return new Date(now.getTime() + Number(count) * (UNITS[unit] ?? 0))
  try {
    const hasOffset = /(Z|[+-]\d\d:?\d\d)$/.test(text)
    const at = hasOffset
      ? Temporal.Instant.from(text)
      : Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone).toInstant()
    return new Date(at.epochMilliseconds)
  } catch {
    throw usedWrongly(
      `--until ${text} is not a time: write 90m, 4h, 2d, or 2026-11-30T18:00 (${timeZone}).`,
    )
  }
}
