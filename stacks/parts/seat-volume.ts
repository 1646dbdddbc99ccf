/** One seat's volume of one generation, and what the volumes of a stack are held to. */
import { Volume } from '@cdktf/provider-docker/lib/volume/index.js'
import type { TerraformStack } from 'cdktf'
import type { VolumeContent, VolumesContent } from '../content.ts'
import { ownLabels, seatLabel, seatNumber3, volumeHome, volumeName } from './names.ts'

export function seatVolume(stack: TerraformStack, course: VolumesContent, of: VolumeContent): void {
  const name = { ...course, number: of.seat, generation: of.generation }
  const labels = ownLabels({ ...course, stack: course.key, seat: seatLabel(name) })
  const id = volumeId(of)
  const volume = new Volume(stack, id, {
    name: volumeName(name),
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    ...(of.limit && { driver: 'local', driverOpts: boundFolder(course, volumeName(name)) }),
    // A volume's labels cannot be changed in place, and students' files are in it.
    lifecycle: { preventDestroy: true, ignoreChanges: ['labels', 'driver', 'driver_opts'] },
  })
  volume.overrideLogicalId(id)
}

const volumeId = (of: VolumeContent): string => `s${seatNumber3(of.seat)}-g${of.generation}`

/** For the engine's local driver: shows this folder of the node, and fails when it is not there. */
export function boundFolder(
  { storageRoot }: { storageRoot?: string },
  name: string,
): Record<string, string> {
  if (storageRoot === undefined) throw new Error(`Nobody said where nodes have volume ${name}.`)
  return { type: 'none', o: 'bind', device: volumeHome(storageRoot, name) }
}

/** Megabytes by volume: a resize is a change of this in the plan, and of nothing that holds files. */
export function volumeLimits({ volumes }: VolumesContent): Record<string, number> {
  return Object.fromEntries(
    volumes.flatMap((of) => (of.limit ? [[volumeId(of), of.limit.limitMb]] : [])),
  )
}
