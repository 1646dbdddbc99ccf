/** Terraform or OpenTofu at work for one run: where, with what, and how its end reads. */
import { moveRun } from '../../api/data/runs/run.ts'
import { cloudEnvironment } from '../cloud/environment.ts'
import type { Bench, Command } from './command.ts'
import { type Ending, need, type RunContext, type RunSummary } from './context.ts'
import { firstError, readEvent } from './events.ts'
import { type Change, summarise } from './plan.ts'
import { type Exit, runCommand } from './spawn.ts'

/** The Docker provider sleeps two seconds for each object it reads: many at a time. A cloud is not to be overrun. */
export const PARALLELISM = { swarm: 100, cloud: 10 }

export const parallelism = ({ request }: RunContext): number =>
  request.parallelism ?? PARALLELISM[request.cloud ? 'cloud' : 'swarm']

export function summaryOf({ found }: RunContext): RunSummary {
  const spared = [...found.spared, ...found.altered]
  return {
    ...summarise(found.changes ?? ([] as Change[])),
    ...(spared.length > 0 && { spared }),
    ...(found.removed.length > 0 && { removed: found.removed }),
  }
}

export function bench(ctx: RunContext): Bench {
  const { config } = ctx.services
  const { content, cloud } = ctx.request
  return {
    engine: config.terraformBinary,
    searchPath: config.searchPath,
    workdir: ctx.workdir,
    cliConfig: need(ctx.found.prepared, 'tools').cliConfig,
    dockerHost: ctx.services.docker.host(),
    backend: ctx.backend,
    variables: ctx.found.variables,
    ...(cloud && { cloud: cloudEnvironment(cloud.access, content) }),
  }
}

/** Runs the engine with its events recorded; SIGINT when asked to stop or when it takes too long. */
export async function runEngine(ctx: RunContext, command: Command, limitMs: number): Promise<Exit> {
  const stop = AbortSignal.any([ctx.stop, AbortSignal.timeout(limitMs)])
  const onLine = (line: string) => {
    const event = readEvent(line)
    if (event) ctx.recorder.add(event)
  }
  try {
    const { graceMs } = ctx.services
    return await runCommand(command, { onLine, stop, kill: ctx.kill, ...(graceMs && { graceMs }) })
  } finally {
    await ctx.recorder.flush()
  }
}

export function failed(ctx: RunContext, doing: 'plan' | 'show' | 'apply', exit: Exit): Ending {
  if (ctx.kill.aborted) return lost()
  const state = ctx.stop.aborted ? 'cancelled' : 'failed'
  if (exit.signal === 'SIGKILL' && doing === 'apply') return killed(state)
  if (state === 'cancelled') return { state, message: `Cancelled during ${doing}; ${KEPT[doing]}.` }
  const why = firstError(ctx.recorder.events) ?? (exit.stderr || `exit ${exit.code ?? exit.signal}`)
  return { state: 'failed', message: `Terraform could not ${doing}: ${why}`.slice(0, 1000) }
}

/** What a plan or a look leaves behind is nothing; an apply that was interrupted has saved its state before it ended. */
const KEPT = {
  plan: 'it had changed nothing',
  show: 'it had changed nothing',
  apply: 'the state was saved',
}

/** By us, when it did not end within its grace, or by the machine, short of memory: it has saved nothing of its last seconds. */
const killed = (state: 'cancelled' | 'failed'): Ending => ({
  state,
  isUnknown: true,
  message: `${state === 'cancelled' ? 'Cancelled during apply: ' : ''}Terraform was killed before it could save its state. What it made last may be in no state: the next run looks for it, and takes it over.`,
})

export const lost = (): Ending => ({
  state: 'needs_reconcile',
  message: 'The lease went to another worker.',
})

export function enter(
  ctx: RunContext,
  to: 'planning' | 'planned',
  more: { summary?: unknown; toolchain?: unknown },
): Promise<boolean> {
  const { pool, now } = ctx.services
  return moveRun(pool, ctx.lease, { id: ctx.runId, to, now: now(), ...more })
}

export function note(ctx: RunContext, message: string): void {
  ctx.recorder.add({ at: ctx.services.now(), kind: 'note', message })
  ctx.services.log.warn({ runId: ctx.runId, stack: ctx.content.key }, message)
}
