/** One seat's volume of one generation, and what the volumes of a stack are held to. */
import type { ServiceTaskSpecContainerSpecMounts } from '@cdktf/provider-docker/lib/service/index.js'
import { Volume } from '@cdktf/provider-docker/lib/volume/index.js'
import type { TerraformStack } from 'cdktf'
import type { ServiceTemplate } from '../blueprint.ts'
import type { VolumeContent, VolumeLimit, VolumesContent } from '../content.ts'
import {
  ownLabels,
  type SeatName,
  seatLabel,
  seatNumber3,
  serviceName,
  slotFolder,
  slotMountName,
  volumeHome,
  volumeName,
} from './names.ts'
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

/**
 * What a seat shows of its holder's own volume: mounts that are made on the node, or on the server, while it runs appear in it.
 * @param owner labels that say whose the seat is
 */
export function personalMount(
  course: { storageRoot?: string; installation: string; course8: string },
  number: number,
  { mountPath, server }: NonNullable<ServiceTemplate['personal']>,
  owner: { label: string; value: string }[],
): Mount {
  const seat = { ...course, number }
  if (server !== undefined) return servedSlot(seat, { target: literal(mountPath), server, owner })
  const { storageRoot } = course
  if (storageRoot === undefined)
    throw new Error(`Nobody said where nodes have the slot of ${serviceName(seat)}.`)
  return {
    type: 'bind',
    source: slotFolder(storageRoot, serviceName(seat)),
    target: literal(mountPath),
    bindOptions: { propagation: 'rslave' },
  }
}

/**
 * The slot is the server's, and read-only there. A client looks again after a second at most: somebody waits for what appears in
 * it. What the client mounts by itself in it takes its flags over.
 */
function servedSlot(
  seat: SeatName,
  of: { target: string; server: string; owner: { label: string; value: string }[] },
): Mount {
  const o = `addr=${of.server},vers=4.2,hard,timeo=100,acdirmin=1,acdirmax=1,nosuid,nodev`
  return {
    ...{ type: 'volume', source: slotMountName(seat), target: of.target },
    volumeOptions: {
      ...{ labels: of.owner, driverName: 'local' },
      driverOptions: { type: 'nfs', o, device: `:/slots/${serviceName(seat)}` },
      // Nothing of an image is put into it.
      noCopy: true,
    },
  }
}

/** Megabytes by volume: a resize is a change of this in the plan, and of nothing that holds files. */
export function volumeLimits({ volumes }: VolumesContent): Record<string, number> {
  return Object.fromEntries(
    volumes.flatMap((of) => (of.limit ? [[volumeId(of), of.limit.limitMb]] : [])),
  )
}
