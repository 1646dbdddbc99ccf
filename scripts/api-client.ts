/**
 * The running Labplan as the command line sees it: JSON over HTTP, as the local operator. The address and
 * the token are found in LABPLAN_HOME, where scripts/up puts them; LABPLAN_API_URL names another address.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure } from './command.ts'
import { readSettings } from './steps/settings.ts'

const TIMEOUT_MS = 60_000

export type ServerEvent = { event: string; data: string }

export type Api = {
  /** The address it speaks to. */
  url: string
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  /** Server-sent events of `path`, one after the other, until the reader stops or the line is cut. */
  stream(path: string): AsyncGenerator<ServerEvent>
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
    stream: (path) => streamed(url, tokenFile, path),
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
    throw doesNotAnswer(url, cause)
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (!response.ok) throw new ApiRefusal(response.status, answer)
  return answer as T
}

/** A server that says nothing for so long is gone: it beats every 15 s. */
const SILENT_MS = 40_000

async function* streamed(
  url: string,
  tokenFile: string,
  path: string,
): AsyncGenerator<ServerEvent> {
  const gone = new AbortController()
  let watchdog = setTimeout(() => gone.abort(), SILENT_MS)
  try {
    const response = await fetch(new URL(path, url), {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${operatorToken(tokenFile)}`,
      },
      signal: gone.signal,
    }).catch((cause: unknown) => {
      throw doesNotAnswer(url, cause)
    })
    if (!response.ok || !response.body) {
      const said = (await response.json().catch(() => ({}))) as Record<string, unknown>
      throw new ApiRefusal(response.status, said)
    }
    let text = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => gone.abort(), SILENT_MS)
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      yield* blocks.flatMap(readEvent)
    }
  } finally {
    clearTimeout(watchdog)
    gone.abort()
  }
}

/** One block of a stream (WHATWG HTML §9.2): its name and its lines of data. */
function readEvent(block: string): ServerEvent[] {
  const lines = block.split('\n')
  const event = lines.find((line) => line.startsWith('event: '))?.slice('event: '.length)
  const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6))
  return event === undefined ? [] : [{ event, data: data.join('\n') }]
}

const doesNotAnswer = (url: string, cause: unknown) =>
  new CommandFailure(
    `Labplan does not answer at ${url} (${reason(cause)}). Start it with scripts/up, or set LABPLAN_API_URL.`,
    3,
  )

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
