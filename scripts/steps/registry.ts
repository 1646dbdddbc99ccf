/** A local image registry: Debian's docker-registry as a process on loopback, with its storage in LABPLAN_HOME. */
import { join } from 'node:path'
import { unpackPackage } from './debian.ts'
import type { Wanted } from './process-table.ts'
import { type Settings, writePrivate } from './settings.ts'
import { findProgram } from './shell.ts'
import type { Say, Step } from './step.ts'
import { accepts, ensureProcess } from './supervised.ts'

export function registryStep(settings: Settings): Step {
  return {
    name: 'Image registry',
    async ensure(say) {
      const program = await registryProgram(settings.cache, say)
      const config = join(settings.home, 'registry.yml')
      writePrivate(config, registryConfig(settings))
      const ready = (): Promise<boolean> => accepts(settings.ports.registry)
      return await ensureProcess(settings.home, registryProcess(program, config), ready)
    },
  }
}

async function registryProgram(cache: string, say: Say): Promise<string> {
  const installed = findProgram('docker-registry')
  if (installed) return installed
  // Installing the package would start a service of its own on port 5000.
  const folder = await unpackPackage('docker-registry', join(cache, 'docker-registry'), say)
  return join(folder, 'usr', 'bin', 'docker-registry')
}

function registryConfig({ home, ports }: Settings): string {
  return `version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${JSON.stringify(join(home, 'registry'))} }
  delete: { enabled: true }
http: { addr: '127.0.0.1:${ports.registry}' }
`
}

function registryProcess(program: string, config: string): Wanted {
  return {
    name: 'registry',
    argv: [program, 'serve', config],
    // Newer builds would otherwise look for a trace collector.
    env: { OTEL_TRACES_EXPORTER: 'none' },
    version: '1',
    stop: { signal: 'SIGTERM', withinMs: 10_000 },
  }
}
