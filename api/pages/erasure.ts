/** What is kept of a person and how they have it erased; and the page that says what became of that. */
import type { ErasurePlan, OwnSubmission, OwnVolume } from '../data/people/erasure-plan.ts'
import type { ErasureItem, ErasureView } from '../data/people/erasure-view.ts'
import { fileSize, lastDay, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { type Column, tableOf, tag } from './table.ts'

type Words = (code: string, params?: Record<string, string | number>) => string

export type Asking = {
  plan: ErasurePlan
  timeZone: string
  administrator: boolean
}

export function myDataPage(visit: Visit, asking: Asking): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return frame(visit, {
    title: t('erasure.mine'),
    main: html`<article class="sheet">
      <h1>${t('erasure.mine')}</h1>
      <p class="lead">${t('erasure.mine.lead')}</p>
      ${askingSection(visit, asking, { action: paths.myErasure(), isOwn: true })}
    </article>`,
  })
}

/** What there is and what becomes of it, then the question. `isOwn`: whoever reads it is who it is about. */
export function askingSection(
  visit: Visit,
  { plan, timeZone, administrator }: Asking,
  form: { action: string; isOwn: boolean },
): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  const own = (code: string, params = {}) => t(form.isOwn ? code : `${code}.of`, params)
  const rows = [...plan.volumes, ...plan.submissions]
  return html`<p>${own('erasure.records', { count: plan.records.memberships })}</p>
    ${tableOf(t('erasure.mine'), columns(visit, timeZone, form.isOwn), rows, t('erasure.nothing'))}
    <section aria-labelledby="ask-title">
      <h2 id="ask-title">${t('erasure.ask')}</h2>
      <p id="ask-hint">${own('erasure.ask.explain')}</p>
      ${plan.running.length > 0 && html`<div class="warning"><p>${t('erasure.running', { count: plan.running.length })}</p></div>`}
      ${
        administrator
          ? html`<p class="empty">${t('erasure.not-administrators')}</p>`
          : html`<form class="ask" method="post" action="${form.action}">
              ${csrfField(visit)}
              <label
                ><input type="checkbox" name="understood" value="yes" required />
                ${t('erasure.understood')}</label
              >
              <button class="button danger" aria-describedby="ask-hint">${t('erasure.go')}</button>
            </form>`
      }
    </section>`
}

type Owned = OwnVolume | OwnSubmission
const isSubmission = (row: Owned): row is OwnSubmission => 'duty' in row

function columns(visit: Visit, timeZone: string, isOwn: boolean): Column<Owned>[] {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return [
    {
      head: t('erasure.what'),
      cell: (row) =>
        html`${isSubmission(row) ? t('erasure.submission', { number: row.number }) : t(volumeWord(row))}
        ${courseLine(row)}`,
    },
    {
      head: t('erasure.becomes'),
      cell: (row) => {
        if (!isSubmission(row) || !row.duty || !row.duty_until) return t('erasure.goes')
        const when = lastDay(visit.locale, timeZone, row.duty_until)
        const said = { when, reason: row.duty[visit.locale] }
        return t(isOwn ? 'erasure.stays' : 'erasure.stays.of', said)
      },
    },
    { head: t('erasure.size'), isNumber: true, cell: (row) => sizeOf(visit, row.bytes) },
  ]
}

const courseLine = ({ course }: { course: string }): Html | false =>
  course !== '' && html`<br /><code class="faint">${course}</code>`

/** A person's own is of no course. */
const volumeWord = ({ course }: { course: string }): string =>
  course === '' ? 'erasure.personal' : 'erasure.volume'

const sizeOf = ({ locale }: Visit, bytes: number | null): Html =>
  html`<span class="unbroken">${bytes === null ? '–' : fileSize(locale, bytes)}</span>`

/** Names nobody: whoever has its address may read it. */
export function erasurePage(visit: Visit, view: ErasureView, timeZone: string): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return frame(visit, {
    title: t('erasure.title'),
    refreshSeconds: view.state === 'open' ? 10 : undefined,
    main: html`<article class="sheet">
      <h1>${t('erasure.title')}</h1>
      <p class="lead">${t(`erasure.${view.state}`)}</p>
      <p>${t('erasure.ordered', { when: stamp(visit.locale, timeZone, view.ordered_at) })}</p>
      ${tableOf(t('erasure.title'), itemColumns(visit, timeZone), view.items, t('erasure.nothing'))}
      <p class="hint">${t('erasure.link')}</p>
      ${view.receipts.map(
        ({ number, body, hash }) =>
          html`<section>
            <h2>${t('erasure.receipt', { number })}</h2>
            <p class="hint">${t('erasure.receipt.explain', { hash: hash.slice(0, 12) })}</p>
            <details>
              <summary>${t('erasure.receipt.sealed')}</summary>
              <pre class="sealed">${JSON.stringify(JSON.parse(body), null, 2)}</pre>
            </details>
          </section>`,
      )}
    </article>`,
  })
}

function itemColumns(visit: Visit, timeZone: string): Column<ErasureItem>[] {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return [
    {
      head: t('erasure.what'),
      cell: ({ kind, number, course }) =>
        html`${kind === 'volume' ? t(volumeWord({ course })) : t('erasure.submission', { number })}
        ${courseLine({ course })}`,
    },
    {
      head: t('erasure.becomes'),
      cell: ({ state, reason, kept_until: until }) => {
        if (state === 'gone') return tag('good', t('erasure.item.gone'))
        if (state === 'wanted') return tag('busy', t('erasure.item.wanted'))
        const when = until ? lastDay(visit.locale, timeZone, until) : ''
        return t('erasure.item.kept', { when, reason: reason?.[visit.locale] ?? '' })
      },
    },
    { head: t('erasure.size'), isNumber: true, cell: (row) => sizeOf(visit, row.bytes) },
  ]
}
