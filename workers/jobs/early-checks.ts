/**
 * What a Terraform plan of a course does not see: whether the image is in the registry, whether the nodes have room, and
 * whether the cloud that is to make some is open to us.
 */
import { z } from 'zod'
import type { NoticeLine } from '../../api/data/notice.ts'
import type { Db } from '../../api/data/db.ts'
import { failingMachines, findPool } from '../../api/data/pools/pool.ts'
import type { Blueprint, SeatTemplate } from '../../stacks/blueprint.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import { needsPerson, readCloudTrouble } from '../../stacks/rules/cloud-trouble.ts'
import { poolKindOf } from '../../stacks/rules/lead.ts'
import type { Wanted } from '../../stacks/rules/wanted.ts'
import type { Engine } from '../swarm/engine.ts'
import type { SwarmNode } from '../swarm/node.ts'

/** `unknown`: what nobody can say before the class, or could not be asked just now. */
export type Findings = { problems: NoticeLine[]; unknown: NoticeLine[] }

/** What does not answer may answer again: so many attempts, an hour apart, before that is told as a failure. */
export const SILENT_AFTER = 3

/** As an engine says that it did not get through to a registry. Whatever else is said is of the image. */
const IS_AWAY =
  /dial tcp|connection (refused|reset)|no such host|no route to host|i\/o timeout|deadline exceeded|request canceled|\bEOF\b|\b50[0234]\b/i

/** Asked through the Docker engine, so with its certificates and from where the nodes are. */
export async function imageFindings(
  engine: Engine,
  { registry, image, attempt }: { registry: string; image: string; attempt: number },
): Promise<Findings> {
  const reference = imageReference(image, registry)
  const { status, body } = await engine.ask('GET', `/distribution/${reference}/json`)
  if (status === 200) return { problems: [], unknown: [] }
  const said = z.looseObject({ message: z.string() }).safeParse(body)
  const reason = (said.success ? said.data.message : `status ${status}`).slice(0, 300)
  const line = (code: string): NoticeLine[] => [{ code, params: { image, reason } }]
  if (status < 500 || !IS_AWAY.test(reason))
    return { problems: line('early.image-missing'), unknown: [] }
  return attempt >= SILENT_AFTER
    ? { problems: line('early.registry-away'), unknown: [] }
    : { problems: [], unknown: line('early.registry-unanswered') }
}

export type Room = { cpuMillis: number; memoryMb: number }

type Node = Pick<SwarmNode, 'pool' | 'isUp' | 'availability' | 'cores' | 'memoryMb'>

/** What each own machine of the Swarm has that takes containers now. */
export function ownRooms(nodes: Node[], { pools }: Blueprint): Room[] {
  const clouds = new Set(pools.flatMap(({ cloud, key }) => (cloud ? [key] : [])))
  return nodes
    .filter(({ isUp, availability }) => isUp && availability === 'active')
    .filter(({ pool }) => pool === null || !clouds.has(pool))
    .map(({ cores, memoryMb }) => ({ cpuMillis: Math.round(cores * 1000), memoryMb }))
}

/**
 * Seats that run then on own machines, which all pools that buy none share. Undefined where the pool buys some: those are not
 * there yet.
 */
export function askedOfOwn(
  blueprint: Blueprint,
  wanted: Pick<Wanted, 'warm' | 'sessions'>,
  poolKey: string,
): Asked[] | undefined {
  const own = new Set(
    blueprint.pools.filter((pool) => poolKindOf(pool) === 'own').map(({ key }) => key),
  )
  if (!own.has(poolKey)) return undefined
  const poolOf = new Map(wanted.sessions.map(({ key, pool }) => [key, pool]))
  return wanted.warm.flatMap(({ course, session, seats }) => {
    const template = blueprint.courses.find((one) => one.key === course)?.template
    const isOwn = own.has(poolOf.get(session) ?? '')
    return template && isOwn ? [{ count: seats.length, template }] : []
  })
}

const MESSAGE_LENGTH = 400
/** What may pass by itself has not after so many tries. */
const LASTING_AFTER = 3

/**
 * What is known already of machines that are still to be bought: that nobody said how the cloud is entered, and that
 * making some for others fails at present.
 */
export async function cloudProblems(
  db: Db,
  blueprint: Blueprint,
  poolKey: string,
): Promise<NoticeLine[]> {
  const pool = blueprint.pools.find(({ key }) => key === poolKey)
  const row = await findPool(db, poolKey)
  if (!pool || !pool.cloud || poolKindOf(pool) === 'own' || !row) return []
  const { cloud } = pool
  if (row.credential_at === null)
    return [{ code: 'early.no-credential', params: { pool: poolKey } }]
  return (await failingMachines(db, row.id)).flatMap(({ kind, failures, message }) => {
    const trouble = readCloudTrouble(message, cloud)
    if (failures < LASTING_AFTER && !(trouble && needsPerson(trouble))) return []
    const params = { what: `late.what.${kind}`, count: failures, pool: poolKey }
    if (!trouble)
      return [
        {
          code: 'early.machines-fail',
          params: { ...params, message: message.slice(0, MESSAGE_LENGTH) },
        },
      ]
    return [
      { code: 'early.machines-refused', params },
      { code: `cloud.trouble.${trouble.code}`, params: trouble.params },
      { code: `cloud.trouble.${trouble.code}.do`, params: trouble.params },
    ]
  })
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
