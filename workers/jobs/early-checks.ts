/** What a Terraform plan does not see: whether the image is in the registry, and whether the nodes have room. */
import { z } from 'zod'
import type { NoticeLine } from '../../api/data/notice.ts'
import type { SeatTemplate } from '../../stacks/blueprint.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import type { Engine } from '../swarm/engine.ts'

/** Asked through the Docker engine, so with its certificates and from where the nodes are. */
export async function imageProblems(
  engine: Engine,
  registry: string,
  image: string,
): Promise<NoticeLine[]> {
  const reference = imageReference(image, registry)
  const { status, body } = await engine.ask('GET', `/distribution/${reference}/json`)
  if (status === 200) return []
  const said = z.looseObject({ message: z.string() }).safeParse(body)
  const reason = (said.success ? said.data.message : `status ${status}`).slice(0, 300)
  return [{ code: 'early.image-missing', params: { image, reason } }]
}

const node = z.looseObject({
  Spec: z.looseObject({ Availability: z.string() }),
  Status: z.looseObject({ State: z.string() }),
  Description: z.looseObject({
    Resources: z.looseObject({
      NanoCPUs: z.number().default(0),
      MemoryBytes: z.number().default(0),
    }),
  }),
})

export type Room = { cpuMillis: number; memoryMb: number }

/** What each node of the Swarm has that takes containers now. */
export async function nodeRooms(engine: Engine): Promise<Room[]> {
  const nodes = z.array(node).parse(await engine.call('GET', '/nodes'))
  return nodes
    .filter((one) => one.Spec.Availability === 'active' && one.Status.State === 'ready')
    .map(({ Description: { Resources } }) => ({
      cpuMillis: Math.floor(Resources.NanoCPUs / 1e6),
      memoryMb: Math.floor(Resources.MemoryBytes / (1024 * 1024)),
    }))
}

export type Asked = { count: number; template: SeatTemplate }

/**
 * Whether these seats can run together on these nodes; the largest first, each where most is left. What does not
 * fit so may still fit by luck, and Swarm, which spreads too, would not find it.
 */
export function roomProblems(rooms: Room[], asked: Asked[]): NoticeLine[] {
  const left = rooms.map((room) => ({ ...room }))
  const total = asked.reduce((sum, { count }) => sum + count, 0)
  let placed = 0
  for (const { count, template } of asked.toSorted(
    (a, b) => b.template.memoryMb - a.template.memoryMb,
  ))
    for (let seat = 0; seat < count; seat++) {
      const best = left
        .filter((one) => one.cpuMillis >= template.cpuMillis && one.memoryMb >= template.memoryMb)
        .toSorted((a, b) => b.memoryMb - a.memoryMb)[0]
      if (!best) break
      best.cpuMillis -= template.cpuMillis
      best.memoryMb -= template.memoryMb
      placed++
    }
  if (placed === total) return []
  return [{ code: 'early.no-room', params: { placed, total, count: rooms.length } }]
}
