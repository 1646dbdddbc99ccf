/** What should exist at an instant? Sessions, headroom and people at work are reasons for a seat. */
import { canonicalJson, seatNumbers, seatRanges, sha256 } from '../blueprint.ts'
import type {
  Blueprint,
  BlueprintCourse,
  BlueprintPool,
  BlueprintSession,
  SeatTemplate,
  ServiceTemplate,
  VolumeKeeper,
} from '../blueprint.ts'
import { formatInstant, parseInstant, wallOf } from './clock.ts'
import { isInHours } from './hours.ts'
import { beginsAt } from './lead.ts'
import { type Leads, orderedAt } from './node-lead.ts'
import { templateIn } from './pool-constraints.ts'
import { serviceTemplate } from './template.ts'

/** Seats of one state: at most so many numbers, because Terraform collapses on large states (facts). */
export const seatsPerStack = 100

/** Why a seat should exist, beyond what the blueprint says: what only the running system knows. */
export interface Reason {
  course: string
  seat: number
  /** `headroom` names the cold seats to keep, instead of the lowest free numbers. */
  why: 'working' | 'queued' | 'headroom'
  /** The pool whose stack has its service; the course's when absent. */
  pool?: string
  /** Instant at which the reason ends, if known. */
  until?: string
}

/** What the running system knows: both are optional. */
export interface Running {
  reasons?: Reason[]
  /** Numbers with a holder who comes, by course: warmed first. */
  taken?: Record<string, number[]>
  /** Learned leads in seconds before a session must be ready, by its key; the policy's where there is none. */
  leads?: Leads
}

export type WantedStack = {
  key: string
  kind: 'seats' | 'volumes'
  pool: string
  course: string
  course8: string
  seats: number[]
  template: SeatTemplate
  /** Of what a seat's service is made of. */
  templateDigest: string
  /** Digest of all that the stack's Terraform depends on. */
  contentDigest: string
  /** When the last reason known now ends; null when none has an end. */
  until: string | null
}

export interface WantedWarm {
  course: string
  session: string
  seats: number[]
  from: string
  until: string
}

export interface WantedNode {
  pool: string
  key: string
  flavour: string
  /** Null for a node that is always on. */
  until: string | null
}

export interface Wanted {
  /** Sorted by key. */
  stacks: WantedStack[]
  /** Seats whose container should run, per session under way. */
  warm: WantedWarm[]
  /** Bought nodes that should be on, boot included; own machines are always there. */
  nodes: WantedNode[]
  /** Sessions between the start of their lead and the end of their grace. */
  sessions: BlueprintSession[]
}

/**
 * @param now ISO instant
 * @returns what should exist at that instant; the same answer whenever and however often it is asked
 */
