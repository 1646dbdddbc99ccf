/** Docker names and labels of what Labplan makes: how everything of ours is found again. */

/** A seat of a course of an installation. */
export type SeatName = { installation: string; course8: string; number: number }

/** `17` → `017`: numbers sort as text. */
export const seatNumber3 = (number: number): string => String(number).padStart(3, '0')

/** `k3x9q2ab/017`: the value of label `labplan.seat`. */
export const seatLabel = (seat: Pick<SeatName, 'course8' | 'number'>): string =>
  `${seat.course8}/${seatNumber3(seat.number)}`

/** `lp-<installation>-<course8>-s017`: at most 63 characters, a Swarm service name. */
export const serviceName = (seat: SeatName): string =>
  `lp-${seat.installation}-${seat.course8}-s${seatNumber3(seat.number)}`

/** Label of a node in the Swarm: the one whose GPUs this seat was given. */
export const gpuNodeLabel = (seat: SeatName): string => `${GPU_LABEL}${serviceName(seat)}`

/** What all such labels begin with, and those of one installation. */
export const GPU_LABEL = 'labplan.gpu.'
export const gpuLabelsOf = (installation: string): string => `${GPU_LABEL}lp-${installation}-`

/** Of such a label. */
export const installationOfGpuLabel = (label: string): string | undefined =>
  /^labplan\.gpu\.lp-([^-]+)-/.exec(label)?.[1]

/** `lp-<installation>-<course8>-s017-g1`. */
export const volumeName = (seat: SeatName & { generation: number }): string =>
  `${serviceName(seat)}-g${seat.generation}`

/** Of a person's own volume, told by its name alone: `personal` stands where a course's code does. */
export const isPersonalName = (name: string): boolean =>
  /^lp-[a-z0-9]{8}-personal-s\d+-g1$/.test(name)

/** `lp-<installation>-<course8>-s017-g1-scratch`: a node's own, while the seat's volume is out of reach. */
export const scratchName = (seat: SeatName & { generation: number }): string =>
  `${volumeName(seat)}-scratch`

/** `lp-<installation>-<course8>-data-g2`: version 2 of a course's data. */
export const dataVolumeName = (of: {
  installation: string
  course8: string
  version: number
}): string => `lp-${of.installation}-${of.course8}-data-g${of.version}`

/** `lp-<installation>-board`: what the storage agents of an installation write on for each other, as a share of a cloud. */
export const boardName = (installation: string): string => `lp-${installation}-board`

/**
 * Where a node has the files of a volume that a backend keeps. A folder inside what is mounted: when that is not
 * there, neither is this, and a seat does not start rather than begin with an empty home.
 */
export const volumeHome = (storageRoot: string, name: string): string =>
  `${storageRoot}/mounts/${name}/home`

/**
 * Where a node has what a seat shows of its holder's own volume: an empty folder in which nobody can write, onto which the
 * storage agent mounts that volume while the seat runs.
 */
export const slotFolder = (storageRoot: string, name: string): string =>
  `${storageRoot}/slots/${name}`

/**
 * `lp-<installation>-<course8>-s017-slot`: a node's mount of such a folder where a server keeps it. There the volume appears in a
 * folder of it: what a client has mounted stays what it was, whatever the server mounts on it later.
 */
export const slotMountName = (seat: SeatName): string => `${serviceName(seat)}-slot`
export const SLOT_FILES = 'files'

/** Where a seat's holder finds their own volume. */
export const personalPath = (of: { mountPath: string; server?: string | undefined }): string =>
  of.server === undefined ? of.mountPath : `${of.mountPath}/${SLOT_FILES}`

/** `labplan-<installation>-<course8>-s017-g1`: the Swarm secret the worker makes before apply. */
export const secretName = (seat: SeatName & { generation: number }): string =>
  `labplan-${seat.installation}-${seat.course8}-s${seatNumber3(seat.number)}-g${seat.generation}`

/** `lp-<installation>-seats` for network key `seats`. */
export const networkName = (installation: string, key: string): string =>
  `lp-${installation}-${key}`

/** Terraform address of a seat's service. Stable: a renamed address would be destroy and create. */
export const serviceAddress = (number: number): string => `docker_service.s${seatNumber3(number)}`

/** Terraform address of a seat's volume. */
export const volumeAddress = (volume: { seat: number; generation: number }): string =>
  `docker_volume.s${seatNumber3(volume.seat)}-g${volume.generation}`

/** Terraform address of the share that a seat's volume is in, where a cloud keeps it. */
export const shareAddress = (volume: { seat: number; generation: number }): string =>
  volumeAddress(volume).replace('docker_volume', SHARE)
export const SHARE = 'openstack_sharedfilesystem_share_v2'

/** Labels shared by everything of one stack. `labplan.run` is added where a run makes the object. */
export function ownLabels(owner: {
  installation: string
  stack: string
  seat: string
}): Record<string, string> {
  return {
    'labplan.installation': owner.installation,
    'labplan.stack': owner.stack,
    'labplan.seat': owner.seat,
  }
}

/**
 * `lp-<installation>-<pool>`: networks, routers and groups of a pool's base in its first region; in another
 * `lp-<installation>-<pool>_<region>`, so that two names of one region in a catalogue do no harm.
 */
export const baseName = (owner: { installation: string; key: string }): string =>
  `lp-${owner.installation}-${owner.key.slice(owner.key.indexOf('-') + 1)}`

/** The region of a stack of machines, by its key; null in the first of its pool. */
export const otherRegion = (key: string): string | null => {
  const at = key.indexOf('_')
  return at === -1 ? null : key.slice(at + 1)
}

/** `lp-<installation>-<pool>-<node>`: a machine of it, and its port; also its host name. */
export const machineName = (
  owner: { installation: string; pool: string },
  machine: string,
): string => `lp-${owner.installation}-${owner.pool}-${machine}`

/** A region's part in a Terraform address, which may not begin with a digit. */
export const regionId = (name: string): string => `r-${name}`

/** What everything of one stack carries in a cloud: metadata of machines. */
export const machineLabels = (
  owner: { installation: string; key: string },
  machine: string,
): Record<string, string> => ({
  'labplan.installation': owner.installation,
  'labplan.stack': owner.key,
  'labplan.node': machine,
})

/** The same as tags, which most resources of OpenStack's networks have. */
export const cloudTags = (owner: { installation: string; key: string }): string[] => [
  `labplan.installation=${owner.installation}`,
  `labplan.stack=${owner.key}`,
]

/** Below its data-root, what an engine remembers of its networks. */
export const ENGINE_NETWORKS = 'network/files/local-kv.db'
