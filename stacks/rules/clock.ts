/** Which instant is a wall time? Wall time + zone → epoch milliseconds, daylight saving included. */
import { Temporal } from 'temporal-polyfill'

const dayMs = 86_400_000

/** Offsets of days without a clock change, by zone and day: a semester has few days and many classes. */
const steadyOffsets = new Map<string, Map<number, number | null>>()

/**
 * Epoch ms of a wall time given as "UTC" ms (`Date.parse(wall + 'Z')`).
 * Like RFC 5545 and Temporal's `compatible`: a time skipped by the clock change is moved forward by
 * the gap, a time that happens twice is its first occurrence.
 */
export function instantOf(wallMs: number, timeZone: string): number {
  const day = Math.floor(wallMs / dayMs)
  const offset = steadyOffset(day, timeZone)
  if (offset !== null) return wallMs - offset
  return plain(wallMs).toZonedDateTime(timeZone).epochMilliseconds
}

/** Wall time in a zone, as "UTC" ms, of an instant in epoch ms. */
export function wallOf(instantMs: number, timeZone: string): number {
  const offset = steadyOffset(Math.floor(instantMs / dayMs), timeZone)
  if (offset !== null) return instantMs + offset
  const zoned = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone)
  return instantMs + zoned.offsetNanoseconds / 1e6
}

/** `2026-11-23T08:00` → "UTC" ms. */
export function parseWall(text: string): number {
  return Date.parse(text.length === 10 ? `${text}T00:00Z` : `${text}Z`)
}

const dayTexts = new Map<number, string>()
const clockTexts = Array.from(
  { length: 1440 },
  (_, minute) =>
    `T${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`,
)

/** "UTC" ms → `2026-11-23T08:00`. By table: a campus has few days and a hundred thousand times. */
export function formatWall(wallMs: number): string {
  const day = Math.floor(wallMs / dayMs)
  let text = dayTexts.get(day)
  if (text === undefined) {
    text = new Date(day * dayMs).toISOString().slice(0, 10)
    dayTexts.set(day, text)
  }
  return text + clockTexts[Math.floor((wallMs - day * dayMs) / 60_000)]
}

const instants = new Map<string, number>()
const instantTexts = new Map<number, string>()
const mostInstants = 50_000

/**
 * Epoch ms → `2026-11-23T07:00:00Z`. Everything here happens on whole minutes. By table, as the other way round: a term
 * has few instants and a hundred thousand times, and the same text is read back sooner than another of the same letters.
 */
export function formatInstant(ms: number): string {
  const known = instantTexts.get(ms)
  if (known !== undefined) return known
  const text = `${formatWall(ms)}:00Z`
  if (instantTexts.size >= mostInstants) instantTexts.clear()
  instantTexts.set(ms, text)
  return text
}

export function parseInstant(text: string): number {
  const known = instants.get(text)
  if (known !== undefined) return known
  if (instants.size >= mostInstants) instants.clear()
  const instant = Date.parse(text)
  instants.set(text, instant)
  return instant
}

function steadyOffset(day: number, timeZone: string): number | null {
  let days = steadyOffsets.get(timeZone)
  if (days === undefined) {
    days = new Map()
    steadyOffsets.set(timeZone, days)
  }
  const known = days.get(day)
  if (known !== undefined) return known
  // A day more on both sides: `wallOf` asks by the instant's day, not by the wall's.
  const before = offsetAt((day - 1) * dayMs, timeZone)
  const after = offsetAt((day + 2) * dayMs, timeZone)
  const offset = before === after ? before : null
  days.set(day, offset)
  return offset
}

function offsetAt(wallMs: number, timeZone: string): number {
  return plain(wallMs).toZonedDateTime(timeZone).offsetNanoseconds / 1e6
}

function plain(wallMs: number): Temporal.PlainDateTime {
  return Temporal.PlainDateTime.from(new Date(wallMs).toISOString().slice(0, 23))
}
