/**
 * An upgraded connection: a websocket, or whatever else both sides agree on. The seat's answer is read as
 * HTTP until it really switches protocols, or a refused upgrade would leave a tunnel for unchecked requests.
 */
import { type IncomingMessage, STATUS_CODES, request as ask } from 'node:http'
import type { Socket } from 'node:net'
import { acceptedLocale } from '../locale.ts'
import { type Admitted, type Gate, isOwnOrigin, visitAgain } from './gate.ts'
import { type Outside, headersForSeat, headersForStudent } from './headers.ts'
import { mayUpgrade } from './origin.ts'
import { STATUS, type Said, plain } from './pages.ts'
import { reach } from './reach.ts'
import { NotReached } from './upstream.ts'

const KEEPALIVE_PROBE_MS = 30_000
/** From the request to the seat's yes or no. Once switched, a tunnel may be silent for ever. */
const SWITCH_MS = 30_000
/** What was under way when one side left may still arrive at the other. */
const LAST_BYTES_MS = 10_000

type Asked = { request: IncomingMessage; socket: Socket }
export type Upgrade = Asked & { head: Buffer; outside: Outside }

/** An upgrade is GET-like and has no body: anything else with an Upgrade header is an ordinary request. */
export function wantsUpgrade({ headers }: IncomingMessage): boolean {
  const protocol = headers.upgrade?.toLowerCase()
  // HTTP/2 in clear would carry requests past our checks; such a client goes on with HTTP/1.1.
  if (!protocol || protocol.includes('h2c')) return false
  return headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0)
}

export async function tunnel(gate: Gate, upgrade: Upgrade, visit: Admitted): Promise<void> {
  const { request, socket, outside } = upgrade
  if (!mayUpgrade(request, isOwnOrigin(gate, visit, outside))) return refuse(upgrade, 'foreign')
  const work = { pass: visit.pass, taskId: undefined, cut: () => void socket.destroy() }
  if (!gate.work.begin(work)) return refuse(upgrade, 'busy')
  socket.once('close', () => gate.work.end(work))
  try {
    switchProtocols(upgrade, await reach(gate, { visit, work }))
  } catch (error) {
    if (!(error instanceof NotReached)) throw error
    const now = visitAgain(gate, visit)
    refuse(upgrade, now.kind === 'in' ? 'silent' : now.kind)
  }
}

function switchProtocols(upgrade: Upgrade, seat: Socket): void {
  const { request, socket, head, outside } = upgrade
  socket.once('close', () => seat.destroySoon())
  if (socket.destroyed) return void seat.destroy()
  const onward = ask({
    createConnection: () => seat,
    method: request.method!,
    path: request.url!,
    headers: [
      ...headersForSeat(request, outside),
      ...['Connection', 'Upgrade', 'Upgrade', request.headers.upgrade!],
    ],
    setHost: false,
    timeout: SWITCH_MS,
  })
  const gone = () => onward.destroy()
  socket.once('close', gone)
  let isAnswered = false
  onward.on('timeout', () => onward.destroy(new Error(`no answer in ${SWITCH_MS} ms`)))
  onward.on('error', () => (isAnswered ? socket.destroy() : refuse(upgrade, 'silent')))
  onward.on('response', (answer) => {
    isAnswered = true
    passOnRefusal(socket, answer)
  })
  onward.on('upgrade', (answer, seatSocket, seatHead) => {
    socket.off('close', gone)
    const switched = ['Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? '']
    socket.write(headOf(answer, switched), 'latin1')
    join(socket, seatSocket as Socket)
    if (seatHead.length > 0) socket.write(seatHead)
    if (head.length > 0) seatSocket.write(head)
  })
  onward.end()
}

/** From here on bytes go both ways as they come, with back pressure, until either side ends. */
function join(student: Socket, seat: Socket): void {
  const ways: [Socket, Socket][] = [
    [student, seat],
    [seat, student],
  ]
  for (const [from, to] of ways) {
    from.setTimeout(0)
    from.setNoDelay(true)
    // A peer that vanished without a word is noticed by TCP itself, not by a limit on silence.
    from.setKeepAlive(true, KEEPALIVE_PROBE_MS)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      to.destroySoon()
      to.setTimeout(LAST_BYTES_MS, () => to.destroy())
    })
    from.pipe(to)
  }
}

/** The environment said no (or something else): its answer, and nothing after it. */
function passOnRefusal(socket: Socket, answer: IncomingMessage): void {
  socket.write(headOf(answer, ['Connection', 'close']), 'latin1')
  answer.on('error', () => socket.destroy())
  answer.pipe(socket)
}

function headOf(answer: IncomingMessage, more: string[]): string {
  const { statusCode, statusMessage } = answer
  return headText(statusCode!, statusMessage ?? '', [...headersForStudent(answer), ...more])
}

/** Our own no, as text: no browser shows the body of a refused upgrade. */
export function refuse({ request, socket }: Asked, said: Said): void {
  if (socket.destroyed || socket.writableEnded) return
  const status = STATUS[said]
  const body = `${plain(acceptedLocale(request.headers['accept-language']) ?? 'en', said)}\n`
  const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Connection', 'close']
  const length = ['Content-Length', String(Buffer.byteLength(body))]
  socket.end(headText(status, STATUS_CODES[status]!, [...headers, ...length]) + body)
}

function headText(status: number, reason: string, headers: string[]): string {
  const lines = [`HTTP/1.1 ${status} ${reason}`]
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
