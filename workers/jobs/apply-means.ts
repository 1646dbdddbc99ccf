/** What bringing a stack to what is wanted needs, and what it aims at. */
import type { Logger } from 'pino'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import type { Pace } from '../pace.ts'
import type { Engine } from '../swarm/engine.ts'
import {
  type RunResult,
  type RunServices,
  type StackRequest,
  applyStack,
  destroyStack,
} from '../terraform/run-stack.ts'
import type { Place } from './content.ts'

export type ApplyMeans = {
  pool: Pool
  ring: KeyRing
  engine: Engine
  place: Place
  log: Logger
  now: () => Date
  pace: Pace
  terraform: Terraform
}

/** Makes a stack what a request says, or nothing of it. */
export type Terraform = {
  apply(request: StackRequest): Promise<RunResult>
  destroy(request: StackRequest): Promise<RunResult>
}

export const terraformOf = (runs: RunServices): Terraform => ({
  apply: (request) => applyStack(runs, request),
  destroy: (request) => destroyStack(runs, request),
})

/** Empty: nothing of the stack shall exist. */
export type Goal = { request: StackRequest; isEmpty: boolean }
