/**
 * What many seats ask of the Swarm at the same time, asked once: all who want their tasks while one list is under way
 * share the next. A class that comes up costs the manager one list at a time, however many seats wait.
 */
import type { Pace } from '../pace.ts'
import type { Engine } from './engine.ts'
import { listTasks, nodeAddresses, type Task } from './task.ts'

export type TaskFeed = {
  /** Tasks of this service, newest first, from a list that was asked for after the call. */
  tasksOf(serviceId: string): Promise<Task[]>
  /** IPv4 address of a node; undefined when the Swarm has no such node. */
  addressOf(nodeId: string): Promise<string | undefined>
}

/** Each list takes the manager and us time that starting containers want, the more the more are in it. */
const REST_OF_EACH_MS = 16
const REST_MOST_MS = 250

type Round = { services: Set<string>; tasks: Promise<Task[]> }

export function taskFeed(means: { engine: Engine; installation: string; pace: Pace }): TaskFeed {
  let current: Promise<unknown> = Promise.resolve()
  let next: Round | undefined
  let addresses = new Map<string, string>()

  const begin = (): Round => {
    const services = new Set<string>()
    const tasks = current.then(() => {
      next = undefined
      return listTasks(means.engine, { ...means, serviceIds: [...services] })
    })
    current = tasks
      .catch(() => {})
      .then(() => means.pace.sleep(Math.min(services.size * REST_OF_EACH_MS, REST_MOST_MS)))
    return { services, tasks }
  }
  return {
    async tasksOf(serviceId) {
      next ??= begin()
      next.services.add(serviceId)
      const tasks = await next.tasks
      return tasks.filter((task) => task.ServiceID === serviceId)
    },
    async addressOf(nodeId) {
      // A node keeps its address as long as it is in the Swarm: only one we do not know is asked for.
      if (!addresses.has(nodeId)) addresses = await nodeAddresses(means.engine)
      return addresses.get(nodeId)
    },
  }
}
