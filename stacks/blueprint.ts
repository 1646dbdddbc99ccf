/**
 * The blueprint: everything that should exist, over time. Immutable, hashed, and the only thing the
 * worker reads. It holds no time of making, no random id, no host name and no person, so the same
 * plan always has the same bytes.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

const gpu = z.strictObject({ kind: z.string(), count: z.int() })
const text = z.strictObject({ fr: z.string(), en: z.string() })
const instant = z.string()

/** One seat of a course, as its Swarm service and volume are made. The same for every number. */
export const seatTemplateSchema = z.strictObject({
  image: z.string(),
  command: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  capabilities: z.array(z.string()),
  ports: z.array(
    z.strictObject({
      /** Container port. */
      number: z.int(),
      name: z.string(),
      kind: z.enum(['web', 'ssh', 'vnc', 'tcp']),
      title: text,
      required: z.boolean(),
    }),
  ),
  /** 1000 is one core; Docker's NanoCPUs are this × 1e6. Reserved and limited. */
  cpuMillis: z.int(),
  memoryMb: z.int(),
  gpu: gpu.nullable(),
  volume: z
    .strictObject({
      mountPath: z.string(),
      quotaMb: z.int(),
      /** What keeps it, set from the pool when a stack is made of it; the engine itself when absent. */
      backend: z.enum(['local', 'nfs', 'cephfs', 'manila']).optional(),
      /** Of `nfs`: the address of who keeps it. */
      server: z.string().optional(),
      /** Of `manila`: where in its cloud, and of which type. */
      region: z.string().optional(),
      shareType: z.string().optional(),
    })
    .nullable(),
  /** Where the person's own volume appears once the seat has a holder; absent where no course of theirs asks for it. */
  personal: z
    .strictObject({
      mountPath: z.string(),
      /** Of `nfs`, as of the volume. */
      server: z.string().optional(),
    })
    .optional(),
  /** What all seats of the course read and none writes: absent while nothing was published. */
  data: z
    .strictObject({
      version: z.int(),
      sizeMb: z.int(),
      mountPath: z.string(),
      /** As of the volume; without one there is nothing that could keep it, and it is not mounted. */
      backend: z.enum(['local', 'nfs', 'cephfs', 'manila']).optional(),
      server: z.string().optional(),
    })
    .optional(),
  pidsLimit: z.int(),
  /** Swarm placement constraints. */
  constraints: z.array(z.string()),
  /** Key of the network; `none` for no network. */
  network: z.string(),
})

/** Seats of a session on one node, for as long as the session (or its part) runs. */
const placementSchema = z.strictObject({ node: z.string(), seats: z.int() })

export const sessionSchema = z.strictObject({
  /** `networks-101/2026-11-23T08:00`: course and the wall time first planned; a move keeps it. */
  key: z.string(),
  kind: z.enum(['class', 'exam', 'project', 'booking']),
  pool: z.string(),
  group: z.string().nullable(),
  startsAt: instant,
  /** End of the class itself; what follows is stay, extra time and grace. */
  endsAt: instant,
  /** From here students may enter. */
  opensAt: instant,
  /** From here its seats exist and are warmed, and its capacity is reserved. */
  leadStartsAt: instant,
  /** By here all of it must be ready. */
  readyAt: instant,
  /** From here all places but those with extra time are free again. */
  placesEndAt: instant,
  /** From here its last seats stop and what nobody needs is destroyed. */
  graceEndsAt: instant,
  students: z.int(),
  /** Places: seats that may run together. */
  atOnce: z.int(),
  spares: z.int(),
  /** How many seats are warmed before it opens. */
  warm: z.int(),
  /** Numbers that exist while it lasts, `1-30,35`. */
  seats: z.string(),
  /** Where its places are reserved; fewer than `atOnce` when the pool cannot hold it. */
  placements: z.array(placementSchema),
  /** Those of the placements that are kept longer, for extra time. */
  extra: z.array(z.strictObject({ node: z.string(), seats: z.int(), until: instant })),
})

/** Resolved: what the course says, then the policy. The defaults are for blueprints that were stored before it. */
export const lifecycleSchema = z.strictObject({
  stopMinutes: z.int().default(120),
  warnMinutes: z.int().default(10),
  extendMinutes: z.int().default(60),
  extendTimes: z.int().default(3),
  reserveMinutes: z.int().default(120),
  turnHours: z.number().default(4),
  holdMinutes: z.int().default(15),
  idleMinutes: z.int().default(60),
  idleMinutesInClass: z.int().default(0),
})

