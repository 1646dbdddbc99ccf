/**
 * Terraform's plan as `show -json` prints it, reduced to what we keep. The full text holds every value in
 * clear, also sensitive ones: it is read in memory, cut down to an allow-list here, and forgotten.
 */
import { z } from 'zod'
import { type Facets, facetsOf } from './facets.ts'
import { machineFacetsOf } from './facets-machines.ts'

const labels = z
  .array(z.looseObject({ label: z.string(), value: z.string() }))
  .optional()
  .nullable()
const attributes = z
  .looseObject({
    id: z.string().optional().nullable(),
    name: z.string().optional().nullable(),
    labels,
    metadata: z.record(z.string(), z.string()).nullish(),
    tags: z.array(z.string()).nullish(),
    // What a cloud has, whatever the configuration said: all there is of an object that was just imported.
    all_metadata: z.record(z.string(), z.string()).nullish(),
    all_tags: z.array(z.string()).nullish(),
  })
  .nullable()

const shown = z.looseObject({
  resource_changes: z
    .array(
      z.looseObject({
        address: z.string(),
        mode: z.string(),
        type: z.string(),
        change: z.looseObject({
          actions: z.array(z.string()),
          before: attributes,
          after: attributes,
          importing: z.unknown().optional(),
        }),
      }),
    )
    .default([]),
})

export type Action = 'none' | 'create' | 'update' | 'replace' | 'delete' | 'forget'

export type Change = {
  address: string
  type: string
  action: Action
  /** The object exists and only enters the state. */
  isImport: boolean
  /** Id and labels of what exists; null for what does not. */
  id: string | null
  labelsBefore: Record<string, string> | null
  labelsAfter: Record<string, string> | null
  /** Top-level attributes that differ, by name only. */
  changed: string[]
  /** What matters of what it will be; undefined for what goes. */
  planned?: Facets | undefined
}

export type PlanSummary = {
  create: number
  update: number
  replace: number
  delete: number
  import: number
  /** Addresses by action, without what stays as it is. */
  changes: { address: string; action: Action | 'import'; changed?: string[] }[]
}

/** @param text stdout of `terraform show -json plan` */
export function readPlan(text: string): Change[] {
  const plan = shown.parse(JSON.parse(text))
  return plan.resource_changes
    .filter((resource) => resource.mode === 'managed')
    .map(({ address, type, change }) => ({
      address,
      type,
      action: actionOf(change.actions),
      isImport: change.importing !== undefined && change.importing !== null,
      id: change.before?.id ?? null,
      labelsBefore: labelsOf(change.before),
      labelsAfter: labelsOf(change.after),
      changed: changedNames(change.before, change.after),
      planned: machineFacetsOf(type, change.after) ?? facetsOf(type, change.after),
    }))
}

function actionOf(actions: string[]): Action {
  const [first, second] = actions
  if (second) return 'replace'
  if (first === 'create' || first === 'update' || first === 'delete' || first === 'forget')
    return first
  if (first === 'no-op') return 'none'
  throw new Error(`Terraform planned an action we do not know: ${actions.join(', ')}.`)
}

/** Of Docker's objects their labels, of a cloud's their metadata, else their tags. */
function labelsOf(of: z.infer<typeof attributes>): Record<string, string> | null {
  if (!of) return null
  if (of.metadata || of.all_metadata) return { ...of.all_metadata, ...of.metadata }
  const tags = [...(of.all_tags ?? []), ...(of.tags ?? [])]
  if (of.tags || of.all_tags) return Object.fromEntries(tags.map((tag) => tag.split('=', 2)))
  return Object.fromEntries((of.labels ?? []).map(({ label, value }) => [label, value]))
}

function changedNames(
  before: z.infer<typeof attributes>,
  after: z.infer<typeof attributes>,
): string[] {
  if (!before || !after) return []
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .toSorted()
}

export function summarise(changes: Change[]): PlanSummary {
  const count = (action: Action) => changes.filter((change) => change.action === action).length
  return {
    create: count('create'),
    update: count('update'),
    replace: count('replace'),
    delete: count('delete'),
    import: changes.filter((change) => change.isImport).length,
    changes: changes
      .filter((change) => change.action !== 'none' || change.isImport)
      .map(({ address, action, isImport, changed }) => ({
        address,
        action: action === 'none' && isImport ? 'import' : action,
        ...(action === 'update' && { changed }),
      })),
  }
}

/** Whether applying the plan would do anything at all. */
export const isEmpty = (changes: Change[]): boolean =>
  changes.every((change) => change.action === 'none' && !change.isImport)

/** Whether the plan writes over something that exists: such a plan must have looked at it first. */
export const writesOver = (changes: Change[]): boolean =>
  changes.some((change) => change.action === 'update' || change.action === 'replace')
