/** What a change would be, while somebody still works on it: compiled with everything in force, and nothing kept. */
import { emptyBlueprint } from '../../stacks/blueprint.ts'
import { createCompiler } from '../../stacks/compile.ts'
import { type BlueprintDiff, diff } from '../../stacks/rules/diff.ts'
import { type PlanSummary, planSummaries } from '../../stacks/rules/plan-page.ts'
import type { Lane } from '../../stacks/rules/gate.ts'
import type { GateRule, Note } from '../../stacks/terms.ts'
import { currentBlueprint } from './blueprint.ts'
import { type StoredDocument, documentsInForce, knownOfCourses } from './course.ts'
import type { Db } from './db.ts'
import { judge } from './gate.ts'
import { type Titles, compileDocuments, merged, titlesIn, valuesOf } from './documents.ts'

export type Preview = {
  lane: Lane
  /** Why it needs somebody, or is denied; of the policy's rules those that hold. */
  rules: GateRule[]
  /** About the course, and about nothing in particular. */
  notes: Note[]
  difference: BlueprintDiff
  summary: PlanSummary | undefined
  titles: Titles
}

/** Remembers its last answers: each further look at the same course costs what was touched. */
const compiler = createCompiler()

/** @param document one that can be read: check it before */
export async function previewDocument(
  db: Db,
  { document, now }: { document: StoredDocument; now: Date },
): Promise<Preview> {
  const inForce = await documentsInForce(db)
  const all = merged(inForce, [document])
  const compiled = compileDocuments(all, await knownOfCourses(db), now, compiler)
  const pools = valuesOf(all, 'Pool')
  const { key } = document
  const before = (await currentBlueprint(db))?.blueprint ?? emptyBlueprint
  const { lane, rules } = judge({
    ...{ author: 'teacher', documents: [document], inForce, all, compiled, before, now },
  }).decision
  return {
    lane,
    rules,
    notes: compiled.notes.filter(({ where }) => !where.course || where.course === key),
    difference: diff(before, compiled.blueprint, pools),
    summary: planSummaries({ compiled, pools }).get(key),
    titles: titlesIn(all),
  }
}
