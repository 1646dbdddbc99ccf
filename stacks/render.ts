/** Content → the exact Terraform JSON that is planned and applied. */
import type { StackContent } from './content.ts'
import { synthesize, withoutTraces } from './parts/synthesize.ts'
import { SeatsStack } from './seats.ts'
import { VolumesStack } from './volumes.ts'

/** Canonical bytes, as text; about 10 ms for 30 seats once cdktf is loaded. */
export function renderStack(content: StackContent): string {
  return synthesize(
    withoutTraces(() =>
      content.kind === 'seats' ? new SeatsStack(content) : new VolumesStack(content),
    ),
  )
}
