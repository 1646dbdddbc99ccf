/** Plans and placements → the blueprint document. Parts that did not change stay the same objects. */
import { canonicalJson, course8, joinNodes, seatRanges } from '../blueprint.ts'
import type {
  Blueprint,
  BlueprintCloud,
  BlueprintCourse,
  BlueprintLive,
  BlueprintPool,
  BlueprintSession,
  Placement,
} from '../blueprint.ts'
import type { Pool } from '../terms-pool.ts'
import type { Policy } from '../terms-policy.ts'
import { allowanceOnceApproved } from './allowance.ts'
import { formatInstant } from './clock.ts'
import type { Layered } from './layered.ts'
import { lifecycleOf } from './lifecycle.ts'
import type { Placed } from './placement.ts'
import type { CoursePlan } from './plan.ts'
import { headroomOf, volumesOf } from './retention.ts'
import type { Occurrence } from './schedule.ts'
import { samePlacements } from './seating.ts'
import type { BoughtNode, ExtraPlacement, Stretch } from './stretch.ts'
import { seatTemplate } from './template.ts'

/** Parts made before, by what they were made of. */
export type Assembled = Layered<object, object>

export function assemble(
  known: Assembled,
  plans: CoursePlan[],
  placed: Map<string, Placed>,
  policy: Policy,
): Blueprint {
  const placements: ByPool = new Map()
  for (const [pool, one] of placed)
    placements.set(pool, { all: one.bySession, extra: allExtra(one) })
  const isTouched = touchedBy([...placed.values()])
  return {
    apiVersion: 'labplan/v1',
    kind: 'Blueprint',
    courses: plans.map((plan) => {
      const before = known.get(plan) as BlueprintCourse | undefined
      if (before !== undefined && !isTouched(plan.course.key)) return before
      return courseOf(known, plan, placements, policy)
    }),
    pools: [...placed.values()].map((one) => poolOf(known, one)),
  }
}

/** Whether what a course was given may be another than before. */
function touchedBy(placed: Placed[]): (course: string) => boolean {
  if (placed.some((one) => one.touched === undefined)) return () => true
  const touched = new Set(placed.flatMap((one) => [...(one.touched ?? [])]))
  return (course) => touched.has(course)
}

type ByPool = Map<string, { all: Placed['bySession']; extra: Map<string, ExtraPlacement[]> }>

function allExtra({ lasting, stretches }: Placed): Map<string, ExtraPlacement[]> {
  const all = new Map<string, ExtraPlacement[]>()
  for (const { extra } of [lasting, ...stretches]) {
    for (const [session, list] of extra) all.set(session, [...(all.get(session) ?? []), ...list])
  }
  return all
}

function courseOf(
  known: Assembled,
  plan: CoursePlan,
  placements: ByPool,
  policy: Policy,
): BlueprintCourse {
  const before = known.get(plan) as BlueprintCourse | undefined
  const sessions = plan.occurrences.map((session, i) => {
    const found = placements.get(session.pool)
    const extra = found?.extra.get(session.key) ?? []
    return sessionOf(before?.sessions[i], plan, session, found?.all.get(session.key) ?? [], extra)
  })
  if (before !== undefined && before.sessions.every((one, i) => one === sessions[i])) return before
  const { course, zone, environment, known: also, occurrences, numbers } = plan
  const made: BlueprintCourse = {
    key: course.key,
    zone: course.zone,
    course8: course8(course.key),
    pool: course.pool,
    template:
      environment === undefined ? null : seatTemplate(plan.course, environment, plan.personal),
    seats: seatRanges(numbers.all),
    volumes: volumesOf(course, plan.span, policy),
    ...(plan.snapshots !== undefined && { snapshots: plan.snapshots }),
    ...(plan.personal && { personal: plan.personal }),
    headroom: headroomOf(course, zone, occurrences, policy),
    allowance: allowanceOnceApproved(course, occurrences, policy, also),
    lifecycle: lifecycleOf(course, policy),
    sessions,
  }
  known.set(plan, made)
  return made
}

function sessionOf(
  before: BlueprintSession | undefined,
  plan: CoursePlan,
  session: Occurrence,
  placements: Placement[],
  extraPlacements: ExtraPlacement[],
): BlueprintSession {
  if (before !== undefined && samePlacements(before.placements, placements)) {
    if (before.extra.length === 0 && extraPlacements.length === 0) return before
    if (canonicalJson(before.extra) === canonicalJson(extraOf(extraPlacements))) return before
  }
  return {
    key: session.key,
    kind: session.kind,
    pool: session.pool,
    group: session.group ?? null,
    startsAt: formatInstant(session.startsAt),
    endsAt: formatInstant(session.endsAt),
    opensAt: formatInstant(session.opensAt),
    leadStartsAt: formatInstant(session.leadStartsAt),
    readyAt: formatInstant(session.readyAt),
    placesEndAt: formatInstant(session.commonEndsAt),
    graceEndsAt: formatInstant(session.graceEndsAt),
    students: session.students,
    atOnce: session.atOnce,
    spares: session.spares,
    // Seats without room would only wait in Swarm: start with those that fit.
    warm: Math.min(
      session.warm,
      placements.reduce((sum, one) => sum + one.seats, 0),
    ),
    seats: plan.numbers.textBySession.get(session.key) ?? '',
    placements,
    extra: extraOf(extraPlacements),
  }
}

