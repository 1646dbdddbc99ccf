/** What a look of the driver sees of the Swarm: the tasks that decide what is next with a seat, and seats at rest that were disturbed. */
import type { Pool } from '../../api/data/db.ts'
import { type RestingSeat, stillResting } from '../../api/data/seats/seat-rest.ts'
import type { Seat } from '../../api/data/seats/seat.ts'
import { decide, type Seen } from './decide.ts'
import type { Engine } from './engine.ts'
import { isAlive, listTasks, runningTask, type Task } from './task.ts'

type Means = { pool: Pool; engine: Engine; installation: string; now: () => Date }

/** Tasks of the seats whose next step depends on them; all tasks where somebody has GPUs, which are freed by them. */
export async function tasksFor(
  means: Means,
  { moving, resting, hasGpus }: { moving: Seat[]; resting: RestingSeat[]; hasGpus: boolean },
): Promise<Task[]> {
  if (hasGpus) return listTasks(means.engine, means)
  const asked = moving.filter((seat) => dependsOnTasks(seat, means.now()))
  const serviceIds = [
    ...asked.flatMap(({ service_id: id }) => (id === null ? [] : [id])),
    ...resting.map(({ serviceId }) => serviceId),
  ]
  return serviceIds.length === 0 ? [] : listTasks(means.engine, { ...means, serviceIds })
}

/** Of those at rest, whose container is not as their row says. */
export async function disturbed(
  { pool }: Means,
  { moving, resting, tasks }: { moving: Seat[]; resting: RestingSeat[]; tasks: Task[] },
): Promise<Seat[]> {
  const byService = Map.groupBy(tasks, ({ ServiceID }) => ServiceID)
  const known = new Set(moving.map(({ id }) => id))
  const ids = resting.flatMap(({ id, serviceId, taskId }) => {
    const own = byService.get(serviceId) ?? []
    const isAsSaid =
      taskId === null ? !isAlive(own, serviceId) : runningTask(own, serviceId)?.ID === taskId
    return isAsSaid || known.has(id) ? [] : [id]
  })
  return ids.length === 0 ? [] : stillResting(pool, ids)
}

/** Whether what is done with it next is another step when its container lives than when nothing of it does. */
function dependsOnTasks(seat: Seat, now: Date): boolean {
  const dead = { runningTaskId: undefined, alive: false }
  const alive = { runningTaskId: seat.task_id ?? undefined, alive: true }
  return decide(seat, dead, now) !== decide(seat, alive, now)
}

export function seenOf(seat: Seat, tasks: Task[]): Seen {
  const id = seat.service_id ?? ''
  return { runningTaskId: runningTask(tasks, id)?.ID, alive: isAlive(tasks, id) }
}
