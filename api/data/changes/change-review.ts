/** A change as its reviewer reads it, and what else may be done with it than approve: reject, and undo. */
import { type Blueprint, emptyBlueprint, parseBlueprint } from '../../../stacks/blueprint.ts'
import type { Compiled } from '../../../stacks/compile.ts'
import { type ChangeDay, changeDays } from '../../../stacks/rules/change-chart.ts'
import { type BlueprintDiff, diff } from '../../../stacks/rules/diff.ts'
import { forecast, forecastDays } from '../../../stacks/rules/forecast.ts'
import { type PlanSummary, planSummaries } from '../../../stacks/rules/plan-page.ts'
import { type StackCounts, stackCounts } from '../../../stacks/rules/stack-counts.ts'
import type { Text } from '../../../stacks/terms.ts'
import type { Pool as PoolDocument } from '../../../stacks/terms-pool.ts'
import { type Waiting, waitingFor } from './approval.ts'
import { type Actor, audit } from '../audit.ts'
import { type Change, type Over, type Proposal, changeColumns } from './change.ts'
import { documentsNow } from './change-rebase.ts'
import { tellOfDecision } from './change-notice.ts'
import { type ChangePlan, plansOfChange } from './change-plan.ts'
import { compiledInForce } from './change-preview.ts'
import { type StoredDocument, defaultTimeZone, documentsInForce } from '../courses/course.ts'
import { knownOfCourses } from '../courses/course-known.ts'
import { type Db, type Pool, execute, findOne, notify, sql, withTransaction } from '../db.ts'
import {
  type Titles,
  compileDocuments,
  merged,
  policyIn,
  titlesIn,
  valuesOf,
} from '../courses/documents.ts'
import { type ForgeRequest, type ForgeState, findForge, findRequest } from './forge.ts'
import type { KeyRing } from '../key-ring.ts'

export type ChangeReview = {
  change: Change & { message: string | null }
  documents: { kind: string; key: string }[]
  /** Who has it, of a change that waits. */
  waiting: Waiting | undefined
  /** Against what is approved, of a change that waits; against its parent, of another. */
  difference: BlueprintDiff
  /** Of each course it touches, as it would be; of a change that waits only. */
  courses: PlanSummary[]
  titles: Titles
  /** Of each pool that it touches; of a change that waits only. */
  charts: PoolChart[]
  /** Terraform's own, of the stacks whose next class it touches; of a change that waits only. */
  plans: ChangePlan[]
  /** What it makes, changes and takes away, by stack. */
  counts: StackCounts[]
  /** What the forge was told, where there is one. */
  onForge: { request: ForgeRequest | undefined; forge: ForgeState | undefined }
}

/** Cores asked and cores there, on the days around those that differ. */
export type PoolChart = { pool: string; title: Text; days: ChangeDay[] }

type Row = Change & {
  message: string | null
  documents: StoredDocument[]
  parent: Buffer | null
  bytes: Buffer
}

export async function reviewOf(
  db: Db,
  request: { id: string; ring: KeyRing; now: Date },
): Promise<ChangeReview | undefined> {
  const row = await findOne<Row>(
    db,
    sql`select ${changeColumns}, message, documents,
          (select bytes from blueprint b where b.digest = change.blueprint_digest) as bytes,
          case when state = 'proposed' then (select bytes from blueprint b join blueprint_head h on h.digest = b.digest)
            else (select bytes from blueprint b where b.digest = change.parent_digest) end as parent
        from change where id = ${request.id}`,
  )
  if (!row) return undefined
  const { documents: proposed, parent, bytes, ...change } = row
  const waits = change.state === 'proposed'
  const stored = await documentsInForce(db)
  const documents = waits ? await documentsNow(db, row, stored) : proposed
  const inForce = merged(stored, [])
  const all = waits ? merged(stored, documents) : inForce
  const pools = valuesOf(all, 'Pool')
  const before = parent ? parseBlueprint(parent) : emptyBlueprint
  const compiled = waits ? compileDocuments(all, await knownOfCourses(db), request.now) : undefined
  const after = compiled?.blueprint ?? parseBlueprint(bytes)
  const difference = diff(before, after, pools)
  const touched = new Set(difference.courses.map((one) => one.course))
  const summaries = compiled ? planSummaries({ compiled, pools }) : new Map<string, PlanSummary>()
  return {
    change,
    documents: documents.map(({ kind, key }) => ({ kind, key })),
    waiting: waits
      ? await waitingFor(db, request.ring, change, policyIn(inForce), request.now)
      : undefined,
    difference,
    courses: [...summaries.values()].filter((one) => touched.has(one.course)),
    titles: titlesIn(all),
    charts: compiled ? await chartsOf(db, { compiled, pools, difference, now: request.now }) : [],
    plans: waits ? await plansOfChange(db, { id: change.id, digest: change.blueprint_digest }) : [],
    counts: stackCounts(touchedOnly(before, touched), touchedOnly(after, touched)),
    onForge: { request: await findRequest(db, change.id), forge: await findForge(db) },
  }
}

const touchedOnly = (blueprint: Blueprint, courses: Set<string>): Blueprint => ({
  ...blueprint,
  courses: blueprint.courses.filter((one) => courses.has(one.key)),
})

