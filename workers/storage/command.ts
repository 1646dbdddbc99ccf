/** The programs of e2fsprogs and util-linux that the local backend runs, as values. Sizes are in bytes. */
import { execFile } from 'node:child_process'

export type Argv = [program: string, ...args: string[]]

/** Another size than this is not meant: mke2fs would choose 1 KiB blocks for small ones. */
export const BLOCK = 4096
/** Of one program: less than who asks the agent waits (120 s), so that they mostly hear what it was, and not nothing. */
const LIMIT_MS = 100_000
/** From when it is told to end. */
const ENDING_MS = 3_000

/** What a volume of this size has for each file that it may hold: many small ones fill it before it has no more of them. */
const bytesPerFile = (bytes: number): number => (bytes > 16 * 2 ** 30 ? 16_384 : BLOCK)

/** How many files and folders a volume may hold, empty ones too: those take room that no limit of bytes counts. */
export const filesFor = (limitMb: number): number =>
  Math.floor((limitMb * 2 ** 20) / bytesPerFile(limitMb * 2 ** 20))

/**
 * Blocks of 4 KiB, nothing kept for root, and an inode for each 4 KiB up to 16 GiB, so that many small files fill a volume
 * before its inodes are gone. The file is new and so all zeros: nothing has to be written over. `content` is a folder whose
 * content it begins with. Its checksums do not depend on its UUID, so that a copy can have another one. What it wrote is on disk
 * when it ends.
 */
export function formatCommand(file: string, bytes: number, content?: string): Argv {
  return [
    ...([
      'mkfs.ext4',
      '-q',
      '-F',
      '-O',
      'metadata_csum,metadata_csum_seed',
      '-b',
      String(BLOCK),
      '-I',
      '256',
      '-i',
      String(bytesPerFile(bytes)),
    ] as const),
    ...['-m', '0', '-J', 'size=4', ...(content === undefined ? [] : ['-d', content]), '-E'],
    ...['lazy_itable_init=1,assume_storage_prezeroed=1,nodiscard', file],
  ]
}

/**
 * From a loop device, or from a file through one that goes with its last mount. `discard` gives the machine back what students delete;
 * nobody's file is a device or runs as another.
 */
export const mountCommand = (source: string, folder: string): Argv => [
  ...(['mount', '-t', 'ext4', '-o'] as const),
  `${source.startsWith('/dev/') ? '' : 'loop,'}nodev,nosuid,discard,noinit_itable,errors=remount-ro`,
  ...[source, folder],
]

/**
 * Absolute and without links. Told so, umount(8) asks the file system for nothing before: a client whose key has ended never answers how
 * large it is, and who waits for that in the kernel cannot be ended.
 */
export const unmountCommand = (folder: string): Argv => ['umount', '--no-canonicalize', folder]
export const describeCommand = (file: string): Argv => ['dumpe2fs', '-h', file]
export const attachedCommand = (file: string): Argv => [
  ...(['losetup', '--noheadings', '--output', 'NAME', '--associated'] as const),
  file,
]
export const lengthenCommand = (device: string): Argv => ['losetup', '--set-capacity', device]
/** Online: needs CAP_SYS_RESOURCE, which not every root has. */
export const growCommand = (device: string): Argv => ['resize2fs', device]
export const checkCommand = (device: string): Argv => ['e2fsck', '-f', '-p', device]
/** Where a file is not a hole, where its file system says so (FIEMAP): a line each, in blocks. */
export const extentsCommand = (file: string): Argv => ['filefrag', '-s', '-v', `-b${BLOCK}`, file]
/** Takes blocks without writing them. */
export const reserveCommand = (file: string, bytes: number): Argv => [
  ...(['fallocate', '--length'] as const),
  String(bytes),
  file,
]

/** A folder that is empty yet becomes a project with a limit. One path in each call: two share a number (xfs_quota(8), Debian 12). */
export const holdCommand = (
  mount: string,
  { folder, project, limitMb }: { folder: string; project: number; limitMb: number },
): Argv => xfsQuota(mount, `project -s -p ${folder} ${project}`, limitOf(project, limitMb))

/** 0 is none. */
export const limitCommand = (mount: string, project: number, limitMb: number): Argv =>
  xfsQuota(mount, limitOf(project, limitMb))

const limitOf = (project: number, limitMb: number): string =>
  `limit -p bhard=${limitMb}m ihard=${filesFor(limitMb)} ${project}`

const xfsQuota = (mount: string, ...commands: string[]): Argv => [
  ...(['xfs_quota', '-x'] as const),
  ...commands.flatMap((command) => ['-c', command]),
  mount,
]

/** Gives back every block of a file, whose length stays. */
export const emptyCommand = (file: string, bytes: number): Argv => [
  ...(['fallocate', '--punch-hole', '--offset', '0', '--length'] as const),
  String(bytes),
  file,
]

/**
 * Owners, times, links as links; `from` ends in `/.` so that what is in it goes into `to`, which it makes. Ends with who started it: the
 * next one removes what it has copied so far.
 */
export const copyFolderCommand = (from: string, to: string): Argv => [
  ...(['setpriv', '--pdeathsig', 'KILL', 'cp', '--archive'] as const),
  ...[from, to],
]

export class CommandError extends Error {
  readonly code: number | null
  constructor(argv: Argv, code: number | null, said: string) {
    super(`${argv.join(' ')}: ${said.trim().split('\n').at(-1) || `exit code ${code}`}`)
    this.code = code
  }
}

/**
 * Runs it and answers its stdout; throws CommandError with its last words. One that is told to end and does not, as while it waits in the
 * kernel for a file system, is left to itself: what else the agent has to do waits for no other.
 */
export function run(argv: Argv, { limitMs = LIMIT_MS } = {}): Promise<string> {
  const [program, ...args] = argv
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', E2FSPROGS_SKIP_PROGRESS: '1' }
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new CommandError(argv, null, 'it was told to end, and did not'))
    const left = setTimeout(giveUp, limitMs + ENDING_MS)
    execFile(program, args, { env, timeout: limitMs }, (error, stdout, stderr) => {
      clearTimeout(left)
      if (!error) return resolve(stdout)
      const code = typeof error.code === 'number' ? error.code : null
      reject(new CommandError(argv, code, stderr || error.message))
    })
  })
}
