/** The list of runs: narrowed by the address, live. */
import type { Freeze } from '../data/freeze.ts'
import { type RunFilter, type RunSummary, runFilters } from '../data/run-view.ts'
import type { WaitingStack } from '../data/stack-wait.ts'
import { duration, moment, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { live } from './live.ts'
import { type Look, tableOf, tag } from './table.ts'

export type RunList = {
  runs: RunSummary[]
  waiting: WaitingStack[]
  freezes: Freeze[]
  filter: RunFilter | undefined
  stackKey: string | undefined
  timeZone: string
}

export function runsPage(visit: Visit, list: RunList): Html {
  const address = paths.adminRunsEvents({ state: list.filter, stack: list.stackKey })
  return adminFrame(
    visit,
    'admin.runs',
    html`${filters(visit, list)} ${live(visit, address, runsFragment(visit, list))}`,
  )
}

/** Links, so that a filtered list can be kept and sent; the stack's history is one more filter. */
function filters({ locale }: Visit, { filter, stackKey }: RunList): Html {
  const names = [undefined, ...(Object.keys(runFilters) as RunFilter[])]
  const link = (state: RunFilter | undefined) =>
    html`<li>
      <a
        href="${paths.adminRuns({ state, stack: stackKey })}"
        ${state === filter ? html`aria-current="page"` : ''}
        >${say(locale, `run.filter.${state ?? 'all'}`)}</a
      >
    </li>`
  return html`<nav class="filters" aria-label="${say(locale, 'run.filter')}">
    <ul>
      ${names.map(link)}
    </ul>
    ${
      stackKey !== undefined &&
      html`<p>
        ${say(locale, 'run.history-of', { stack: stackKey })}
        <a href="${paths.adminRuns({ state: filter })}">${say(locale, 'run.history.all')}</a>
      </p>`
    }
  </nav>`
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
      cell: (row: WaitingStack) => (row.until ? stamp(visit.locale, timeZone, row.until) : '–'),
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

function runsSection(visit: Visit, { runs, filter, stackKey, timeZone }: RunList): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    {
      head: t('admin.run.stack'),
      cell: (row: RunSummary) => html`<a href="${paths.adminRun(row.id)}">${row.stack_key}</a>`,
    },
    { head: t('admin.run.kind'), cell: (row: RunSummary) => t(`run.kind.${row.kind}`) },
    { head: t('admin.state'), cell: (row: RunSummary) => runTag(visit, row) },
    {
      head: t('admin.run.at'),
      cell: (row: RunSummary) => stamp(visit.locale, timeZone, row.created_at),
    },
    { head: t('admin.run.took'), cell: (row: RunSummary) => tookOf(visit, row) },
    { head: t('admin.run.message'), cell: (row: RunSummary) => row.message ?? '' },
  ]
  const isNarrowed = filter !== undefined || stackKey !== undefined
  const none = t(isNarrowed ? 'run.none-of-these' : 'admin.runs.none')
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
