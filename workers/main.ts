/** The worker: runs Terraform for stacks that differ, turns seats on and off, moves what time moves. */
import { hostname } from 'node:os'
import { readConfig } from '../api/config.ts'
import { openLog } from '../api/log.ts'
import { startWorker } from './worker.ts'

const config = readConfig()
const log = openLog('worker', config.logLevel)
const worker = await startWorker({
  config,
  log,
  name: `${hostname()}-${process.pid}`,
  now: () => new Date(),
  clockToleranceMs: 60_000,
  isRealTime: true,
})
log.info('the worker runs')

const stop = (): void => {
  worker.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ err: error }, 'the worker could not stop cleanly')
      process.exit(1)
    },
  )
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
