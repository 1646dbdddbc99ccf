import { expect, test } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { forecastChart } from '../../stacks/rules/forecast-chart.ts'
import { forecast } from '../../stacks/rules/forecast.ts'
import { campus } from '../campus/campus.ts'

const input = campus(3, { courses: 12, weeks: 3, sessionsPerWeek: 2, seats: 25 })
const compiled = compile(input)

test('a forecast pays for every node-hour of the blueprint, hour by hour', () => {
  for (const pool of input.pools) {
    const { hours, totalPrice } = forecast(compiled, pool)
    const paid = hours.reduce((sum, hour) => sum + hour.price, 0)
    expect(Math.abs(paid - totalPrice)).toBeLessThan(0.001 * hours.length + 0.01)
    expect(hours.map((hour) => hour.at)).toEqual(hours.map((hour) => hour.at).toSorted())
  }
})

test('capacity covers demand in every hour', () => {
  for (const pool of input.pools) {
    for (const hour of forecast(compiled, pool).hours) {
      expect(hour.capacityCores).toBeGreaterThanOrEqual(hour.cores)
      expect(hour.capacityMemoryMb).toBeGreaterThanOrEqual(hour.memoryMb)
      expect(hour.capacityGpus).toBeGreaterThanOrEqual(hour.gpus)
    }
  }
})

test('the chart is one well-formed drawing with a title', () => {
  const [pool] = input.pools
  const svg = forecastChart(forecast(compiled, pool as (typeof input.pools)[number]), 'fr')
  expect(svg).toMatch(/^<svg [^>]*role="img" aria-label="Prévision cloud[^"]*"/)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  expect(svg.match(/<text/g)?.length).toBe(svg.match(/<\/text>/g)?.length)
})
