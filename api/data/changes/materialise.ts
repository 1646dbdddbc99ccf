/** The rows that follow an approved blueprint: documents, pools, zones, courses, sessions, seats. */
import {
  type Blueprint,
  type BlueprintCourse,
  coursesAlike,
  seatNumbers,
} from '../../../stacks/blueprint.ts'
import { instantOf, parseWall } from '../../../stacks/rules/clock.ts'
import { defaultZone } from '../../../stacks/schema.ts'
import type { Course, Display, Note } from '../../../stacks/terms.ts'
import { findBlueprint } from './blueprint.ts'
import {
  type CourseSubmissions,
  type StoredDocument,
  keepCourse,
  keepDocument,
  keepPool,
  keepZone,
  poolIds,
  zoneIds,
} from '../courses/course.ts'
import type { Db } from '../db.ts'
import { type Proposed, valuesOf } from '../courses/documents.ts'
import type { KeyRing } from '../key-ring.ts'
import { ensureSeats } from '../seats/seat.ts'
import { DOES_NOT_FIT_NOTES, followPlan, placesOf, reopenClosed } from '../sessions/session.ts'

export type Materials = {
  /** What this change brings. */
  documents: StoredDocument[]
  /** Everything in force once it is approved. */
  all: Proposed[]
  blueprint: Blueprint
  /** Of the whole compilation. */
  notes: Note[]
  /** Digest of the blueprint that was in force. */
  parent: string | undefined
  ring: KeyRing
  now: Date
}

export async function materialise(tx: Db, made: Materials): Promise<void> {
  const { all, now } = made
  for (const zone of valuesOf(all, 'Zone'))
    await keepZone(tx, { key: zone.key, title: zone.title.en, timeZone: zone.timeZone, now })
  const zones = await zoneIds(tx)
  for (const pool of valuesOf(all, 'Pool'))
    await keepPool(tx, { key: pool.key, zoneId: zoneOf(zones, pool.zone), now })
  await keepOtherDocuments(tx, made, zones)
  const same = await coursesAsBefore(tx, made)
  const pools = await poolIds(tx)
  for (const course of valuesOf(all, 'Course')) {
    const plan = made.blueprint.courses.find((one) => one.key === course.key)
    if (plan && hasMoved(course, made, same)) await follow(tx, { plan, course, pools, zones, made })
  }
}

function zoneOf(zones: Map<string, string>, key: string): string {
  const id = zones.get(key)
  if (!id) throw new Error(`A document names the zone ${key}, which does not exist.`)
  return id
}

async function keepOtherDocuments(
  tx: Db,
  made: Materials,
  zones: Map<string, string>,
): Promise<void> {
  for (const { kind, key, text } of made.documents) {
    if (kind === 'Course') continue
    const { parsed } = made.all.find((one) => one.kind === kind && one.key === key) ?? {}
    const zone = parsed && 'zone' in parsed.value ? parsed.value.zone : 'default'
    await keepDocument(tx, { kind, key, text, zoneId: zoneOf(zones, zone), now: made.now })
  }
}

/** Most changes touch one course of many: the rows of the others are right already. */
async function coursesAsBefore(tx: Db, { parent, blueprint }: Materials): Promise<Set<string>> {
  const before = parent === undefined ? undefined : await findBlueprint(tx, parent)
  return before ? coursesAlike(blueprint, before) : new Set()
}

const hasMoved = ({ key }: Course, made: Materials, same: Set<string>): boolean =>
  !same.has(key) || made.documents.some((one) => one.kind === 'Course' && one.key === key)

/** The deadline as an instant: its wall time is in the course's zone, also after the clocks change. */
function submissionsOf({ submissions }: Course, timeZone: string): CourseSubmissions | null {
  if (!submissions) return null
  const { due, most, totalMb, duty } = submissions
  return {
    ...{ most: most ?? null, totalMb: totalMb ?? null },
    dueAt: due === undefined ? null : new Date(instantOf(parseWall(due), timeZone)),
    // To the end of its day.
    duty: duty
      ? {
          reason: duty.reason,
          until: new Date(instantOf(parseWall(duty.until) + DAY_MS, timeZone)),
        }
      : null,
  }
}

const DAY_MS = 86_400_000

function timeZoneOf({ all }: Materials, course: Course): string {
  const zone = valuesOf(all, 'Zone').find((one) => one.key === course.zone) ?? defaultZone
  return course.timeZone ?? zone.timeZone
}

const plainDisplay: Display = { ports: [], buttons: [] }

async function follow(
  tx: Db,
  of: {
    plan: BlueprintCourse
    course: Course
    pools: Map<string, string>
    zones: Map<string, string>
    made: Materials
  },
): Promise<void> {
  const { plan, course, pools, made } = of
  const { now } = made
  const stored = made.all.find((one) => one.kind === 'Course' && one.key === course.key)
  const unfit = new Set(
    made.notes
      .filter((note) => DOES_NOT_FIT_NOTES.has(note.code) && note.where.course === plan.key)
      .map((note) => note.where.session ?? ''),
  )
  const { id, dormantHolders } = await keepCourse(tx, {
    plan,
    zoneId: zoneOf(of.zones, course.zone),
    state: course.state,
    title: course.title,
    description: course.description ?? null,
    display: course.display ?? plainDisplay,
    document: stored?.text ?? '',
    followsRoster: course.followRoster ?? false,
    timeZone: course.timeZone ?? null,
    submissions: submissionsOf(course, timeZoneOf(made, course)),
    data: course.data ?? null,
    held: plan.sessions.filter((one) => !unfit.has(one.key) || placesOf(one) > 0),
    now,
  })
  await followPlan(tx, { id, sessions: plan.sessions, poolIds: pools, unfit, now })
  await reopenClosed(tx, { courseId: id, now })
  const poolId = pools.get(plan.pool)
  const seats = Math.max(plan.allowance.seats + dormantHolders, ...seatNumbers(plan.seats))
  if (plan.template && poolId)
    await ensureSeats(tx, made.ring, { id, poolId, seats, ports: plan.template.ports, now })
}
