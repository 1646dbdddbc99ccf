/**
 * Whether a node really runs containers: one small task that only it may take, made of the image that the pool's next
 * class needs, so that the image is there by then as well.
 */
import { z } from 'zod'
import { type Engine, EngineError } from './engine.ts'

const LABEL = 'labplan.probe'

const services = z.array(
  z.looseObject({
    ID: z.string(),
    Spec: z.looseObject({ Labels: z.record(z.string(), z.string()).default({}) }),
  }),
)
const tasks = z.array(
  z.looseObject({
    ServiceID: z.string(),
    Status: z.looseObject({ State: z.string(), Err: z.string().optional() }),
  }),
)

export type Probe = { id: string; state: 'waiting' | 'ran' }

/** By Swarm node id. */
export async function listProbes(
  engine: Engine,
  installation: string,
): Promise<Map<string, Probe>> {
  const filters = { label: [`${LABEL}=${installation}`] }
  const known = services.parse(await engine.call('GET', '/services', { query: { filters } }))
  if (known.length === 0) return new Map()
  const ids = known.map(({ ID }) => ID)
  const query = { filters: { service: ids } }
  const ran = new Set(
    tasks
      .parse(await engine.call('GET', '/tasks', { query }))
      .filter(({ Status }) => hasRun(Status))
      .map(({ ServiceID }) => ServiceID),
  )
  return new Map(
    known.map(({ ID, Spec }) => [
      Spec.Labels['labplan.probe.node'] ?? '',
      { id: ID, state: ran.has(ID) ? 'ran' : 'waiting' },
    ]),
  )
}

/** An image without that program has been pulled, unpacked and started all the same. */
function hasRun({ State, Err }: { State: string; Err?: string | undefined }): boolean {
  return (
    State === 'complete' || /executable file not found|no such file or directory/.test(Err ?? '')
  )
}

/** `image`: by digest, with its registry. Does nothing when there is one already. */
export async function startProbe(
  engine: Engine,
  probe: { installation: string; nodeId: string; image: string },
): Promise<void> {
  const { installation, nodeId, image } = probe
  const body = {
    Name: `lp-${installation}-probe-${nodeId.slice(0, 12)}`,
    Labels: { [LABEL]: installation, 'labplan.probe.node': nodeId },
    Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: {
      ContainerSpec: { Image: image, Command: ['true'], CapabilityDrop: ['ALL'] },
      Placement: { Constraints: [`node.id==${nodeId}`] },
      RestartPolicy: { Condition: 'none' },
    },
  }
  try {
    await engine.call('POST', '/services/create', { body })
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 409) throw error
  }
}

export async function removeProbe(engine: Engine, id: string): Promise<void> {
  try {
    await engine.call('DELETE', `/services/${id}`)
  } catch (error) {
    if (!(error instanceof EngineError) || error.status !== 404) throw error
  }
}
