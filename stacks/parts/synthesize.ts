/** From constructs to bytes, in process: no command line, no disk, no traces. */
import type { TerraformStack } from 'cdktf'

/**
 * Canonical Terraform JSON: keys sorted, two spaces, cdktf's own notes (`//`) dropped. The same stack
 * always gives the same bytes, so they can be hashed, compared and put into Git.
 */
export function synthesize(stack: TerraformStack): string {
  // prepareStack() would resolve everything once more, only to find references between stacks.
  const tree = withoutTraces(() => stack.toTerraform()) as unknown
  return `${JSON.stringify(canonical(tree), null, 2)}\n`
}

/**
 * Runs `build` without recording where each token was made, which is otherwise nine tenths of the time
 * that building takes (4.6 s instead of 0.2 s for 1,000 services). Synchronous: nobody else notices.
 */
export function withoutTraces<T>(build: () => T): T {
  const { captureStackTrace } = Error
  Error.captureStackTrace = () => {}
  try {
    return build()
  } finally {
    Error.captureStackTrace = captureStackTrace
  }
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([key, field]) => key !== '//' && field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, field]) => [key, canonical(field)]))
}
