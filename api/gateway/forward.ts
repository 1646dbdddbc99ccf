/** One HTTP request through to the seat and its answer back, streaming both ways. */
import {
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
  request as ask,
} from 'node:http'
import type { Socket } from 'node:net'
import { type Admitted, type Gate, visitAgain } from './gate.ts'
import { type Outside, hasBody, headersForSeat, headersForStudent } from './headers.ts'
import { show } from './pages.ts'
import { type Errand, reach, reachAgain } from './reach.ts'
import { NotReached } from './upstream.ts'

type Asked = {
  request: IncomingMessage
  response: ServerResponse
  visit: Admitted
  outside: Outside
}
type Exchange = Asked & Errand

const ANSWER_HEAD_BYTES = 64 * 1024
/** May be sent twice: the second sending changes nothing more (RFC 9110 §9.2.1). */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** node frames the body of any other method by itself, unless its length is said. */
const WITHOUT_LENGTH = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'])

export function forward(gate: Gate, asked: Asked): void {
  const { request, response, visit } = asked
  const work = { pass: visit.pass, taskId: undefined, cut: () => void response.destroy() }
  if (!gate.work.begin(work)) return show(asked, 'busy', linkFor(gate, visit))
  response.once('close', () => gate.work.end(work))
  const exchange = { ...asked, work }
  // An environment may close an idle connection just as it is used again. What can be repeated then is; what
  // cannot (a body is gone once sent) gets a connection of its own.
  if (REPEATABLE.has(request.method!) && !hasBody(request)) forwardPooled(gate, exchange)
  else forwardAlone(gate, exchange, reach(gate, exchange))
}

function forwardPooled(gate: Gate, exchange: Exchange): void {
  const { request, response, visit, outside, work } = exchange
  const upstream = gate.upstreams.of(visit.route)
  const onward = ask({
    agent: upstream.agent,
    method: request.method!,
    path: request.url!,
    headers: headersForSeat(request, outside),
    setHost: false,
    maxHeaderSize: ANSWER_HEAD_BYTES,
  })
  onward.on('socket', () => (work.taskId = upstream.route.taskId))
  onward.on('error', (error) => {
    if (response.destroyed || response.headersSent) response.destroy()
    else if (error instanceof NotReached)
      forwardAlone(gate, exchange, reachAgain(gate, exchange, error))
    else if (onward.reusedSocket) forwardAlone(gate, exchange, reach(gate, exchange))
    else giveUp(gate, exchange, error)
  })
  bringBack(exchange, onward)
  onward.end()
}

/** Over a connection of its own, which `dialled` brings. */
function forwardAlone(gate: Gate, exchange: Exchange, dialled: Promise<Socket>): void {
  dialled
    .then((socket) => sendAlone(gate, exchange, socket))
    .catch((error: unknown) => giveUp(gate, exchange, error))
}

function sendAlone(gate: Gate, exchange: Exchange, socket: Socket): void {
  const { request, response, outside } = exchange
  // Whatever becomes of the request, its connection serves no other.
  response.once('close', () => socket.destroy())
  if (response.destroyed) return void socket.destroy()
  const onward = ask({
    createConnection: () => socket,
    method: request.method!,
    path: request.url!,
    headers: [...headersForSeat(request, outside), ...framing(request), 'Connection', 'close'],
    setHost: false,
    maxHeaderSize: ANSWER_HEAD_BYTES,
  })
  onward.on('continue', () => response.writeContinue())
  onward.on('error', (error) => {
    if (!response.headersSent) giveUp(gate, exchange, error)
    else if (!response.writableEnded) response.destroy()
  })
  bringBack(exchange, onward)
  // The head goes ahead: who sent `Expect: 100-continue` waits for the environment's word on it.
  onward.flushHeaders()
  request.pipe(onward)
}

function framing(request: IncomingMessage): string[] {
  const { headers, method } = request
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked']
  if (headers['content-length'] !== undefined || WITHOUT_LENGTH.has(method!)) return []
  return ['Content-Length', '0']
}

/** The answer, when it comes; and the news that nobody waits for it any more. */
function bringBack({ request, response }: Exchange, onward: ClientRequest): void {
  let answer: IncomingMessage | undefined
  onward.on('response', (given) => {
    answer = given
    const headers = headersForStudent(given)
    // Answered before the body was read to its end: the rest is not read, so nothing can follow it.
    if (hasBody(request) && !request.complete) headers.push('Connection', 'close')
    relay(given, response, headers)
  })
  response.once('close', () => {
    if (!answer?.complete || !onward.writableFinished) onward.destroy()
  })
}

function relay(answer: IncomingMessage, response: ServerResponse, headers: string[]): void {
  answer.on('error', () => response.destroy())
  try {
    response.writeHead(answer.statusCode!, answer.statusMessage, headers)
  } catch {
    // A head node reads but does not write. Rare, and the environment's own doing.
    return void response.destroy()
  }
  answer.pipe(response)
  // A head whose body comes later (server-sent events) must not wait for it.
  setImmediate(() => {
    if (!response.writableEnded && !response.destroyed) response.flushHeaders()
  })
}

function giveUp(gate: Gate, exchange: Exchange, error: unknown): void {
  const { response, visit } = exchange
  if (response.destroyed || response.headersSent) return void response.destroy()
  const now = error instanceof NotReached ? visitAgain(gate, visit) : visit
  if (now.kind === 'in')
    gate.log.warn({ seat: visit.route.seatId, err: error }, 'seat does not answer')
  show(exchange, now.kind === 'in' ? 'silent' : now.kind, linkFor(gate, visit))
}

const linkFor = ({ publicUrl }: Gate, { route }: Admitted) => ({
  publicUrl,
  workspaceId: route.workspaceId,
})
