/** How many machines of a pool were planned and how many were there, hour by hour, and what they cost. */
import type { PoolMoment, PoolReport } from '../data/pools/pool-report.ts'
import { clock, decimal, say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

export function timelineSection(visit: Visit, report: PoolReport, timeZone: string): Html {
  const { locale, at } = visit
  const moments = report.timeline
  const now = moments.findLast((one) => one.at <= at)
  const ahead = moments.filter((one) => one.at > at).map(({ planned }) => planned)
  const most = Math.max(0, ...ahead)
  const isEmpty = moments.every(({ planned, there }) => planned === 0 && !there)
  const text = isEmpty
    ? say(locale, 'pool.timeline.none')
    : say(locale, 'pool.timeline.text', {
        ...{ there: now?.there ?? 0, planned: now?.planned ?? 0, most },
      })
  const { cost } = report
  return html`<section class="sheet" aria-labelledby="timeline-title">
    <h2 id="timeline-title">${say(locale, 'pool.timeline')}</h2>
    <p>${text}</p>
    ${!isEmpty && chart(visit, moments, timeZone)}
    ${cost && html`<p class="hint">${say(locale, 'pool.cost', { price: decimal(locale, cost.price, 2), currency: cost.currency, hours: decimal(locale, cost.hours, 1) })}</p>`}
  </section>`
}

const HEIGHT = 120
const FOOT = 18
const STEP = 10

/** What was planned as an outline, what was there filled in; a mark at each sixth hour. The sentence above says the same. */
function chart({ locale }: Visit, moments: PoolMoment[], timeZone: string): Html {
  const top = Math.max(1, ...moments.map(({ planned, there }) => Math.max(planned, there ?? 0)))
  const width = moments.length * STEP
  const y = (count: number) => Math.round(HEIGHT - (count / top) * (HEIGHT - 8))
  const outline = moments.map(
    ({ planned }, i) => `${i ? 'V' : `M0 ${HEIGHT}V`}${y(planned)}H${(i + 1) * STEP}`,
  )
  const there = moments.filter((one) => one.there !== null)
  return html`<div
      class="table-wrap is-few"
      tabindex="0"
      role="group"
      aria-label="${say(locale, 'pool.timeline')}"
    >
      <svg class="timeline" viewBox="0 0 ${width} ${HEIGHT + FOOT}" aria-hidden="true">
        ${there.map((one, i) => html`<rect class="there" x="${i * STEP}" width="${STEP}" y="${y(one.there ?? 0)}" height="${HEIGHT - y(one.there ?? 0)}" />`)}
        <path class="planned" d="${outline.join('')}V${HEIGHT}" />
        <line
          class="now"
          x1="${there.length * STEP}"
          x2="${there.length * STEP}"
          y1="0"
          y2="${HEIGHT}"
        />
        ${moments.map((one, i) => i % 12 === 0 && i < moments.length - 4 && html`<text x="${i * STEP}" y="${HEIGHT + 14}">${clock(locale, timeZone, one.at).slice(0, 5)}</text>`)}
      </svg>
    </div>
    <p class="legend">
      <span class="key there"></span> ${say(locale, 'pool.there')}
      <span class="key planned"></span> ${say(locale, 'pool.planned')}
    </p>`
}
