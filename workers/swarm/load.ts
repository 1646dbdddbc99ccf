/** What runs on nodes of the Swarm, and what it reserves. */
import { z } from 'zod'
import { otherRegion } from '../../stacks/parts/names.ts'
import type { Engine } from './engine.ts'
import { listNodes } from './node.ts'
import { ENDED } from './task.ts'

const taskSchema = z.looseObject({
  NodeID: z.string().optional(),
  ServiceID: z.string().optional(),
  DesiredState: z.string(),
  Status: z.looseObject({ State: z.string() }),
  Spec: z.looseObject({
    Resources: z
      .looseObject({
        Reservations: z
          .looseObject({ NanoCPUs: z.number().default(0), MemoryBytes: z.number().default(0) })
          .nullish(),
      })
      .nullish(),
  }),
})

/** Of one node: tasks of this installation that run, or are about to, and what they reserve. */
export type Load = {
  seats: number
  cores: number
  memoryMb: number
  /** Whose they are. */
  services: ReadonlySet<string>
}

/** By Swarm node id. A task that was told to stop counts until it has: somebody may be saving a file. */
export async function loadOfNodes(
  engine: Engine,
  installation: string,
): Promise<Map<string, Load>> {
  const filters = { label: [`labplan.installation=${installation}`] }
  const answer = await engine.call('GET', '/tasks', { query: { filters } })
  const load = new Map<string, Load>()
  for (const task of z.array(taskSchema).parse(answer)) {
    if (!task.NodeID || ENDED.has(task.Status.State)) continue
    const known = load.get(task.NodeID) ?? { seats: 0, cores: 0, memoryMb: 0, services: new Set() }
    const reserved = task.Spec.Resources?.Reservations
    load.set(task.NodeID, {
      seats: known.seats + 1,
      cores: known.cores + (reserved?.NanoCPUs ?? 0) / 1e9,
      memoryMb: known.memoryMb + (reserved?.MemoryBytes ?? 0) / 2 ** 20,
      services: new Set([...known.services, task.ServiceID ?? '']),
    })
  }
  return load
}

/** By key of a pool's machine in the region of a stack, how many seats run on it. */
export async function seatsOnMachines(
  engine: Engine,
  owner: { installation: string; pool: string; key: string },
): Promise<Map<string, number>> {
  const load = await loadOfNodes(engine, owner.installation)
  const nodes = (await listNodes(engine)).filter(
    ({ installation, pool, region }) =>
      installation === owner.installation &&
      pool === owner.pool &&
      region === otherRegion(owner.key),
  )
  const seats = new Map<string, number>()
  for (const { id, key } of nodes)
    if (key !== null) seats.set(key, (seats.get(key) ?? 0) + (load.get(id)?.seats ?? 0))
  return seats
}
