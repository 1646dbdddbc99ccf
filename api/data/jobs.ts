/**
 * Every queue: its payload, its policy, and a send that joins the caller's transaction. A job only says
 * "look at this stack": what is wanted is read when it runs, so a job that is late or twice does no harm.
 */
import { PgBoss } from 'pg-boss'
import { z } from 'zod'
import { type Db, ownConnection } from './db.ts'

export const applyStackJob = z.object({ stackKey: z.string() })
export const sweepJob = z.object({})

export type Jobs = { 'apply-stack': z.infer<typeof applyStackJob>; sweep: z.infer<typeof sweepJob> }
export type QueueName = keyof Jobs

const queues = {
  // Serialised by the stack's lease; the reconciler asks again while a stack differs, so no retries here.
  'apply-stack': {
    policy: 'standard',
    notify: true,
    retryLimit: 0,
    expireInSeconds: 1800,
    deleteAfterSeconds: 86_400,
  },
  sweep: { policy: 'short', retryLimit: 0, expireInSeconds: 300, deleteAfterSeconds: 3600 },
} as const

export type Boss = PgBoss
/** What sending needs of it. */
export type Sender = {
  send(name: string, data: object, options: { db: JobDb }): Promise<unknown>
}
type JobDb = {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** Starts pg-boss on our database and makes the queues. `work: false` only sends. */
export async function startBoss(options: {
  databaseUrl: string
  onError: (error: Error) => void
}): Promise<Boss> {
  const boss = new PgBoss({
    ...ownConnection(options.databaseUrl, 'labplan-jobs'),
    max: 5,
    useListenNotify: true,
  })
  boss.on('error', options.onError)
  await boss.start()
  for (const [name, { policy, ...options }] of Object.entries(queues)) {
    if (await boss.getQueue(name)) await boss.updateQueue(name, options)
    else await boss.createQueue(name, { policy, ...options })
  }
  return boss
}

/** Enqueues in the caller's transaction: the job exists if and only if the change that asks for it does. */
export async function sendJob<Name extends QueueName>(
  boss: Sender,
  tx: Db,
  name: Name,
  data: Jobs[Name],
): Promise<void> {
  const db = { executeSql: (text: string, values?: unknown[]) => tx.query(text, values) }
  await boss.send(name, data, { db })
}
