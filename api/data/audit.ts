/** The audit log: one line for each change, written in the transaction that makes it. */
import { type Db, execute, sql } from './db.ts'
import { newId } from './ids.ts'

export type Actor = {
  name: string
  role: 'student' | 'teacher' | 'administrator' | 'operator' | 'reviewer' | 'labplan'
}

/** `name` is a pseudonym or a part of Labplan, never a person's name. */
export async function audit(
  tx: Db,
  entry: {
    actor: Actor
    action: string
    subject: { kind: string; id: string }
    detail?: Record<string, unknown>
    now: Date
  },
): Promise<void> {
  await execute(
    tx,
    sql`insert into audit (id, at, actor, actor_role, action, subject_kind, subject_id, detail)
        values (${newId()}, ${entry.now}, ${entry.actor.name}, ${entry.actor.role}, ${entry.action},
                ${entry.subject.kind}, ${entry.subject.id}, ${JSON.stringify(entry.detail ?? {})})`,
  )
}
