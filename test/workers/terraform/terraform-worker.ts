/** A worker in a process of its own, to be killed: applies one stack, as told by a JSON argument. */
import { openPool } from '../../../api/data/db.ts'
import { keyRing } from '../../../api/data/key-ring.ts'
import { connectEngine } from '../../../workers/swarm/engine.ts'
import {
  applyStack,
  type RunServices,
  type StackRequest,
} from '../../../workers/terraform/run-stack.ts'

export type WorkerOrder = {
  databaseUrl: string
  installation: string
  keys: Parameters<typeof keyRing>[0]
  config: RunServices['config']
  dockerHost: string
  content: StackRequest['content']
  secrets: Record<number, string>
  parallelism: number
}

const order = JSON.parse(process.argv[2] ?? '') as WorkerOrder
const pool = openPool(order)
const docker = connectEngine(order.dockerHost)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const result = await applyStack(
  {
    pool,
    keyRing: keyRing(order.keys),
    config: order.config,
    docker,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    worker: `test-${process.pid}`,
    now: () => new Date(),
  },
  {
    content: order.content,
    before: async () => ({ secrets: order.secrets }),
    parallelism: order.parallelism,
    signal: stop.signal,
  },
)
process.stdout.write(`${JSON.stringify(result)}\n`)
docker.close()
await pool.end()
