/** The share of a cloud that one seat's volume is in: native CephFS, which Manila makes, holds to its size and gives keys of. */
import type { TerraformStack } from 'cdktf'
import type { ShareKind, VolumeContent, VolumesContent } from '../content.ts'
import { ownLabels, seatLabel, shareAddress, volumeName } from './names.ts'
import { resource } from './openstack.ts'

const GIB_IN_MB = 1024

/** Manila knows whole GiB: what a limit in megabytes comes to there, in megabytes. */
export const wholeGib = (mb: number): number => Math.ceil(mb / GIB_IN_MB) * GIB_IN_MB

/**
 * Neither a rule of access nor a key is in it: those are between Manila and the storage agent. Larger and smaller are the
 * agent's, too, by what was applied of the limits, since Manila would end a share in error that is to hold less than is in it.
 */
export function seatShare(
  stack: TerraformStack,
  course: VolumesContent,
  of: VolumeContent,
  { region, shareType }: ShareKind,
): void {
  const name = { ...course, number: of.seat, generation: of.generation }
  const [type = '', id = ''] = shareAddress(of).split('.')
  if (type !== 'openstack_sharedfilesystem_share_v2' || !of.limit) return
  resource(
    stack,
    type,
    id,
    {
      ...{ region, name: volumeName(name), share_proto: 'CEPHFS', share_type: shareType },
      size: wholeGib(of.limit.limitMb) / GIB_IN_MB,
      metadata: ownLabels({ ...course, stack: course.key, seat: seatLabel(name) }),
    },
    // Students' files are in it. Its driver writes among its metadata.
    { preventDestroy: true, ignoreChanges: ['size', 'metadata', 'share_type'] },
  )
}
