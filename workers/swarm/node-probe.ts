/**
 * Whether a node really runs containers: one small task that only it may take, made of the image that the pool's next
 * class needs, so that the image is there by then as well.
 */
import type { Engine } from './engine.ts'
import { type ErrandTask, listOneTasks, removeOneTask, startOneTask } from './one-task.ts'

const LABEL = 'labplan.probe'

export type Probe = { id: string; state: 'waiting' | 'ran' }

/** By Swarm node id. */
export async function listProbes(
  engine: Engine,
  installation: string,
): Promise<Map<string, Probe>> {
  const known = await listOneTasks(engine, `${LABEL}=${installation}`)
  return new Map(
    known.map(({ id, labels, tasks }) => [
      labels['labplan.probe.node'] ?? '',
      { id, state: tasks.some(({ Status }) => hasRun(Status)) ? 'ran' : 'waiting' },
    ]),
  )
}

/** An image without that program has been pulled, unpacked and started all the same. */
function hasRun({ State, Err }: ErrandTask['Status']): boolean {
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
  await startOneTask(engine, {
    Name: `lp-${installation}-probe-${nodeId.slice(0, 12)}`,
    Labels: { [LABEL]: installation, 'labplan.probe.node': nodeId },
    Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: {
      ContainerSpec: { Image: image, Command: ['true'], CapabilityDrop: ['ALL'] },
      Placement: { Constraints: [`node.id==${nodeId}`] },
      RestartPolicy: { Condition: 'none' },
    },
  })
}

export const removeProbe = removeOneTask
