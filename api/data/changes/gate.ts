/** What the policy says of a change: its facts, its lane, the rules that hold. */
import { type Blueprint, digest as digestOfBlueprint } from '../../../stacks/blueprint.ts'
import type { Compiled } from '../../../stacks/compile.ts'
import { RENDERER_VERSION } from '../../../stacks/content.ts'
import { type ChangeFacts, changeFacts } from '../../../stacks/rules/change-facts.ts'
import { type Decision, decide } from '../../../stacks/rules/gate.ts'
import { coursePrices } from '../../../stacks/rules/plan-page.ts'
import { digestOf } from '../../../stacks/rules/wanted.ts'
import type { Course } from '../../../stacks/terms.ts'
import type { Pool } from '../../../stacks/terms-pool.ts'
import type { DocumentKind, Policy } from '../../../stacks/terms-policy.ts'
import type { StoredDocument } from '../courses/course.ts'
import { type Proposed, policyIn, readKnown, valuesOf } from '../courses/documents.ts'

export type Judged = { facts: ChangeFacts; decision: Decision; policy: Policy }

export type JudgedInput = {
  /** Role of who proposes it. */
  author: string
  documents: StoredDocument[]
  /** As they are in force, all kinds. */
  inForce: StoredDocument[]
  /** Everything in force once it is approved. */
  all: Proposed[]
  compiled: Compiled
  before: Blueprint
  now: Date
}

export function judge(input: JudgedInput): Judged {
  const { author, documents, inForce, all, compiled, before, now } = input
  const isOther = documents.some((one) => one.kind === 'Policy')
  const policy = (isOther ? policyInForce(inForce) : undefined) ?? policyIn(all)
  const pools = valuesOf(all, 'Pool')
  const facts = changeFacts({
    ...{ author, compiled, before, now: now.getTime() },
    documents: documents.map(({ kind, key }) => ({ kind: kind as DocumentKind, key })),
    inForce: coursesInForce(documents, inForce),
    prices: pricesAsked(compiled, pools, documents),
  })
  return { facts, decision: decide(facts, policy), policy }
}

/** Of every course when any may be asked about, of the edited ones otherwise: most are courses that nobody touched. */
function pricesAsked(
  compiled: Compiled,
  pools: Pool[],
  documents: StoredDocument[],
): Map<string, number> {
  const isWide = documents.some((one) => one.kind !== 'Course')
  const asked = isWide ? compiled.blueprint.courses : documents
  return coursePrices({ compiled, pools }, new Set(asked.map((one) => one.key)))
}

/** A policy that is to change is judged by the one that holds. */
function policyInForce(inForce: StoredDocument[]): Policy | undefined {
  const stored = inForce.find((one) => one.kind === 'Policy')
  const read = stored && readKnown(stored).parsed
  return read?.kind === 'Policy' ? read.value : undefined
}

/** Of the courses that the change touches. */
function coursesInForce(
  documents: StoredDocument[],
  inForce: StoredDocument[],
): Map<string, Course> {
  const keys = new Set(documents.filter((one) => one.kind === 'Course').map((one) => one.key))
  return new Map(
    inForce
      .filter((one) => one.kind === 'Course' && keys.has(one.key))
      .flatMap((stored) => {
        const { parsed } = readKnown(stored)
        return parsed.kind === 'Course' ? [[stored.key, parsed.value] as const] : []
      }),
  )
}

/**
 * What an approval is of: everything that shapes the plan. The blueprint holds every template, size and date; the
 * renderer's version and the policy's rules decide what becomes of it.
 */
export function approvalDigest(shape: { blueprint: Blueprint | string; policy: Policy }): string {
  const { blueprint, policy } = shape
  return digestOf({
    blueprint: typeof blueprint === 'string' ? blueprint : digestOfBlueprint(blueprint),
    policy: digestOf(policy),
    renderer: RENDERER_VERSION,
  })
}
