/**
 * How long before class must its preparation begin? Learned from what earlier preparations took, so that nineteen
 * of twenty are ready when they must be. Here, among the rules, because it decides when something should exist, and
 * because a page that shows it and the worker that keeps it must agree; what is learned from is an argument.
 *
 * The policy's lead is a ceiling: capacity is reserved from there on, so nothing of a class is made before it. What
 * history asks for beyond it is said (`isCapped`), for people to raise `leadMinutes`.
 */
import { seatNumbers } from '../blueprint.ts'
import type { Blueprint, BlueprintPool, BlueprintSession } from '../blueprint.ts'
import { parseInstant } from './clock.ts'

const hourMs = 3_600_000

export type PoolKind = 'own' | 'mixed' | 'bought'

/** One preparation that went through. Seconds of planning, applying, and from there until the last seat was ready. */
export interface LeadSample {
  pool: string
  poolKind: PoolKind
  image: string
  seats: number
  /** Seats of its pool started for the same hour, its own among them: they shared the nodes. */
  together: number
  planSeconds: number
  applySeconds: number
  warmSeconds: number
}

/** What is to be prepared. */
export interface LeadShape {
  pool: string
  poolKind: PoolKind
  image: string
  seats: number
  /** As in a sample. */
  together: number
  /** Stacks due in the same hour, its own among them. */
  stacks: number
}

export interface Lead {
  /** From the begin until it must be ready. */
  seconds: number
  /** Seconds at p95, before the margin: of each part, and of waiting for other stacks. */
  parts: { plan: number; apply: number; warm: number; wait: number }
  /** Learned from classes like it, from classes of its size with other images, or not at all yet. */
  basis: 'like-it' | 'its-size' | 'none'
  samples: number
}

/** Fewer tell nothing about a p95. */
const FEWEST_SAMPLES = 5
/** Older ones were of other machines. */
const MOST_SAMPLES = 100
const MARGIN = 1.5
const SAFETY_SECONDS = 120
/** Where nobody says otherwise. */
const RUNS_AT_ONCE = 3
/** A node that has not this image yet pulls some gigabytes. */
const NEW_IMAGE_SECONDS = 300

const sizeSteps = [5, 15, 40, 100]
const sizeOf = (seats: number): number => sizeSteps.filter((most) => seats > most).length

/**
 * Answers leads from these samples, the newest first. Reads them once, for many questions.
 * @param runsAtOnce how many runs of so many seats go side by side: who comes after them waits
 */
export function leadBook(
  samples: LeadSample[],
  runsAtOnce: (seats: number) => number = () => RUNS_AT_ONCE,
): (shape: LeadShape) => Lead {
  const bySize = new Map<string, LeadSample[]>()
  const byImage = new Map<string, LeadSample[]>()
  const seen = new Set<string>()
  for (const sample of samples) {
    const size = `${sizeOf(sample.seats)} ${sample.poolKind}`
    keep(bySize, size, sample)
    keep(byImage, `${size} ${sample.image}`, sample)
    seen.add(`${sample.pool} ${sample.image}`)
  }
  return (shape) => {
    const size = `${sizeOf(shape.seats)} ${shape.poolKind}`
    const isNew = !seen.has(`${shape.pool} ${shape.image}`)
    const turns = Math.ceil(Math.max(1, shape.stacks) / runsAtOnce(shape.seats)) - 1
    const alike = byImage.get(`${size} ${shape.image}`) ?? []
    if (alike.length >= FEWEST_SAMPLES)
      return withMargin(learned(shape, alike, isNew), turns, 'like-it', alike.length)
    const sized = bySize.get(size) ?? []
    if (sized.length >= FEWEST_SAMPLES)
      return withMargin(learned(shape, sized, isNew), turns, 'its-size', sized.length)
    return withMargin(saneStart(shape), turns, 'none', alike.length)
  }
}

function keep(into: Map<string, LeadSample[]>, key: string, sample: LeadSample): void {
  const known = into.get(key) ?? []
  into.set(key, known)
  if (known.length < MOST_SAMPLES) known.push(sample)
}

type Parts = { plan: number; apply: number; warm: number }

/** Nodes start containers one after the other: what a seat took is what a seat of that crowded hour took. */
function learned(shape: LeadShape, of: LeadSample[], isNew: boolean): Parts {
  const perSeat = p95(of.map((one) => one.warmSeconds / one.together))
  return {
    plan: p95(of.map((one) => one.planSeconds)),
    apply: p95(of.map((one) => one.applySeconds)),
    warm: perSeat * shape.together + (isNew ? NEW_IMAGE_SECONDS : 0),
  }
}

