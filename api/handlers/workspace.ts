/** A student's workspace: its page, its event stream, its doors, and what can be done with it. */
import { z } from 'zod'
import { seatPath } from '../../stacks/rules/seat-path.ts'
import { withTransaction } from '../data/db.ts'
import { courseOf } from '../data/courses/course.ts'
import { doorOf } from '../data/seats/door.ts'
import { sessionsToCome } from '../data/sessions/session.ts'
import { holdOnSeat } from '../data/runs/stack-wait.ts'
import { doorUrl, mintTicket } from '../data/seats/ticket.ts'
import { type WorkspaceView, workspaceView } from '../data/workspaces/workspace-view.ts'
import type { Workspace } from '../data/workspaces/workspace.ts'
import {
  resetWorkspace,
  restartWorkspace,
  startWorkspace,
  stopWorkspace,
} from '../data/workspaces/workspace-act.ts'
import { extendWorkspace } from '../data/workspaces/workspace-time.ts'
import { Problem, conflict, notFound } from '../errors.ts'
import { moment } from '../locale.ts'
import { liveEvents } from '../pages/live.ts'
import { resetPage, workspaceFragment, workspacePage } from '../pages/workspace.ts'
import { paths } from '../paths.ts'
import { type Handler, type Visit, actorOf, personOf } from '../visit.ts'

export const show: Handler<Workspace> = async (visit, workspace) => {
  const { time_zone } = await courseOf(visit.pool, workspace.course_id)
  return { html: workspacePage(visit, await viewOf(visit, workspace.id, visit.at), time_zone) }
}

async function viewOf(visit: Visit, id: string, at: Date): Promise<WorkspaceView> {
  const view = await workspaceView(visit.pool, visit.ring, id, at)
  if (!view) throw notFound()
  if (view.state === 'starting') return { ...view, message: await heldMessage(visit, view, at) }
  if (view.state !== 'closed' || view.opensAt) return view
  // "No session is planned" would be a lie to who waits for one that no pool can hold.
  const [next] = await sessionsToCome(visit.pool, { courseIds: [view.courseId], now: at, limit: 1 })
  return next ? { ...view, message: { code: 'closed.does-not-fit', params: {} } } : view
}

/** A seat that cannot be made for now, because people said so, is no endless wait without a word. */
async function heldMessage(
  visit: Visit,
  view: WorkspaceView,
  at: Date,
): Promise<WorkspaceView['message']> {
  const hold = await holdOnSeat(visit.pool, { workspaceId: view.id, now: at })
  if (!hold) return view.message
  if (!hold.until) return { code: 'starting.held', params: {} }
  const { time_zone } = await courseOf(visit.pool, view.courseId)
  const when = moment(visit.locale, time_zone, hold.until, at)
  return { code: 'starting.held-until', params: { when } }
}

export const events: Handler<Workspace> = async (visit, workspace) => {
  const { time_zone } = await courseOf(visit.pool, workspace.course_id)
  const render = async (at: Date) =>
    workspaceFragment({ ...visit, at }, await viewOf(visit, workspace.id, at), time_zone)
  return { events: liveEvents(visit, 'workspace', (id) => id === workspace.id, render) }
}

export const askReset: Handler<Workspace> = async (visit, workspace) => {
  const { time_zone } = await courseOf(visit.pool, workspace.course_id)
  return { html: resetPage(visit, await viewOf(visit, workspace.id, visit.at), time_zone) }
}

type Work = (
  tx: Parameters<typeof startWorkspace>[0],
  act: Parameters<typeof startWorkspace>[1],
) => Promise<unknown>

const act =
  (work: Work): Handler<Workspace> =>
  async (visit, { id }) => {
    const done = { workspaceId: id, actor: actorOf(visit, 'student'), now: visit.at }
    await withTransaction(visit.pool, (tx) => work(tx, done))
    return { seeOther: paths.workspace(id) }
  }

export const extendBody = z.object({ from: z.iso.datetime() })

/** The page then shows the new stop, or why there is none. */
export const extend: Handler<Workspace, z.infer<typeof extendBody>> = (visit, workspace) => {
  const from = new Date(visit.body.from)
  return act((tx, done) => extendWorkspace(tx, { ...done, from }))(visit, workspace)
}

export const start = act(startWorkspace)

/** `only`: of a state that the page showed, which may be of some time ago. */
export const stopBody = z.object({ only: z.literal('queued').optional() })

export const stop: Handler<Workspace, z.infer<typeof stopBody>> = (visit, workspace) => {
  const { only } = visit.body
  return act((tx, done) => stopWorkspace(tx, { ...done, only }))(visit, workspace)
}

export const restartBody = z.object({ only: z.literal('failed').optional() })

export const restart: Handler<Workspace, z.infer<typeof restartBody>> = (visit, workspace) => {
  const { only } = visit.body
  return act((tx, done) => restartWorkspace(tx, { ...done, only }))(visit, workspace)
}

export const resetBody = z.object({ files: z.enum(['keep', 'empty']) })

export const reset: Handler<Workspace, z.infer<typeof resetBody>> = (visit, workspace) => {
  const keepFiles = visit.body.files === 'keep'
  return act(async (tx, done) => {
    if ((await resetWorkspace(tx, { ...done, keepFiles })) === 'full') throw conflict('reset.full')
  })(visit, workspace)
}

export const doorBody = z.object({
  pass: z.string().optional(),
  to: z
    .string()
    .refine((text) => seatPath(text) !== undefined)
    .optional(),
})

/** Opens a web port: a ticket for this person and door, in an address that works once and leads to their own seat only. */
export const openDoor: Handler<Workspace, z.infer<typeof doorBody>> = async (visit, workspace) => {
  const door = await doorOf(visit.pool, {
    workspaceId: workspace.id,
    containerPort: Number(visit.params['port']),
  })
  if (!door || door.kind !== 'web') throw new Problem(404, 'problem.no-door')
  if (workspace.state !== 'ready') throw conflict('problem.not-ready')
  const { personId } = personOf(visit)
  const ticket = mintTicket(visit.ring, { ...door, personId }, visit.at)
  const to = visit.body.to === undefined ? undefined : seatPath(visit.body.to)
  const address = { hostLabel: door.hostLabel, ticket, ...(to !== undefined && { to }) }
  return { seeOther: doorUrl(visit.config.seatUrl, address) }
}
