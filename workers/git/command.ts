/** Git's command lines as values, and the one place that runs them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text as textOf } from 'node:stream/consumers'
import { withoutLogin } from '../../api/config.ts'

export type Repository = {
  /** A bare repository on this disk: the estate itself, or our copy of the remote's. */
  folder: string
  /** Where the estate really is: any address Git can push to. */
  remote?: string | undefined
  installation: string
  searchPath: string
  /** Of the forge that the remote is on: Git gives it to that address, and to no other. */
  token?: { origin: string; file: string } | undefined
}

/** What a person can do something about: a remote that is away, a push that was refused. */
export class GitFailure extends Error {}

const LIMIT_MS = 60_000

export const initArgs = (folder: string): string[] => [
  ...['init', '--quiet', '--bare', '--initial-branch=main', folder],
]

/** Ours are made new from the remote's each time: what was not pushed is made again. */
export const fetchArgs = (remote: string): string[] => [
  ...['fetch', '--quiet', '--prune', '--no-tags', remote],
  ...['+refs/heads/*:refs/heads/*', '+refs/notes/*:refs/notes/*'],
]

/** One push, all or nothing; each ref only from where we saw it. */
export function pushArgs(remote: string, moves: RefMove[]): string[] {
  const leases = moves.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`)
  const refs = moves.map(({ ref, to }) => (to === undefined ? `:${ref}` : `${to}:${ref}`))
  return ['push', '--quiet', '--atomic', ...leases, remote, ...refs]
}

/** `from` undefined: it was not there; `to` undefined: it goes. */
export type RefMove = { ref: string; from: string | undefined; to: string | undefined }

/** Commits of `ours..theirs`, oldest first, with what their messages say for us. */
export const logArgs = (from: string | undefined, to: string): string[] => [
  ...['log', '--reverse', '--format=%H%x00%ae%x00%(trailers:only,unfold,separator=%x01)%x00'],
  from === undefined ? to : `${from}..${to}`,
]

export const refsArgs = (): string[] => [
  'for-each-ref',
  '--format=%(objectname)%00%(refname)%00%(authoremail:trim)%00%(contents:trailers:only,unfold)%00',
  ...['refs/heads', 'refs/notes'],
]

/** Paths of YAML files, or of any, in which two commits differ, each ended by a zero byte. */
export const changedArgs = (
  old: string,
  young: string,
  kind: 'documents' | 'any' = 'documents',
): string[] => [
  ...['diff', '--name-only', '-z', '--no-renames', old, young],
  ...(kind === 'documents' ? ['--', '*.yaml'] : []),
]

/** Runs Git in the repository. Throws GitFailure with Git's own last words when it says no. */
export async function git(
  repository: Repository,
  args: string[],
  input?: string | Buffer,
): Promise<string> {
  const { status, output, complaint } = await run(repository, args, input)
  if (status === 0) return output
  const words = complaint.trim().split('\n').at(-1) ?? ''
  throw new GitFailure(`git ${args[0]} failed: ${withoutLogin(words) || `exit ${status}`}`)
}

/** Whether Git says yes: for questions whose answer is the exit code. */
export async function gitHolds(repository: Repository, args: string[]): Promise<boolean> {
  return (await run(repository, args)).status === 0
}

async function run(
  { folder, installation, searchPath, token }: Repository,
  args: string[],
  input?: string | Buffer,
) {
  const child = spawn('git', args, {
    timeout: LIMIT_MS,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: searchPath,
      GIT_DIR: folder,
      // Nobody is there to answer a question.
      GIT_TERMINAL_PROMPT: '0',
      GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
      ...identity(installation),
      ...(token && credential(token)),
    },
  })
  child.stdin.on('error', () => {}) // It may end before it has read everything: its exit says why.
  child.stdin.end(input ?? '')
  const [[status], output, complaint] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    textOf(child.stdout),
    textOf(child.stderr),
  ]).catch((cause: Error) => {
    throw new GitFailure('git could not be started: install it.', { cause })
  })
  return { status: status ?? 1, output, complaint }
}

/**
 * In the environment of Git alone: neither an argument, which everybody on the machine can read, nor a file. As a password
 * every forge takes a token, whatever the name before it.
 */
function credential({ origin, file }: { origin: string; file: string }): Record<string, string> {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch {
    return {} // Git has its own ways, or says that it may not.
  }
  const basic = Buffer.from(`labplan:${token}`).toString('base64')
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  }
}

/** A role, never a person. */
export function identity(installation: string): Record<string, string> {
  const name = 'Labplan'
  const email = `labplan@${installation}.invalid`
  return {
    ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email },
    ...{ GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email },
  }
}
