/** In which order test files run: two at a time end sooner when none of the long ones begins last. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those of a minute or more on two quiet cores, the longest first. */
const LONG = [
  'machines.real',
  'real-nodes.real',
  'volumes.real',
  'cephfs.real',
  'cephfs-kills.real',
  'storage-cephfs.real',
  'spread.real',
  'join-machine.real',
  'gpu.real',
  'manila.real',
  'manila-remnants.real',
  'personal-volume.real',
  'image.real',
  'terraform-crash.real',
  'terraform-repair.real',
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
