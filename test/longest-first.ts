/** In which order test files run: those side by side end sooner when none of the long ones begins last. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those of a minute or more, the longest first, as scripts/test measured them on two cores. */
const LONG = [
  'machines.real',
  'real-nodes.real',
  'cephfs.real',
  'storage-cephfs.real',
  'volumes.real',
  'manila.real',
  'terraform-repair.real',
  'spread.real',
  'gpu.real',
  'scratch.real',
  'personal-volume.real',
  'thirty.real',
  'nobody-in-logs.real',
  'join-machine.real',
  'terraform-crash.real',
  'image.real',
  'isolation.real',
  // The flow through the product.
  'first-light',
  'class',
  'files-walk',
  'teacher-walk',
  'every-page',
  'flow/pages',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
  return at < 0 ? LONG.length : at
}
