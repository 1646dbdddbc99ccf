/** A bare repository as values: refs with what their commits say for us, trees as files, commits made of files. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  changedArgs,
  fetchArgs,
  git,
  gitHolds,
  identity,
  initArgs,
  logArgs,
  pushArgs,
  type RefMove,
  refsArgs,
  type Repository,
} from './command.ts'

export type Trailers = Record<string, string>
/** `by` tells authors apart and names none: a hash of the address, salted with the installation. */
export type Commit = { id: string; by: string; trailers: Trailers }
export type Ref = Commit & { name: string }

export const MAIN = 'refs/heads/main'
export const NOTES = 'refs/notes/labplan'
const CHANGES = 'refs/heads/change/'

export const changeRef = (changeId: string): string => `${CHANGES}${changeId}`

/** Whether the branch is one of ours for a change; others are people's. */
export const isChangeRef = (ref: string): boolean => ref.startsWith(CHANGES)

/** Makes the repository when there is none, and takes over what the remote has. */
export async function openRepository(repository: Repository): Promise<void> {
  if (!existsSync(join(repository.folder, 'HEAD')))
    await git(repository, initArgs(repository.folder))
  if (repository.remote) await git(repository, fetchArgs(repository.remote))
}

export async function readRefs(repository: Repository): Promise<Map<string, Ref>> {
  const fields = (await git(repository, refsArgs())).split('\0')
  const refs = new Map<string, Ref>()
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [id = '', name = '', address = '', trailers = ''] = fields.slice(i, i + 4)
    const by = authorOf(repository, address)
    refs.set(name.trim(), { id: id.trim(), name, by, trailers: trailersIn(trailers.split('\n')) })
  }
  return refs
}

/** What came after `from`, oldest first; everything when it is undefined. */
export async function commitsBetween(
  repository: Repository,
  from: string | undefined,
  to: string,
): Promise<Commit[]> {
  const fields = (await git(repository, logArgs(from, to))).split('\0')
  const commits: Commit[] = []
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const [id = '', address = '', trailers = ''] = fields.slice(i, i + 3)
    const by = authorOf(repository, address)
    commits.push({ id: id.trim(), by, trailers: trailersIn(trailers.split('\u0001')) })
  }
  return commits
}

/** Git believes what people say of themselves: the repository's own rules decide who may push. */
function authorOf({ installation }: Repository, address: string): string {
  const text = `${installation} ${address.trim().toLowerCase()}`
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function trailersIn(lines: string[]): Trailers {
  const pairs = lines.flatMap((line) => {
    const found = /^([\w-]+): (.*)$/.exec(line.trim())
    return found?.[1] ? [[found[1], found[2] ?? '']] : []
  })
  return Object.fromEntries(pairs) as Trailers
}

export const isAncestor = (repository: Repository, old: string, young: string): Promise<boolean> =>
  gitHolds(repository, ['merge-base', '--is-ancestor', old, young])

/** The last commit that both come from, if there is one. */
export async function mergeBase(
  repository: Repository,
  one: string,
  other: string,
): Promise<string | undefined> {
  if (!(await gitHolds(repository, ['merge-base', one, other]))) return undefined
  return (await git(repository, ['merge-base', one, other])).trim()
}

/** Paths of YAML files, or of any, in which two commits differ. */
export async function changedPaths(
  repository: Repository,
  old: string,
  young: string,
  kind: 'documents' | 'any' = 'documents',
): Promise<string[]> {
  const paths = await git(repository, changedArgs(old, young, kind))
  return paths.split('\0').filter((path) => path !== '')
}

/** The file's text; undefined when the commit has none of that name. */
export async function readFile(
  repository: Repository,
  commit: string,
  path: string,
): Promise<string | undefined> {
  const blob = `${commit}:${path}`
  if (!(await gitHolds(repository, ['cat-file', '-e', blob]))) return undefined
  return git(repository, ['cat-file', 'blob', blob])
}

export type NewCommit = {
  parent: string | undefined
  /** First line, blank line, more. */
  message: string
  trailers: Trailers
  files: Map<string, string>
  at: Date
}

/**
 * Writes a commit whose whole tree is these files, under no branch yet; answers its id. The same content at the
 * same time is the same commit.
 */
export async function writeCommit(repository: Repository, made: NewCommit): Promise<string> {
  const scratch = `refs/labplan/made/${process.pid}`
  await git(
    repository,
    ['fast-import', '--quiet', '--force'],
    fastImport(repository, made, scratch),
  )
  const id = (await git(repository, ['rev-parse', '--verify', scratch])).trim()
  await git(repository, ['update-ref', '-d', scratch])
  return id
}

/** The stream that `git fast-import` reads: see its manual. Lengths are in bytes. */
export function fastImport(
  { installation }: Pick<Repository, 'installation'>,
  { parent, message, trailers, files, at }: NewCommit,
  ref: string,
): string {
  const { GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email } = identity(installation)
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const said = Object.entries(trailers).map(([key, value]) => `${key}: ${value}`)
  return [
    `commit ${ref}\n`,
    `committer ${name} <${email}> ${Math.floor(at.getTime() / 1000)} +0000\n`,
    data(`${message.trim()}\n\n${said.join('\n')}\n`),
    ...(parent === undefined ? [] : [`from ${parent}\n`]),
    'deleteall\n',
    ...[...files].flatMap(([path, text]) => [`M 100644 inline ${path}\n`, data(text)]),
    '\n',
  ].join('')
}

/** Says something about a commit, where `git notes --ref=labplan show` finds it, here and at the remote. */
export async function writeNote(
  repository: Repository,
  commit: string,
  text: string,
): Promise<void> {
  await git(repository, ['notes', '--ref=labplan', 'add', '--force', '--file=-', commit], text)
  if (repository.remote) await git(repository, ['push', '--quiet', repository.remote, NOTES])
}

export const hasNote = (repository: Repository, commit: string): Promise<boolean> =>
  gitHolds(repository, ['notes', '--ref=labplan', 'show', commit])

/** Keeps a commit that no branch leads to any more. */
export async function keepCommit(repository: Repository, commit: string): Promise<void> {
  await git(repository, ['update-ref', `refs/labplan/kept/${commit}`, commit])
}

/**
 * Moves refs from where they were seen, all or none, here and at the remote. Throws GitFailure when somebody
 * moved one meanwhile: the next pass sees what they did.
 */
export async function moveRefs(repository: Repository, moves: RefMove[]): Promise<void> {
  if (moves.length === 0) return
  if (repository.remote) await git(repository, pushArgs(repository.remote, moves))
  const lines = moves.map(({ ref, from, to }) =>
    to === undefined
      ? `delete ${ref} ${from ?? ''}`
      : `update ${ref} ${to} ${from ?? '0'.repeat(40)}`,
  )
  await git(repository, ['update-ref', '--stdin'], `start\n${lines.join('\n')}\ncommit\n`)
}
