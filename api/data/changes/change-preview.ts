/**
 * What a change would be, while somebody still works on it: compiled with everything in force, and nothing kept.
 * What is in force is compiled once and then only told what is approved, by whichever api process: a look costs
 * what its own edit touches.
 */
import { type Compiled, createCompiler } from '../../../stacks/compile.ts'
import { defaultZone } from '../../../stacks/schema.ts'
import type { BlueprintSession } from '../../../stacks/blueprint.ts'
import { type BlueprintDiff, diff, type SessionChange } from '../../../stacks/rules/diff.ts'
import { type CourseCost, courseCost } from '../../../stacks/rules/cost.ts'
import { slotsForNotes } from '../../../stacks/rules/fit.ts'
import type { Lane } from '../../../stacks/rules/gate.ts'
import type { Note } from '../../../stacks/terms.ts'
import type { GateRule } from '../../../stacks/terms-policy.ts'
import { findHead } from './blueprint.ts'
import { type KnownOfCourses, type StoredDocument, documentsInForce } from '../courses/course.ts'
import { knownOfCourses } from '../courses/course-known.ts'
import type { Db } from '../db.ts'
import { judge } from './gate.ts'
import {
  type Titles,
  compileDocuments,
  merged,
  policyIn,
  titlesIn,
  valuesOf,
} from '../courses/documents.ts'

export type Preview = {
  lane: Lane
  /** Why it needs somebody, or is denied; of the policy's rules those that hold. */
  rules: GateRule[]
  /** About the course, and about nothing in particular. */
  notes: Note[]
  /** Against what is in force; without who sits on which machine, which for a large class is thousands of names. */
  difference: BlueprintDiff
  cost: CourseCost | undefined
  /** Instant until which its volumes are kept, ISO UTC; undefined while it has none. */
  keptUntil: string | undefined
  titles: Titles
  /** Of the course: its own, else its zone's. */
  timeZone: string
}

/** Who sits where in other courses hardly matters to an edit of this one: looked at again after so long. */
const KNOWN_MS = 60_000

type InForce = {
  version: number
  knownAt: number
  known: KnownOfCourses
  documents: StoredDocument[]
  compiled: Compiled
}
let inForce: InForce | undefined
/** Knows what is in force, and nothing of what anybody tries. */
const compiler = createCompiler()

/** @param document a course that can be read: check it before */
export async function previewDocument(
  db: Db,
  { document, now }: { document: StoredDocument; now: Date },
): Promise<Preview> {
  const { key } = document
  const base = await compiledInForce(db, now)
  const all = merged(base.documents, [document])
  const known = knownAbout(base.known, await knownOfCourses(db, [key]), [key])
  const compiled = compileDocuments(all, known, now, {
    compiler: compiler.fork(),
    hasNoSlots: true,
  })
  const pools = valuesOf(all, 'Pool')
  const before = base.compiled.blueprint
  const { lane, rules } = judge({
    ...{ author: 'teacher', documents: [document], inForce: base.documents, all, compiled, before },
    now,
  }).decision
  const about = compiled.notes.filter(({ where }) => !where.course || where.course === key)
  return {
    lane,
    rules,
    notes: slotsForNotes(about, compiled, {
      ...{ policy: policyIn(all), closed: known.closed, now: now.getTime() },
    }),
    difference: withoutPlacements(diff(before, compiled.blueprint, pools)),
    cost: courseCost(compiled.blueprint, pools, key),
    keptUntil: compiled.blueprint.courses.find((one) => one.key === key)?.volumes?.until,
    titles: titlesIn(all),
    timeZone: timeZoneOf(compiled, key),
  }
}

/** It leaves its thread as a copy: no page says who sits where. */
function withoutPlacements({ courses, pools }: BlueprintDiff): BlueprintDiff {
  const bare = (session: BlueprintSession): BlueprintSession => ({ ...session, placements: [] })
  const barePair = (one: SessionChange): SessionChange => ({
    ...one,
    ...{ before: bare(one.before), after: bare(one.after) },
  })
  return {
    pools,
    courses: courses.map((course) => ({
      ...course,
      ...{ added: course.added.map(bare), removed: course.removed.map(bare) },
      ...{ moved: course.moved.map(barePair), resized: course.resized.map(barePair) },
      adjusted: course.adjusted.map(barePair),
    })),
  }
}

function timeZoneOf({ plans }: Compiled, key: string): string {
  const plan = plans.find((one) => one.course.key === key)
  return plan?.course.timeZone ?? plan?.zone.timeZone ?? defaultZone.timeZone
}

/** Of these courses as it is this moment. */
function knownAbout(all: KnownOfCourses, own: KnownOfCourses, keys: string[]): KnownOfCourses {
  const only = <Value>(of: Record<string, Value>, some: Record<string, Value>) => {
    const others = { ...of }
    for (const key of keys) delete others[key]
    return Object.assign(others, some)
  }
  return {
    taken: only(all.taken, own.taken),
    dormant: only(all.dormant, own.dormant),
    granted: only(all.granted, own.granted),
    roster: only(all.roster, own.roster),
    listed: only(all.listed, own.listed),
    closed: own.closed,
  }
}

/** So that the first look does not wait for it. */
export async function compileAhead(db: Db, now: Date): Promise<void> {
  await compiledInForce(db, now)
}

/** What is approved, compiled as of now; the very same objects until something of it is another. */
export async function compiledInForce(db: Db, now: Date): Promise<InForce> {
  const head = await findHead(db)
  const version = head?.version ?? 0
  const isSame = inForce?.version === version
  const isFresh = inForce && Math.abs(now.getTime() - inForce.knownAt) < KNOWN_MS
  if (inForce && isSame && isFresh) return inForce
  // Read after the version: what is approved between the two is seen at the next look.
  const documents = inForce && isSame ? inForce.documents : await documentsInForce(db)
  const { known, knownAt } =
    inForce && isFresh
      ? { known: await knownAfter(db, inForce, documents), knownAt: inForce.knownAt }
      : { known: await knownOfCourses(db), knownAt: now.getTime() }
  const compiled = compileDocuments(merged(documents, []), known, now, {
    compiler,
    hasNoSlots: true,
  })
  inForce = { version, knownAt, known, documents, compiled }
  return inForce
}

/** A change is of a few courses: what is known of the others stays the same objects. */
async function knownAfter(
  db: Db,
  before: InForce,
  documents: StoredDocument[],
): Promise<KnownOfCourses> {
  const nameOf = ({ kind, key }: StoredDocument) => `${kind} ${key}`
  const texts = new Map(before.documents.map((one) => [nameOf(one), one.text]))
  const keys = documents
    .filter((one) => one.kind === 'Course' && texts.get(nameOf(one)) !== one.text)
    .map((one) => one.key)
  return keys.length === 0
    ? before.known
    : knownAbout(before.known, await knownOfCourses(db, keys), keys)
}
