/** What a change would be, while somebody still works on it: compiled with everything in force, and nothing kept. */
import { type Blueprint, parseBlueprint } from '../../stacks/blueprint.ts'
import { createCompiler } from '../../stacks/compile.ts'
import { type BlueprintDiff, diff } from '../../stacks/rules/diff.ts'
import { type PlanSummary, planSummaries } from '../../stacks/rules/plan-page.ts'
import type { Note, Text } from '../../stacks/terms.ts'
import { type Lane, laneOf } from './change.ts'
import { type StoredDocument, documentsInForce, takenSeats } from './course.ts'
import { type Db, findOne, sql } from './db.ts'
import { compileDocuments, merged, valuesOf } from './documents.ts'

export type Preview = {
  lane: Lane
  /** About the course, and about nothing in particular. */
  notes: Note[]
  difference: BlueprintDiff
  summary: PlanSummary | undefined
  titles: { courses: Map<string, Text>; pools: Map<string, Text> }
}

/** Remembers its last answers: each further look at the same course costs what was touched. */
const compiler = createCompiler()

/** @param document one that can be read: check it before */
export async function previewDocument(
  db: Db,
  { document, now }: { document: StoredDocument; now: Date },
): Promise<Preview> {
  const all = merged(await documentsInForce(db), [document])
  const compiled = compileDocuments(all, await takenSeats(db), now, compiler)
  const pools = valuesOf(all, 'Pool')
  const { key } = document
  const notes = compiled.notes.filter(({ where }) => !where.course || where.course === key)
  const titlesOf = (of: { key: string; title: Text }[]) => new Map(of.map((o) => [o.key, o.title]))
  return {
    lane: laneOf(notes),
    notes,
    difference: diff(await headBlueprint(db), compiled.blueprint, pools),
    summary: planSummaries({ compiled, pools }).get(key),
    titles: { courses: titlesOf(valuesOf(all, 'Course')), pools: titlesOf(pools) },
  }
}

const nothing: Blueprint = { apiVersion: 'labplan/v1', kind: 'Blueprint', courses: [], pools: [] }

async function headBlueprint(db: Db): Promise<Blueprint> {
  const row = await findOne<{ bytes: Buffer }>(
    db,
    sql`select bytes from blueprint join blueprint_head using (digest)`,
  )
  return row ? parseBlueprint(row.bytes) : nothing
}
