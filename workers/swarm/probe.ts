/**
 * The functional check of a seat: it is who it should be (identity), and every required port answers
 * as its kind does. Only this makes a seat ready; an exit code never does.
 */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { z } from 'zod'
import { identityProofHolds } from '../../api/data/seats/seat-secret.ts'
import { type Seat, statusOf, textOf } from './ask-seat.ts'

export const IDENTITY_PORT = 1907
const ANSWER_MS = 2_000

export type PortKind = 'web' | 'ssh' | 'vnc' | 'tcp'
export type Reach = { address: string; published: Map<number, number[]>; task: string; key: Buffer }
export type Doors = { identityPort: number; ports: Map<number, number> }

const identityAnswer = z.object({ task: z.string(), proof: z.string() })

/**
 * Finds which published numbers are the seat's on IPv4: the identity port that proves the task, and the
 * numbers in the same place of each list. Undefined while nothing proves it.
 */
export async function findDoors(reach: Reach): Promise<Doors | undefined> {
  const candidates = reach.published.get(IDENTITY_PORT) ?? []
  for (const [place, identityPort] of candidates.entries()) {
    if (!(await provesIdentity(reach, identityPort))) continue
    const ports = new Map<number, number>()
    for (const [target, numbers] of reach.published) {
      const number = numbers[place] ?? numbers[0]
      if (number !== undefined) ports.set(target, number)
    }
    return { identityPort, ports }
  }
  return undefined
}

async function provesIdentity(reach: Reach, port: number): Promise<boolean> {
  const nonce = randomBytes(16).toString('base64url')
  const seat = { host: reach.address, port }
  const body = await textOf(seat, `/identity?nonce=${nonce}`, ANSWER_MS)
  const answer = identityAnswer.safeParse(body === undefined ? undefined : parseJson(body))
  if (!answer.success || answer.data.task !== reach.task) return false
  return identityProofHolds(reach.key, { ...answer.data, nonce })
}

/** Whether the port answers in time as its kind does: any HTTP answer, an SSH or RFB banner, or a connection. */
export async function portAnswers(
  kind: PortKind,
  address: string,
  port: number,
  limitMs = ANSWER_MS,
): Promise<boolean> {
  const at = { host: address, port }
  if (kind === 'web') return ((await statusOf(at, '/', limitMs)) ?? 500) < 500
  if (kind === 'ssh') return (await banner(at, limitMs)).startsWith('SSH-2.0-')
  if (kind === 'vnc') return (await banner(at, limitMs)).startsWith('RFB ')
  return canConnect(at, limitMs)
}

function banner(at: Seat, timeout: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout })
    const end = (text: string) => {
      socket.destroy()
      resolve(text)
    }
    socket.once('data', (chunk) => end(chunk.toString('latin1')))
    socket.on('timeout', () => end(''))
    socket.on('error', () => end(''))
    socket.on('close', () => end(''))
  })
}

function canConnect(at: Seat, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, timeout }, () => (socket.destroy(), resolve(true)))
    socket.on('timeout', () => (socket.destroy(), resolve(false)))
    socket.on('error', () => resolve(false))
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
