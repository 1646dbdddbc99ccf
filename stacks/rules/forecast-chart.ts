/** The forecast as an SVG chart: demand against capacity, nodes below. No script, readable by a screen reader. */
import { numberText } from './explain.ts'
import type { Language } from './explain.ts'
import type { Forecast, ForecastHour } from './forecast.ts'

const width = 960
const height = 300
const margin = { left: 56, right: 16, top: 36, bottom: 40 }

const words = {
  fr: {
    title: 'Prévision',
    demand: 'cœurs demandés',
    capacity: 'cœurs disponibles',
    cores: 'cœurs',
  },
  en: { title: 'Forecast', demand: 'cores asked', capacity: 'cores there', cores: 'cores' },
}

/** @returns a whole `<svg>`; hours without demand or nodes fall to the capacity of own machines */
export function forecastChart(forecast: Forecast, language: Language): string {
  const word = words[language]
  const hours = forecast.hours
  const most = hours.reduce((top, hour) => Math.max(top, hour.cores, hour.capacityCores), 1)
  const price = `${numberText(forecast.totalPrice, language)} ${forecast.currency}`
  const title = `${word.title} ${forecast.pool} : ${numberText(forecast.nodeHours, language)} h, ${price}`
  const demand = area(hours, (hour) => hour.cores, most)
  const capacity = area(hours, (hour) => hour.capacityCores, most)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}" font-family="sans-serif" font-size="12" class="forecast-chart">`,
    `<title>${escape(title)}</title>`,
    `<text x="${margin.left}" y="20" font-size="14" class="title">${escape(title)}</text>`,
    `<path class="capacity" d="${capacity}" fill="#d5dde8" stroke="#6b7f99"/>`,
    `<path class="demand" d="${demand}" fill="#2f6f4f" fill-opacity="0.75"/>`,
    ...gridLines(most, word.cores, language),
    ...dayMarks(hours),
    legend(width - 300, 'demand', '#2f6f4f', word.demand),
    legend(width - 150, 'capacity', '#d5dde8', word.capacity),
    '</svg>',
    '',
  ].join('\n')
}

function legend(x: number, what: string, colour: string, text: string): string {
  return `<rect class="${what}" x="${x}" y="10" width="12" height="12" fill="${colour}"/><text x="${x + 18}" y="20">${escape(text)}</text>`
}

function x(at: number, hours: ForecastHour[]): number {
  const first = Date.parse(hours[0]?.at ?? '')
  const last = Date.parse(hours.at(-1)?.at ?? '') + 3_600_000
  const share = (at - first) / Math.max(1, last - first)
  return round(margin.left + share * (width - margin.left - margin.right))
}

function y(value: number, most: number): number {
  return round(height - margin.bottom - (value / most) * (height - margin.top - margin.bottom))
}

/** Steps, one per hour; between hours that do not follow each other it falls to the ground. */
function area(hours: ForecastHour[], value: (hour: ForecastHour) => number, most: number): string {
  const parts: string[] = []
  let end: number | undefined
  for (const hour of hours) {
    const at = Date.parse(hour.at)
    if (at !== end) {
      if (end !== undefined) parts.push(`L${x(end, hours)} ${y(0, most)}`)
      parts.push(`${end === undefined ? 'M' : 'L'}${x(at, hours)} ${y(0, most)}`)
    }
    end = at + 3_600_000
    parts.push(`L${x(at, hours)} ${y(value(hour), most)}L${x(end, hours)} ${y(value(hour), most)}`)
  }
  if (end !== undefined) parts.push(`L${x(end, hours)} ${y(0, most)}Z`)
  return parts.join('')
}

function gridLines(most: number, unit: string, language: Language): string[] {
  return [0, 0.5, 1].map((share) => {
    const at = y(most * share, most)
    const label = `${numberText(Math.round(most * share), language)}`
    const line = `<line x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}" class="grid" stroke="#00000022"/>`
    return `${line}<text x="${margin.left - 6}" y="${at + 4}" text-anchor="end">${label}${share === 1 ? ` ${unit}` : ''}</text>`
  })
}

/** At most ten dates along the bottom. */
function dayMarks(hours: ForecastHour[]): string[] {
  const days = [...new Set(hours.map((hour) => hour.at.slice(0, 10)))]
  const step = Math.max(1, Math.ceil(days.length / 10))
  return days
    .filter((_day, i) => i % step === 0)
    .map(
      (day) =>
        `<text x="${x(Date.parse(`${day}T12:00:00Z`), hours)}" y="${height - 16}" text-anchor="middle">${day.slice(5)}</text>`,
    )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
