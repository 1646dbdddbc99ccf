/**
 * Takes away everything of one installation: its things in Docker, its firewall rules, the Swarm and engine we made,
 * its processes and LABPLAN_HOME. Who could make things again is stopped first.
 */
import { existsSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { type Docker, ask, dockerApi, reach } from './docker-api.ts'
import { emptyDocker, removeImages } from './docker-sweep.ts'
import { findInstallationId } from './identity.ts'
import { readMade } from './made.ts'
import { unmountBelow } from './mounts.ts'
import { removeSeatNetwork } from './network.ts'
import type { Settings } from './settings.ts'
import { CannotGoOn, type Step } from './step.ts'
import { ensureSupervisor, findProcess, stopEverything, stopProcesses } from './supervised.ts'

const MAKERS = ['lms', 'gateway', 'worker', 'api', 'storage']

export function wipeSteps(settings: Settings, engine: Step): Step[] {
  return [makersStep(settings), dockerStep(settings, engine), homeStep(settings)]
}

function makersStep({ home }: Settings): Step {
  return {
    name: 'Processes',
    async ensure() {
      const running = MAKERS.filter((name) => findProcess(home, name))
      if (running.length === 0) return undefined
      await ensureSupervisor(home)
      await stopProcesses(home, running)
      return `stopped ${running.join(', ')}`
    },
  }
}

function dockerStep(settings: Settings, engine: Step): Step {
  const { home, dockerHost, farEngine, registry } = settings
  return {
    name: 'Docker',
    async ensure(say) {
      const installation = findInstallationId(home)
      // No id: nothing was ever made.
      if (!installation) return undefined
      const docker = dockerApi(dockerHost)
      if ((await reach(docker)) !== 'answers') {
        if (!readMade(home).engine && !settings.farEngine)
          throw new CannotGoOn(silentEngine(dockerHost, installation))
        // Stopped by --stop: once more, so that what it keeps outside its data goes in order too.
        await ensureSupervisor(home)
        await engine.ensure(say)
      }
      const removed = [
        await emptyDocker(docker, installation, say),
        await removeImages(docker, registry),
        await removeFirewall(dockerHost, installation, farEngine?.dockerHost),
        await leaveSwarm(home, docker),
      ]
      return removed.filter(Boolean).join(', ') || undefined
    },
  }
}

function silentEngine(dockerHost: string, installation: string): string {
  return `nothing answers at ${dockerHost}, so what belongs to installation ${installation} cannot be removed there: start that engine and run this again.`
}

/** Of a far engine only root over there can, and nothing of ours is left for which it stood. */
async function removeFirewall(
  dockerHost: string,
  installation: string,
  far: string | undefined,
): Promise<string> {
  await removeSeatNetwork({ dockerHost, installation })
  return far === undefined
    ? 'the firewall'
    : `the seat network (its firewall at ${far} stays until 'sudo scripts/network down --installation ${installation}' there)`
}

async function leaveSwarm(home: string, docker: Docker): Promise<string | undefined> {
  if (!readMade(home).swarm) return undefined
  const left = docker('POST', '/swarm/leave?force=1')
  await ask(left, 'the Swarm could not be left', z.unknown())
  return 'the Swarm'
}

function homeStep({ home }: Settings): Step {
  return {
    name: 'State and data',
    async ensure() {
      const stopped = await stopEverything(home)
      if (!existsSync(home)) return stopped ? 'stopped' : undefined
      // An engine that was killed leaves its file systems mounted.
      unmountBelow(home)
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 })
      return `removed ${home}`
    },
  }
}