export const blueprintCourseSchema = z.strictObject({
  key: z.string(),
  zone: z.string(),
  /** Eight characters for Docker names and labels. */
  course8: z.string(),
  pool: z.string(),
  /** Absent while the environment has no build. */
  template: seatTemplateSchema.nullable(),
  /** Every number the course may use: its volumes. */
  seats: z.string(),
  volumes: z.strictObject({ from: instant, until: instant }).nullable(),
  /** How many snapshots of each volume are kept; absent where there are none. */
  snapshots: z.int().min(1).optional(),
  /** What the personal volume of each of its students is held to; absent where they have none. Whose is whose it does not know. */
  personal: z
    .strictObject({
      backend: z.enum(['local', 'nfs', 'cephfs', 'manila']),
      quotaMb: z.int(),
      /** Kept for this course so long; null while nobody knows. */
      until: instant.nullable(),
    })
    .optional(),
  headroom: z
    .strictObject({
      seats: z.int(),
      /** People at once outside class; as many as cold seats when absent. */
      atOnce: z.int().optional(),
      /** Seats for which the pool has room left; none when absent. */
      reserved: z.int().optional(),
      from: instant,
      until: instant,
      timeZone: z.string(),
      hours: z.string(),
      days: z.array(z.string()),
    })
    .nullable(),
  allowance: z.strictObject({ seats: z.int(), atOnce: z.int(), hoursPerWeek: z.number() }),
  lifecycle: lifecycleSchema.prefault({}),
  sessions: z.array(sessionSchema),
})

/** All that base and nodes stacks are made of: see `Cloud` in terms-pool.ts. */
const cloudSchema = z.strictObject({
  regions: z.array(
    z.strictObject({
      name: z.string(),
      image: z.string(),
      externalNetwork: z.string(),
      subnet: z.string(),
      availabilityZones: z.array(z.string()),
    }),
  ),
  /** Absent in plans of before, which asked for a Swarm of the pool's own. */
  manager: z.string().nullable(),
  managers: z.strictObject({ count: z.int(), flavour: z.string() }).nullable(),
  gateways: z.array(z.string()),
  dns: z.array(z.string()),
  sshKey: z.string().nullable(),
  engineVolumeGb: z.int().nullable(),
  insecureRegistries: z.array(z.string()),
  /** What can be bought: the name in the cloud, where, and with which GPUs. */
  flavours: z.array(
    z.strictObject({
      ...{ key: z.string(), name: z.string(), region: z.string(), gpu: gpu.nullable() },
      /** Where it may be had while its region refuses, in this order; nowhere when absent. */
      elsewhere: z.array(z.string()).optional(),
    }),
  ),
})

/** What may be bought beyond the timeline for who waits for room: the only prices that a blueprint knows. */
const liveSchema = z.strictObject({
  /** Nodes at once; and those of the timeline together with them. */
  maximum: z.int(),
  maximumInAll: z.int(),
  /** Of an hour of all of them; null for no limit. */
  budgetPerHour: z.number().nullable(),
  graceMinutes: z.int(),
  /** What seats can have of a node of each size. */
  sizes: z.array(
    z.strictObject({
      flavour: z.string(),
      cpuMillis: z.int(),
      memoryMb: z.int(),
      gpu: gpu.nullable(),
      pricePerHour: z.number(),
      quota: z.int(),
    }),
  ),
})

export const blueprintPoolSchema = z.strictObject({
  key: z.string(),
  zone: z.string(),
  /** Absent when no node of it is made by us. */
  cloud: cloudSchema.nullable().default(null),
  /** Own machines, by key. */
  fixed: z.array(z.string()),
  /** Nodes to buy: each exists from `from` (boot included) until `until`. */
  nodes: z.array(
    z.strictObject({ key: z.string(), flavour: z.string(), from: instant, until: instant }),
  ),
  /** Bought nodes that are always on. */
  idle: z.array(z.strictObject({ key: z.string(), flavour: z.string() })),
  /** Absent when nothing is bought beyond the timeline. */
  live: liveSchema.optional(),
  /** What keeps the volumes of its courses; the engine itself when absent. */
  storage: z
    .discriminatedUnion('backend', [
      z.strictObject({ backend: z.enum(['local', 'cephfs']) }),
      z.strictObject({ backend: z.literal('nfs'), server: z.string() }),
      z.strictObject({
        ...{ backend: z.literal('manila'), region: z.string(), shareType: z.string() },
      }),
    ])
    .optional(),
})

