/** One seat's volume of one generation, and what the volumes of a stack are held to. */
import type { ServiceTaskSpecContainerSpecMounts } from '@cdktf/provider-docker/lib/service/index.js'
import { Volume } from '@cdktf/provider-docker/lib/volume/index.js'
import type { TerraformStack } from 'cdktf'
import type { VolumeContent, VolumeLimit, VolumesContent } from '../content.ts'
import { ownLabels, seatLabel, seatNumber3, slotFolder, volumeHome, volumeName } from './names.ts'
import { literal } from './text.ts'

type Mount = ServiceTaskSpecContainerSpecMounts

export function seatVolume(stack: TerraformStack, course: VolumesContent, of: VolumeContent): void {
  const name = { ...course, number: of.seat, generation: of.generation }
  const labels = ownLabels({ ...course, stack: course.key, seat: seatLabel(name) })
  const id = volumeId(of)
  const volume = new Volume(stack, id, {
    name: volumeName(name),
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    ...(of.limit && {
      ...{ driver: 'local', driverOpts: keptFolder(course, volumeName(name), of.limit) },
    }),
    // A volume's labels cannot be changed in place, and students' files are in it.
    lifecycle: { preventDestroy: true, ignoreChanges: ['labels', 'driver', 'driver_opts'] },
  })
  volume.overrideLogicalId(id)
}

const volumeId = (of: VolumeContent): string => `s${seatNumber3(of.seat)}-g${of.generation}`

/** For the engine's local driver: where a node finds this volume's folder, and fails when it is not there. */
export function keptFolder(
  { storageRoot }: { storageRoot?: string },
  name: string,
  { backend, server }: Pick<VolumeLimit, 'backend' | 'server'>,
): Record<string, string> {
  if (backend === 'nfs') return mountedFolder(name, server)
  if (storageRoot === undefined) throw new Error(`Nobody said where nodes have volume ${name}.`)
  return { type: 'none', o: 'bind', device: volumeHome(storageRoot, name) }
}

/**
 * By the kernel's client of the node. Who writes while the server is away waits, and goes on when it is back: an error would
 * be a lost file. A device of its own for each: a seat's `df` tells mounts apart by it, and said the size of the course's data
 * for that of the home. nfs(5).
 */
function mountedFolder(name: string, server: string | undefined): Record<string, string> {
  if (server === undefined) throw new Error(`Nobody said which server keeps volume ${name}.`)
  const o = `addr=${server},vers=4.2,hard,timeo=100,nosharecache,nosuid,nodev`
  return { type: 'nfs', o, device: `:/${name}/home` }
}

/** What a seat shows of its holder's own volume: mounts that are made on the node while it runs appear in it. */
export function personalMount(
  { storageRoot }: { storageRoot?: string },
  slot: string,
  { mountPath }: { mountPath: string },
): Mount {
  if (storageRoot === undefined)
    throw new Error(`Nobody said where nodes have the slot of ${slot}.`)
  return {
    type: 'bind',
    source: slotFolder(storageRoot, slot),
    target: literal(mountPath),
    bindOptions: { propagation: 'rslave' },
  }
}

/** Megabytes by volume: a resize is a change of this in the plan, and of nothing that holds files. */
export function volumeLimits({ volumes }: VolumesContent): Record<string, number> {
  return Object.fromEntries(
    volumes.flatMap((of) => (of.limit ? [[volumeId(of), of.limit.limitMb]] : [])),
  )
}
