/** Runs as the command line reads and prints them. */
import type { Call } from './command.ts'
import { usedWrongly } from './command.ts'
import type { CloudCause } from './pools.ts'

export type Run = {
  id: string
  stack: string
  kind: string
  state: string
  message: string | null
  startedAt: string
  endedAt: string | null
  cancelAskedAt: string | null
}

export type RunDetail = Run & {
  pool: string
  worker: string
  states: { state: string; at: string }[]
  steps: { name: string; startedAt: string; endedAt: string | null; outcome: string | null }[]
  trouble: CloudCause | null
  resources: {
    address: string
    action: string
    startedAt: string
    endedAt?: string
    outcome: string
  }[]
}

/** The word after the command: a run's id, or a stack's key for its newest run. */
export function runPath({ args }: Call): string {
  const [run] = args
  if (!run)
    throw usedWrongly('Which run? Give its id, or a stack for its newest run: labplan run list.')
  return `/api/runs/${encodeURIComponent(run)}`
}

export const minute = (at: string): string => at.slice(0, 16).replace('T', ' ')
export const second = (at: string): string => at.slice(11, 19)

/** `2.1 s`, or nothing while it goes on. */
export function took(from: string, to: string | null | undefined): string {
  return to ? `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s` : ''
}
