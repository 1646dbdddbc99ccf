/** Terraform's plans of the stacks that a waiting change touches: read by its reviewers, applied by nobody. */
import { createHash } from 'node:crypto'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { redacted } from '../../../stacks/rules/leaks.ts'
import { knownPeople } from '../people/known-people.ts'

export type PlanCounts = { create: number; update: number; replace: number; delete: number }
export type ChangePlan = {
  stack: string
  due_at: Date
  planned_at: Date
  counts: PlanCounts | null
  message: string | null
  text: string | null
}

/** Of the change as it compiles now, by stack; none of another digest. */
export async function plansOfChange(
  db: Db,
  of: { id: string; digest: string },
): Promise<ChangePlan[]> {
  return many<ChangePlan>(
    db,
    sql`select stack, due_at, planned_at, counts, message, text from change_plan
        where change_id = ${of.id} and digest = ${of.digest} order by stack`,
  )
}

const MOST_TEXT = 200_000

/** Without what looks like a secret or names somebody; instead of what was planned before. */
export async function keepPlan(
  db: Db,
  plan: Omit<ChangePlan, 'planned_at'> & { changeId: string; digest: string; now: Date },
): Promise<void> {
  const { changeId, stack, digest, counts, message } = plan
  const text = plan.text && redacted(plan.text, await knownPeople(db)).slice(0, MOST_TEXT)
  await execute(
    db,
    sql`insert into change_plan (change_id, stack, digest, due_at, planned_at, counts, message, text)
        values (${changeId}, ${stack}, ${digest}, ${plan.due_at}, ${plan.now}, ${counts && JSON.stringify(counts)},
          ${message}, ${text})
        on conflict (change_id, stack) do update set digest = excluded.digest, due_at = excluded.due_at,
          planned_at = excluded.planned_at, counts = excluded.counts, message = excluded.message, text = excluded.text`,
  )
}

/** Of changes that wait no more. */
export async function forgetPlans(db: Db): Promise<void> {
  await execute(
    db,
    sql`delete from change_plan where exists (select from change where id = change_id and state <> 'proposed')`,
  )
}

/** The plan that a change compiles to; undefined when its bytes are not what its digest says. */
export async function proposedBytes(db: Db, digest: string): Promise<Buffer | undefined> {
  const row = await findOne<{ bytes: Buffer }>(
    db,
    sql`select bytes from blueprint where digest = ${digest}`,
  )
  const actual = row && createHash('sha256').update(row.bytes).digest('hex')
  return actual === digest ? row?.bytes : undefined
}

/** Which of these courses are in the record: a new one comes with its approval. */
export async function knownCourses(db: Db, keys: string[]): Promise<string[]> {
  const rows = await many<{ key: string }>(
    db,
    sql`select key from course where key = any(${keys}::text[]) order by key`,
  )
  return rows.map((row) => row.key)
}
