/**
 * Asks seats for their counters, by which one nobody works in stops: `labplan-seat` answers on its own port, the
 * same on every node, to who holds the seat's key. A seat that does not answer is not stopped for it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { type WatchedSeat, recordSample, watchedSeats } from '../../api/data/seats/seat-sample.ts'
import { identityKey } from '../../api/data/seats/seat-secret.ts'
import type { Counters } from '../../stacks/rules/idle.ts'
import { sideBySide } from '../side-by-side.ts'
import { textOf } from './ask-seat.ts'

const ANSWER_MS = 3_000
const AT_ONCE = 16

const counted = z.object({
  task: z.string(),
  cpuMicros: z.int(),
  networkBytes: z.int(),
  inputSecondsAgo: z.int(),
  gpuPercent: z.int(),
  proof: z.string(),
})

type Means = { pool: Pool; ring: KeyRing; log: Logger; now: () => Date }

/** Looks once at every seat that somebody is in and whose idleness counts. What goes wrong with one keeps no other. */
export async function sampleSeats(means: Means): Promise<void> {
  await sideBySide(AT_ONCE, await watchedSeats(means.pool), (seat) =>
    sample(means, seat).catch((error: unknown) =>
      means.log.warn({ err: error, seat: seat.id }, 'a seat could not be asked for its counters'),
    ),
  )
}

async function sample(means: Means, seat: WatchedSeat): Promise<void> {
  const counters = await countersOf(identityKey(means.ring, seat), seat)
  if (!counters) return means.log.debug({ seat: seat.id }, 'a seat told no counters')
  const seen = { seatId: seat.id, taskId: seat.task_id, counters, now: means.now() }
  await withTransaction(means.pool, (tx) => recordSample(tx, seen))
}

/** `GET /counters?nonce=&proof=`: undefined unless this very task answers, and proves it. */
export async function countersOf(
  key: Buffer,
  seat: Pick<WatchedSeat, 'task_id' | 'node_address' | 'identity_port'>,
): Promise<Counters | undefined> {
  const nonce = randomBytes(24).toString('base64url')
  const proof = sign(key, `counters?${nonce}`)
  const at = { host: seat.node_address, port: seat.identity_port }
  try {
    const text = await textOf(at, `/counters?nonce=${nonce}&proof=${proof}`, ANSWER_MS)
    const told = counted.parse(JSON.parse(text ?? ''))
    const { task, cpuMicros, networkBytes, inputSecondsAgo, gpuPercent } = told
    const numbers = [cpuMicros, networkBytes, inputSecondsAgo, gpuPercent]
    const wanted = sign(key, `counters=${[task, nonce, ...numbers].join('.')}`)
    if (task !== seat.task_id || !isSame(wanted, told.proof)) return undefined
    const [cpu, network, input, gpu] = numbers.map((each) => (each < 0 ? null : each))
    return {
      cpuMicros: cpu ?? null,
      networkBytes: network ?? null,
      inputSecondsAgo: input ?? null,
      gpuPercent: gpu ?? null,
    }
  } catch {
    return undefined
  }
}

const sign = (key: Buffer, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url')

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
