/** Demand and capacity of a pool before and after a change, day by day, as an SVG: no script, readable by a screen reader. */
import { numberText, shortDateText } from './explain.ts'
import type { Language } from './explain.ts'
import type { ForecastHour } from './forecast.ts'

/** The same day twice; what is not there asks and has nothing. */
export interface ChangeDay {
  /** `2026-11-24` */
  at: string
  coresBefore: number
  coresAfter: number
  thereBefore: number
  thereAfter: number
}

const dayMs = 86_400_000
/** Days around those that differ, so that a bar has neighbours. */
const AROUND = 3
const MOST_DAYS = 200

/**
 * Days from a little before the first that differs to a little after the last, those between included.
 * @param standing cores that are there every day, also on those of which there is nothing to say
 * @returns none when no day differs
 */
export function changeDays(
  before: ForecastHour[],
  after: ForecastHour[],
  standing: { before: number; after: number },
): ChangeDay[] {
  const days = new Map<number, ChangeDay>()
  const dayOf = (at: string) => Date.parse(`${at}T00:00:00Z`) / dayMs
  const find = (day: number): ChangeDay => {
    const known = days.get(day)
    if (known) return known
    const made = {
      at: new Date(day * dayMs).toISOString().slice(0, 10),
      ...{ coresBefore: 0, coresAfter: 0 },
      ...{ thereBefore: standing.before, thereAfter: standing.after },
    }
    days.set(day, made)
    return made
  }
  for (const { at, cores, capacityCores } of before)
    Object.assign(find(dayOf(at)), { coresBefore: cores, thereBefore: capacityCores })
  for (const { at, cores, capacityCores } of after)
    Object.assign(find(dayOf(at)), { coresAfter: cores, thereAfter: capacityCores })
  const differing = [...days].filter(([, day]) => isOther(day)).map(([day]) => day)
  if (differing.length === 0) return []
  const first = Math.min(...differing) - AROUND
  const last = Math.min(Math.max(...differing) + AROUND, first + MOST_DAYS)
  return Array.from({ length: last - first + 1 }, (_, i) => find(first + i))
}

export const isOther = (day: ChangeDay): boolean =>
  day.coresBefore !== day.coresAfter || day.thereBefore !== day.thereAfter

const width = 960
const height = 280
const margin = { left: 56, right: 16, top: 40, bottom: 36 }

const words = {
  fr: { after: 'demandés, après', before: 'demandés, avant', there: 'présents, après' },
  en: { after: 'asked, after', before: 'asked, before', there: 'there, after' },
}
const thereBeforeWord = { fr: 'présents, avant', en: 'there, before' }

/** @param title says in words what the chart shows: it is its text alternative */
export function changeChart(days: ChangeDay[], language: Language, title: string): string {
  const most = Math.max(
    1,
    ...days.flatMap((day) => [day.coresBefore, day.coresAfter, day.thereBefore, day.thereAfter]),
  )
  const scale = { count: days.length, most }
  const word = words[language]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}" font-family="sans-serif" font-size="12" class="forecast-chart change-chart">`,
    `<title>${escape(title)}</title>`,
    `<path class="capacity" d="${bars(scale, days, (day) => day.thereAfter)}"/>`,
    `<path class="demand" d="${bars(scale, days, (day) => day.coresAfter)}"/>`,
    `<path class="was-there" d="${outline(scale, days, (day) => day.thereBefore)}"/>`,
    `<path class="was-asked" d="${outline(scale, days, (day) => day.coresBefore)}"/>`,
    ...grid(scale, language),
    ...dates(scale, days, language),
    box(0, 'demand', word.after),
    line(1, 'was-asked', word.before),
    box(2, 'capacity', word.there),
    line(3, 'was-there', thereBeforeWord[language]),
    '</svg>',
    '',
  ].join('\n')
}

type Scale = { count: number; most: number }

const across = ({ count }: Scale, day: number): number =>
  round(margin.left + (day / count) * (width - margin.left - margin.right))
const up = ({ most }: Scale, value: number): number =>
  round(height - margin.bottom - (value / most) * (height - margin.top - margin.bottom))
const round = (value: number): number => Math.round(value * 10) / 10

function bars(scale: Scale, days: ChangeDay[], value: (day: ChangeDay) => number): string {
  return days
    .map((day, i) =>
      value(day) === 0
        ? ''
        : `M${across(scale, i)} ${up(scale, 0)}V${up(scale, value(day))}H${across(scale, i + 1)}V${up(scale, 0)}Z`,
    )
    .join('')
}

/** The top edge of what was: a line over the bars of what will be. */
function outline(scale: Scale, days: ChangeDay[], value: (day: ChangeDay) => number): string {
  const steps = days.map((day, i) => `V${up(scale, value(day))}H${across(scale, i + 1)}`)
  return `M${across(scale, 0)} ${up(scale, 0)}${steps.join('')}`
}

function grid(scale: Scale, language: Language): string[] {
  return [0, 0.5, 1].map((share) => {
    const at = up(scale, scale.most * share)
    const label = numberText(Math.round(scale.most * share), language)
    return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}" class="grid" stroke="#00000022"/><text x="${margin.left - 6}" y="${at + 4}" text-anchor="end">${label}</text>`
  })
}

function dates(scale: Scale, days: ChangeDay[], language: Language): string[] {
  const least = days.length / 10
  const step = least <= 1 ? 1 : least <= 2 ? 2 : 7 * Math.ceil(least / 7)
  return days.flatMap(({ at }, i) =>
    i % step === 0
      ? [
          `<text x="${across(scale, i + 0.5)}" y="${height - 12}" text-anchor="middle">${shortDateText(Date.parse(`${at}T00:00:00Z`), language)}</text>`,
        ]
      : [],
  )
}

const legendAt = (place: number): number => margin.left + place * 200
const box = (place: number, what: string, text: string): string =>
  `<rect class="${what}" x="${legendAt(place)}" y="10" width="12" height="12"/><text x="${legendAt(place) + 18}" y="20">${text}</text>`
const line = (place: number, what: string, text: string): string =>
  `<path class="${what}" d="M${legendAt(place)} 16h14"/><text x="${legendAt(place) + 20}" y="20">${text}</text>`

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