/** Against what is in force now. */
async function chartsOf(
  db: Db,
  of: { compiled: Compiled; pools: PoolDocument[]; difference: BlueprintDiff; now: Date },
): Promise<PoolChart[]> {
  const { compiled, pools, difference, now } = of
  const base = await compiledInForce(db, now)
  const poolsBefore = valuesOf(merged(base.documents, []), 'Pool')
  const courses = new Set(difference.courses.map((one) => one.course))
  const sitsIn = ({ blueprint }: Compiled) =>
    blueprint.courses
      .filter(({ key }) => courses.has(key))
      .flatMap(({ pool, sessions }) => [pool, ...sessions.map((session) => session.pool)])
  const touched = new Set([...sitsIn(base.compiled), ...sitsIn(compiled)])
  for (const { pool } of difference.pools) touched.add(pool)
  const timeZone = await defaultTimeZone(db)
  return pools.flatMap((pool) => {
    if (!touched.has(pool.key)) return []
    const old = poolsBefore.find((one) => one.key === pool.key)
    const was = old && forecast(base.compiled, old)
    const will = forecast(compiled, pool)
    const standing = { before: was?.standingCores ?? 0, after: will.standingCores }
    const [before, after] = [was?.hours ?? [], will.hours].map((hours) =>
      forecastDays(hours, timeZone),
    )
    const days = changeDays(before!, after!, standing)
    return days.length === 0 ? [] : [{ pool: pool.key, title: pool.title, days }]
  })
}

/** Says no, with a reason that whoever proposed it reads. False when it does not wait any more. */
export async function rejectChange(
  tx: Db,
  no: { id: string; reason: string; actor: Actor; now: Date },
): Promise<boolean> {
  const rejected = await execute(
    tx,
    sql`update change set state = 'rejected', state_at = ${no.now}, message = ${no.reason}
        where id = ${no.id} and state = 'proposed'`,
  )
  if (rejected === 0) return false
  await audit(tx, {
    actor: no.actor,
    action: 'change.reject',
    subject: { kind: 'change', id: no.id },
    detail: {},
    now: no.now,
  })
  await tellOfDecision(tx, { id: no.id, now: no.now })
  await notify(tx, 'work')
  return true
}

type NotReverted =
  | { outcome: 'not-approved' }
  /** These documents came with the change: there is nothing to go back to. */
  | { outcome: 'first'; documents: { kind: string; key: string }[] }
  /** These were changed again since: that would be undone, too. */
  | { outcome: 'later'; documents: { kind: string; key: string }[] }

/**
 * Undo is a new change, to the documents as they were approved before, as long as they are as this one left them: `over` is
 * what was compared, since somebody may save while it is on its way.
 */
export async function revertChange<Answer>(
  pool: Pool,
  request: { id: string; actor: Actor; now: Date },
  propose: (proposal: Proposal & { over: Over }) => Promise<Answer>,
): Promise<Answer | NotReverted> {
  const found = await withTransaction(pool, (tx) => documentsBefore(tx, request.id))
  if (!found) return { outcome: 'not-approved' }
  const first = found.filter((one) => one.before === null)
  if (first.length > 0)
    return { outcome: 'first', documents: first.map(({ kind, key }) => ({ kind, key })) }
  const inForce = await documentsInForce(pool)
  const later = found.filter((one) => {
    const now = inForce.find((other) => nameOf(other) === nameOf(one))
    return now === undefined || standing(one, now.text) === 'later'
  })
  if (later.length > 0)
    return { outcome: 'later', documents: later.map(({ kind, key }) => ({ kind, key })) }
  const sources = found.map(({ kind, key, before }) => ({
    name: `${kind} ${key}`,
    text: before ?? '',
  }))
  const over = inForce.filter((one) => found.some((own) => nameOf(own) === nameOf(one)))
  return propose({ actor: request.actor, now: request.now, sources, over })
}

const nameOf = ({ kind, key }: { kind: string; key: string }): string => `${kind} ${key}`

/**
 * How a document that is in force now stands to an approved change: as that left it, as it was before (it was undone), or changed
 * again since, so that undoing it would take the later change away too.
 */
export async function standsAfter(
  db: Db,
  of: { id: string; kind: string; key: string; text: string },
): Promise<'last' | 'undone' | 'later'> {
  const changed = (await documentsBefore(db, of.id)) ?? []
  const own = changed.find(({ kind, key }) => kind === of.kind && key === of.key)
  return own ? standing(own, of.text) : 'later'
}

function standing({ text, before }: Changed, now: string): 'last' | 'undone' | 'later' {
  if (text === now) return 'last'
  return before === now ? 'undone' : 'later'
}

type Changed = { kind: string; key: string; text: string; before: string | null }

async function documentsBefore(tx: Db, id: string): Promise<Changed[] | undefined> {
  const row = await findOne<{ documents: Changed[] }>(
    tx,
    sql`select jsonb_agg(jsonb_build_object('kind', d->>'kind', 'key', d->>'key', 'text', d->>'text', 'before',
          (select e->>'text' from change earlier, jsonb_array_elements(earlier.documents) e
            where earlier.state = 'approved' and (earlier.state_at, earlier.id) < (change.state_at, change.id)
              and e->>'kind' = d->>'kind' and e->>'key' = d->>'key'
            order by earlier.state_at desc, earlier.id desc limit 1))) as documents
        from change, jsonb_array_elements(change.documents) d
        where change.id = ${id} and change.state = 'approved' group by change.id`,
  )
  return row?.documents
}
