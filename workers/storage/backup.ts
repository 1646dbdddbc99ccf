/**
 * A volume as a tar file, and back: owners, links, holes and all, which an archive for people leaves out. GNU tar does it; it
 * follows no link out of the folder it unpacks into and takes no name that leads out of it.
 */
import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const COMMON = ['--sparse', '--numeric-owner', '--xattrs']
/** `name` is the archive's label: what is brought back from it says whose it was. */
const packCommand = (home: string, name: string): string[] => [
  ...['tar', '--create', ...COMMON, `--label=${name}`, '--one-file-system', '--directory', home],
  '.',
]
const unpackCommand = (home: string): string[] => [
  ...['tar', '--extract', ...COMMON, '--same-owner', '--same-permissions'],
  ...['--delay-directory-restore', '--directory', home],
]

/** Streams it; throws with tar's last words. A file that changes meanwhile (exit code 1) is in it as it was read. */
export async function packVolume(home: string, name: string, into: Writable): Promise<void> {
  await withTar(packCommand(home, name), [0, 1], ({ stdout }) => pipeline(stdout, into))
}

/** Into an empty folder that nobody else reaches; throws with tar's last words. */
export async function unpack(folder: string, from: Readable): Promise<void> {
  await withTar(unpackCommand(folder), [0], ({ stdin }) => pipeline(from, stdin))
}

type Pipes = { stdin: Writable; stdout: Readable }

async function withTar(
  [program = '', ...args]: string[],
  good: number[],
  use: (pipes: Pipes) => Promise<void>,
): Promise<void> {
  const child = spawn(program, args, { stdio: 'pipe', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } })
  let said = ''
  child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-2000)))
  const { promise: ended, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? -1))
  // Who listens may go away first, and tar may end before it has read all: its exit code says what that means.
  const used = use(child).catch((error: unknown) => {
    child.kill('SIGTERM')
    return error
  })
  const code = await ended
  await used
  if (!good.includes(code)) throw new Error(lastReason(said) ?? `tar ended with ${code}`)
}

/** Its very last line says only that there was another before. */
const lastReason = (said: string): string | undefined =>
  said.split('\n').findLast((line) => line.trim() !== '' && !/: Exiting with failure/.test(line))
