/** A pool in a cloud, its courses, and its machines as the worker records them. */
import type { Db } from '../../api/data/db.ts'
import {
  followTimeline,
  livingNodes,
  moveNode,
  noteNode,
  replaceNode,
} from '../../api/data/pools/node.ts'
import { saveSeenNodes } from '../../api/data/pools/pool.ts'

export const POOL = 'cloud'

/** Four seats of one core on each machine. @param more YAML after it @param ofCloud more of its cloud */
export const poolDocument = (
  manager: string,
  more = '',
  ofCloud = '',
): string => `apiVersion: labplan/v1
kind: Pool
key: ${POOL}
title: { en: School cloud, fr: Nuage de l’école }
flavours:
  - { key: m-large, name: m1.large, cpu: 4, memoryMb: 8192, pricePerHour: 0.4, bootMinutes: 4, quota: 20 }
openstack:
  regions:
    - { name: RegionOne, image: labplan-node, externalNetwork: public, subnet: 10.64.0.0/20 }
  manager: ${manager}
  gateways: [10.1.2.0/24]
  dns: [10.1.0.53]
  engineVolumeGb: 10
${ofCloud}maximum: 20
reserve: { cpu: 0, memoryMb: 0 }
${more}`

/** The same with another region after it. `m-large` is of any, `s-large` of the other only. @param quota of `m-large` */
export function twoRegions(
  manager: string,
  { regions = ['RegionOne', 'RegionTwo'], quota = 20 }: { regions?: string[]; quota?: number } = {},
): string {
  const [first, second] = regions
  const size =
    'name: m1.large, cpu: 4, memoryMb: 8192, pricePerHour: 0.5, bootMinutes: 4, quota: 20'
  const place = 'image: labplan-node, externalNetwork: public, subnet: 10.65.0.0/20'
  return poolDocument(manager)
    .replace('quota: 20', `quota: ${quota}`)
    .replace('openstack:', `  - { key: s-large, region: ${second}, ${size} }\nopenstack:`)
    .replace('RegionOne', first!)
    .replace('  manager:', `    - { name: ${second}, ${place} }\n  manager:`)
}

export const courseDocument = (course: {
  key: string
  start: string
  minutes: number
  students: number
}): string => `apiVersion: labplan/v1
kind: Course
key: ${course.key}
title: { en: ${course.key}, fr: ${course.key} }
environment: terminal
pool: ${POOL}
seat: { cpu: 1, memoryMb: 512 }
students: ${course.students}
sessions:
  - { start: ${course.start}, minutes: ${course.minutes} }
headroom: { seats: 0 }
`

const node = {
  ...{ hostname: 'm-large-1', address: '10.64.0.11', pool: POOL, key: 'm-large-1' },
  ...{ is_manager: false, is_up: true, availability: 'active' as const, cores: 4 },
  ...{ memory_mb: 8192, seats: 3, cores_reserved: 3, memory_reserved_mb: 1536, gpus: 0 },
}

/** Two machines for two hours now, one of which is in use; the other came to nothing twice. */
export async function cloudMachines(tx: Db, now: Date): Promise<void> {
  const before = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000)
  const nodes = ['m-large-1', 'm-large-2'].map((key) => ({
    ...{ pool: POOL, key, flavour: 'm-large', why: 'class' as const },
  }))
  await followTimeline(tx, { nodes, now: before(120) })
  const [first, second] = await livingNodes(tx)
  for (const { id } of [first!, second!])
    await moveNode(tx, { id, from: ['wanted'], to: 'booted', now: before(120) })
  await noteNode(tx, { id: first!.id, swarmId: 'n1', serverId: 's1' })
  await moveNode(tx, { id: first!.id, from: ['booted'], to: 'ready', now: before(117) })
  for (const minutes of [100, 90])
    await replaceNode(tx, {
      ...{ id: second!.id, poolId: second!.pool_id, message: 'never-joined' },
      now: before(minutes),
    })
  await saveSeenNodes(tx, { nodes: [{ id: 'n1', ...node }], now })
}

/** A pool of machines that were there before. */
export const hallDocument = `apiVersion: labplan/v1
kind: Pool
key: hall
title: { en: Computer hall, fr: Salle informatique }
nodes:
  # The machine by the door.
  - { key: door, cpu: 4, memoryMb: 8192 }
reserve: { cpu: 0, memoryMb: 0 }
`
