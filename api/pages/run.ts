/** One run: what it is at, what may be done about it, and where its time went. Live. */
import { whyNotCancel, whyNotRetry } from '../data/runs/run-control.ts'
import { type Resource, type RunView, type StepRow, resourcesOf } from '../data/runs/run-view.ts'
import { troubleSentences } from '../cloud-trouble-text.ts'
import type { ToldTrouble } from '../data/pools/cloud-trouble.ts'
import { clock, duration, moment, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { live } from './live.ts'
import { runTag, tookOf } from './runs.ts'
import { tableOf } from './table.ts'
import { troubleNote } from './trouble.ts'

export function runPage(visit: Visit, run: RunView, timeZone: string): Html {
  const fragment = runFragment(visit, run, timeZone)
  const main = live(visit, paths.adminRunEvents(run.id), fragment)
  return adminFrame(visit, 'admin.runs', main, run.stack_key)
}

export function runFragment(visit: Visit, run: RunView, timeZone: string): Html {
  return html`${headSection(visit, run, timeZone)} ${statesSection(visit, run, timeZone)}
  ${resourcesSection(visit, run)} ${stepsSection(visit, run)} ${saidSection(visit, run, timeZone)}`
}

function headSection(visit: Visit, run: RunView, timeZone: string): Html {
  const { locale } = visit
  const kind = say(locale, `run.kind.${run.kind}`)
  return html`<section class="sheet" aria-labelledby="run-title">
    <div class="change-head">
      <h2 id="run-title">${run.stack_key} · ${kind}</h2>
      ${runTag(visit, run)}
    </div>
    <p class="headline">${headline(visit, run)}</p>
    ${run.trouble ? refusal(visit, run, run.trouble, timeZone) : run.message !== null && html`<p>${run.message}</p>`}
    ${waits(visit, run, timeZone)}
    <p class="hint">
      ${stamp(locale, timeZone, run.created_at)} ·
      ${say(locale, 'run.pool', { pool: run.pool_key })} ·
      ${say(locale, 'run.worker', { worker: run.worker })} ·
      <a href="${paths.adminRuns({ stack: run.stack_key })}">${say(locale, 'run.history')}</a>
    </p>
    ${actions(visit, run)}
  </section>`
}

/** A cloud's refusal in words; what it said itself is there for who wants it. */
function refusal(visit: Visit, run: RunView, trouble: ToldTrouble, timeZone: string): Html {
  const { locale, at } = visit
  return html`${troubleNote(troubleSentences(trouble, { locale, timeZone, at }))}
    <details>
      <summary>${say(locale, 'cloud.said')}</summary>
      <p>${run.message}</p>
    </details>`
}

function headline(visit: Visit, run: RunView): string {
  const { locale } = visit
  if (run.cancel_asked_at && !run.ended_at) return say(locale, 'run.headline.cancelling')
  const resources = resourcesOf(run)
  const { create = 0, update = 0, replace = 0, delete: remove = 0 } = run.summary ?? {}
  const total = create + update + replace + remove
  const counts = { created: create, changed: update + replace, removed: remove, total }
  const done = resources.filter((one) => one.outcome === 'done').length
  const isIdle = run.state === 'applied' && total === 0
  const isOnlyPlan = run.state === 'planned' && run.ended_at !== null
  const code = isIdle
    ? 'run.headline.nothing'
    : `run.headline.${isOnlyPlan ? 'only-planned' : run.state}`
  return say(locale, code, { ...counts, count: done, time: tookOf(visit, run) })
}

/** What the stack waits for after this run, and how long at most. */
function waits({ locale, at }: Visit, run: RunView, timeZone: string): Html | undefined {
  if (run.stack_waits_for_run_id !== run.id) return undefined
  const until = run.stack_retry_at
  const text = until
    ? say(locale, 'run.waits.until', { when: moment(locale, timeZone, until, at) })
    : say(locale, 'run.waits')
  return html`<p class="note is-warning">${text}</p>`
}

function actions(visit: Visit, run: RunView): Html {
  return html`<div class="acts">
    ${action(visit, run, 'cancellation', 'run.cancel', whyNotCancel(run))}
    ${action(visit, run, 'retry', 'run.retry', whyNotRetry(run))}
  </div>`
}

function action(
  visit: Visit,
  run: RunView,
  act: 'cancellation' | 'retry',
  code: 'run.cancel' | 'run.retry',
  whyNot: string | undefined,
): Html {
  const hint = `${act}-hint`
  return html`<form method="post" action="${paths.adminRunAct(run.id, act)}">
    ${csrfField(visit)}
    <button class="button plain" aria-describedby="${hint}" ${whyNot ? html`disabled` : ''}>
      ${say(visit.locale, code)}
    </button>
    <p class="hint" id="${hint}">${say(visit.locale, whyNot ?? `${code}.explain`)}</p>
  </form>`
}

type Span = { name: string; startedAt: Date; endedAt: Date | undefined; outcome: string }

function statesSection(visit: Visit, run: RunView, timeZone: string): Html {
  const { locale } = visit
  const spans = run.phases.map((phase, i) => ({
    ...phase,
    endedAt: run.phases[i + 1]?.started_at ?? run.ended_at ?? undefined,
  }))
  type Row = (typeof spans)[number]
  const columns = [
    { head: say(locale, 'admin.state'), cell: (row: Row) => say(locale, `run.state.${row.state}`) },
    {
      head: say(locale, 'run.since'),
      cell: (row: Row) => clock(locale, timeZone, row.started_at),
    },
    {
      head: say(locale, 'admin.run.took'),
      // The last state of a run that is over takes no time.
      cell: (row: Row) =>
        row === spans.at(-1) && run.ended_at ? '' : lasted(visit, row.started_at, row.endedAt),
      isNumber: true,
    },
  ]
  return html`<section class="sheet" aria-labelledby="states-title">
    <h2 id="states-title">${say(locale, 'run.states')}</h2>
    ${tableOf(say(locale, 'run.states'), columns, spans, '', 'few')}
  </section>`
}

const lasted = ({ locale, at }: Visit, from: Date, to: Date | undefined): string =>
  duration(locale, (to ?? at).getTime() - from.getTime())

function stepsSection(visit: Visit, run: RunView): Html | undefined {
  const span = (step: StepRow): Span => ({
    name: say(visit.locale, `run.step.${step.name}`),
    startedAt: step.started_at,
    endedAt: step.ended_at ?? run.ended_at ?? undefined,
    outcome: step.outcome ?? 'under-way',
  })
  return timeline(visit, 'run.steps', run.steps.map(span))
}

function resourcesSection(visit: Visit, run: RunView): Html | undefined {
  const span = (one: Resource): Span => ({
    name: `${one.address} · ${say(visit.locale, `run.action.${one.action}`)}`,
    startedAt: one.startedAt,
    endedAt: one.endedAt,
    outcome: one.outcome,
  })
  return timeline(visit, 'run.resources', resourcesOf(run).map(span))
}

/** One bar a line, from when it began to when it ended, on the time from the first to the last. */
function timeline(
  visit: Visit,
  title: 'run.steps' | 'run.resources',
  spans: Span[],
): Html | undefined {
  if (spans.length === 0) return undefined
  const { locale } = visit
  const from = Math.min(...spans.map((one) => one.startedAt.getTime()))
  const to = Math.max(...spans.map((one) => (one.endedAt ?? visit.at).getTime()), from + 1)
  const columns = [
    { head: say(locale, 'run.what'), cell: (row: Span) => row.name },
    { head: say(locale, 'run.when'), cell: (row: Span) => bar(row, visit.at, from, to) },
    {
      head: say(locale, 'admin.run.took'),
      cell: (row: Span) => lasted(visit, row.startedAt, row.endedAt),
      isNumber: true,
    },
    {
      head: say(locale, 'run.outcome'),
      cell: (row: Span) => say(locale, `run.outcome.${row.outcome}`),
    },
  ]
  const id = title.replace('.', '-')
  return html`<section class="sheet" aria-labelledby="${id}">
    <h2 id="${id}">${say(locale, title)}</h2>
    ${tableOf(say(locale, title), columns, spans, '')}
  </section>`
}

const WIDTH = 200

function bar(span: Span, at: Date, from: number, to: number): Html {
  const x = (when: number) => Math.round(((when - from) / (to - from)) * WIDTH)
  const start = x(span.startedAt.getTime())
  // Never narrower than what can be seen.
  const width = Math.max(2, x((span.endedAt ?? at).getTime()) - start)
  return html`<svg class="bar" viewBox="0 0 ${WIDTH} 8" aria-hidden="true">
    <rect
      class="bar-${span.outcome}"
      x="${Math.min(start, WIDTH - 2)}"
      width="${width}"
      height="8"
      rx="2"
    />
  </svg>`
}

/** What was said beside the resources: notes of ours and Terraform's diagnostics. */
function saidSection(visit: Visit, run: RunView, timeZone: string): Html | undefined {
  const said = run.events.filter((event) => event.kind === 'diagnostic' || event.kind === 'note')
  if (said.length === 0) return undefined
  return html`<section class="sheet" aria-labelledby="said-title">
    <h2 id="said-title">${say(visit.locale, 'run.said')}</h2>
    <ul class="notes">
      ${said.map(
        (event) =>
          html`<li class="note">
            <span class="faint">${clock(visit.locale, timeZone, event.at)}</span> ${event.message}
          </li>`,
      )}
    </ul>
  </section>`
}
