/** Starts again what was killed, as scripts/steps/supervisor.ts does. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Installation, Part } from '../installation.ts'

const RESTART_MS = 500

export function keepRunning(inst: Installation, parts: readonly Part[]): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const watch = async (part: Part) => {
    while (!stopping.signal.aborted) {
      // One that ends while it starts (no database yet) is tried again.
      if (!isRunning(inst, part)) await inst.start(part).catch(() => {})
      await sleep(RESTART_MS)
    }
  }
  const watching = parts.map(watch)
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(watching)
    },
  }
}

export function isRunning(inst: Installation, part: Part): boolean {
  try {
    return inst.pid(part) > 0
  } catch {
    return false
  }
}
