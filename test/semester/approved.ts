/** The campus of a semester as it is on its first day: approved, with its people, and nobody came yet. */
import { randomBytes } from 'node:crypto'
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { proposeChange } from '../../api/data/changes/change.ts'
import { execute, many, type Pool, sql } from '../../api/data/db.ts'
import { newId, newToken } from '../../api/data/ids.ts'
import { type KeyRing, keyRing } from '../../api/data/key-ring.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import type { CompileInput } from '../../stacks/compile.ts'
import { documentsOf, semesterCampus, type SemesterSize } from './campus.ts'
import { personKey } from './students.ts'

export type ApprovedCampus = {
  ring: KeyRing
  input: CompileInput
  blueprint: Blueprint
  /** Ids by key, and of persons by course key and student. */
  courses: Map<string, string>
  people: Map<string, string>
}

export async function approvedCampus(
  pool: Pool,
  seed: number,
  size: SemesterSize,
): Promise<ApprovedCampus> {
  const ring = keyRing({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } })
  const input = semesterCampus(seed, size)
  const blueprint = await approve(pool, ring, input)
  return {
    ...{ ring, input, blueprint },
    courses: await coursesOf(pool),
    people: await makePeople(pool, input),
  }
}

async function approve(pool: Pool, ring: KeyRing, input: CompileInput): Promise<Blueprint> {
  const outcome = await proposeChange(pool, {
    ...{ sources: documentsOf(input), ring, now: new Date(input.now) },
    actor: { name: 'semester', role: 'operator' },
  })
  if (outcome.outcome !== 'changed' || outcome.change.state !== 'approved')
    throw new Error(`The campus was not approved: ${JSON.stringify(outcome).slice(0, 2000)}`)
  const head = await currentBlueprint(pool)
  if (!head) throw new Error('An approved campus has no blueprint.')
  return head.blueprint
}

async function coursesOf(pool: Pool): Promise<Map<string, string>> {
  const rows = await many<{ id: string; key: string }>(pool, sql`select id, key from course`)
  return new Map(rows.map((row) => [row.key, row.id]))
}

async function makePeople(pool: Pool, input: CompileInput): Promise<Map<string, string>> {
  const people = new Map<string, string>()
  for (const course of input.courses)
    for (let student = 0; student < course.students; student++)
      people.set(personKey(course.key, student), newId())
  const now = new Date(input.now)
  await execute(
    pool,
    sql`insert into person (id, zone_id, pseudonym, locale, administrator, created_at, seen_at)
        select t.id, zone.id, t.pseudonym, 'en', false, ${now}, ${now}
        from zone, unnest(${[...people.values()]}::uuid[], ${[...people.keys()].map(() => `p-${newToken()}`)}::text[])
          as t (id, pseudonym) where zone.key = 'default'`,
  )
  return people
}
