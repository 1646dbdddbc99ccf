/** What a run knows: given by the caller, and found out step by step. */
import type { Config } from '../../api/config.ts'
import type { Pool } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import type { Listening } from '../../api/data/listen.ts'
import type { RunState } from '../../api/data/runs/run.ts'
import type { Lease } from '../../api/data/runs/stack.ts'
import type { CloudAccess } from '../../api/data/pools/pool-credential.ts'
import type { Content } from '../../stacks/content.ts'
import type { Cloud } from '../cloud/client.ts'
import type { Engine } from '../swarm/engine.ts'
import type { ApprovedMachines } from './envelope-machines.ts'
import type { Limits, Refusal } from './guard.ts'
import type { Prepared } from './mirror.ts'
import type { Change, PlanSummary } from './plan.ts'
import type { Recorder } from './record.ts'
import type { Survey } from './survey.ts'

/** The part of pino's logger that runs use. */
export type RunLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>

export type RunServices = {
  pool: Pool
  keyRing: KeyRing
  config: Pick<
    Config,
    'home' | 'installation' | 'dockerHost' | 'terraformBinary' | 'providerMirror' | 'searchPath'
  >
  docker: Engine
  /** Brings word that a run is to be cancelled; without, it is looked up every other second. */
  listening?: Pick<Listening, 'on'>
  log: RunLog
  /** How far our clock may be from the Swarm's before nothing is applied; not looked at where absent. */
  clockToleranceMs?: number
  /** How long the engine may take to save its state once it was interrupted; spawn.ts's own where absent. */
  graceMs?: number
  /** Who holds the lease, e.g. host name and pid. */
  worker: string
  now: () => Date
  /** The clock that leases are dated by, the same for all workers (record-clock.ts); `now` where absent. */
  leaseNow?: () => Date
}

export type StackRequest = {
  /** Its `key` is the stack's. */
  content: Content
  /** Of a stack of machines, or of volumes that a cloud keeps: where they are, and how that is entered. */
  cloud?: { access: CloudAccess; client: Cloud }
  blueprintDigest?: string
  /**
   * Under the lease, before every plan, a destroy's too: holds seats that change and waits until they are
   * cold, makes Swarm secrets; drains nodes that go. Ends its waiting when `stop` is aborted: nobody needs it then.
   */
  before?: (run: { runId: string; stop: AbortSignal }) => Promise<Prelude>
  /**
   * Once it is planned: of seats that are `asWanted`, those that are to be changed all the same, since somebody altered them. Holds
   * each where nobody works, and answers the addresses of the others: they are left as they are.
   */
  hold?: (addresses: string[]) => Promise<string[]>
  /**
   * Beside Terraform while it applies. Nobody waits for it, and a failure of it is only logged: whatever it has not done
   * when `over` is aborted is `after`'s.
   */
  beside?: (run: Applying) => Promise<void>
  /**
   * Under the lease, after every run, also one that failed: removes secrets nobody uses. What it answers is why the run
   * failed, as far as Terraform was not told: it is added to the run's message, which `said` is so far.
   */
  after?: (run: { runId: string; ok: boolean; said: string }) => Promise<string | void>
  /** Numbers beside the content's own; no limit where absent. */
  limits?: Limits
  /** The content is what was approved: tools must be, too, and a plan that goes beyond it is held. */
  approved?: boolean
  /** Of a stack of machines that is `approved`: which there may be, and at what price. */
  machines?: ApprovedMachines
  /** Hears how Terraform shows the plan to people: of a plan that is never applied. */
  onText?: (shown: string) => void
  /** Addresses of volumes whose files were purged by order. */
  released?: string[]
  parallelism?: number
  /** Ends the run early and cleanly: SIGINT, wait, state saved. */
  signal?: AbortSignal
}

/** `over`: Terraform has ended, or must. */
export type Applying = { runId: string; lease: Lease; over: AbortSignal }

export type Prelude = {
  /** Why what is to be done is not what is wanted any more: nothing was held, and the run ends. The caller reads it anew. */
  outdated?: string
  /** By seat number: the secret's id. */
  secrets?: Record<number, string>
  /** By machine: what it reads to join its Swarm. */
  join?: Record<string, string>
  /** Addresses to be made anew. */
  replace?: string[]
  /** Addresses of seats that by the record are what they should be: where one is not, somebody altered it, and it waits until it is cold. */
  asWanted?: string[]
  /** Seats that go are on their way down: planned meanwhile, and touched only then. */
  cold?: Promise<void>
}

/** `outdated`: what is wanted changed before anything was touched. */
export type RunRefusal = 'busy' | 'outdated' | 'held' | 'failed' | 'lost' | 'cancelled'

export type RunSummary = PlanSummary & {
  refusals?: Refusal[]
  /** Running seats that differ from the content: left as they are until they stop. */
  spared?: string[]
  /** Removed without Terraform: made by a run that died, and wanted by nobody. */
  removed?: string[]
}

export type RunResult =
  | { ok: true; runId: string; summary: RunSummary }
  | {
      ok: false
      reason: RunRefusal
      message: string
      retry: boolean
      runId?: string
      /** Held because it is not what was approved. */
      isOutside?: boolean
    }

export type RunContext = {
  services: RunServices
  request: StackRequest
  /** What shall be there when the run ends: the request's content, or nothing of it. */
  content: Content
  lease: Lease
  isUnclean: boolean
  runId: string
  workdir: string
  backend: { address: string; username: string; password: string }
  /** Ends commands cleanly. */
  stop: AbortSignal
  /** The run has ended, one way or another. */
  over: AbortSignal
  /** Ends them at once. */
  kill: AbortSignal
  recorder: Recorder
  found: Findings
}

/** Each is there once its step has run. */
export type Findings = {
  survey?: Survey
  removed: string[]
  variables: Record<string, unknown>
  /** Addresses that are there but of no use. */
  replace: string[]
  prepared?: Prepared
  configuration?: Configuration
  spared: string[]
  asWanted: string[]
  /** Running seats that somebody altered: what they should be is given back to them when they are cold. */
  altered: string[]
  refreshed?: boolean
  /** What it saw when it looked is in the state by now, of every object: it was applied. */
  isSeen?: boolean
  changes?: Change[]
  /** sha256 of the plan's file as the engine wrote it. */
  planDigest?: string
  /** What was left out of the plan, and why. */
  heldBack?: Refusal[]
  cold?: Promise<void>
}

/** The rendered stack, as far as a run must look into it. */
export type Configuration = {
  terraform: { required_providers: unknown }
  resource?: Record<string, Record<string, unknown>>
} & Record<string, unknown>

/** How a run ends: `again` asks for another run under the same lease. */
export type Ending = {
  /** `planned` ends a run that only plans (plan-stack.ts). */
  state: Extract<
    RunState,
    'planned' | 'applied' | 'held' | 'failed' | 'cancelled' | 'needs_reconcile'
  >
  message?: string
  summary?: RunSummary
  again?: boolean
  /** What exists may be in no state: the next run looks at everything. */
  isUnknown?: boolean
  /** What is wanted changed before anything was touched. */
  isOutdated?: boolean
  /** Held because it is not what was approved. */
  isOutside?: boolean
}

/** What a step that ran earlier found; a bug when it did not run. */
export function need<T>(found: T | undefined, what: string): T {
  if (found === undefined)
    throw new Error(`A step of the run needs ${what}, which no earlier step made.`)
  return found
}
