/** Labplan's own parts: the schema, the seat image and network, and the processes. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildImage } from '../images/build.ts'
import { terminal } from '../images/terminal.ts'
import { dockerApi } from './docker-api.ts'
import { keepSeatNetwork } from './engine.ts'
import { environmentOf } from './environment.ts'
import { requireSeatNetwork } from './far-engine.ts'
import { findInstallationId } from './identity.ts'
import { firewallStands } from './firewall.ts'
import { ensureSeatNetwork } from './network.ts'
import type { Wanted } from './process-table.ts'
import { type Settings, hostOf, readJson, root, writeJson } from './settings.ts'
import { mustRun } from './shell.ts'
import type { Step } from './step.ts'
import { agentAnswers, hasAgent, whyNoCeph, whyNoLimits } from './storage.ts'
import { accepts, ensureProcess, findProcess } from './supervised.ts'
import { versionOf } from './version.ts'

export function migrationStep(settings: Settings): Step {
  return {
    name: 'Database schema',
    async ensure() {
      const migrate = [process.execPath, join(root, 'api', 'data', 'migrate.ts')]
      const output = await mustRun(migrate, 'the migrations could not be applied', {
        env: environmentOf(settings),
      })
      const applied = [...output.matchAll(/^applied (\S+)/gm)].length
      return applied ? `${applied} migration${applied > 1 ? 's' : ''}` : undefined
    },
  }
}

/** The network that keeps seats apart, and its firewall: forgotten by a restart of the machine, so looked at each time. */
export function seatNetworkStep(settings: Settings): Step {
  const { home, dockerHost, farEngine } = settings
  return {
    name: 'Seat network',
    async ensure() {
      const installation = findInstallationId(home) ?? ''
      if (farEngine) return await requireSeatNetwork(dockerApi(dockerHost), installation, farEngine)
      const stood = await firewallStands({ installation })
      await ensureSeatNetwork({ dockerHost, installation })
      keepSeatNetwork(settings, environmentOf(settings))
      return stood ? undefined : 'network and firewall'
    },
  }
}

const LASTED_MS = 1500
const imageFile = (home: string): string => join(home, 'images.json')

/** The environment image `terminal` in the local registry; its reference by digest is kept for the examples. */
export function imageStep(settings: Settings): Step {
  const { cache, registry, dockerHost, home } = settings
  return {
    name: 'Image terminal',
    async ensure(say) {
      const version = versionOf('scripts/images/**/*')
      if (readImage(home)?.version === version) return undefined
      const options = { root, cache, registry, dockerHost, say }
      const reference = await buildImage(terminal, options)
      writeJson(imageFile(home), { reference, version } satisfies Image)
      return 'built and pushed'
    },
  }
}

type Image = { reference: string; version: string }

export function readImage(home: string): Image | undefined {
  return readJson(imageFile(home)) as Image | undefined
}

/** Says so each time volumes cannot have a limit here: a student could fill the disk. */
export function storageStep(settings: Settings): Step {
  return {
    name: 'Limits of volumes',
    async ensure() {
      const why = whyNoCeph(settings) ?? whyNoLimits(settings)
      return why && `none: ${why}`
    },
  }
}

/** Storage agent, api, worker, gateway and the practice LMS, started together: each waits for what it needs. */
export function processStep(settings: Settings): Step {
  const { home } = settings
  return {
    name: 'Labplan',
    async ensure() {
      mkdirSync(join(home, 'lms'), { recursive: true, mode: 0o700 })
      const parts = partsOf(settings)
      const done = await Promise.all(
        parts.map(async ({ spec, port, host, answers }) => {
          const isReady = async (): Promise<boolean> => {
            if (answers) return answers()
            return port === undefined ? hasLasted(home, spec.name) : accepts(port, host)
          }
          const how = await ensureProcess(home, spec, isReady)
          return how && `${spec.name} ${how}`
        }),
      )
      return done.filter(Boolean).join(', ') || undefined
    },
  }
}

/** Who asks a mount that does not answer waits in a thread, of which Node has four. */
const AGENT_THREADS = { UV_THREADPOOL_SIZE: '64' }

type Part = { spec: Wanted; port?: number; host?: string; answers?: () => Promise<boolean> }

function partsOf(settings: Settings): Part[] {
  const { ports, home, choices } = settings
  const code = versionOf('{api,stacks,workers}/**/*', 'package-lock.json')
  const lmsCode = versionOf('test/{lms,cast}/**/*')
  const lmsState = { LMS_STATE: join(home, 'lms', 'state.json') }
  const part = (name: string, program: string, version = code, more = {}): Wanted => ({
    name,
    argv: [process.execPath, join(root, program)],
    env: { ...environmentOf(settings), ...more },
    version,
    // A worker lets a Terraform run come to an end it can record.
    stop: { signal: 'SIGTERM', withinMs: name === 'worker' ? 60_000 : 15_000 },
  })
  const lms = { spec: part('lms', 'test/lms/main.ts', lmsCode, lmsState), port: ports.lms }
  const storage = {
    spec: part('storage', 'workers/storage/main.ts', code, AGENT_THREADS),
    answers: () => agentAnswers(settings),
  }
  return [
    ...(hasAgent(settings) ? [storage] : []),
    {
      spec: part('api', 'api/server.ts'),
      port: ports.api,
      host: hostOf(choices.LABPLAN_API_LISTEN),
    },
    { spec: part('worker', 'workers/main.ts') },
    {
      spec: part('gateway', 'api/gateway/server.ts'),
      port: ports.gateway,
      host: hostOf(choices.LABPLAN_GATEWAY_LISTEN),
    },
    ...(settings.practice ? [lms] : []),
  ]
}

/** For a process that listens nowhere: it did not fall over at its start. */
function hasLasted(home: string, name: string): boolean {
  const found = findProcess(home, name)
  return found !== undefined && Date.now() - Date.parse(found.startedAt) > LASTED_MS
}
