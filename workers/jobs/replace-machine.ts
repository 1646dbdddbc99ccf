/** A machine that did not get on is made anew; who keeps the pool is told after three in a row. */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { type NodeRow, replaceNode } from '../../api/data/pools/node.ts'
import { sendNotice } from '../../api/data/notice.ts'

/** So many machines in a row that never joined are no accident. */
const TOLD_AFTER = 3

type Means = { pool: Pool; log: Pick<Logger, 'warn'>; now: () => Date }

/** @param of by which stack it is made, where that is known, and why: a code, in the catalogue under `node.trouble.` */
export async function replaceMachine(
  { pool, now, log }: Means,
  row: NodeRow,
  { stack, why }: { stack: string | undefined; why: string },
): Promise<void> {
  const tries = row.tries + 1
  log.warn({ pool: row.pool_key, node: row.key, why, tries }, 'a machine is made anew')
  await withTransaction(pool, async (tx) => {
    const { id, pool_id: poolId } = row
    await replaceNode(tx, { id, poolId, stackKey: stack, message: why, now: now() })
    if (tries < TOLD_AFTER) return
    const day = now().toISOString().slice(0, 10)
    await sendNotice(tx, {
      ...{ code: 'notice.node-never-joined', to: 'infra', now: now() },
      params: { node: row.key, pool: row.pool_key, count: tries },
      dedupeKey: `node ${row.id} ${day}`,
    })
  })
}
