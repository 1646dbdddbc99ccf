/** What a student may do with a workspace. Each is one transaction of the caller's, and is audited. */
import { type Actor, audit } from '../audit.ts'
import type { Db } from '../db.ts'
import { freePlace } from './settle-places.ts'
import { opening } from './place.ts'
import { resetRoom } from '../volumes/former-volume.ts'
import { wantFreshStart, wantNewGeneration } from '../seats/seat.ts'
import { serveQueue } from './serve-queue.ts'
import { begin } from './workspace-begin.ts'
import { type StopReason, stopEach } from './workspace-stop.ts'
import {
  type Workspace,
  type WorkspaceState,
  actable,
  isStartable,
  lockWorkspace,
  moveTo,
} from './workspace.ts'

type Act = { workspaceId: string; actor: Actor; now: Date }

export async function startWorkspace(tx: Db, act: Act): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  if (!isStartable(workspace)) return workspace.state
  const [open] = await Promise.all([
    opening(tx, { id: workspace.course_id, now: act.now }),
    auditAct(tx, act, 'workspace.start'),
  ])
  return (await begin(tx, workspace, act.now, open)).state
}

/** Stops, keeping seat number and files; or leaves the line, and nothing else (`only`). The place is given back when the seat is seen cold. */
export async function stopWorkspace(
  tx: Db,
  act: Act & { reason?: 'asked' | StopReason; only?: 'queued' | undefined },
): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  const from: readonly WorkspaceState[] = act.only ? [act.only] : actable.stop
  if (!from.includes(workspace.state)) return workspace.state
  const reason = act.reason ?? 'asked'
  const isRunning = ['starting', 'ready', 'failed'].includes(workspace.state)
  await stopEach(tx, [{ id: workspace.id, reason }], act)
  if (workspace.held_until) await passOn(tx, workspace, act.now)
  return isRunning && workspace.seat_id !== null ? 'stopping' : 'stopped'
}

/** The place that was held goes to the next in line. */
async function passOn(tx: Db, { id, course_id }: Workspace, now: Date): Promise<void> {
  await freePlace(tx, { courseId: course_id, workspaceId: id, now })
  await serveQueue(tx, { courseId: course_id, now })
}

/** A fresh container, the same files. `only`: one that came up since is left as it is, with who works in it. */
export async function restartWorkspace(
  tx: Db,
  act: Act & { only?: 'failed' | undefined },
): Promise<WorkspaceState> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  const from: readonly WorkspaceState[] = act.only ? [act.only] : actable.restart
  if (!from.includes(workspace.state) || !workspace.seat_id) return workspace.state
  await auditAct(tx, act, 'workspace.restart')
  await moveTo(tx, workspace.id, 'starting', act.now)
  await wantFreshStart(tx, { id: workspace.seat_id })
  return 'starting'
}

/**
 * A fresh start: with the files kept it is a restart, else the seat's next generation with an empty volume. `full`: as much of before
 * is kept as may be, and nothing was done.
 */
export async function resetWorkspace(
  tx: Db,
  act: Act & { keepFiles: boolean },
): Promise<WorkspaceState | 'full'> {
  const workspace = await lockWorkspace(tx, act.workspaceId)
  if (!(actable.reset as readonly WorkspaceState[]).includes(workspace.state) || !workspace.seat_id)
    return workspace.state
  if (!act.keepFiles && (await resetRoom(tx, workspace.seat_id)).isFull) return 'full'
  await auditAct(tx, act, 'workspace.reset', { keepFiles: act.keepFiles })
  if (!act.keepFiles) await wantNewGeneration(tx, { id: workspace.seat_id })
  if (isStartable(workspace)) return (await begin(tx, workspace, act.now)).state
  await moveTo(tx, workspace.id, act.keepFiles ? 'starting' : 'resetting', act.now)
  await wantFreshStart(tx, { id: workspace.seat_id })
  return act.keepFiles ? 'starting' : 'resetting'
}

async function auditAct(
  tx: Db,
  act: Act,
  action: string,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await audit(tx, {
    actor: act.actor,
    action,
    subject: { kind: 'workspace', id: act.workspaceId },
    detail,
    now: act.now,
  })
}
