/**
 * Ports on which a test's servers will listen, below those that Linux gives to connections and to whoever asks for any
 * (from 32768 on unless told otherwise, ip(7)): a port found free there may belong to a connection a moment later.
 */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const LEAST = 15_000
// From here on a Swarm gives ports to its services.
const BEYOND = 30_000
const TRIES = 50

export async function freePort(): Promise<number> {
  for (let n = 0; n < TRIES; n++) {
    const port = randomInt(LEAST, BEYOND)
    if (await isFree(port)) return port
  }
  throw new Error(`None of ${TRIES} ports from ${LEAST} to ${BEYOND} is free.`)
}

export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  probe.once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  return promise
}
