/** What a change takes of its pools and does to their stacks: a chart with its numbers, and counts. */
import { type ChangeDay, changeChart, isOther } from '../../stacks/rules/change-chart.ts'
import { dateText, numberText } from '../../stacks/rules/explain.ts'
import type { StackCounts } from '../../stacks/rules/stack-counts.ts'
import type { ChangeReview, PoolChart } from '../data/changes/change-review.ts'
import type { PlanCounts } from '../data/changes/change-plan.ts'
import { say, stamp } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, drawn, html } from './html.ts'
import { tableOf } from './table.ts'

/** Before and after, of each pool that differs. */
export const poolCharts = (visit: Visit, { charts }: ChangeReview): Html[] =>
  charts.map((chart) => poolChart(visit, chart))

function poolChart({ locale }: Visit, { pool, title, days }: PoolChart): Html {
  const number = (value: number) => numberText(Math.round(value * 10) / 10, locale)
  const most = (value: (day: ChangeDay) => number) => Math.max(...days.map(value))
  const fullest = days.reduce((top, day) => (day.coresAfter > top.coresAfter ? day : top))
  const words = say(locale, 'change.chart', {
    pool: title[locale],
    before: number(most((day) => day.coresBefore)),
    after: number(most((day) => day.coresAfter)),
    there: number(fullest.thereAfter),
    day: dateText(fullest.at, locale),
  })
  const id = `chart-${pool}`
  const pair = (a: number, b: number) => (a === b ? number(b) : `${number(a)} → ${number(b)}`)
  const columns = [
    { head: say(locale, 'forecast.day'), cell: (day: ChangeDay) => dateText(day.at, locale) },
    {
      head: say(locale, 'forecast.cores'),
      cell: (day: ChangeDay) => pair(day.coresBefore, day.coresAfter),
      isNumber: true,
    },
    {
      head: say(locale, 'forecast.capacity'),
      cell: (day: ChangeDay) => pair(day.thereBefore, day.thereAfter),
      isNumber: true,
    },
  ]
  const differing = days.filter(isOther)
  return html`<section class="sheet" aria-labelledby="${id}">
    <h2 id="${id}">${say(locale, 'change.capacity', { pool: title[locale] })}</h2>
    <p>${words}</p>
    <div
      class="table-wrap"
      tabindex="0"
      role="group"
      aria-label="${say(locale, 'change.capacity', { pool: title[locale] })}"
    >
      ${drawn(changeChart(days, locale, words))}
    </div>
    <details>
      <summary>${say(locale, 'change.days-differ', { count: differing.length })}</summary>
      ${tableOf(words, columns, differing, '')}
    </details>
  </section>`
}

/** Nothing when no stack differs. */
export function stackCountsSheet({ locale }: Visit, { counts }: ChangeReview): Html | undefined {
  if (counts.length === 0) return undefined
  const t = (code: string) => say(locale, code)
  const count = (head: string, value: (row: StackCounts) => number) => ({
    ...{ head, isNumber: true, cell: (row: StackCounts) => value(row) || '–' },
  })
  const columns = [
    {
      head: t('change.stack'),
      cell: (row: StackCounts) => html`<code class="whole">${row.stack}</code>`,
    },
    count(t('change.create'), (row) => row.create),
    count(t('change.update'), (row) => row.update),
    count(t('change.delete'), (row) => row.delete),
  ]
  return html`<section class="sheet" aria-labelledby="counts-title">
    <h2 id="counts-title">${t('change.counts')}</h2>
    <p class="hint">${t('change.counts.explain')}</p>
    ${tableOf(t('change.counts'), columns, counts, '')}
  </section>`
}

/** Terraform's own words, behind a click; that they are to come, while a change waits. */
export function planTexts(
  { locale }: Visit,
  { plans, change, counts }: ChangeReview,
  timeZone: string,
): Html | undefined {
  if (change.state !== 'proposed' || counts.length === 0) return undefined
  const t = (code: string) => say(locale, code)
  return html`<section class="sheet" aria-labelledby="plans-title">
    <h2 id="plans-title">${t('change.plans')}</h2>
    <p class="hint">${t(plans.length > 0 ? 'change.plans.explain' : 'change.plans.none')}</p>
    ${plans.map(
      (plan) =>
        html`<details class="plan-text">
          <summary>
            <code class="whole">${plan.stack}</code>
            ${plan.message ?? planCounts(locale, plan.counts)}
            <span class="faint">${stamp(locale, timeZone, plan.due_at)}</span>
          </summary>
          <pre tabindex="0" aria-label="${plan.stack}">
${plan.text ?? t('change.plans.no-text')}</pre>
        </details>`,
    )}
  </section>`
}

const planCounts = (locale: Visit['locale'], counts: PlanCounts | null): string =>
  say(locale, 'change.plan-counts', {
    create: (counts?.create ?? 0) + (counts?.replace ?? 0),
    update: counts?.update ?? 0,
    delete: (counts?.delete ?? 0) + (counts?.replace ?? 0),
  })
