/** Who waits for a turn may have left the page: they are told by mail as well, at the address their launch came with. */
import { type Db, execute, findOne, sql } from '../db.ts'
import { noticeWaiting } from '../notice.ts'

/** Kept only where there are turns, only while this person waits, and anew with each launch. */
export async function keepTurnMail(
  tx: Db,
  wait: { workspaceId: string; email: string | null },
): Promise<void> {
  await execute(
    tx,
    sql`update workspace set turn_mail = ${wait.email} from course where workspace.id = ${wait.workspaceId}
          and workspace.state = 'queued' and course.id = workspace.course_id
          and course.gpus > 0 and (course.lifecycle ->> 'turnHours')::float > 0`,
  )
}

/** That a place is held for them, until when, and where to click. Nothing where no address was left. */
export async function tellTurn(
  tx: Db,
  turn: { workspaceId: string; until: Date; now: Date },
): Promise<void> {
  const waiting = await findOne<{ person_id: string; course_id: string }>(
    tx,
    sql`select person_id, course_id from workspace where id = ${turn.workspaceId} and turn_mail is not null`,
  )
  if (!waiting) return
  const untilAt = turn.until.toISOString()
  await noticeWaiting(tx, {
    ...{ code: 'notice.turn', params: { untilAt, workspace: turn.workspaceId } },
    ...{ personId: waiting.person_id, courseId: waiting.course_id },
    ...{ dedupeKey: `turn/${turn.workspaceId}/${untilAt}`, now: turn.now },
  })
}