export const blueprintSchema = z.strictObject({
  apiVersion: z.literal('labplan/v1'),
  kind: z.literal('Blueprint'),
  courses: z.array(blueprintCourseSchema),
  pools: z.array(blueprintPoolSchema),
})

export type SeatTemplate = z.infer<typeof seatTemplateSchema>
/** `scratch`: instead of its volume, which is kept there, the seat has a home of its node's engine for a while. */
type ServiceVolume = Omit<
  NonNullable<SeatTemplate['volume']>,
  'quotaMb' | 'region' | 'shareType'
> & {
  scratch?: VolumeKeeper
}
/** What keeps a volume; `server` is of `nfs`. */
export type VolumeKeeper = {
  backend: 'local' | 'nfs' | 'cephfs' | 'manila'
  server?: string | undefined
}
/** What the service of a seat is made of: limits are not among it (`stacks/rules/template.ts`). */
export type ServiceTemplate = Omit<SeatTemplate, 'volume' | 'data'> & {
  volume: ServiceVolume | null
  data?: Omit<NonNullable<SeatTemplate['data']>, 'sizeMb'> | undefined
}
export type Placement = z.infer<typeof placementSchema>
export type BlueprintSession = z.infer<typeof sessionSchema>
export type BlueprintCourse = z.infer<typeof blueprintCourseSchema>
export type BlueprintPool = z.infer<typeof blueprintPoolSchema>
export type BlueprintLive = z.infer<typeof liveSchema>
export type BlueprintCloud = z.infer<typeof cloudSchema>
export type Blueprint = z.infer<typeof blueprintSchema>

/** What is there before anything was approved. */
export const emptyBlueprint: Blueprint = {
  apiVersion: 'labplan/v1',
  kind: 'Blueprint',
  courses: [],
  pools: [],
}

/** Texts of parts already seen: courses, sessions and nodes are never changed once made. */
const partTexts = new WeakMap<object, string>()

function textOf<T extends object>(part: T, write: (part: T) => string): string {
  const known = partTexts.get(part)
  if (known !== undefined) return known
  const text = write(part)
  partTexts.set(part, text)
  return text
}

/**
 * JSON with sorted keys and nothing optional: the bytes that are stored, hashed and approved.
 * Parts are kept as text between calls, so that an edit costs what it touches.
 */
export function canonicalText(blueprint: Blueprint): string {
  const courses = blueprint.courses.map((course) => textOf(course, courseText)).join(',\n')
  const pools = blueprint.pools.map((pool) => textOf(pool, poolText)).join(',\n')
  return `{"apiVersion":"${blueprint.apiVersion}","courses":[\n${courses}\n],"kind":"Blueprint","pools":[\n${pools}\n]}\n`
}

/** "sessions" sorts between "seats" and "snapshots": the rest is written around it. */
function courseText(course: BlueprintCourse): string {
  const { sessions, snapshots, template, volumes, zone, ...before } = course
  const head = canonicalJson(before).slice(0, -1)
  const kept = snapshots !== undefined && { snapshots }
  const tail = canonicalJson({ ...kept, template, volumes, zone }).slice(1)
  const list = sessions.map((session) => textOf(session, sessionText)).join(',\n')
  return `${head},"sessions":[${list}],${tail}`
}

/** By hand because there are many of them; a test compares it with `canonicalJson`. */
function sessionText(one: BlueprintSession): string {
  const placements = one.placements
    .map(({ node, seats }) => `{"node":${JSON.stringify(node)},"seats":${seats}}`)
    .join(',')
  const group = one.group === null ? 'null' : JSON.stringify(one.group)
  const extra = one.extra.length === 0 ? '[]' : canonicalJson(one.extra)
  return (
    `{"atOnce":${one.atOnce},"endsAt":"${one.endsAt}","extra":${extra},"graceEndsAt":"${one.graceEndsAt}","group":${group},` +
    `"key":${JSON.stringify(one.key)},"kind":"${one.kind}","leadStartsAt":"${one.leadStartsAt}",` +
    `"opensAt":"${one.opensAt}","placements":[${placements}],"placesEndAt":"${one.placesEndAt}",` +
    `"pool":${JSON.stringify(one.pool)},` +
    `"readyAt":"${one.readyAt}","seats":"${one.seats}","spares":${one.spares},` +
    `"startsAt":"${one.startsAt}","students":${one.students},"warm":${one.warm}}`
  )
}

