/**
 * The gateway's process: `node api/gateway/server.ts`. SIGTERM or SIGINT drains it (twice: ends it at once),
 * SIGHUP reads key ring and certificate again.
 */
import { readConfig } from '../config.ts'
import { openLog } from '../log.ts'
import { startGateway } from './gateway.ts'

/** The port is free at once, for the next process; open terminals are given this long to notice. */
const DRAIN_MS = 10_000

const config = readConfig()
const log = openLog('gateway', config.logLevel)
const gateway = await startGateway({ config, log })

let ending = false
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (ending) process.exit(1)
    ending = true
    log.info({ signal, open: gateway.gate.work.count }, 'gateway drains')
    void gateway.drain(DRAIN_MS).then(() => process.exit(0))
  })

process.on('SIGHUP', () => {
  try {
    gateway.reload()
    log.info('key ring and certificate were read again')
  } catch (error) {
    log.error({ err: error }, 'key ring or certificate cannot be read: going on with the old ones')
  }
})
