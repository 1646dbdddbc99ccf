/** A worker in a process of its own, to be killed: brings one stack of machines to what is wanted of it. */
import { readFileSync } from 'node:fs'
import { openPool } from '../../../api/data/db.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import { meansOf } from './machines-player.ts'
import type { SceneOrder } from './machines-scene.ts'

const { stackKey, ...order } = JSON.parse(process.argv[2] ?? '') as SceneOrder & {
  stackKey: string
}
const pool = openPool(order)
const keys = JSON.parse(readFileSync(order.keyFile, 'utf8'))
const means = meansOf({ ...order, keys, database: { pool, ...order } }, () => new Date(order.now))
await applyStackNow(means, stackKey, new AbortController().signal)
means.engine.close()
await pool.end()