/** The stretches a pool's nodes were put together from: most are the same after an edit. */
const nodeStretches = new WeakMap<BlueprintPool['nodes'], BlueprintPool['nodes'][]>()

/** One list of nodes from lists per stretch of time, whose texts are then kept apart. */
export function joinNodes(stretches: BlueprintPool['nodes'][]): BlueprintPool['nodes'] {
  const nodes = stretches.flat()
  nodeStretches.set(nodes, stretches)
  return nodes
}

/** The lists it was put together from, each the same object after an edit that leaves it alone. */
export function nodeLists(nodes: BlueprintPool['nodes']): BlueprintPool['nodes'][] {
  return nodeStretches.get(nodes) ?? [nodes]
}

function poolText({ nodes, storage, zone, ...before }: BlueprintPool): string {
  const head = canonicalJson(before).slice(0, -1)
  const stretches = nodeLists(nodes).filter((list) => list.length > 0)
  const list = stretches.map((some) => textOf(some, nodesText)).join(',\n')
  const kept = storage === undefined ? '' : `,"storage":${canonicalJson(storage)}`
  return `${head},"nodes":[${list}]${kept},"zone":${JSON.stringify(zone)}}`
}

function nodesText(nodes: BlueprintPool['nodes']): string {
  return nodes.map(nodeText).join(',\n')
}

function nodeText(node: BlueprintPool['nodes'][number]): string {
  const { key, flavour, from, until } = node
  return `{"flavour":${JSON.stringify(flavour)},"from":"${from}","key":${JSON.stringify(key)},"until":"${until}"}`
}

/** The courses that are exactly alike in both: those that a compiler took over cost a comparison of names. */
export function coursesAlike(a: Blueprint, b: Blueprint): Set<string> {
  const others = new Map(b.courses.map((course) => [course.key, course]))
  const isAlike = (course: BlueprintCourse): boolean => {
    const other = others.get(course.key)
    if (!other || other === course) return other === course
    return textOf(course, courseText) === textOf(other, courseText)
  }
  return new Set(a.courses.filter(isAlike).map((course) => course.key))
}

export function canonicalBytes(blueprint: Blueprint): Uint8Array {
  return Buffer.from(canonicalText(blueprint), 'utf8')
}

/** sha256 of the canonical bytes, 64 hex digits. */
export function digest(blueprint: Blueprint): string {
  return sha256(canonicalText(blueprint))
}

/** Reads stored bytes back. Throws a ZodError when they are not a blueprint: stored bytes never are wrong. */
export function parseBlueprint(bytes: Uint8Array | string): Blueprint {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')
  return blueprintSchema.parse(JSON.parse(text))
}

/** Deterministic JSON: keys sorted, `undefined` left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const record = value as Record<string, unknown>
  const fields: string[] = []
  for (const key of Object.keys(record).toSorted()) {
    const field = record[key]
    if (field !== undefined) fields.push(`${JSON.stringify(key)}:${canonicalJson(field)}`)
  }
  return `{${fields.join(',')}}`
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Eight characters [a-z0-9] that name a course in Docker names and labels. */
export function course8(courseKey: string): string {
  const value = BigInt(`0x${sha256(`course:${courseKey}`).slice(0, 16)}`)
  return value.toString(36).padStart(8, '0').slice(-8)
}

/** `1-30,35` → [1, …, 30, 35]. */
export function seatNumbers(ranges: string): number[] {
  const numbers: number[] = []
  for (const range of ranges === '' ? [] : ranges.split(',')) {
    const [from = 0, to = from] = range.split('-').map(Number)
    for (let number = from; number <= to; number++) numbers.push(number)
  }
  return numbers
}

/** [1, …, 30, 35] → `1-30,35`; the numbers may come in any order. */
export function seatRanges(numbers: Iterable<number>): string {
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b)
  const ranges: string[] = []
  for (let i = 0; i < sorted.length;) {
    let last = i
    while (sorted[last + 1] === (sorted[last] ?? 0) + 1) last++
    ranges.push(last === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[last]}`)
    i = last + 1
  }
  return ranges.join(',')
}
