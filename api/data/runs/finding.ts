/** What is off between the Swarm and the record: rows that come with a look and go when the next finds it right. */
import { type Db, execute, many, notify, sql } from '../db.ts'
import { audit } from '../audit.ts'
import { newId } from '../ids.ts'

/**
 * leaked: ours, and nobody wants it. missing: it should exist. altered: not what was applied, in a way that
 * matters. strange: not ours to judge; kept, and said.
 */
export type FindingKind = 'leaked' | 'missing' | 'altered' | 'strange'

/**
 * run: its stack is run again. remove: no stack claims it, so it is removed. driver: the seat driver turns it on
 * or off. wait: its stack is run when it is cold. none: a person must look.
 */
export type Repair = 'run' | 'remove' | 'driver' | 'wait' | 'none'

export type NewFinding = {
  kind: FindingKind
  object: 'service' | 'volume' | 'secret' | 'network' | 'container'
  name: string
  objectId: string | null
  stackKey?: string
  code: string
  params?: Record<string, string | number>
  repair: Repair
}

export type Finding = Omit<NewFinding, 'stackKey' | 'params'> & {
  id: string
  stackKey: string | null
  params: Record<string, string | number>
  firstSeenAt: Date
  seenAt: Date
  repairedAt: Date | null
  resolvedAt: Date | null
}

/** One look may fall between two steps of a run: only what the next look sees as well is a finding. */
const LOOKS = 2
const KEPT_DAYS = 90

const findingColumns = sql`id, kind, object, name, object_id as "objectId", stack_key as "stackKey", code, params, repair,
  first_seen_at as "firstSeenAt", seen_at as "seenAt", repaired_at as "repairedAt", resolved_at as "resolvedAt"`

/** Writes down what a look found, and resolves what it did not find any more. */
export async function saveFindings(
  tx: Db,
  look: { findings: NewFinding[]; now: Date },
): Promise<void> {
  const { findings, now } = look
  const column = <T>(of: (finding: NewFinding) => T | undefined) =>
    findings.map((f) => of(f) ?? null)
  const rows = sql`unnest(${findings.map(() => newId())}::uuid[], ${column((f) => f.kind)}::text[],
      ${column((f) => f.object)}::text[], ${column((f) => f.name)}::text[], ${column((f) => f.objectId)}::text[],
      ${column((f) => f.stackKey)}::text[], ${column((f) => f.code)}::text[],
      ${column((f) => JSON.stringify(f.params ?? {}))}::jsonb[], ${column((f) => f.repair)}::text[])
    as seen (id, kind, object, name, object_id, stack_key, code, params, repair)`
  await execute(
    tx,
    sql`update finding set resolved_at = ${now} where resolved_at is null and not exists
          (select from ${rows} where seen.kind = finding.kind and seen.object = finding.object and seen.name = finding.name)`,
  )
  await execute(
    tx,
    sql`insert into finding (id, kind, object, name, object_id, stack_key, code, params, repair, first_seen_at, seen_at, looks)
        select seen.id, seen.kind, seen.object, seen.name, seen.object_id, seen.stack_key, seen.code, seen.params, seen.repair,
          ${now}, ${now}, 1 from ${rows}
        on conflict (kind, object, name) where resolved_at is null do update set object_id = excluded.object_id,
          stack_key = excluded.stack_key, code = excluded.code, params = excluded.params, repair = excluded.repair,
          seen_at = excluded.seen_at, looks = finding.looks + 1`,
  )
  await execute(
    tx,
    sql`delete from finding where resolved_at < ${now}::timestamptz - make_interval(days => ${KEPT_DAYS})`,
  )
}

/** What is off, the longest first. */
export async function openFindings(db: Db): Promise<Finding[]> {
  return many<Finding>(
    db,
    sql`select ${findingColumns} from finding where resolved_at is null and looks >= ${LOOKS}
        order by first_seen_at, object, name`,
  )
}

/** What became right again, newest first. */
export async function resolvedFindings(db: Db, limit: number): Promise<Finding[]> {
  return many<Finding>(
    db,
    sql`select ${findingColumns} from finding where resolved_at is not null and looks >= ${LOOKS}
        order by resolved_at desc, name limit ${limit}`,
  )
}

/** The findings of these ids were acted on. */
export async function markRepaired(tx: Db, ids: string[], now: Date): Promise<void> {
  await execute(tx, sql`update finding set repaired_at = ${now} where id = any(${ids}::uuid[])`)
}

const WATCH = { name: 'inventory', role: 'labplan' } as const

/**
 * Has a settled seats stack compared with what exists by its next run, under its lease. False when somebody
 * is at it, or it is of another kind: volumes are never run for a finding.
 */
export async function askForReconcile(
  tx: Db,
  stack: { key: string; message: string; now: Date },
): Promise<boolean> {
  const asked = await execute(
    tx,
    sql`update stack set state = 'needs_reconcile', state_at = ${stack.now}, message = ${stack.message}
        where key = ${stack.key} and kind = 'seats' and state in ('absent', 'applied')
          and (lease_until is null or lease_until <= ${stack.now})`,
  )
  if (asked === 0) return false
  await audit(tx, {
    ...{ actor: WATCH, action: 'stack.reconcile', subject: { kind: 'stack', id: stack.key } },
    ...{ detail: { why: stack.message }, now: stack.now },
  })
  await notify(tx, 'work', stack.key)
  return true
}

/** What was removed that no stack claims. */
export async function noteRemoved(tx: Db, removed: { finding: Finding; now: Date }): Promise<void> {
  const { object, name, code } = removed.finding
  await audit(tx, {
    ...{ actor: WATCH, action: `${object}.removed`, subject: { kind: object, id: name } },
    ...{ detail: { code }, now: removed.now },
  })
}
