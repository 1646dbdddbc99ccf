/** The regions of a pool on its page: which answers, and where machines are made while one refuses. */
import { troubleSentences } from '../cloud-trouble-text.ts'
import type { PoolRegion } from '../data/pools/pool-regions.ts'
import { say, stamp } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { type Column, tableOf, tag } from './table.ts'

/** Nothing where there is one. */
export function regionsSection(
  visit: Visit,
  regions: PoolRegion[],
  timeZone: string,
): Html | undefined {
  if (regions.length === 0) return undefined
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const columns: Column<PoolRegion>[] = [
    { head: t('pool.region'), cell: ({ name }) => html`<code>${name}</code>` },
    {
      head: t('admin.state'),
      cell: ({ refusal }) =>
        refusal ? tag('bad', t('pool.region.refuses')) : tag('good', t('pool.region.well')),
    },
    { head: t('pool.nodes'), cell: ({ machines }) => machines, isNumber: true },
  ]
  const notes = regions.flatMap(({ name, refusal }) =>
    refusal
      ? html`<li class="note is-warning">${refusalText(visit, { name, refusal }, timeZone)}</li>`
      : [],
  )
  return html`<section class="sheet" aria-labelledby="regions-title">
    <h2 id="regions-title">${t('pool.regions')}</h2>
    ${
      notes.length > 0 &&
      html`<ul class="notes">
        ${notes}
      </ul>`
    }
    ${tableOf(t('pool.regions'), columns, regions, '')}
  </section>`
}

function refusalText(
  { locale, at }: Visit,
  { name, refusal }: { name: string; refusal: NonNullable<PoolRegion['refusal']> },
  timeZone: string,
): string {
  const { since, cause, message, elsewhere } = refusal
  const what = cause ? troubleSentences(cause, { locale, timeZone, at })[0]! : message
  const others = elsewhere.join(', ')
  return [
    say(locale, 'pool.region.since', {
      ...{ region: name, when: stamp(locale, timeZone, since), what },
    }),
    elsewhere.length > 0
      ? say(locale, 'cloud.elsewhere', { region: name, others })
      : say(locale, 'cloud.waits-for-region', { region: name }),
  ].join(' ')
}
