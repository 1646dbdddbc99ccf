/** Runs as people read them: the list, and everything one run did with its times. Read only. */
import { currentBlueprint, findBlueprint } from '../changes/blueprint.ts'
import { tellTrouble, type ToldTrouble } from '../pools/cloud-trouble.ts'
import { type Db, findOne, many, sql } from '../db.ts'
import { holdingFreezes } from './freeze.ts'
import type { ListQuery } from '../list-query.ts'
import { stackDiffers } from './stack-wish.ts'
import { ENDED, type RunEvent, type RunKind, type RunState, runEvents } from './run.ts'

export type RunSummary = {
  id: string
  stack_key: string
  kind: RunKind
  state: RunState
  message: string | null
  created_at: Date
  ended_at: Date | null
  cancel_asked_at: Date | null
}

/** What a list of runs can be narrowed to. */
const runFilters = {
  'under-way': ['preparing', 'planning', 'planned', 'applying'],
  trouble: ['failed', 'held', 'needs_reconcile'],
  cancelled: ['cancelled'],
  applied: ['applied'],
} as const satisfies Record<string, RunState[]>

export const runRules = {
  filters: ['all', 'under-way', 'trouble', 'cancelled', 'applied'],
  sorts: ['created', 'stack', 'took'],
  isDescending: true,
} as const

/** `contains` is a part of the stack's key or of the message. */
export type RunQuery = ListQuery<
  (typeof runRules.filters)[number],
  (typeof runRules.sorts)[number]
> & { stackKey?: string | undefined }

const summaryColumns = sql`run.id, stack.key as stack_key, run.kind, run.state, run.message, run.created_at, run.ended_at,
          run_cancellation.asked_at as cancel_asked_at`
const summaryTables = sql`run join stack on stack.id = run.stack_id left join run_cancellation on run_cancellation.run_id = run.id`

export async function listRuns(
  db: Db,
  query: RunQuery & { limit: number; now: Date },
): Promise<RunSummary[]> {
  const { filter, stackKey = null, contains } = query
  const states = filter === 'all' ? null : runFilters[filter]
  const column = {
    created: sql`run.created_at`,
    stack: sql`stack.key`,
    took: sql`coalesce(run.ended_at, ${query.now}) - run.created_at`,
  }[query.sort]
  const direction = query.isDescending ? sql`desc` : sql`asc`
  return many<RunSummary>(
    db,
    sql`select ${summaryColumns} from ${summaryTables}
        where (${states}::text[] is null or run.state = any(${states}::text[]))
          and (${filter} <> 'under-way' or run.ended_at is null)
          and (${stackKey}::text is null or stack.key = ${stackKey})
          and position(lower(${contains}) in lower(stack.key || ' ' || coalesce(run.message, ''))) > 0
        order by ${column} ${direction}, run.created_at desc, run.id desc limit ${query.limit}`,
  )
}

/** The run with this id, or the newest one of the stack with this key. */
export async function findRun(db: Db, idOrStackKey: string): Promise<RunSummary | undefined> {
  return findOne<RunSummary>(
    db,
    sql`select ${summaryColumns} from ${summaryTables} where run.id::text = ${idOrStackKey} or stack.key = ${idOrStackKey}
        order by run.created_at desc, run.id desc limit 1`,
  )
}

export type Phase = { state: RunState; started_at: Date }
export type StepRow = {
  number: number
  name: string
  started_at: Date
  ended_at: Date | null
  outcome: string | null
}
export type PlanCounts = { create: number; update: number; replace: number; delete: number }

export type RunView = RunSummary & {
  course_key: string | null
  pool_key: string
  worker: string
  summary: (PlanCounts & { refusals?: unknown; spared?: string[]; removed?: string[] }) | null
  cancel_asked_by: string | null
  /** Why the cloud refused, when that is what its message says. */
  trouble: ToldTrouble | null
  phases: Phase[]
  steps: StepRow[]
  events: RunEvent[]
} & StackNow

/** The run's stack as it is now: what may be done about it. */
export type StackNow = {
  stack_is_as_wanted: boolean
  stack_is_running: boolean
  stack_is_frozen: boolean
  stack_waits_for_run_id: string | null
  stack_retry_at: Date | null
}

export async function runView(db: Db, id: string, now: Date): Promise<RunView | undefined> {
  const run = await findOne<
    Omit<RunView, 'phases' | 'steps' | 'events' | 'trouble'> & { blueprint_digest: string | null }
  >(
    db,
    sql`select ${summaryColumns}, course.key as course_key, pool.key as pool_key, run.worker, run.summary, run.blueprint_digest,
          run_cancellation.asked_by as cancel_asked_by,
          not ${stackDiffers} as stack_is_as_wanted,
          exists (select from run other where other.stack_id = stack.id and other.ended_at is null) as stack_is_running,
          exists (select from ${holdingFreezes(now)}) as stack_is_frozen,
          stack.cancelled_run_id as stack_waits_for_run_id, stack.retry_at as stack_retry_at
        from ${summaryTables} join pool on pool.id = stack.pool_id left join course on course.id = stack.course_id
        where run.id = ${id}`,
  )
  if (!run) return undefined
  const [phases, steps, events] = await Promise.all([
    runPhases(db, id),
    many<StepRow>(
      db,
      sql`select number, name, started_at, ended_at, outcome from run_step where run_id = ${id} order by number`,
    ),
    runEvents(db, id),
  ])
  return { ...run, phases, steps, events, trouble: await troubleOf(db, run) }
}

/** Of a run that made machines: for whom, in the plan that it carried out. */
async function troubleOf(
  db: Db,
  run: Pick<RunView, 'course_key' | 'message' | 'pool_key' | 'created_at' | 'state'> & {
    blueprint_digest: string | null
  },
): Promise<ToldTrouble | null> {
  if (run.course_key !== null || run.state === 'applied' || run.message === null) return null
  const { blueprint_digest: name, message, pool_key: poolKey, created_at: at } = run
  const own = name === null ? undefined : await findBlueprint(db, name)
  const blueprint = own ?? (await currentBlueprint(db))?.blueprint
  return tellTrouble(message, { blueprint, poolKey, at })
}

/** In the order they were entered; instants may be equal, so a state that ends a run comes last. */
export async function runPhases(db: Db, id: string): Promise<Phase[]> {
  return many<Phase>(
    db,
    sql`select state, started_at from run_phase where run_id = ${id}
        order by state = any(${ENDED}::text[]), started_at, array_position(${runFilters['under-way']}::text[], state)`,
  )
}

export type Resource = {
  address: string
  action: string
  startedAt: Date
  /** Undefined while it goes on; the run's end when that came in the middle of it. */
  endedAt: Date | undefined
  outcome: 'done' | 'failed' | 'under-way' | 'interrupted'
}

/** What was done to each resource, in the order it began. */
export function resourcesOf({
  events,
  ended_at,
}: Pick<RunView, 'events' | 'ended_at'>): Resource[] {
  const begun = new Map<string, Resource>()
  for (const event of events) {
    if (event.address === undefined || event.address === null) continue
    if (event.kind === 'start')
      begun.set(`${event.address} ${event.action}`, {
        address: event.address,
        action: event.action ?? '',
        startedAt: event.at,
        endedAt: ended_at ?? undefined,
        outcome: ended_at ? 'interrupted' : 'under-way',
      })
    const known = begun.get(`${event.address} ${event.action}`)
    if (!known || (event.kind !== 'end' && event.kind !== 'error')) continue
    known.endedAt = event.at
    known.outcome = event.kind === 'end' ? 'done' : 'failed'
  }
  return [...begun.values()]
}