function extraOf(placements: ExtraPlacement[]): BlueprintSession['extra'] {
  return placements
    .map((one) => ({ ...one, until: formatInstant(one.until) }))
    .toSorted((a, b) => (`${a.node} ${a.until}` < `${b.node} ${b.until}` ? -1 : 1))
}

function poolOf(known: Assembled, { market, lasting, stretches }: Placed): BlueprintPool {
  const { pool, idle, idleOffer } = market
  const flavour = idleOffer?.flavour ?? ''
  const parts = [lasting, ...stretches].filter((stretch) => stretch.nodes.length > 0)
  return {
    key: pool.key,
    zone: pool.zone,
    cloud: cloudOf(pool),
    fixed: market.fixed.map((node) => node.key),
    nodes: joinedNodes(
      known,
      market,
      parts.map((stretch) => nodesOf(known, stretch)),
    ),
    idle: Array.from({ length: idle }, (_, n) => ({ key: `${flavour}-${n + 1}`, flavour })),
    ...liveOf(pool),
    ...(pool.storage && { storage: pool.storage }),
  }
}

type Joined = { parts: BlueprintPool['nodes'][]; nodes: BlueprintPool['nodes'] }

/** The same list as before when no part of it is another. */
function joinedNodes(known: Assembled, market: object, parts: Joined['parts']): Joined['nodes'] {
  const before = known.get(market) as Joined | undefined
  const isSame =
    before?.parts.length === parts.length && before.parts.every((part, i) => part === parts[i])
  if (before && isSame) return before.nodes
  const nodes = joinNodes(parts)
  known.set(market, { parts, nodes })
  return nodes
}

/** Only where nodes are really made. */
function liveOf({ live, openstack, flavours, maximum, reserve }: Pool): { live?: BlueprintLive } {
  if (live === undefined || openstack === undefined) return {}
  const sizes = flavours
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, cpu = 0, memoryMb = 0, gpu, pricePerHour, quota }) => ({
      ...{ flavour: key, pricePerHour, quota, gpu: gpu ?? null },
      cpuMillis: Math.max(0, Math.round((cpu - reserve.cpu) * 1000)),
      memoryMb: Math.max(0, memoryMb - reserve.memoryMb),
    }))
  return {
    live: {
      ...{ maximum: live.maximum, maximumInAll: maximum, graceMinutes: live.graceMinutes },
      ...{ budgetPerHour: live.budgetPerHour ?? null, sizes },
    },
  }
}

/** Everything spelled out and sorted: the same cloud has the same bytes. */
function cloudOf({ openstack: cloud, flavours }: Pool): BlueprintCloud | null {
  const first = cloud?.regions[0]
  if (cloud === undefined || first === undefined) return null
  const next = cloud.whenRegionRefuses === 'next' ? cloud.regions.slice(1) : []
  const others = next.map(({ name }) => name)
  return {
    // The first is where flavours without a region and managers are: order matters.
    regions: cloud.regions,
    manager: cloud.manager,
    managers: cloud.managers ?? null,
    gateways: cloud.gateways.toSorted(),
    dns: cloud.dns,
    sshKey: cloud.sshKey ?? null,
    engineVolumeGb: cloud.engineVolumeGb ?? null,
    insecureRegistries: cloud.insecureRegistries.toSorted(),
    flavours: flavours
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ key, name, region, gpu }) => ({
        key,
        name: name ?? key,
        region: region ?? first.name,
        gpu: gpu ?? null,
        ...(region === undefined && others.length > 0 && { elsewhere: others }),
      })),
  }
}

function nodesOf(known: Assembled, stretch: Stretch): BlueprintPool['nodes'] {
  const before = known.get(stretch) as BlueprintPool['nodes'] | undefined
  if (before !== undefined) return before
  const byStart = (a: BoughtNode, b: BoughtNode) =>
    a.from - b.from || a.key.length - b.key.length || (a.key < b.key ? -1 : 1)
  const made = stretch.nodes.toSorted(byStart).map((node) => ({
    key: node.key,
    flavour: node.flavour,
    from: formatInstant(node.from),
    until: formatInstant(node.until),
  }))
  known.set(stretch, made)
  return made
}