/** Before there is any history: slower than the slowest machine it was measured on. Says whether the policy's lead will do. */
function saneStart({ seats, together }: LeadShape): Parts {
  return { plan: 30, apply: 30 + seats, warm: 30 + together + NEW_IMAGE_SECONDS }
}

/** `turns`: how often it waits for as many runs as go at once. */
function withMargin(parts: Parts, turns: number, basis: Lead['basis'], samples: number): Lead {
  const wait = turns * (parts.plan + parts.apply)
  const takes = parts.plan + parts.apply + parts.warm + wait
  const seconds = Math.ceil(takes * MARGIN + SAFETY_SECONDS)
  return { seconds, parts: { ...parts, wait }, basis, samples }
}

/** Nearest rank: the smallest value that nineteen of twenty do not exceed. */
export function p95(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0
}

export interface SessionLead extends Lead {
  session: BlueprintSession
  /** What was learned; null while there is too little to learn from. */
  leadSeconds: number | null
  startsAt: number
  /** The policy's lead allows no earlier begin. */
  isCapped: boolean
  /** Other seats that are started for the same hour. */
  others: number
  shape: LeadShape
}

/** The lead of each session that starts in the given time, with what else is due in its hour. */
export function sessionLeads(
  blueprint: Blueprint,
  book: (shape: LeadShape) => Lead,
  within: { from: number; until: number },
): SessionLead[] {
  const due = blueprint.courses.flatMap((course) =>
    course.sessions
      .filter((one) => isWithin(one, within.from - hourMs, within.until + hourMs))
      .map((session) => dueOf(session, course.template?.image)),
  )
  const kinds = new Map(blueprint.pools.map((pool) => [pool.key, poolKindOf(pool)]))
  return due.flatMap((one) => {
    const { session, image, warm } = one
    if (image === undefined || !isWithin(session, within.from, within.until)) return []
    const together = due.filter((other) => isSameHour(other, one))
    const shape = {
      ...{ pool: session.pool, poolKind: kinds.get(session.pool) ?? 'own', image },
      ...{ seats: one.seats, stacks: together.length },
      together: together.reduce((sum, other) => sum + other.warm, 0),
    }
    const lead = book(shape)
    // As long as nothing was learned, the policy's word stands: it is longer.
    const leadSeconds = lead.basis === 'none' ? null : lead.seconds
    const room = (one.readyAt - parseInstant(session.leadStartsAt)) / 1000
    return [
      {
        ...lead,
        ...{ session, shape, leadSeconds, startsAt: beginsAt(session, leadSeconds) },
        ...{ isCapped: lead.seconds > room, others: shape.together - warm },
      },
    ]
  })
}

interface Due {
  session: BlueprintSession
  image: string | undefined
  readyAt: number
  /** Seats that exist while it lasts. */
  seats: number
  /** Of those, how many run before it opens; at least the one that is tried. */
  warm: number
}

const dueOf = (session: BlueprintSession, image: string | undefined): Due => ({
  ...{ session, image, readyAt: parseInstant(session.readyAt) },
  ...{ seats: Math.max(1, seatNumbers(session.seats).length), warm: Math.max(1, session.warm) },
})

/** When the preparation of a session begins: so long before it must be ready, and not before its policy's lead. */
export function beginsAt(
  session: BlueprintSession,
  leadSeconds: number | null | undefined,
): number {
  const earliest = parseInstant(session.leadStartsAt)
  if (leadSeconds === undefined || leadSeconds === null) return earliest
  return Math.max(earliest, parseInstant(session.readyAt) - leadSeconds * 1000)
}

const isWithin = (session: BlueprintSession, from: number, until: number): boolean => {
  const readyAt = parseInstant(session.readyAt)
  return from <= readyAt && readyAt <= until
}

/** Ready within the hour before or after: both are being prepared at the same time. */
const isSameHour = (a: Due, b: Due): boolean =>
  a.session.pool === b.session.pool && Math.abs(a.readyAt - b.readyAt) < hourMs

export function poolKindOf(pool: BlueprintPool): PoolKind {
  const buys = pool.nodes.length > 0 || pool.idle.length > 0
  if (!buys) return 'own'
  return pool.fixed.length > 0 ? 'mixed' : 'bought'
}
