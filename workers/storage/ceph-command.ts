/** What the cephfs backend runs of Ceph, as values: `ceph fs subvolume …` of the volumes module (docs.ceph.com/en/pacific/cephfs/fs-volumes) and ceph-fuse. */
import type { Argv } from './command.ts'

/** How Ceph is reached, and where in it volumes are. `group` is one installation's alone. */
export type Cluster = { configFile: string; client: string; fileSystem: string; group: string }

/** Ceph gives the key of a volume only to who says for whom it asks, and to no other afterwards. */
const TENANT = 'labplan'
const WAIT_S = 20
const MIB = 1024 * 1024

const ceph = (of: Cluster, ...words: string[]): Argv => [
  ...(['ceph', '--conf', of.configFile, '--id', of.client] as const),
  ...['--connect-timeout', String(WAIT_S), ...words],
]
const inGroup = (of: Cluster): string[] => ['--group_name', of.group]

export const makeGroupCommand = (of: Cluster): Argv =>
  ceph(of, 'fs', 'subvolumegroup', 'create', of.fileSystem, of.group)

export const listCommand = (of: Cluster): Argv =>
  ceph(of, 'fs', 'subvolume', 'ls', of.fileSystem, ...inGroup(of), '--format', 'json')

/**
 * Of a size, in a namespace of its pool that is its own: else its key, which the metadata server holds to its path, could ask
 * the disks themselves for others' blocks.
 */
export const makeCommand = (of: Cluster, name: string, limitMb: number): Argv =>
  ceph(
    of,
    ...['fs', 'subvolume', 'create', of.fileSystem, name, ...inGroup(of)],
    ...['--size', String(limitMb * MIB), '--mode', '711', '--namespace-isolated'],
  )

export const describeCommand = (of: Cluster, name: string): Argv =>
  ceph(of, ...['fs', 'subvolume', 'info', of.fileSystem, name, ...inGroup(of), '--format', 'json'])

export const pathCommand = (of: Cluster, name: string): Argv =>
  ceph(of, 'fs', 'subvolume', 'getpath', of.fileSystem, name, ...inGroup(of))

/** Answers the key of the volume's own user, who is called as it is; made if there is none. */
export const keyCommand = (of: Cluster, name: string): Argv =>
  ceph(
    of,
    ...['fs', 'subvolume', 'authorize', of.fileSystem, name, name, ...inGroup(of)],
    ...['--access_level', 'rw', '--tenant_id', TENANT],
  )

export const endKeyCommand = (of: Cluster, name: string): Argv =>
  ceph(of, 'fs', 'subvolume', 'deauthorize', of.fileSystem, name, name, ...inGroup(of))

/** Ends what others have mounted with its key. */
export const evictCommand = (of: Cluster, name: string): Argv =>
  ceph(of, 'fs', 'subvolume', 'evict', of.fileSystem, name, name, ...inGroup(of))

/** Refused when more is in it. */
export const resizeCommand = (of: Cluster, name: string, limitMb: number): Argv =>
  ceph(
    of,
    ...['fs', 'subvolume', 'resize', of.fileSystem, name, String(limitMb * MIB)],
    ...[...inGroup(of), '--no_shrink'],
  )

/** Once more under the same name does no harm. */
export const takeSnapshotCommand = (of: Cluster, name: string, snapshot: string): Argv =>
  ceph(of, ...snapshotWords('create', of, name), snapshot, ...inGroup(of))

export const dropSnapshotCommand = (of: Cluster, name: string, snapshot: string): Argv =>
  ceph(of, ...snapshotWords('rm', of, name), snapshot, ...inGroup(of))

export const listSnapshotsCommand = (of: Cluster, name: string): Argv =>
  ceph(of, ...snapshotWords('ls', of, name), ...inGroup(of), '--format', 'json')

const snapshotWords = (act: 'create' | 'rm' | 'ls', of: Cluster, name: string): string[] => [
  ...['fs', 'subvolume', 'snapshot', act, of.fileSystem, name],
]

/** Into Ceph's bin, which it empties by itself. Refused while it has a snapshot. */
export const removeCommand = (of: Cluster, name: string): Argv =>
  ceph(of, 'fs', 'subvolume', 'rm', of.fileSystem, name, ...inGroup(of))

export const fileSystemsCommand = (of: Cluster): Argv => ceph(of, 'fs', 'ls', '--format', 'json')
export const healthCommand = (of: Cluster): Argv => ceph(of, 'health', '--format', 'json')
export const usageCommand = (of: Cluster): Argv => ceph(of, 'df', '--format', 'json')

/** Program that keeps a volume mounted. */
export const CLIENT = 'ceph-fuse'
/** What `mountCommand` ends with while the client of before lives. */
export const STILL_HELD = 75

/**
 * As the volume's own user, who may see its path alone. The client keeps the lock for as long as it lives, also when it outlives
 * who started it: there are never two. One that Ceph does not let in ends by itself: by its own default it would keep an agent from all
 * other volumes for five minutes.
 */
export const mountCommand = (of: Pick<Cluster, 'configFile'>, mount: CephMount): Argv => [
  ...(['flock', '--nonblock', '--conflict-exit-code', String(STILL_HELD), mount.lock] as const),
  ...([CLIENT, '--conf', of.configFile, '--id', mount.name] as const),
  ...monitorsOf(mount),
  ...['--keyring', mount.keyring, '--client_fs', mount.fileSystem, '-r', mount.path],
  ...EXACT,
  `--client_snapdir=${mount.snapFolder}`,
  `--client_mount_timeout=${WAIT_S}`,
  ...[mount.folder, '-o', 'nodev,nosuid'],
]

const monitorsOf = ({ monitors }: { monitors?: string | undefined }): string[] =>
  monitors === undefined ? [] : ['-m', monitors]

/** As the user of a volume, who may read what the monitors say of the whole. */
export const healthAsCommand = (
  of: Pick<Cluster, 'configFile'>,
  as: Pick<CephMount, 'name' | 'keyring' | 'monitors'>,
): Argv => [
  ...(['ceph', '--conf', of.configFile, '--id', as.name, '--keyring', as.keyring] as const),
  ...[...monitorsOf(as), '--connect-timeout', String(WAIT_S), 'health', '--format', 'json'],
]

export type CephMount = {
  name: string
  keyring: string
  lock: string
  path: string
  fileSystem: string
  /** Where no configuration says who they are. */
  monitors?: string | undefined
  folder: string
  /** What the folder of its snapshots is called in each of its folders. */
  snapFolder: string
}

/**
 * Ceph's clients hold themselves to a quota, by what they last heard of its use: what is closed is told at once, and little is
 * kept back unwritten, so that what is heard is what there is.
 */
const EXACT = [
  '--client_caps_release_delay=0',
  ...['--client_oc_max_dirty=1048576', '--client_oc_target_dirty=524288'],
]

export const attributeCommand = (folder: string, name: string): Argv => [
  ...(['getfattr', '--absolute-names', '--only-values', '--name', name] as const),
  folder,
]

/** Error codes of Ceph's monitors and modules are those of Linux. */
export const NOT_THERE = 2
