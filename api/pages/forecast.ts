/** The administrator's forecast: for each pool what is asked, what is there, and what it costs, day by day. */
import { dateText, numberText } from '../../stacks/rules/explain.ts'
import { forecastChart } from '../../stacks/rules/forecast-chart.ts'
import type { ForecastHour } from '../../stacks/rules/forecast.ts'
import type { PoolForecast } from '../data/pools/forecast.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, drawn, html } from './html.ts'
import { type Column, tableOf, tag } from './table.ts'

type Shown = PoolForecast & { days: ForecastHour[]; timeZone: string }

export function forecastPage(visit: Visit, forecasts: Shown[]): Html {
  const t = (code: string) => say(visit.locale, code)
  const planned = forecasts.filter(({ days }) => days.length > 0)
  const idle = forecasts.filter(({ days }) => days.length === 0)
  return adminFrame(
    visit,
    'admin.forecast',
    html`${
      planned.length === 0
        ? html`<section class="sheet"><p class="empty">${t('forecast.none')}</p></section>`
        : html`<p class="forecast-line">
            <a href="${paths.adminForecastCsv()}">${t('forecast.csv')}</a>
          </p>`
    }
    ${planned.map((one) => poolSection(visit, one))}
    ${
      planned.length > 0 && idle.length > 0
        ? html`<p class="hint">
            ${t('forecast.idle')} ${idle.map(({ title }) => title[visit.locale]).join(', ')}
          </p>`
        : ''
    }`,
  )
}

function poolSection(visit: Visit, one: Shown): Html {
  const { locale } = visit
  const title = one.title[locale]
  const peak = one.days.reduce((most, day) => (day.places > most.places ? day : most))
  const headline = say(locale, one.nodeHours > 0 ? 'forecast.headline' : 'forecast.headline.own', {
    count: one.peakPlaces,
    places: numberText(one.peakPlaces, locale),
    day: dateText(peak.at, locale),
    nodeHours: numberText(Math.round(one.nodeHours), locale),
    price: numberText(Math.round(one.totalPrice), locale),
    currency: one.currency,
  })
  const id = `pool-${one.pool}`
  return html`<section class="sheet" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    <p>${headline}</p>
    <div class="table-wrap" tabindex="0" role="group" aria-label="${say(locale, 'forecast.chart')}">
      ${drawn(forecastChart(one, locale, one.timeZone))}
    </div>
    <details>
      <summary>${say(locale, 'forecast.days', { count: one.days.length })}</summary>
      ${tableOf(say(locale, 'forecast.chart'), columnsOf(visit, one.currency), one.days, '')}
    </details>
  </section>`
}

function columnsOf({ locale }: Visit, currency: string): Column<ForecastHour>[] {
  const t = (code: string) => say(locale, code)
  const number = (value: number) => numberText(value, locale)
  const isShort = (day: ForecastHour) => day.capacityCores > 0 && day.cores > day.capacityCores
  const column = (head: string, cell: Column<ForecastHour>['cell']) => ({
    ...{ head, cell },
    isNumber: true,
  })
  return [
    { head: t('forecast.day'), cell: (day) => dateText(day.at, locale) },
    column(t('forecast.places'), (day) => number(day.places)),
    column(t('forecast.cores'), (day) => [
      number(day.cores),
      isShort(day) ? tag('bad', t('forecast.short')) : '',
    ]),
    column(t('forecast.capacity'), (day) => number(day.capacityCores)),
    column(t('forecast.gpus'), (day) => number(day.gpus)),
    column(t('forecast.nodes'), (day) => number(day.nodes)),
    column(currency, (day) => number(day.price)),
  ]
}
