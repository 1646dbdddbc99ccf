/** Nodes of the Swarm as its managers see them: which are ours, what runs there, and how they come and go. */
import { z } from 'zod'
import { type Engine, EngineError } from './engine.ts'

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((some) => some ?? {})

const nodeSchema = z.looseObject({
  ID: z.string(),
  Version: z.looseObject({ Index: z.number() }),
  Spec: z.looseObject({
    Availability: z.enum(['active', 'pause', 'drain']),
    Role: z.string(),
    Labels: labels,
  }),
  Description: z.looseObject({
    Hostname: z.string().default(''),
    Resources: z.looseObject({
      NanoCPUs: z.number().default(0),
      MemoryBytes: z.number().default(0),
      GenericResources: z
        .array(
          z.looseObject({
            DiscreteResourceSpec: z.looseObject({ Kind: z.string(), Value: z.number() }).optional(),
          }),
        )
        .nullish(),
    }),
    Engine: z.looseObject({ Labels: labels }).optional(),
  }),
  Status: z.looseObject({ State: z.string(), Addr: z.string().default('') }),
  ManagerStatus: z.looseObject({ Reachability: z.string().default('') }).nullish(),
})

export type Availability = 'active' | 'pause' | 'drain'

export type SwarmNode = {
  id: string
  version: number
  hostname: string
  address: string
  /** As the engine on it was told at its start; null for a node that was joined by hand. */
  installation: string | null
  pool: string | null
  key: string | null
  /** Of a machine that is not in the first region of its pool. */
  region: string | null
  /** What it shall be. */
  isManager: boolean
  /** Its part in what managers decide together; null where it has none, or not yet. */
  vote: { isReachable: boolean } | null
  isUp: boolean
  availability: Availability
  /** That it is not active is Labplan's doing. */
  isHeld: boolean
  cores: number
  memoryMb: number
  /** Counted ones, as its engine says. */
  gpus: number
  /** What its engine was told at its start. */
  engineLabels: Record<string, string>
  /** What the Swarm was told of it. */
  labels: Record<string, string>
}

export async function listNodes(engine: Engine): Promise<SwarmNode[]> {
  const nodes = z.array(nodeSchema).parse(await engine.call('GET', '/nodes'))
  return nodes.map(({ ID, Version, Spec, Description, Status, ManagerStatus }) => {
    const told = Description.Engine?.Labels ?? {}
    return {
      ...{ id: ID, version: Version.Index, hostname: Description.Hostname, address: Status.Addr },
      installation: told['labplan.installation'] ?? null,
      pool: told['labplan.pool'] ?? null,
      key: told['labplan.node'] ?? null,
      region: told['labplan.region'] ?? null,
      isManager: Spec.Role === 'manager',
      vote: ManagerStatus ? { isReachable: ManagerStatus.Reachability === 'reachable' } : null,
      isUp: Status.State === 'ready',
      availability: Spec.Availability,
      isHeld: Spec.Labels[HELD] === 'yes',
      cores: Description.Resources.NanoCPUs / 1e9,
      memoryMb: Math.floor(Description.Resources.MemoryBytes / 2 ** 20),
      gpus: gpusOf(Description.Resources.GenericResources ?? []),
      engineLabels: told,
      labels: Spec.Labels,
    }
  })
}

type Counted = { DiscreteResourceSpec?: { Kind: string; Value: number } | undefined }

function gpusOf(resources: Counted[]): number {
  const counted = resources.map(({ DiscreteResourceSpec: one }) => one)
  return counted.find((one) => one?.Kind === 'gpu')?.Value ?? 0
}

/** A label of the node in the Swarm. */
const HELD = 'labplan.held'

/** `pause`: takes no new tasks. `drain`: gives up those it has, too. `active`: takes some again. */
export async function setAvailability(
  engine: Engine,
  nodeId: string,
  availability: Availability,
): Promise<void> {
  await changeNode(engine, nodeId, (spec) => {
    const { [HELD]: _, ...others } = spec.Labels
    const held = availability === 'active' ? others : { ...others, [HELD]: 'yes' }
    return { ...spec, Availability: availability, Labels: held }
  })
}

/** A label of the node in the Swarm; undefined takes it away. */
export async function labelNode(
  engine: Engine,
  nodeId: string,
  { name, value }: { name: string; value: string | undefined },
): Promise<void> {
  await changeNode(engine, nodeId, (spec) => {
    const { [name]: _, ...others } = spec.Labels
    return { ...spec, Labels: value === undefined ? others : { ...others, [name]: value } }
  })
}

const specSchema = z.looseObject({
  Version: z.looseObject({ Index: z.number() }),
  Spec: z.looseObject({ Labels: labels }),
})
const OUT_OF_SEQUENCE_TRIES = 5

/** What a node is asked to be; again when somebody else changed it in between. */
export async function changeNode(
  engine: Engine,
  nodeId: string,
  change: (spec: z.infer<typeof specSchema>['Spec']) => object,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { Version, Spec } = specSchema.parse(await engine.call('GET', `/nodes/${nodeId}`))
    try {
      const query = { version: Version.Index }
      await engine.call('POST', `/nodes/${nodeId}/update`, { query, body: change(Spec) })
      return
    } catch (error) {
      const isRace = error instanceof EngineError && /out of sequence/.test(error.message)
      if (!isRace || attempt === OUT_OF_SEQUENCE_TRIES) throw error
    }
  }
}

/** Forgets a node that has left or is about to be destroyed. Forgetting one that is not known does no harm. */
export async function removeNode(engine: Engine, nodeId: string): Promise<void> {
  try {
    await engine.call('DELETE', `/nodes/${nodeId}`, { query: { force: 'true' } })
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404) throw error
  }
}

const swarm = z.looseObject({
  Version: z.looseObject({ Index: z.number() }),
  Spec: z.record(z.string(), z.unknown()),
  JoinTokens: z.looseObject({ Worker: z.string() }),
})

/** What a new worker shows a manager: a secret. */
export async function workerToken(engine: Engine): Promise<string> {
  return swarm.parse(await engine.call('GET', '/swarm')).JoinTokens.Worker
}

/** Where other machines find a manager; undefined when the Swarm is for this machine alone. */
export async function managerAddress(engine: Engine): Promise<string | undefined> {
  const { Swarm } = z
    .looseObject({ Swarm: z.looseObject({ NodeAddr: z.string().default('') }) })
    .parse(await engine.call('GET', '/info'))
  const { NodeAddr } = Swarm
  if (NodeAddr === '' || NodeAddr === '::1' || NodeAddr.startsWith('127.')) return undefined
  return NodeAddr.includes(':') ? `[${NodeAddr}]:2377` : `${NodeAddr}:2377`
}

/** From here on the tokens that were given out open nothing; nodes that have joined stay. */
export async function rotateWorkerToken(engine: Engine): Promise<void> {
  const { Version, Spec } = swarm.parse(await engine.call('GET', '/swarm'))
  await engine.call('POST', '/swarm/update', {
    query: { version: Version.Index, rotateWorkerToken: 'true' },
    body: Spec,
  })
}
