/**
 * One look at the Swarm: what carries this installation's label or name, in a few filtered lists. Read only.
 * What belongs to others, another installation's included, is never listed.
 */
import { z } from 'zod'
import type { Engine } from '../swarm/engine.ts'

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((some) => some ?? {})

/** The parts of a service that its template decides. */
const specSchema = z.looseObject({
  Name: z.string(),
  Labels: labels,
  Mode: z.looseObject({ Replicated: z.looseObject({ Replicas: z.number() }).optional() }),
  TaskTemplate: z.looseObject({
    ContainerSpec: z
      .looseObject({
        Image: z.string().default(''),
        Mounts: z
          .array(
            z.looseObject({ Type: z.string(), Source: z.string().default(''), Target: z.string() }),
          )
          .nullish(),
        Secrets: z.array(z.looseObject({ SecretID: z.string() })).nullish(),
        CapabilityAdd: z.array(z.string()).nullish(),
        CapabilityDrop: z.array(z.string()).nullish(),
      })
      .optional(),
    Resources: z
      .looseObject({
        Limits: z
          .looseObject({ NanoCPUs: z.number().optional(), MemoryBytes: z.number().optional() })
          .nullish(),
      })
      .nullish(),
    Networks: z.array(z.looseObject({ Target: z.string() })).nullish(),
  }),
})
export type ServiceSpec = z.infer<typeof specSchema>

const lists = {
  services: z.array(z.looseObject({ ID: z.string(), Spec: specSchema })),
  secrets: z.array(
    z.looseObject({ ID: z.string(), Spec: z.looseObject({ Name: z.string(), Labels: labels }) }),
  ),
  networks: z.array(z.looseObject({ Id: z.string(), Name: z.string(), Labels: labels })),
  volumes: z.looseObject({
    Volumes: z.array(z.looseObject({ Name: z.string(), Labels: labels })).nullable(),
  }),
  containers: z.array(
    z.looseObject({ Id: z.string(), Names: z.array(z.string()), Labels: labels }),
  ),
  tasks: z.array(z.looseObject({ Status: z.looseObject({ State: z.string() }) })),
}

export type SeenObject = { id: string; name: string; labels: Record<string, string> }
export type SeenService = SeenObject & { replicas: number; spec: ServiceSpec }

export type Seen = {
  services: SeenService[]
  secrets: SeenObject[]
  networks: SeenObject[]
  /** On the manager's node only: other nodes keep theirs, and no list tells of them. */
  volumes: SeenObject[]
  /** On the manager's node, started by nobody's service. */
  containers: SeenObject[]
  tasksRunning: number
}

export async function lookAtSwarm(engine: Engine, installation: string): Promise<Seen> {
  const named = ours(engine, installation)
  const label = `labplan.installation=${installation}`
  const get = (path: string, filters: object) => engine.call('GET', path, { query: { filters } })
  const [services, secrets, networks, volumes, containers, tasks] = await Promise.all([
    named('/services', `lp-${installation}-`, (answer) => lists.services.parse(answer)),
    named('/secrets', `labplan-${installation}-`, (answer) => lists.secrets.parse(answer)),
    // Networks that no node has yet are found by no part of their name; there are few.
    engine.call('GET', '/networks'),
    named('/volumes', `lp-${installation}-`, (answer) => lists.volumes.parse(answer).Volumes ?? []),
    engine.call('GET', '/containers/json', { query: { all: 1, filters: { label: [label] } } }),
    get('/tasks', { name: [`lp-${installation}-`], 'desired-state': ['running'] }),
  ])
  // A filter by name may match in the middle of others' names.
  const distinct = <One extends SeenObject>(objects: One[]): One[] => [
    ...new Map(objects.filter(isOurs(installation)).map((one) => [one.id, one])).values(),
  ]
  return {
    services: distinct(
      services.map(({ ID, Spec }) => ({
        ...{ id: ID, name: Spec.Name, labels: Spec.Labels, spec: Spec },
        replicas: Spec.Mode.Replicated?.Replicas ?? 0,
      })),
    ),
    secrets: distinct(
      secrets.map(({ ID, Spec }) => ({ id: ID, name: Spec.Name, labels: Spec.Labels })),
    ),
    networks: distinct(
      lists.networks
        .parse(networks)
        .map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels })),
    ),
    volumes: distinct(
      volumes.map(({ Name, Labels }) => ({ id: Name, name: Name, labels: Labels })),
    ),
    containers: lists.containers
      .parse(containers)
      .filter((one) => one.Labels['com.docker.swarm.service.id'] === undefined)
      .map(({ Id, Names, Labels }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id, labels: Labels })),
    tasksRunning: lists.tasks.parse(tasks).filter((task) => task.Status.State === 'running').length,
  }
}

/** What has our label, and what has our name: Docker's filters of different kinds are both required. */
function ours(engine: Engine, installation: string) {
  return async <T>(path: string, prefix: string, read: (answer: unknown) => T[]): Promise<T[]> => {
    const filters = [{ label: [`labplan.installation=${installation}`] }, { name: [prefix] }]
    const answers = await Promise.all(
      filters.map((one) => engine.call('GET', path, { query: { filters: one } })),
    )
    return answers.flatMap(read)
  }
}

const isOurs =
  (installation: string) =>
  ({ name, labels }: SeenObject): boolean =>
    labels['labplan.installation'] === installation ||
    name.startsWith(`lp-${installation}-`) ||
    name.startsWith(`labplan-${installation}-`)
