/**
 * The running Labplan as the command line sees it: JSON over HTTP, as the local operator. The address and
 * the token are found in LABPLAN_HOME, where scripts/up puts them; LABPLAN_API_URL names another address.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure } from './command.ts'
import { readSettings } from './steps/settings.ts'

const TIMEOUT_MS = 60_000

export type Api = {
  /** The address it speaks to. */
  url: string
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
}

/** What the API says when it refuses: a sentence, and sometimes what is wrong where. */
export class ApiRefusal extends CommandFailure {
  status: number
  body: Record<string, unknown>
  constructor(status: number, body: Record<string, unknown>) {
    super(typeof body['message'] === 'string' ? body['message'] : `Labplan answered ${status}.`)
    this.status = status
    this.body = body
  }
}

export function apiClient(env: NodeJS.ProcessEnv = process.env): Api {
  const settings = readSettings(env)
  // A certificate is for the public name; without one the loopback address needs no name at all.
  const named = settings.choices.LABPLAN_TLS_CERT ? settings.publicUrl : undefined
  const url = env['LABPLAN_API_URL'] ?? named ?? `http://127.0.0.1:${settings.ports.api}`
  const tokenFile =
    settings.choices.LABPLAN_OPERATOR_TOKEN_FILE ?? join(settings.home, 'operator-token')
  return {
    url,
    get: (path) => call(url, tokenFile, 'GET', path),
    post: (path, body) => call(url, tokenFile, 'POST', path, body),
  }
}

async function call<T>(
  url: string,
  tokenFile: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${operatorToken(tokenFile)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new CommandFailure(
      `Labplan does not answer at ${url} (${reason(cause)}). Start it with scripts/up, or set LABPLAN_API_URL.`,
      3,
    )
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (!response.ok) throw new ApiRefusal(response.status, answer)
  return answer as T
}

function operatorToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new CommandFailure(
      `The operator's token is not readable in ${file}. Run scripts/up here, or set LABPLAN_HOME.`,
      3,
    )
  }
}

function reason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message || inner.name : String(inner)
}
