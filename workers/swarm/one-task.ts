/** Services of one task that are no seats and not Terraform's: the worker makes them for an errand on one node, and removes them. */
import { z } from 'zod'
import { type Engine, EngineError } from './engine.ts'

const services = z.array(
  z.looseObject({
    ID: z.string(),
    Spec: z.looseObject({ Labels: z.record(z.string(), z.string()).default({}) }),
  }),
)
const tasks = z.array(
  z.looseObject({
    ServiceID: z.string(),
    CreatedAt: z.string(),
    Status: z.looseObject({
      State: z.string(),
      Err: z.string().optional(),
      ContainerStatus: z.looseObject({ ExitCode: z.number().optional() }).nullish(),
    }),
  }),
)

export type ErrandTask = z.infer<typeof tasks>[number]
/** `tasks`: the newest first; one that failed may have been followed by another. */
export type OneTask = { id: string; labels: Record<string, string>; tasks: ErrandTask[] }

/** @param label `key=value` that all of them have */
export async function listOneTasks(engine: Engine, label: string): Promise<OneTask[]> {
  const filters = { label: [label] }
  const known = services.parse(await engine.call('GET', '/services', { query: { filters } }))
  if (known.length === 0) return []
  const query = { filters: { service: known.map(({ ID }) => ID) } }
  const all = tasks
    .parse(await engine.call('GET', '/tasks', { query }))
    .toSorted((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1))
  return known.map(({ ID: id, Spec: { Labels: labels } }) => ({
    ...{ id, labels },
    tasks: all.filter(({ ServiceID }) => ServiceID === id),
  }))
}

/** Does nothing when there is one of that name already. */
export async function startOneTask(engine: Engine, body: object): Promise<void> {
  try {
    await engine.call('POST', '/services/create', { body })
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 409) throw error
  }
}

/** Does nothing when it is gone. */
export async function removeOneTask(engine: Engine, id: string): Promise<void> {
  try {
    await engine.call('DELETE', `/services/${id}`)
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404) throw error
  }
}
