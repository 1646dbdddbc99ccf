import { writeFileSync } from 'node:fs'
import { compile } from '../../stacks/compile.ts'
import { forecastChart } from '../../stacks/rules/forecast-chart.ts'
import { forecast } from '../../stacks/rules/forecast.ts'
import type { Forecast, ForecastHour } from '../../stacks/rules/forecast.ts'
import type { Call, Command } from '../command.ts'
import { usedWrongly } from '../command.ts'
import { compileInput, languageOf, planHelp, planOptions, readPlanFiles } from '../plan-files.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'Forecast a term from course files: demand, nodes, capacity and cost over time',
  usage: 'FILE... [--pool POOL] [--hours] [--svg FILE]',
  help: `
One row per day (its fullest hour, its price), or per hour with --hours.

--pool POOL        only this pool
--hours            one row per hour
--svg FILE         also draw the chart of one pool${planHelp}`,
  options: {
    pool: { type: 'string' },
    hours: { type: 'boolean' },
    svg: { type: 'string' },
    ...planOptions,
  },
  run,
}

async function run(call: Call): Promise<number> {
  const { options, json, print } = call
  const input = compileInput(readPlanFiles(call.args), call)
  const compiled = compile(input)
  const wanted = options['pool']
  const pools = input.pools.filter((pool) => wanted === undefined || pool.key === wanted)
  if (pools.length === 0) throw usedWrongly(`No pool "${String(wanted)}" in these files.`)
  const forecasts = pools.map((pool) => forecast(compiled, pool))
  const { svg } = options
  const [first] = forecasts
  if (typeof svg === 'string' && first) {
    if (forecasts.length > 1) throw usedWrongly('--svg draws one pool: name it with --pool.')
    writeFileSync(svg, forecastChart(first, languageOf(call)))
  }
  if (json) print(JSON.stringify({ pools: forecasts }))
  else for (const one of forecasts) printForecast(print, one, options['hours'] === true)
  return 0
}

function printForecast(print: Call['print'], one: Forecast, byHour: boolean): void {
  const price = Math.round(one.totalPrice * 100) / 100
  const hours = Math.round(one.nodeHours * 10) / 10
  print(
    `${one.pool}: at most ${one.peakPlaces} places at once, ${hours} node-hours, ${price} ${one.currency}`,
  )
  const rows = (byHour ? one.hours : byDay(one.hours)).map((row) => [
    row.at,
    row.places,
    row.cores,
    row.capacityCores,
    row.memoryMb,
    row.gpus,
    row.nodes,
    Math.round(row.price * 100) / 100,
  ])
  const heads = [
    byHour ? 'hour (UTC)' : 'day',
    'places',
    'cores',
    'of',
    'memory MB',
    'GPUs',
    'nodes',
    one.currency,
  ]
  if (rows.length > 0) print(table(heads, rows))
  print('')
}

/** A day is as full as its fullest hour, and costs their sum. */
function byDay(hours: ForecastHour[]): ForecastHour[] {
  const days = new Map<string, ForecastHour>()
  for (const hour of hours) {
    const at = hour.at.slice(0, 10)
    const day = days.get(at) ?? { ...hour, at, price: 0 }
    const names = ['places', 'cores', 'memoryMb', 'gpus', 'nodes', 'capacityCores'] as const
    for (const name of names) day[name] = Math.max(day[name], hour[name])
    day.price += hour.price
    days.set(at, day)
  }
  return [...days.values()]
}
