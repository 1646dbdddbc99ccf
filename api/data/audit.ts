/** The audit log: one line for each change, written in the transaction that makes it. */
import { type Db, execute, sql } from './db.ts'
import { newId } from './ids.ts'

export type Actor = {
  name: string
  role: 'student' | 'teacher' | 'administrator' | 'operator' | 'reviewer' | 'labplan'
}

export type AuditEntry = {
  actor: Actor
  action: string
  subject: { kind: string; id: string }
  detail?: Record<string, unknown>
  now: Date
}

/** `name` is a pseudonym or a part of Labplan, never a person's name. */
export async function audit(tx: Db, entry: AuditEntry): Promise<void> {
  await execute(
    tx,
    sql`insert into audit (id, at, actor, actor_role, action, subject_kind, subject_id, detail)
        values (${newId()}, ${entry.now}, ${entry.actor.name}, ${entry.actor.role}, ${entry.action},
                ${entry.subject.kind}, ${entry.subject.id}, ${JSON.stringify(entry.detail ?? {})})`,
  )
}

/** Many lines at once. */
export async function auditEach(tx: Db, entries: AuditEntry[]): Promise<void> {
  if (entries.length === 0) return
  const column = <T>(of: (entry: AuditEntry) => T) => entries.map(of)
  await execute(
    tx,
    sql`insert into audit (id, at, actor, actor_role, action, subject_kind, subject_id, detail)
        select * from unnest(${column(newId)}::uuid[], ${column((e) => e.now)}::timestamptz[], ${column((e) => e.actor.name)}::text[],
          ${column((e) => e.actor.role)}::text[], ${column((e) => e.action)}::text[], ${column((e) => e.subject.kind)}::text[],
          ${column((e) => e.subject.id)}::text[], ${column((e) => JSON.stringify(e.detail ?? {}))}::jsonb[])`,
  )
}
