/** A node of a Swarm bed as a machine whose power is cut and comes back, on the same disk. */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureSeatNetwork } from '../../scripts/steps/network.ts'
import { startEngine } from '../beds/engines.ts'
import { bedPlace, bedSpecSchema } from '../beds/place.ts'
import type { SwarmBed } from '../beds/swarm.ts'

const START_MS = 60_000

export type KillableNode = {
  /** Ends engine and containers at once; answers when nothing of it is left. */
  kill(): Promise<void>
  /** Boots it again, as labplan-node does whenever a machine starts. */
  start(): Promise<void>
  /** Pid of its engine, in whose mount namespace containers are made. */
  pid(): number
}

export function killableNode(bed: SwarmBed, index: number, installation: string): KillableNode {
  const { dockerHost, namespace: enterNamespace, pid } = bed.nodes[index]!
  let enginePid = pid
  const gateways = [bed.hostAddress]
  return {
    pid: () => enginePid,
    async kill() {
      process.kill(enginePid, 'SIGKILL')
      while (processesIn(enterNamespace) !== '') await sleep(50)
    },
    async start() {
      const { node } = await startEngine(bedPlace(bed.id), index, bedSpecSchema.parse({}))
      enginePid = node.pid
      await untilDone(() =>
        ensureSeatNetwork({ dockerHost, installation, enterNamespace, gateways }),
      )
    },
  }
}

function processesIn(namespace: string): string {
  const name = namespace.replace('/run/netns/', '')
  return execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).trim()
}

/** The Swarm of an engine that has just started takes a moment. */
async function untilDone(act: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    try {
      await act()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}