export function wantedAt(blueprint: Blueprint, now: string, running: Running = {}): Wanted {
  const wanted: Wanted = {
    stacks: [],
    warm: [],
    nodes: nodesAt(blueprint, parseInstant(now), running.leads ?? {}),
    sessions: [],
  }
  for (const course of blueprint.courses)
    wantedOf(withBackend(course, blueprint), parseInstant(now), running, wanted)
  const stacks = wanted.stacks.map((stack) => boundTo(stack, blueprint))
  return { ...wanted, stacks: stacks.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
}

/** A seat's volume, its holder's own, and its course's data, are kept by what the course's pool has for it. */
export function withBackend(course: BlueprintCourse, { pools }: Blueprint): BlueprintCourse {
  const storage = pools.find((pool) => pool.key === course.pool)?.storage
  if (!storage) return course
  const known = backed.get(course)
  if (known?.storage === storage) return known.made
  const made = withStorage(course, storage)
  backed.set(course, { storage, made })
  return made
}

type Storage = NonNullable<Blueprint['pools'][number]['storage']>
/** One object for each, since what is known of a course and its template is known by the object. */
const backed = new WeakMap<BlueprintCourse, { storage: Storage; made: BlueprintCourse }>()

function withStorage(course: BlueprintCourse, storage: Storage): BlueprintCourse {
  const { template } = course
  if (!template) return course
  const { volume, personal, data } = template
  if (!volume && !personal && !data) return course
  const served = storage.backend === 'nfs' && { server: storage.server }
  const kept = {
    volume: volume && { ...volume, ...storage },
    ...(personal && { personal: { ...personal, ...served } }),
  }
  return {
    ...course,
    template: { ...template, ...kept, ...(data && { data: { ...data, ...keeperOf(storage) } }) },
  }
}

/** What a seat has to know of it. */
const keeperOf = (storage: NonNullable<BlueprintPool['storage']>): VolumeKeeper => ({
  backend: storage.backend,
  ...(storage.backend === 'nfs' && { server: storage.server }),
})

function nodesAt(blueprint: Blueprint, now: number, leads: Leads): WantedNode[] {
  return blueprint.pools.flatMap((pool) => [
    ...pool.idle.map((node) => ({ pool: pool.key, ...node, until: null })),
    ...pool.nodes
      .filter((node) => parseInstant(node.from) <= now && now < parseInstant(node.until))
      .filter((node) => orderedAt(blueprint, pool.key, node, leads) <= now)
      .map(({ key, flavour, until }) => ({ pool: pool.key, key, flavour, until })),
  ])
}

/** From the begin of its policy's lead to its end, in epoch ms; read once, for it is asked in every pass. */
function spanOf(session: BlueprintSession): { from: number; until: number } {
  const known = spans.get(session)
  if (known) return known
  const span = {
    from: parseInstant(session.leadStartsAt),
    until: parseInstant(session.graceEndsAt),
  }
  spans.set(session, span)
  return span
}
const spans = new WeakMap<BlueprintSession, { from: number; until: number }>()

/**
 * Those between the earliest begin of their preparation and their end, in their order. The answer holds until the next of them
 * begins or ends: it is looked for anew then, not in every pass over all sessions of a semester.
 * @param sessions of a blueprint, which nobody changes
 */
export function sessionsUnderWay(sessions: BlueprintSession[], now: number): BlueprintSession[] {
  const known = answers.get(sessions)
  if (known && known.from <= now && now < known.until) return known.found
  const answer = { found: [] as BlueprintSession[], from: -Infinity, until: Infinity }
  for (const session of sessions) {
    const span = spanOf(session)
    if (span.from <= now && now < span.until) answer.found.push(session)
    for (const edge of [span.from, span.until])
      if (edge > now) answer.until = Math.min(answer.until, edge)
      else answer.from = Math.max(answer.from, edge)
  }
  answers.set(sessions, answer)
  return answer.found
}
const answers = new WeakMap<
  BlueprintSession[],
  { found: BlueprintSession[]; from: number; until: number }
>()

function withLead(session: BlueprintSession, leadSeconds: number | undefined): BlueprintSession {
  if (leadSeconds === undefined) return session
  const leadStartsAt = new Date(beginsAt(session, leadSeconds)).toISOString()
  return { ...session, leadStartsAt }
}

type Needs = Map<string, Map<number, number | null>>

function wantedOf(course: BlueprintCourse, now: number, running: Running, wanted: Wanted): void {
  const reasons = (running.reasons ?? []).filter(
    (reason) => reason.course === course.key && (endOf(reason) ?? Infinity) > now,
  )
  // A learned lead is never longer than the policy's.
  const sessions = sessionsUnderWay(course.sessions, now)
    .map((one) => withLead(one, running.leads?.[one.key]))
    .filter((one) => parseInstant(one.leadStartsAt) <= now)
  wanted.sessions.push(...sessions)
  const needs: Needs = new Map()
  // Who works keeps their service, whatever opens meanwhile: their stack claims the seat before any session's.
  for (const reason of reasons)
    if (reason.why === 'working')
      need(needs, reason.pool ?? course.pool, reason.seat, endOf(reason))
  for (const session of sessions) {
    for (const seat of seatNumbers(session.seats)) {
      need(needs, session.pool, seat, parseInstant(session.graceEndsAt))
    }
    warmOf(course, session, running, needs, wanted)
  }
  for (const reason of reasons) {
    if (reason.why === 'queued') need(needs, course.pool, reason.seat, endOf(reason))
  }
  if (sessions.length === 0) needHeadroom(course, now, reasons, needs)
  if (course.template !== null) addStacks(course, course.template, now, needs, wanted)
}

const endOf = (reason: Reason): number | null =>
  reason.until === undefined ? null : parseInstant(reason.until)

/** A (course, seat) has one service: the pool that claimed it first keeps it; the longest reason counts. */
function need(needs: Needs, pool: string, seat: number, until: number | null): void {
  for (const [other, seats] of needs) {
    const known = seats.get(seat)
    if (known === undefined) continue
    if (other === pool || until === null) {
      seats.set(seat, known === null || until === null ? null : Math.max(known, until))
    }
    return
  }
  const seats = needs.get(pool) ?? new Map<number, number | null>()
  needs.set(pool, seats)
  seats.set(seat, until)
}

/** Holders first: who came before most likely comes again. A wrong guess costs a second, not a place. */
function warmOf(
  course: BlueprintCourse,
  session: BlueprintSession,
  running: Running,
  needs: Needs,
  wanted: Wanted,
): void {
  if (session.warm === 0 || course.template === null) return
  const mine = seatNumbers(session.seats).filter((seat) => needs.get(session.pool)?.has(seat))
  const taken = new Set(running.taken?.[course.key])
  const inOrder = [
    ...mine.filter((seat) => taken.has(seat)),
    ...mine.filter((seat) => !taken.has(seat)),
  ]
  wanted.warm.push({
    course: course.key,
    session: session.key,
    seats: inOrder.slice(0, session.warm).toSorted((a, b) => a - b),
    from: session.leadStartsAt,
    until: session.graceEndsAt,
  })
}

/**
 * Outside class: a few cold seats besides those at work, made in the hours of self-study. What is cold costs nothing:
 * it is kept through the night, where every course's would go each evening and be made anew each morning at eight.
 */
function needHeadroom(
  course: BlueprintCourse,
  now: number,
  reasons: { seat: number; why: string }[],
  needs: Needs,
): void {
  const { headroom } = course
  if (headroom === null) return
  const until = parseInstant(headroom.until)
  if (now < parseInstant(headroom.from) || now >= until) return
  const isOpen = isInHours(wallOf(now, headroom.timeZone), headroom.hours, headroom.days)
  const inUse = new Set([...needs.values()].flatMap((seats) => [...seats.keys()]))
  const named = reasons.filter((reason) => reason.why === 'headroom').map((reason) => reason.seat)
  const free = seatNumbers(course.seats).filter((seat) => !inUse.has(seat) && !named.includes(seat))
  for (const seat of [...named, ...(isOpen ? free : [])].slice(0, headroom.seats)) {
    need(needs, course.pool, seat, until)
  }
}

function addStacks(
  course: BlueprintCourse,
  template: SeatTemplate,
  now: number,
  needs: Needs,
  wanted: Wanted,
): void {
  const templateDigest = templateDigestOf(template)
  const common = { course: course.key, course8: course.course8, template, templateDigest }
  for (const [pool, seats] of needs) {
    for (const [block, numbers] of seatBlocks(seats.keys())) {
      const name = pool === course.pool ? course.key : `${course.key}_${pool}`
      const ends = numbers.map((seat) => seats.get(seat) ?? null)
      const until = ends.includes(null) ? null : Math.max(...ends.map(Number))
      const content = { ...common, key: `seats-${name}-${block}`, kind: 'seats' as const, pool }
      wanted.stacks.push(withDigest({ ...content, seats: numbers }, until))
    }
  }
  if (course.volumes === null || template.volume === null) return
  const until = parseInstant(course.volumes.until)
  if (parseInstant(course.volumes.from) > now || now >= until) return
  const known = volumeStacks.get(course) ?? volumeStack(course, common, until)
  volumeStacks.set(course, known)
  wanted.stacks.push(known)
}

/** Of a course it is the same as long as there is one. */
const volumeStacks = new WeakMap<BlueprintCourse, WantedStack>()

function volumeStack(
  course: BlueprintCourse,
  common: Pick<Content, 'course' | 'course8' | 'template' | 'templateDigest'>,
  until: number,
): WantedStack {
  const key = `volumes-${course.key}`
  const seats = seatNumbers(course.seats)
  return withDigest({ ...common, key, kind: 'volumes', pool: course.pool, seats }, until)
}

/** Numbers of a course's seats by the stack that has them, in order. */
export function seatBlocks(numbers: Iterable<number>): Map<number, number[]> {
  const inOrder = [...numbers].toSorted((a, b) => a - b)
  return Map.groupBy(inOrder, (seat) => Math.floor((seat - 1) / seatsPerStack))
}

type Content = Omit<WantedStack, 'contentDigest' | 'until'>

function withDigest(content: Content, until: number | null): WantedStack {
  const ends = until === null ? null : formatInstant(until)
  return { ...content, contentDigest: contentDigestOf(content), until: ends }
}

function contentDigestOf({ template, seats, ...content }: Content): string {
  const { key, kind, pool, course8, templateDigest } = content
  const limit = kind === 'volumes' && {
    quotaMb: template.volume?.quotaMb,
    ...(template.data && { dataMb: template.data.sizeMb }),
  }
  const told = { seats: seatRanges(seats), key, kind, pool, course8, templateDigest, ...limit }
  const name = JSON.stringify(told)
  const known = contents.get(name)
  if (known !== undefined) return known
  if (contents.size >= MOST_CONTENTS) contents.clear()
  const digest = digestOf(told)
  contents.set(name, digest)
  return digest
}

/** Digests by what they are of: a pass asks for those of every stack, and most are what they were in the last one. */
const contents = new Map<string, string>()
const MOST_CONTENTS = 10_000

/** Its seats run on machines of its pool, where the Swarm has those of others as well. */
function boundTo(stack: WantedStack, { pools }: Blueprint): WantedStack {
  if (stack.kind !== 'seats') return stack
  const template = templateIn(stack.template, pools, stack.pool)
  if (template === stack.template) return stack
  const bound = { ...stack, template, templateDigest: templateDigestOf(template) }
  return { ...bound, contentDigest: contentDigestOf(bound) }
}

/** Digest of what a seat's service is made of, told by the object: the same templates are asked for in every pass. */
export function templateDigestOf(template: SeatTemplate | ServiceTemplate): string {
  const service = serviceTemplate(template)
  const known = digests.get(service) ?? digestOf(service)
  digests.set(service, known)
  return known
}

const digests = new WeakMap<ServiceTemplate, string>()

export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value))
}
