/**
 * One question over HTTP to a seat, in which its student may run anything: neither an answer without end nor a slow one keeps the
 * worker waiting, and no more of it is kept than is asked for.
 */
import { type IncomingMessage, request } from 'node:http'

export type Seat = { host: string; port: number }

/** Undefined when no head of an answer came within `ms`. What follows it is not waited for. */
export function statusOf(seat: Seat, path: string, ms: number): Promise<number | undefined> {
  return asked(seat, path, ms, (answer, done) => {
    done(answer.statusCode)
    answer.destroy()
  })
}

/** No proof and no counters of a seat are longer. */
const MOST_BYTES = 16 * 1024

/** Undefined unless the whole answer, and one that is no failure, came within `ms`. */
export function textOf(seat: Seat, path: string, ms: number): Promise<string | undefined> {
  return asked(seat, path, ms, (answer, done) => {
    let text = ''
    answer.setEncoding('utf8')
    answer.on('data', (part: string) => {
      text += part
      if (text.length > MOST_BYTES) answer.destroy()
    })
    answer.on('end', () => done((answer.statusCode ?? 500) < 500 ? text : undefined))
  })
}

function asked<T>(
  { host, port }: Seat,
  path: string,
  ms: number,
  read: (answer: IncomingMessage, done: (said: T | undefined) => void) => void,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(ms)
    let hasAnswered = false
    const call = request({ host, port, path, signal, agent: false }, (answer) => {
      hasAnswered = true
      answer.on('error', () => resolve(undefined))
      answer.on('close', () => resolve(undefined))
      read(answer, resolve)
    })
    // Another protocol than was asked for: no answer, no error, and from then on no limit holds.
    call.on('upgrade', (_, socket) => void socket.destroy())
    // One that has an answer may be closed before the end of it was read.
    call.on('close', () => hasAnswered || resolve(undefined))
    call.on('error', () => resolve(undefined))
    call.end()
  })
}
