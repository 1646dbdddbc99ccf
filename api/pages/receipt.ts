/** Receipts: under a course's past sessions, and the whole chain for administrators. */
import type {
  PastSession,
  Receipt,
  RemovedLater,
  verifyReceipts,
} from '../data/sessions/receipt.ts'
import type { ReceiptBody } from '../data/sessions/receipt-chain.ts'
import type { ListQuery } from '../data/list-query.ts'
import { arrange } from '../listing.ts'
import { clock, say, shortDay, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { isNarrowed, type Listing, listingBar, sortHead } from './listing.ts'
import { tableOf, tag, unbroken } from './table.ts'

export function pastSection(visit: Visit, past: PastSession[], timeZone: string): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    { head: t('course.when'), cell: (row: PastSession) => whenOf(visit, row, timeZone) },
    {
      head: t('course.state'),
      cell: (row: PastSession) => tag('calm', t(`session.${row.state}`)),
    },
    { head: t('receipt.title'), cell: (row: PastSession) => receiptOf(visit, row, timeZone) },
  ]
  return html`<section class="sheet" aria-labelledby="past-title">
    <h2 id="past-title">${t('receipt.past')}</h2>
    ${tableOf(t('receipt.past'), columns, past, t('receipt.none-yet'))}
  </section>`
}

function whenOf({ locale }: Visit, session: PastSession, timeZone: string): Html {
  const hours = `${clock(locale, timeZone, session.starts_at)}–${clock(locale, timeZone, session.ends_at)}`
  return html`<span class="unbroken">${shortDay(locale, timeZone, session.starts_at)}</span>
    <span class="hours unbroken">${hours}</span>`
}

function receiptOf(visit: Visit, session: PastSession, timeZone: string): Html {
  const { receipt, state, removedLater } = session
  if (receipt) return receiptDetails(visit, { ...receipt, removedLater }, timeZone)
  const code = state === 'ended' ? 'receipt.pending' : 'receipt.absent'
  return html`<span class="faint">${say(visit.locale, code)}</span>`
}

/** How many things. */
export const sizeOf = (of: { services: string[]; volumes: unknown[]; secrets: string[] }): number =>
  of.services.length + of.volumes.length + of.secrets.length

function receiptDetails(
  visit: Visit,
  { body, removedLater }: Receipt & { removedLater: RemovedLater[] },
  timeZone: string,
): Html {
  const { created, destroyed, kept, times } = body
  const t = (code: string) => say(visit.locale, code)
  const at = (instant: string | null) =>
    instant === null ? t('receipt.never') : stamp(visit.locale, timeZone, new Date(instant))
  const facts = [
    ['receipt.created', listOf(visit, created)],
    ['receipt.destroyed', listOf(visit, destroyed)],
    ['receipt.kept', [listOf(visit, kept), untilOf(visit, kept, timeZone)].join(' ').trim()],
    ...(removedLater.length > 0
      ? [['receipt.later', laterOf(visit, removedLater, timeZone)] as const]
      : []),
    ['receipt.ready', at(times.readyAt)],
    ['receipt.opened', at(times.openedAt)],
    ['receipt.ended', at(times.endedAt)],
    ['receipt.closed', at(times.closedAt)],
  ] as const
  const missing = (body.outages ?? []).map(
    ({ from, until }) =>
      html`<p class="note is-warning">
        ${say(visit.locale, outageCode(from, until), { from: at(from), until: at(until) })}
      </p>`,
  )
  const scratch = body.scratch ?? []
  const home = scratch.filter(({ mergedAt }) => mergedAt !== null).length
  if (scratch.length > 0)
    missing.push(
      html`<p class="note is-warning">
        ${say(visit.locale, 'receipt.scratch', { count: scratch.length, home })}
      </p>`,
    )
  const counts = { created: sizeOf(created), destroyed: sizeOf(destroyed), kept: sizeOf(kept) }
  return html`<details>
    <summary>${say(visit.locale, 'receipt.summary', counts)}</summary>
    ${missing}
    <dl class="facts">
      ${facts.map(
        ([code, text]) =>
          html`<div class="fact">
            <dt>${t(code)}</dt>
            <dd>${text}</dd>
          </div>`,
      )}
    </dl>
  </details>`
}

const DAY_MS = 86_400_000

/** After a day stops waited no longer. */
function outageCode(from: string, until: string | null): string {
  if (until === null) return 'receipt.outage-on'
  return Date.parse(until) - Date.parse(from) < DAY_MS ? 'receipt.outage' : 'receipt.outage-long'
}

