/** One seat's volume of one generation. */
import { Volume } from '@cdktf/provider-docker/lib/volume/index.js'
import type { TerraformStack } from 'cdktf'
import type { VolumeContent, VolumesContent } from '../content.ts'
import { ownLabels, seatLabel, seatNumber3, volumeName } from './names.ts'

export function seatVolume(stack: TerraformStack, course: VolumesContent, of: VolumeContent): void {
  const name = { ...course, number: of.seat, generation: of.generation }
  const labels = ownLabels({ ...course, stack: course.key, seat: seatLabel(name) })
  const id = `s${seatNumber3(of.seat)}-g${of.generation}`
  const volume = new Volume(stack, id, {
    name: volumeName(name),
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    // A volume's labels cannot be changed in place, and students' files are in it.
    lifecycle: { preventDestroy: true, ignoreChanges: ['labels', 'driver', 'driver_opts'] },
  })
  volume.overrideLogicalId(id)
}
