/** What time alone changes for people: places, who is past the end, who may come in, who waits. */
import { courseNames } from '../../api/data/courses/courses-at-work.ts'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import type { Due } from '../../api/data/runs/due.ts'
import { settleStopped } from '../../api/data/seats/seat-life.ts'
import { coursesInLine, serveQueue } from '../../api/data/workspaces/serve-queue.ts'
import { settlePlacesOf } from '../../api/data/workspaces/settle-places.ts'
import { startWorkspace, stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import {
  followSessions,
  stopWhoIsOver,
  warnWorkspaces,
  workspacesDue,
} from '../../api/data/workspaces/workspace-time.ts'
import type { Steps } from './pass-steps.ts'

type Means = { pool: Pool; now: () => Date }

/** Courses whose places are made right in one transaction: launches of the same course wait for it. */
const SETTLED_AT_ONCE = 20
const CLOCK = { name: 'clock', role: 'labplan' } as const

/** Answers whether anybody moved. */
export async function moveWorkspaces(means: Means, due: Due, steps: Steps): Promise<boolean> {
  const { pool, now } = means
  await settlePlaces(means, due.places, steps)
  // Places that came or went may change each of the following.
  const isNew = due.places.length > 0
  let moved = 0
  if (due.stops)
    moved += await steps.inCourses('who has stopped could not be noted.', (of) =>
      withTransaction(pool, (tx) => settleStopped(tx, now(), of)),
    )
  if (due.moves || isNew)
    await steps.inCourses('who is in could not follow the sessions, or not be warned.', (of) =>
      withTransaction(pool, async (tx) => {
        await followSessions(tx, now(), of)
        return warnWorkspaces(tx, now(), of)
      }),
    )
  if (due.turns || isNew) moved += await endAndOpen(means, steps)
  return moved + (await serveQueues(means, due, steps)) > 0
}

async function settlePlaces({ pool, now }: Means, ids: string[], steps: Steps): Promise<void> {
  for (let i = 0; i < ids.length; i += SETTLED_AT_ONCE) {
    const some = ids.slice(i, i + SETTLED_AT_ONCE)
    await steps.inCourses(
      'its places could not be made right.',
      async (of) => {
        const courses = { ids: of ? [of.id] : some, now: now() }
        await withTransaction(pool, (tx) => settlePlacesOf(tx, courses))
        return 0
      },
      () => courseNames(pool, some),
    )
  }
}

async function endAndOpen({ pool, now }: Means, steps: Steps): Promise<number> {
  let moved = await steps.inCourses('who is past the end could not be stopped.', async (of) => {
    const stopSome = () => withTransaction(pool, (tx) => stopWhoIsOver(tx, now(), of))
    let stopped = 0
    for (let some = await stopSome(); some > 0; some = await stopSome()) stopped += some
    return stopped
  })
  const due = await workspacesDue(pool, now())
  const act = (workspaceId: string) => ({ workspaceId, actor: CLOCK, now: now() })
  const one = (id: string, what: string, work: (tx: Db) => Promise<unknown>) =>
    steps.take(
      `Workspace ${id} could not be ${what}.`,
      async () => {
        await withTransaction(pool, work)
        return 1
      },
      0,
    )
  // With a seat they were stopped, or somebody acts on them just now: the next round sees.
  for (const { id, reason } of due.stop.filter(({ hasSeat }) => !hasSeat))
    moved += await one(id, 'stopped', (tx) => stopWorkspace(tx, { ...act(id), reason }))
  for (const id of due.open) moved += await one(id, 'let in', (tx) => startWorkspace(tx, act(id)))
  return moved
}

async function serveQueues({ pool, now }: Means, due: Due, steps: Steps): Promise<number> {
  const lines = await coursesInLine(pool, due.places)
  const ids = [...new Set([...lines, ...due.queues])]
  let moved = 0
  for (const course of ids.length > 0 ? await courseNames(pool, ids) : [])
    moved += await steps.take(
      `Course ${course.key}: its queue could not be served.`,
      () => withTransaction(pool, (tx) => serveQueue(tx, { courseId: course.id, now: now() })),
      0,
    )
  return moved
}
