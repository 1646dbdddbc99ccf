/**
 * Which lane does a change take, and who must approve it? Every rule of the policy that holds counts: one that
 * denies is enough, each that asks for a review must have its approvals, and where none holds nobody is asked.
 */
import type { Allowance, Zone } from '../terms.ts'
import type { Gate, GateCondition, GateRule, Policy } from '../terms-policy.ts'
import { type Allowed, allowanceOf, budgetOf, excessOf, withGrowth } from './allowance.ts'
import type { ChangeFacts, CourseFacts } from './change-facts.ts'
import { workingHours } from './working-hours.ts'

export type Lane = 'automatic' | 'review' | 'deny'

export interface Decision {
  lane: Lane
  /** Those that hold, of the strictest lane. */
  rules: GateRule[]
  /** Courses that get more than they may have because their class runs now: said to the infra team afterwards. */
  inClass: string[]
}

export function decide(facts: ChangeFacts, policy: Policy): Decision {
  const measured = measure(facts, policy)
  const holding = policy.gate.rules.filter(
    (rule) =>
      holds(rule.when, facts, measured) &&
      !(rule.unless !== undefined && holds(rule.unless, facts, measured)),
  )
  const denying = holding.filter((rule) => rule.lane === 'deny')
  if (denying.length > 0) return { lane: 'deny', rules: denying, inClass: [] }
  const { inClass } = measured
  return { lane: holding.length > 0 ? 'review' : 'automatic', rules: holding, inClass }
}

type Measured = Record<NumberName, number> & { inClass: string[] }
type NumberName = {
  [Name in keyof GateCondition]-?: NonNullable<GateCondition[Name]> extends number ? Name : never
}[keyof GateCondition]

const courseOf = ({ own }: CourseFacts) => ({ allowance: own }) as Parameters<typeof allowanceOf>[0]

/** The numbers that rules ask for. */
function measure(facts: ChangeFacts, policy: Policy): Measured {
  const { courses } = facts
  const sum = (of: (course: CourseFacts) => number) =>
    courses.reduce((all, one) => all + of(one), 0)
  const excess = courses.map((course) => excessIn(course, policy))
  return {
    contradictions: facts.contradictions.length,
    beyondAllowance: excess.reduce((all, one) => all + one.later.length, 0),
    raisesAllowance: sum((course) => raisesOf(course, policy)),
    beyondBudget: courses.filter((one) => one.asks.budget > budgetOf(courseOf(one), policy, one))
      .length,
    unplacedSeats: sum((course) => course.unplacedSeats),
    displacedSessions: facts.displaced.length,
    newRights: sum((course) => course.newRights.length),
    newImages: courses.filter((course) => course.hasNewImage).length,
    newPorts: sum((course) => course.newPorts.length),
    students: Math.max(0, ...courses.map((course) => course.asks.seats)),
    gpus: sum((course) => course.gpus),
    inClass: courses.filter((_, i) => excess[i]?.isInClass).map((course) => course.key),
  }
}

/** A class that runs now takes what the pool has free: that alone needs nobody. */
function excessIn(course: CourseFacts, policy: Policy) {
  const allowed = allowanceOf(courseOf(course), policy, course)
  const all = excessOf(course.asks, allowed)
  const later = excessOf(course.later, allowed)
  const isHeld = all.length > later.length && course.unplacedSeats > 0
  return { later: isHeld ? all : later, isInClass: all.length > later.length && !isHeld }
}

/** Fields of its allowance that its document raises above what it may have without it. */
function raisesOf({ own, ownBefore, granted, roster }: CourseFacts, policy: Policy): number {
  const before = { allowance: ownBefore ?? {} } as Parameters<typeof allowanceOf>[0]
  const known = { granted, roster }
  const had = { ...allowanceOf(before, policy, known), budget: budgetOf(before, policy, known) }
  return (Object.keys(had) as (keyof Allowance)[]).filter(
    (name) => (own[name] ?? 0) > (had[name] ?? Infinity),
  ).length
}

function holds(asked: GateCondition, facts: ChangeFacts, measured: Measured): boolean {
  const { documents, authors, courses, zones, pools, ...numbers } = asked
  const some = (wanted: readonly string[] | undefined, there: string[]) =>
    wanted === undefined || there.some((one) => wanted.includes(one))
  return (
    some(documents, facts.documents) &&
    some(authors, [facts.author]) &&
    some(
      courses,
      facts.courses.map((one) => one.key),
    ) &&
    some(zones, [...facts.zones, ...facts.courses.map((one) => one.zone)]) &&
    some(pools, [...facts.pools, ...facts.courses.map((one) => one.pool)]) &&
    (Object.entries(numbers) as [NumberName, number | undefined][]).every(
      ([name, least]) => least === undefined || measured[name] >= least,
    )
  )
}

/** What a course may have once a review let it go beyond: what it asks for, with room to grow. */
export function grantsOf(facts: ChangeFacts, policy: Policy): Map<string, Allowance> {
  return new Map(
    facts.courses.flatMap((course) => {
      const excess = excessOf(course.asks, allowanceOf(courseOf(course), policy, course))
      const granted: Allowance = Object.fromEntries(
        excess.map((name: keyof Allowed) => [name, withGrowth(course.asks[name], policy)]),
      )
      if (course.asks.budget > budgetOf(courseOf(course), policy, course))
        granted.budget = withGrowth(course.asks.budget, policy)
      return Object.keys(granted).length > 0 ? [[course.key, granted] as const] : []
    }),
  )
}

export interface Approval {
  /** Pseudonym, or `git:` and the hash of an address. */
  actor: string
  /** Teams it was given for. */
  teams: string[]
}

export interface Missing {
  rule: GateRule
  /** How many approvals it still takes, and by which teams. */
  count: number
  by: string[]
}

/** Teams that may approve for the rule now. */
export function teamsFor(rule: GateRule, silentHours: number): string[] {
  const { by, deputy } = rule
  if (!deputy || silentHours < deputy.afterWorkingHours) return by
  return [...new Set([...by, ...deputy.by])]
}

/** What is still missing; nothing when the change may be approved. */
export function missingApprovals(
  rules: GateRule[],
  approvals: Approval[],
  silentHours: number,
): Missing[] {
  return rules.flatMap((rule) => {
    const by = teamsFor(rule, silentHours)
    const given = new Set(
      approvals
        .filter(({ teams }) => teams.some((team) => by.includes(team)))
        .map((one) => one.actor),
    )
    return given.size >= rule.approvals ? [] : [{ rule, count: rule.approvals - given.size, by }]
  })
}

/** Whether the author may approve too. @param others people in the teams asked, without the author */
export const mayApproveOwn = ({ solo }: Pick<Gate, 'solo'>, others: number): boolean =>
  solo === 'always' || (solo === 'alone' && others === 0)

/** Hours of the policy's teaching days since a change waits, without holidays. */
export const silentHours = (
  since: number,
  now: number,
  { teaching }: Pick<Policy, 'teaching'>,
  zone: Pick<Zone, 'timeZone' | 'holidays'>,
): number => workingHours(since, now, teaching, zone)
