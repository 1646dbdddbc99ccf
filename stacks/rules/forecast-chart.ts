/** The forecast as an SVG chart: demand against capacity, nodes below. No script, readable by a screen reader. */
import { numberText, shortDateText } from './explain.ts'
import type { Language } from './explain.ts'
import { type Forecast, type ForecastHour, forecastDays } from './forecast.ts'

const width = 960
const height = 300
const margin = { left: 56, right: 24, top: 36, bottom: 40 }

const words = {
  fr: {
    title: 'Prévision',
    demand: 'cœurs demandés',
    capacity: 'cœurs disponibles',
    cores: 'cœurs',
  },
  en: { title: 'Forecast', demand: 'cores asked', capacity: 'cores there', cores: 'cores' },
}

/**
 * Days as bars: the cores asked at the day's fullest hour, over those there. What own machines give is there every day.
 * @returns a whole `<svg>`; `timeZone` says which day an hour belongs to
 */
export function forecastChart(forecast: Forecast, language: Language, timeZone = 'UTC'): string {
  const word = words[language]
  const days = forecastDays(forecast.hours, timeZone)
  const axis = axisOf(days, forecast.standingCores)
  const price = `${numberText(forecast.totalPrice, language)} ${forecast.currency}`
  const title = `${word.title} ${forecast.pool} : ${numberText(forecast.nodeHours, language)} h, ${price}`
  const standing = bar(axis, { at: 0, days: axis.days }, forecast.standingCores)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}" font-family="sans-serif" font-size="12" class="forecast-chart">`,
    `<title>${escape(title)}</title>`,
    `<text x="${margin.left}" y="20" font-size="14" class="title">${escape(title)}</text>`,
    `<path class="capacity" d="${standing}${bars(axis, days, (day) => day.capacityCores)}" fill="#d5dde8"/>`,
    `<path class="demand" d="${bars(axis, days, (day) => day.cores)}" fill="#2f6f4f"/>`,
    ...gridLines(axis.most, word.cores, language),
    ...dayMarks(axis, language),
    legend(width - 300, 'demand', '#2f6f4f', word.demand),
    legend(width - 150, 'capacity', '#d5dde8', word.capacity),
    '</svg>',
    '',
  ].join('\n')
}

function legend(x: number, what: string, colour: string, text: string): string {
  return `<rect class="${what}" x="${x}" y="10" width="12" height="12" fill="${colour}"/><text x="${x + 18}" y="20">${escape(text)}</text>`
}

/** From the first day to the last, and from none to the most cores. */
interface Axis {
  first: number
  days: number
  most: number
}

const dayMs = 86_400_000
const dayOf = (at: string): number => Date.parse(`${at}T00:00:00Z`) / dayMs

function axisOf(days: ForecastHour[], standingCores: number): Axis {
  const first = dayOf(days[0]?.at ?? '1970-01-01')
  const last = dayOf(days.at(-1)?.at ?? '1970-01-01')
  const most = days.reduce((top, day) => Math.max(top, day.cores, day.capacityCores), standingCores)
  return { first, days: last - first + 1, most: Math.max(most, 1) }
}

function x(axis: Axis, day: number): number {
  return round(margin.left + (day / axis.days) * (width - margin.left - margin.right))
}

function y(value: number, most: number): number {
  return round(height - margin.bottom - (value / most) * (height - margin.top - margin.bottom))
}

function bars(axis: Axis, days: ForecastHour[], value: (day: ForecastHour) => number): string {
  return days
    .map((day) => bar(axis, { at: dayOf(day.at) - axis.first, days: 1 }, value(day)))
    .join('')
}

function bar(axis: Axis, span: { at: number; days: number }, value: number): string {
  if (value === 0) return ''
  const [left, right] = [x(axis, span.at), x(axis, span.at + span.days)]
  return `M${left} ${y(0, axis.most)}V${y(value, axis.most)}H${right}V${y(0, axis.most)}Z`
}

function gridLines(most: number, unit: string, language: Language): string[] {
  return [0, 0.5, 1].map((share) => {
    const at = y(most * share, most)
    const label = `${numberText(Math.round(most * share), language)}`
    const line = `<line x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}" class="grid" stroke="#00000022"/>`
    return `${line}<text x="${margin.left - 6}" y="${at + 4}" text-anchor="end">${label}${share === 1 ? ` ${unit}` : ''}</text>`
  })
}

/** At most ten dates along the bottom, evenly apart: every day, every other, or whole weeks. */
function dayMarks(axis: Axis, language: Language): string[] {
  const least = axis.days / 10
  const step = least <= 1 ? 1 : least <= 2 ? 2 : 7 * Math.ceil(least / 7)
  const marks = Array.from({ length: Math.ceil(axis.days / step) }, (_, i) => i * step)
  return marks.map((day) => {
    const text = shortDateText((axis.first + day) * dayMs, language)
    return `<text x="${x(axis, day + 0.5)}" y="${height - 16}" text-anchor="middle">${text}</text>`
  })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
