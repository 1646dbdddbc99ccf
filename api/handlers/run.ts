/** Runs, for administrators and the command line: lists, one run as it goes, and what may be done about it. */
import { withTransaction } from '../data/db.ts'
import { defaultTimeZone } from '../data/courses/course.ts'
import { activeFreezes } from '../data/runs/freeze.ts'
import { cancelRun, retryStack } from '../data/runs/run-control.ts'
import {
  type RunQuery,
  type RunSummary,
  type RunView,
  listRuns,
  resourcesOf,
  runRules,
  runView,
} from '../data/runs/run-view.ts'
import { waitingStacks } from '../data/runs/stack-wait.ts'
import { troubleJson } from '../cloud-trouble-text.ts'
import { csv } from '../csv.ts'
import { conflict, notFound } from '../errors.ts'
import { readListing } from '../listing.ts'
import { liveEvents } from '../pages/live.ts'
import { runFragment, runPage } from '../pages/run.ts'
import { type RunList, runsFragment, runsPage } from '../pages/runs.ts'
import { paths } from '../paths.ts'
import { runStream } from '../run-stream.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'

const SHOWN = 50
const IN_FILE = 10_000

export const list: Handler = async (visit) => ({
  html: runsPage(visit, await listOf(visit, visit.at)),
})

export const listEvents: Handler = (visit) => ({
  events: liveEvents(
    visit,
    'run',
    () => true,
    async (at) => runsFragment({ ...visit, at }, await listOf(visit, at)),
  ),
})

async function listOf(visit: Visit, at: Date): Promise<RunList> {
  const { pool } = visit
  const query = runQuery(visit)
  const [runs, waiting, freezes, timeZone] = await Promise.all([
    listRuns(pool, { ...query, limit: SHOWN, now: at }),
    waitingStacks(pool, { now: at, stackKey: query.stackKey }),
    activeFreezes(pool, at),
    defaultTimeZone(pool),
  ])
  return { runs, waiting, freezes, query, timeZone }
}

const runQuery = ({ query }: Pick<Visit, 'query'>): RunQuery => ({
  ...readListing(query, runRules),
  stackKey: query.get('stack') ?? undefined,
})

export const download: Handler = async (visit) => {
  const runs = await listRuns(visit.pool, { ...runQuery(visit), limit: IN_FILE, now: visit.at })
  const heads = ['run', 'stack', 'kind', 'state', 'begun_utc', 'ended_utc', 'message']
  const rows = runs.map((one) => [
    ...[one.id, one.stack_key, one.kind, one.state, one.created_at.toISOString()],
    ...[one.ended_at?.toISOString() ?? '', one.message ?? ''],
  ])
  return csv('labplan-runs.csv', heads, rows)
}

export const show: Handler<RunSummary> = async (visit, { id }) => ({
  html: runPage(visit, await viewOf(visit, id, visit.at), await defaultTimeZone(visit.pool)),
})

export const events: Handler<RunSummary> = async (visit, { id }) => {
  const timeZone = await defaultTimeZone(visit.pool)
  const render = async (at: Date) =>
    runFragment({ ...visit, at }, await viewOf(visit, id, at), timeZone)
  return { events: liveEvents(visit, 'run', (payload) => payload === id, render) }
}

async function viewOf({ pool }: Visit, id: string, at: Date): Promise<RunView> {
  const view = await runView(pool, id, at)
  if (!view) throw notFound()
  return view
}

async function askCancel(visit: Visit, id: string): Promise<void> {
  const ask = { id, actor: actorOf(visit, 'administrator'), now: visit.at }
  if (!(await withTransaction(visit.pool, (tx) => cancelRun(tx, ask))))
    throw conflict('problem.run-ended')
}

async function askRetry(visit: Visit, runId: string): Promise<void> {
  const ask = { runId, actor: actorOf(visit, 'administrator'), now: visit.at }
  if (!(await withTransaction(visit.pool, (tx) => retryStack(tx, ask))))
    throw conflict('problem.run-nothing-to-retry')
}

export const cancel: Handler<RunSummary> = async (visit, { id }) => {
  await askCancel(visit, id)
  return { seeOther: paths.adminRun(id) }
}

export const retry: Handler<RunSummary> = async (visit, { id }) => {
  await askRetry(visit, id)
  return { seeOther: paths.adminRun(id) }
}

export const cancelJson: Handler<RunSummary> = async (visit, { id }) => {
  await askCancel(visit, id)
  return { status: 202, json: await runJsonOf(visit, id, visit.at) }
}

export const retryJson: Handler<RunSummary> = async (visit, { id }) => {
  await askRetry(visit, id)
  return { status: 202, json: await runJsonOf(visit, id, visit.at) }
}

export const listJson: Handler = async (visit) => {
  const { runs } = await listOf(visit, visit.at)
  return { json: { runs: runs.map(summaryJson) } }
}

export const showJson: Handler<RunSummary> = async (visit, { id }) => ({
  json: await runJsonOf(visit, id, visit.at),
})

/** Everything the run did and does, entry by entry, until it ends. */
export const follow: Handler<RunSummary> = (visit, { id }) => ({
  events: runStream(visit, id, () => runJsonOf(visit, id, visit.now())),
})

const summaryJson = (run: RunSummary) => ({
  ...{ id: run.id, stack: run.stack_key, kind: run.kind, state: run.state, message: run.message },
  ...{ startedAt: run.created_at, endedAt: run.ended_at, cancelAskedAt: run.cancel_asked_at },
})

export type RunJson = ReturnType<typeof runJson>

const runJsonOf = async (visit: Visit, id: string, at: Date): Promise<RunJson> =>
  runJson(await viewOf(visit, id, at), { at, timeZone: await defaultTimeZone(visit.pool) })

function runJson(run: RunView, when: { at: Date; timeZone: string }) {
  return {
    ...summaryJson(run),
    ...{ pool: run.pool_key, course: run.course_key, worker: run.worker, changes: run.summary },
    states: run.phases.map((phase) => ({ state: phase.state, at: phase.started_at })),
    steps: run.steps.map((step) => ({
      ...{ name: step.name, startedAt: step.started_at, endedAt: step.ended_at },
      outcome: step.outcome,
    })),
    resources: resourcesOf(run),
    trouble: troubleJson(run.trouble, when),
    events: run.events,
    stackNow: {
      ...{ isAsWanted: run.stack_is_as_wanted, isRunning: run.stack_is_running },
      ...{ waitsForRun: run.stack_waits_for_run_id, retryAt: run.stack_retry_at },
    },
  }
}
