/**
 * What of a message's head goes through the gateway (RFC 9110 §7.6). Heads travel as flat name-value
 * lists, as node:http reads and writes them: order, case and repetition stay as they were sent.
 */
import type { IncomingMessage } from 'node:http'

export const PASS_COOKIE = '__Host-labplan-seat'

/** Said anew on each connection, and never repeated to the other side. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/**
 * Where the student comes from is ours to say. Their address is not said at all: an environment needs it
 * for nothing, and a teacher's image may write it down.
 */
const SAID_BY_US = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
  'host',
]

/** Would reach past the environment: another port of our host name, or the cookies of every seat. */
const TOO_FAR = ['alt-svc', 'clear-site-data']

const notForSeats = new Set([...HOP_BY_HOP, ...SAID_BY_US, 'cookie'])
const notForStudents = new Set([...HOP_BY_HOP, ...TOO_FAR])

export type Outside = { host: string; scheme: 'http' | 'https' }

/** The request's head as the environment sees it: same host name and cookies, without our own. */
export function headersForSeat(request: IncomingMessage, outside: Outside): string[] {
  const kept = ['Host', outside.host]
  const named = namedByConnection(request.headers.connection)
  const raw = request.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const lower = raw[i]!.toLowerCase()
    if (!notForSeats.has(lower) && !named?.has(lower)) kept.push(raw[i]!, raw[i + 1]!)
  }
  const cookie = withoutPass(request.headers.cookie)
  if (cookie) kept.push('Cookie', cookie)
  kept.push('X-Forwarded-Host', outside.host, 'X-Forwarded-Proto', outside.scheme)
  return kept
}

/** The answer's head as the student's browser sees it. */
export function headersForStudent(answer: IncomingMessage): string[] {
  const kept: string[] = []
  const named = namedByConnection(answer.headers.connection)
  const raw = answer.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const lower = raw[i]!.toLowerCase()
    if (notForStudents.has(lower) || named?.has(lower)) continue
    if (lower !== 'set-cookie') kept.push(raw[i]!, raw[i + 1]!)
    else if (!setsPass(raw[i + 1]!)) kept.push(raw[i]!, forThisHostOnly(raw[i + 1]!))
  }
  return kept
}

const ordinary = new Set(['keep-alive', 'close', 'upgrade', 'te', 'keep-alive, upgrade'])
/** Without these a message could no longer be told from the next: a sender may not take them away. */
const neverNamed = new Set(['content-length', 'host', 'cookie', 'set-cookie'])

/** What the sender meant for this connection only; undefined when nothing out of the ordinary. */
function namedByConnection(connection: string | undefined): Set<string> | undefined {
  const text = connection?.toLowerCase()
  if (!text || ordinary.has(text)) return undefined
  const names = text.split(',').map((name) => name.trim())
  return new Set(names.filter((name) => !neverNamed.has(name)))
}

/** The pass cookies a browser sent: normally one. */
export function passesIn(cookie: string | undefined): string[] {
  if (!cookie?.includes(PASS_COOKIE)) return []
  return pairs(cookie)
    .filter(isPass)
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
}

function withoutPass(cookie: string | undefined): string | undefined {
  if (!cookie?.includes(PASS_COOKIE)) return cookie
  return pairs(cookie)
    .filter((pair) => !isPass(pair))
    .join('; ')
}

const pairs = (cookie: string): string[] => cookie.split(';').map((pair) => pair.trim())
const isPass = (pair: string): boolean => pair.split('=', 1)[0]?.trim() === PASS_COOKIE

/** An environment may not hand out or take away a pass. */
const setsPass = (setCookie: string): boolean => isPass(setCookie.trim())

/** A cookie for the parent domain would be sent to every other seat. */
const forThisHostOnly = (setCookie: string): string =>
  setCookie.replaceAll(/;\s*domain\s*=[^;]*/gi, '')

/** A request whose head announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
