import { writeFileSync } from 'node:fs'
import { compile } from '../../stacks/compile.ts'
import { forecastChart } from '../../stacks/rules/forecast-chart.ts'
import { type Forecast, forecast, forecastDays } from '../../stacks/rules/forecast.ts'
import type { Call, Command } from '../command.ts'
import { usedWrongly } from '../command.ts'
import { compileInput, languageOf, planHelp, planOptions, readPlanFiles } from '../plan-files.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'Forecast a term, of what is in force or of course files: demand, nodes, cost',
  usage: '[FILE...] [--pool POOL] [--hours] [--svg FILE]',
  help: `
Without a FILE it is of what is in force, as the administrator's page shows it.
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
  const all = call.args.length > 0 ? ofFiles(call) : await inForce(call)
  const wanted = options['pool']
  const forecasts = all.filter(({ pool }) => wanted === undefined || pool === wanted)
  if (wanted !== undefined && forecasts.length === 0)
    throw usedWrongly(
      `No pool "${String(wanted)}" among ${all.map(({ pool }) => pool).join(', ')}.`,
    )
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

function ofFiles(call: Call): Forecast[] {
  const input = compileInput(readPlanFiles(call.args), call)
  const compiled = compile(input)
  return input.pools.map((pool) => forecast(compiled, pool))
}

const inForce = async ({ api }: Call): Promise<Forecast[]> =>
  (await api.get<{ pools: Forecast[] }>('/api/forecast')).pools

function printForecast(print: Call['print'], one: Forecast, byHour: boolean): void {
  const price = Math.round(one.totalPrice * 100) / 100
  const hours = Math.round(one.nodeHours * 10) / 10
  print(
    `${one.pool}: at most ${one.peakPlaces} places at once, ${hours} node-hours, ${price} ${one.currency}`,
  )
  const rows = (byHour ? one.hours : forecastDays(one.hours, 'UTC')).map((row) => [
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
