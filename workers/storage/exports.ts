/** What the kernel's NFS server lets which machines mount, as nfs-utils keep it: exports(5), exportfs(8). */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { type Argv, run } from './command.ts'
import { unescaped } from './mount-table.ts'

/** `options` as exportfs writes them out: all of them, in its order. */
export type Export = { path: string; client: string; options: string }

const TABLE = '/var/lib/nfs/etab'
/** What else is exported whenever the server is started, or told to read its files again. */
const FOLDER = '/etc/exports.d'
const FILE = `${FOLDER}/labplan-slots.exports`

/** None where nothing was ever exported. */
export async function exportsNow(): Promise<Export[]> {
  return parseExports((await readFile(TABLE, 'utf8').catch(unlessMissing)) ?? '')
}

/** `/srv/x<tab>10.64.0.0/20(rw,sync,…)`, a line for each. */
export function parseExports(text: string): Export[] {
  return text.split('\n').flatMap((line) => {
    const [, path = '', client = '', options = ''] =
      /^(\S+)\s+([^\s(]+)\((.*)\)$/.exec(line.trim()) ?? []
    return path === '' ? [] : [{ path: unescaped(path), client, options }]
  })
}

/** Another one whenever something else is exported. */
export async function exportsMark(): Promise<string> {
  const found = await stat(TABLE).catch(unlessMissing)
  return found ? `${found.ino} ${found.mtimeMs}` : ''
}

/** A folder in it, to the same machines and as they have it, by a number of its own. */
export function exportBelow(
  { client, options }: Export,
  of: { path: string; number: number; isReadOnly: boolean },
): Export {
  const others = options.split(',').filter((one) => !one.startsWith('fsid='))
  const said = others.map((one) => (of.isReadOnly && one === 'rw' ? 'ro' : one))
  return { path: of.path, client, options: [...said, `fsid=${of.number}`].join(',') }
}

/** Whether one takes the place of the other without anybody noticing. */
export const isSameNumber = (one: Export, other: Export): boolean =>
  one.path === other.path && one.client === other.client && numberIn(one) === numberIn(other)

const numberIn = ({ options }: Export): string | undefined =>
  /(?:^|,)(fsid=[^,]*)/.exec(options)?.[1]

/** Whether they are the same, in whatever order their options are written. */
export const isSameExport = (one: Export, other: Export): boolean =>
  one.path === other.path &&
  one.client === other.client &&
  inOrder(one.options) === inOrder(other.options)

const inOrder = (options: string): string => options.split(',').toSorted().join(',')

/** From when it answers no client may do anything there, whatever it has open. */
export const withdraw = async (one: Export): Promise<void> =>
  void (await run(['exportfs', '-u', target(one)]))

export const offer = async (one: Export): Promise<void> => void (await run(offerCommand(one)))

export const offerCommand = (one: Export): Argv => [
  ...(['exportfs', '-o'] as const),
  one.options,
  target(one),
]

const target = ({ client, path }: Export): string =>
  client.includes(':') ? `[${client}]:${path}` : `${client}:${path}`

/** Else who tells the server to read its files again would take them from seats that run. */
export async function writeExports(all: Export[]): Promise<void> {
  const lines = all.map(({ path, client, options }) => `${path} ${client}(${options})\n`)
  await mkdir(FOLDER, { recursive: true })
  await writeFile(`${FILE}.new`, ['# Written by the storage agent.\n', ...lines].join(''))
  await rename(`${FILE}.new`, FILE)
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
