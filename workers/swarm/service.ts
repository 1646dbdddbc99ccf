/** On and off: the one thing we change of a service after Terraform made it. */
import { z } from 'zod'
import type { Seat } from '../../api/data/seats/seat.ts'
import { DEVICES_LABEL } from '../../stacks/parts/seat-gpu.ts'
import { type Engine, EngineError } from './engine.ts'

const service = z.looseObject({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: z.looseObject({
    Name: z.string(),
    Labels: z
      .record(z.string(), z.string())
      .nullish()
      .transform((some) => some ?? {}),
    Mode: z.looseObject({ Replicated: z.looseObject({ Replicas: z.number() }).optional() }),
    TaskTemplate: z.looseObject({
      ContainerSpec: z.looseObject({}).optional(),
      Resources: z.looseObject({ Limits: z.record(z.string(), z.unknown()).optional() }).optional(),
    }),
  }),
})
export type Service = z.infer<typeof service>

const OUT_OF_SEQUENCE_TRIES = 5
const STOP_GRACE_SECONDS = 10

/** The service of a seat that has one; a seat without one is in no state that asks for it. */
export function serviceOf(seat: Seat): string {
  if (!seat.service_id)
    throw new Error(`Seat ${seat.course_code}/${seat.number} is ${seat.state} but has no service.`)
  return seat.service_id
}

/** The service by name or id, or undefined. */
export async function findService(engine: Engine, nameOrId: string): Promise<Service | undefined> {
  try {
    return service.parse(await engine.call('GET', `/services/${encodeURIComponent(nameOrId)}`))
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) return undefined
    throw error
  }
}

/** Names and ids of this installation's seat services. */
export async function listServices(engine: Engine, installation: string): Promise<Service[]> {
  const filters = { label: [`labplan.installation=${installation}`] }
  return z.array(service).parse(await engine.call('GET', '/services', { query: { filters } }))
}

/** `devices`: of a seat with GPUs, their numbers on its node, which its task is told. */
type Wanted = { replicas: 0 | 1; pidsLimit: number; devices?: string | undefined }

/**
 * Sets the replicas of a seat (0 or 1), and when it goes on its pids limit in the same call: the
 * provider cannot say it, and any update by Terraform takes it away again. Retried when somebody else
 * changed the service in between (the engine answers "update out of sequence").
 */
export async function setReplicas(
  engine: Engine,
  serviceId: string,
  wanted: Wanted,
): Promise<'changed' | 'same' | 'gone'> {
  for (let attempt = 1; ; attempt++) {
    const found = await findService(engine, serviceId)
    if (!found) return 'gone'
    if (found.Spec.Mode.Replicated?.Replicas === wanted.replicas) return 'same'
    try {
      await engine.call('POST', `/services/${found.ID}/update`, {
        query: { version: found.Version.Index },
        body: scaledSpec(found.Spec, wanted),
      })
      return 'changed'
    } catch (error) {
      const isRace = error instanceof EngineError && /out of sequence/.test(error.message)
      if (!isRace || attempt === OUT_OF_SEQUENCE_TRIES) throw error
    }
  }
}

function scaledSpec(spec: Service['Spec'], wanted: Wanted) {
  return {
    ...spec,
    ...(wanted.devices !== undefined && {
      Labels: { ...spec.Labels, [DEVICES_LABEL]: wanted.devices },
    }),
    Mode: { ...spec.Mode, Replicated: { ...spec.Mode.Replicated, Replicas: wanted.replicas } },
    TaskTemplate:
      wanted.replicas === 1 ? startedTask(spec.TaskTemplate, wanted.pidsLimit) : spec.TaskTemplate,
  }
}

/** The provider writes a grace of 0: a program would be killed at once, with its files half written. */
function startedTask(template: Service['Spec']['TaskTemplate'], pidsLimit: number) {
  const limits = { ...template.Resources?.Limits, Pids: pidsLimit }
  return {
    ...template,
    ContainerSpec: { ...template.ContainerSpec, StopGracePeriod: STOP_GRACE_SECONDS * 1e9 },
    Resources: { ...template.Resources, Limits: limits },
  }
}

/** Whether the Swarm has anything of an installation: a service, or a task that outlives its service by a moment. */
export async function isAround(engine: Engine, installation: string): Promise<boolean> {
  const query = { filters: { label: [`labplan.installation=${installation}`] } }
  const lists = await Promise.all(
    ['/services', '/tasks'].map((path) => engine.call('GET', path, { query })),
  )
  return lists.some((list) => z.array(z.unknown()).parse(list).length > 0)
}