function listOf(
  visit: Visit,
  of: { services: string[]; volumes: unknown[]; secrets: string[] },
): string {
  const counts = [
    ['receipt.services', of.services.length],
    ['receipt.volumes', of.volumes.length],
    ['receipt.secrets', of.secrets.length],
  ] as const
  const some = counts.filter(([, count]) => count > 0)
  if (some.length === 0) return say(visit.locale, 'receipt.nothing')
  return some.map(([code, count]) => say(visit.locale, code, { count })).join(', ')
}

function laterOf(visit: Visit, gone: RemovedLater[], timeZone: string): string {
  const named = (kind: RemovedLater['kind']) =>
    gone.filter((one) => one.kind === kind).map(({ name }) => name)
  const what = listOf(visit, {
    ...{ services: named('service'), volumes: named('volume'), secrets: named('secret') },
  })
  const when = stamp(visit.locale, timeZone, gone.at(-1)!.at)
  return say(visit.locale, 'receipt.later.of', { what, when })
}

function untilOf(visit: Visit, kept: ReceiptBody['kept'], timeZone: string): string {
  const until = kept.volumes.find((volume) => volume.until !== null)?.until
  if (!until) return ''
  const when = stamp(visit.locale, timeZone, new Date(until))
  return `(${say(visit.locale, 'receipt.until', { when })})`
}

export const receiptRules = {
  filters: ['all'],
  sorts: ['number', 'session', 'closed'],
  isDescending: true,
} as const
export type ReceiptQuery = ListQuery<'all', (typeof receiptRules.sorts)[number]>

export const arrangeReceipts = (receipts: Receipt[], query: ReceiptQuery): Receipt[] =>
  arrange(receipts, query, {
    isIn: () => true,
    textOf: ({ body }) => body.session.key,
    valueOf: {
      number: ({ body }) => body.number,
      session: ({ body }) => body.session.key,
      closed: ({ body }) => body.times.closedAt,
    },
  })

type ChainView = {
  /** Narrowed and in order. */
  receipts: Receipt[]
  /** What of each has gone since, by its number. */
  later: Map<number, RemovedLater[]>
  query: ReceiptQuery
  /** Whether those shown follow each other and the one before them. */
  chain: Awaited<ReturnType<typeof verifyReceipts>>
  withoutReceipt: number
  timeZone: string
}

export function receiptsPage(visit: Visit, view: ChainView): Html {
  const t = (code: string) => say(visit.locale, code)
  const listing: Listing = {
    ...{ query: view.query, rules: receiptRules },
    ...{ path: paths.adminReceipts, csvPath: paths.adminReceiptsCsv, filterCode: () => 'list.all' },
  }
  const columns = [
    {
      ...sortHead(visit, listing, 'number', t('receipt.number')),
      cell: (row: Receipt) => row.body.number,
      isNumber: true,
    },
    {
      ...sortHead(visit, listing, 'session', t('admin.course')),
      cell: (row: Receipt) => html`<code>${row.body.session.key}</code>`,
    },
    {
      ...sortHead(visit, listing, 'closed', t('receipt.closed-at')),
      cell: (row: Receipt) =>
        unbroken(stamp(visit.locale, view.timeZone, new Date(row.body.times.closedAt))),
    },
    {
      head: t('receipt.title'),
      cell: (row: Receipt) => {
        const removedLater = view.later.get(row.body.number) ?? []
        return receiptDetails(visit, { ...row, removedLater }, view.timeZone)
      },
    },
    {
      head: t('receipt.hash'),
      cell: (row: Receipt) => html`<code>${row.hash.slice(0, 12)}</code>`,
    },
  ]
  return adminFrame(
    visit,
    'admin.receipts',
    html`${(isNarrowed(listing) || view.receipts.length > 0) && listingBar(visit, listing)}
      <section class="sheet">
        ${chainNote(visit, view)}
        ${tableOf(t('admin.receipts'), columns, view.receipts, t(isNarrowed(listing) ? 'list.none-so' : 'receipt.list.none'))}
      </section>`,
  )
}

function chainNote(visit: Visit, { chain, withoutReceipt, receipts }: ChainView): Html | undefined {
  const bad = (text: string) => html`<p class="note is-error">${text}</p>`
  if (chain.broken) {
    const { why, number } = chain.broken
    return bad(say(visit.locale, `receipt.chain.${why}`, { number }))
  }
  if (withoutReceipt > 0)
    return bad(say(visit.locale, 'receipt.chain.cut', { count: withoutReceipt }))
  if (receipts.length === 0) return undefined
  return html`<p class="hint">${say(visit.locale, 'receipt.chain.whole')}</p>`
}
