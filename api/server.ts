/**
 * The api process: pages, JSON, launches. `startServer` is what the tests start too; run as a program it reads
 * the environment, and stops gracefully on SIGTERM and SIGINT.
 */
import { readFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.ts'
import { type Config, readConfig } from './config.ts'
import { openPool } from './data/db.ts'
import { readKeyRing } from './data/key-ring.ts'
import { Listening } from './data/listen.ts'
import { openLog } from './log.ts'
import { createLti } from './lti/provider.ts'
import { watchRosters } from './lti/roster-watch.ts'
import { openPlanner } from './teaching/planner.ts'
import type { Services } from './visit.ts'
import { whyOf } from '../stacks/parts/thrown.ts'

const POOL_CONNECTIONS = 20
const STOP_MS = 5_000

export type RunningServer = {
  port: number
  /** Lets requests end, ends event streams, closes what was opened. */
  stop(): Promise<void>
}

export async function startServer(
  config: Config,
  given: { now?: () => Date; warms?: boolean; readsRosters?: boolean } = {},
): Promise<RunningServer> {
  const log = openLog('api', config.logLevel)
  const pool = openPool({ ...config, max: POOL_CONNECTIONS })
  const stopping = new AbortController()
  const listening = await new Listening(config.databaseUrl).open()
  const ring = readKeyRing(config.keyFile)
  const now = given.now ?? (() => new Date())
  const lti = createLti({ config, pool, ring, now, log })
  const planner = openPlanner(config)
  const services: Services = {
    ...{ config, pool, ring, now, listening, planner, lti, log },
    stopping: stopping.signal,
  }
  const app = createApp(services)
  const pages = app.callback()
  app.on('error', (error: Error) => log.error({ err: error }, 'the application failed'))
  const server = httpServer(config, (request, response) =>
    request.url?.startsWith('/lti/') ? lti.app(request, response) : void pages(request, response),
  )
  const port = await listen(server, config)
  if (given.warms) {
    planner.warm(now())
    listening.on('plan', () => planner.warm(now()))
  }
  const rosters = given.readsRosters ? watchRosters({ pool, listening, lti, log, now }) : undefined
  log.info({ port, publicUrl: config.publicUrl }, 'listening')
  return {
    port,
    async stop() {
      stopping.abort()
      await rosters?.stop()
      await close(server)
      await planner.close()
      await listening.close()
      await pool.end()
    },
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

function httpServer(config: Config, answer: Answer): Server {
  if (!config.tls) return createServer(answer)
  const { certFile, keyFile } = config.tls
  return createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, answer)
}

async function listen(server: Server, { apiListen }: Config): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message
    const address = `${apiListen.host}:${apiListen.port}`
    reject(
      new Error(`The api cannot listen on ${address}: ${why}. Set LABPLAN_API_LISTEN.`, { cause }),
    )
  })
  server.listen(apiListen.port, apiListen.host, resolve)
  await promise
  return (server.address() as AddressInfo).port
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const last = setTimeout(() => server.closeAllConnections(), STOP_MS)
  await promise
  clearTimeout(last)
}

if (import.meta.main) {
  const running = await startServer(readConfig(), { warms: true, readsRosters: true }).catch(
    (error: unknown) => {
      process.stderr.write(`${whyOf(error)}\n`)
      process.exit(1)
    },
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void running.stop())
}
