/** The list of runs: narrowed by the address, live. */
import type { Freeze } from '../data/runs/freeze.ts'
import { type RunQuery, type RunSummary, runRules } from '../data/runs/run-view.ts'
import type { WaitingStack } from '../data/runs/stack-wait.ts'
import { listAddress } from '../listing.ts'
import { duration, moment, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { isNarrowed, type Listing, listingBar, sortHead } from './listing.ts'
import { live } from './live.ts'
import { type Look, tableOf, tag, unbroken } from './table.ts'

export type RunList = {
  runs: RunSummary[]
  waiting: WaitingStack[]
  freezes: Freeze[]
  query: RunQuery
  timeZone: string
}

export function runsPage(visit: Visit, list: RunList): Html {
  const { stackKey: stack, ...own } = list.query
  const address = paths.adminRunsEvents({ ...listAddress(own, runRules), stack })
  return adminFrame(
    visit,
    'admin.runs',
    html`${listingBar(visit, listingOf(list), historyOf(visit, list))}
    ${live(visit, address, runsFragment(visit, list))}`,
  )
}

/** The stack's history is one more filter. */
function listingOf({ query }: RunList): Listing {
  const { stackKey: stack, ...own } = query
  return {
    ...{ query: own, rules: runRules },
    path: (address) => paths.adminRuns({ ...address, stack }),
    csvPath: (address) => paths.adminRunsCsv({ ...address, stack }),
    filterCode: (filter) => `run.filter.${filter}`,
  }
}

function historyOf({ locale }: Visit, { query }: RunList): Html | false {
  const { stackKey: stack, ...own } = query
  return (
    stack !== undefined &&
    html`<p>
      ${say(locale, 'run.history-of', { stack })}
      <a href="${paths.adminRuns(listAddress(own, runRules))}">${say(locale, 'run.history.all')}</a>
    </p>`
  )
}

export function runsFragment(visit: Visit, list: RunList): Html {
  return html`${list.freezes.map((one) => freezeNote(visit, one, list.timeZone))}
  ${list.waiting.length > 0 && waitingSection(visit, list)} ${runsSection(visit, list)}`
}

function freezeNote({ locale, at }: Visit, freeze: Freeze, timeZone: string): Html {
  const what = freeze.applies ? (freeze.destroys ? 'both' : 'applies') : 'destroys'
  const where =
    freeze.pool_key === null
      ? say(locale, 'freeze.everywhere')
      : say(locale, 'freeze.in-pool', { pool: freeze.pool_key })
  const until = moment(locale, timeZone, freeze.until_at, at)
  return html`<p class="note is-warning">
    ${say(locale, `freeze.${what}`, { where, reason: freeze.reason, until })}
  </p>`
}

function waitingSection(visit: Visit, { waiting, timeZone }: RunList): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    { head: t('admin.run.stack'), cell: (row: WaitingStack) => stackLink(row) },
    { head: t('admin.run.kind'), cell: (row: WaitingStack) => t(`run.kind.${row.kind}`) },
    {
      head: t('admin.state'),
      cell: (row: WaitingStack) =>
        tag(row.why === 'queued' ? 'busy' : 'bad', t(`run.waiting.${row.why}`)),
    },
    {
      head: t('run.waiting.until'),
      cell: (row: WaitingStack) =>
        row.until ? unbroken(stamp(visit.locale, timeZone, row.until)) : '–',
    },
    { head: t('run.waiting.reason'), cell: (row: WaitingStack) => row.reason ?? '' },
  ]
  return html`<section class="sheet" aria-labelledby="waiting-title">
    <h2 id="waiting-title">${t('run.waiting')}</h2>
    ${tableOf(t('run.waiting'), columns, waiting, '')}
  </section>`
}

const stackLink = ({ key, run_id }: WaitingStack): Html =>
  run_id ? html`<a href="${paths.adminRun(run_id)}">${key}</a>` : html`<code>${key}</code>`

function runsSection(visit: Visit, list: RunList): Html {
  const { runs, timeZone } = list
  const listing = listingOf(list)
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    {
      ...sortHead(visit, listing, 'stack', t('admin.run.stack')),
      cell: (row: RunSummary) => html`<a href="${paths.adminRun(row.id)}">${row.stack_key}</a>`,
    },
    { head: t('admin.run.kind'), cell: (row: RunSummary) => t(`run.kind.${row.kind}`) },
    { head: t('admin.state'), cell: (row: RunSummary) => runTag(visit, row) },
    {
      ...sortHead(visit, listing, 'created', t('admin.run.at')),
      cell: (row: RunSummary) => unbroken(stamp(visit.locale, timeZone, row.created_at)),
    },
    {
      ...sortHead(visit, listing, 'took', t('admin.run.took')),
      cell: (row: RunSummary) => tookOf(visit, row),
    },
    { head: t('admin.run.message'), cell: (row: RunSummary) => row.message ?? '' },
  ]
  const isSome = isNarrowed(listing) || list.query.stackKey !== undefined
  const none = t(isSome ? 'list.none-so' : 'admin.runs.none')
  return html`<section class="sheet">${tableOf(t('admin.runs'), columns, runs, none)}</section>`
}

const looks: Record<string, Look> = {
  applied: 'good',
  failed: 'bad',
  held: 'bad',
  needs_reconcile: 'bad',
  cancelled: 'calm',
}

export function runTag(
  visit: Visit,
  run: Pick<RunSummary, 'state' | 'cancel_asked_at' | 'ended_at'>,
) {
  const isEnding = run.cancel_asked_at !== null && run.ended_at === null
  const code = isEnding ? 'run.state.cancelling' : `run.state.${run.state}`
  return tag(looks[run.state] ?? 'busy', say(visit.locale, code))
}

export const tookOf = ({ locale, at }: Visit, run: Pick<RunSummary, 'created_at' | 'ended_at'>) =>
  duration(locale, (run.ended_at ?? at).getTime() - run.created_at.getTime())
