/** The forecast: the administrator's page, its rows as CSV, and JSON for the command line. */
import { forecastDays } from '../../stacks/rules/forecast.ts'
import { csv } from '../csv.ts'
import { defaultTimeZone } from '../data/courses/course.ts'
import { forecastPage } from '../pages/forecast.ts'
import type { Handler, Visit } from '../visit.ts'

async function viewOf({ planner, pool, at }: Visit) {
  const [forecasts, timeZone] = await Promise.all([planner.forecast(at), defaultTimeZone(pool)])
  return forecasts.map((one) => ({ ...one, timeZone, days: forecastDays(one.hours, timeZone) }))
}

export const show: Handler = async (visit) => ({ html: forecastPage(visit, await viewOf(visit)) })

/** One row for each pool and day. */
export const download: Handler = async (visit) => {
  const heads = [
    ...['pool', 'day', 'places', 'cores', 'capacity_cores', 'memory_mb', 'capacity_memory_mb'],
    ...['gpus', 'capacity_gpus', 'nodes', 'price', 'currency'],
  ]
  const rows = (await viewOf(visit)).flatMap(({ pool, currency, days }) =>
    days.map((day) => [
      ...[pool, day.at, day.places, day.cores, day.capacityCores, day.memoryMb],
      ...[
        day.capacityMemoryMb,
        day.gpus,
        day.capacityGpus,
        day.nodes,
        day.price.toFixed(2),
        currency,
      ],
    ]),
  )
  return csv('labplan-forecast.csv', heads, rows)
}

export const read: Handler = async ({ planner, at }) => ({
  json: { pools: await planner.forecast(at) },
})
