/**
 * The one way to Terraform: make a stack what its content says, or nothing of it. Takes the stack's lease,
 * runs, verifies, and runs once more when what is there is not what was planned.
 */
import { join } from 'node:path'
import { type Db, withTransaction } from '../../api/data/db.ts'
import { newToken, tokenHash } from '../../api/data/ids.ts'
import { beginRun, moveRun, type RunKind } from '../../api/data/runs/run.ts'
import { waitAfterCancel } from '../../api/data/runs/run-control.ts'
import {
  holdsLease,
  type Lease,
  type LeasedStack,
  moveStack,
  recordApplied,
  releaseLease,
  stackExists,
  takeLease,
} from '../../api/data/runs/stack.ts'
import { contentDigest, emptied } from '../../stacks/content.ts'
import { watchCancel } from './cancel.ts'
import type {
  Ending,
  RunContext,
  RunRefusal,
  RunResult,
  RunServices,
  StackRequest,
} from './context.ts'
import { firstError } from './events.ts'
import { keepLease, leaseUntil } from './lease.ts'
import { recordEvents } from './record.ts'
import { serveState, STATE_USER } from './state.ts'
import { runSteps, STEPS } from './steps.ts'
import { leaveWorkdir, stackFolder } from './workdir.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

export type { RunResult, RunServices, StackRequest } from './context.ts'

/** Makes the stack what `request.content` says. Expected failures are answers; only bugs are thrown. */
export async function applyStack(services: RunServices, request: StackRequest): Promise<RunResult> {
  return underLease(services, request, 'apply')
}

/** Makes nothing of the stack exist. Volumes are refused by the guard, but those whose files were purged. */
export async function destroyStack(
  services: RunServices,
  request: StackRequest,
): Promise<RunResult> {
  return underLease(services, request, 'destroy')
}

async function underLease(
  services: RunServices,
  request: StackRequest,
  kind: Extract<RunKind, 'apply' | 'destroy'>,
): Promise<RunResult> {
  const token = newToken()
  const stack = await take(services, request.content.key, tokenHash(token))
  if (!stack)
    return refuse('busy', `Stack ${request.content.key} is in another worker's hands.`, true)
  const lease: Lease = { stackId: stack.id, tokenHash: tokenHash(token) }
  const held = keepLease(services, lease, stack.until)
  try {
    const turn = { services, request, kind, token, lease, kill: held.lost }
    const first = await oneRun({ ...turn, isUnclean: stack.isUnclean, mayRunAgain: true })
    if (!first.runAgain) return first.result
    return (await oneRun({ ...turn, isUnclean: true, mayRunAgain: false })).result
  } catch (error) {
    // Where PostgreSQL does not answer it runs out.
    await releaseLease(services.pool, lease).catch(() => {})
    throw error
  } finally {
    held.stop()
  }
}

export async function take(
  services: RunServices,
  key: string,
  hash: Buffer,
): Promise<(LeasedStack & { until: Date }) | undefined> {
  const { pool, worker, leaseNow = services.now } = services
  const at = leaseNow()
  const until = leaseUntil(at)
  const wish = { key, worker, tokenHash: hash, until, now: at }
  const taken = await takeLease(pool, wish)
  if (!taken && !(await stackExists(pool, key)))
    throw new Error(`There is no stack ${key} in the record: insert it before it is run.`)
  return taken && { ...taken, until }
}

type Turn = {
  services: RunServices
  request: StackRequest
  kind: 'apply' | 'destroy'
  token: string
  lease: Lease
  kill: AbortSignal
  isUnclean: boolean
  mayRunAgain: boolean
}

/** `runAgain`: what is there is not what was planned, or a killed run was still making things. */
async function oneRun(turn: Turn): Promise<{ result: RunResult; runAgain: boolean }> {
  const { services, request, kind } = turn
  const { pool, now, worker } = services
  const content = kind === 'destroy' ? emptied(request.content) : request.content
  const runId = await beginRun(pool, turn.lease, {
    ...{ kind, worker, now: now() },
    blueprintDigest: request.blueprintDigest ?? null,
    contentDigest: contentDigest(content),
  })
  // Paused for so long that somebody else took the stack: what is under way is theirs.
  if (runId === undefined) return { result: leaseLost(), runAgain: false }
  const ctx = await makeContext(turn, runId, content)
  const ended = await runSteps(ctx.context, STEPS)
    .catch((error: unknown) => crashed(ctx.context, error))
    .finally(() => ctx.close())
  const ending = await tellCaller(ctx.context, ended)
  const stumbled = ending.state === 'failed' && turn.isUnclean
  const runAgain = !turn.kill.aborted && turn.mayRunAgain && (ending.again === true || stumbled)
  const result = await settle(ctx.context, { kind, ending, runAgain })
  return { result, runAgain: runAgain && !turn.kill.aborted }
}

export async function makeContext(
  turn: Omit<Turn, 'kind' | 'mayRunAgain'>,
  runId: string,
  content: StackRequest['content'],
): Promise<{ context: RunContext; close(): Promise<void> }> {
  const { services, request, lease, token, kill } = turn
  const { pool, keyRing, config, log, now } = services
  const server = await serveState({
    pool,
    keyRing,
    now,
    writer: { ...lease, runId },
    onRefusal: (refusal) => log.error({ runId, refusal }, 'a state was refused'),
  })
  const recorder = recordEvents(pool, runId, (error, events) =>
    log.error(
      { runId, err: error, events },
      'what a run said could not be written down: it is here',
    ),
  )
  const cancel = watchCancel(services, runId)
  const over = new AbortController()
  const context: RunContext = {
    services,
    request,
    content,
    lease,
    isUnclean: turn.isUnclean,
    runId,
    workdir: join(stackFolder(config.home, lease.stackId), runId),
    backend: { address: server.address, username: STATE_USER, password: token },
    stop: AbortSignal.any([cancel.asked, ...(request.signal ? [request.signal] : [])]),
    over: over.signal,
    kill,
    recorder,
    found: { removed: [], variables: {}, replace: [], spared: [], asWanted: [], altered: [] },
  }
  return {
    context,
    async close() {
      over.abort()
      cancel.stop()
      await recorder.close()
      await server.close()
    },
  }
}

/** A step threw: PostgreSQL or Docker did not answer, the lease is gone, or a bug of ours. */
export function crashed(ctx: RunContext, error: unknown): Ending {
  if (ctx.kill.aborted)
    return { state: 'needs_reconcile', message: 'The lease went to another worker.' }
  ctx.services.log.error({ runId: ctx.runId, err: error }, 'a run stopped')
  const why = whyOf(error)
  return { state: 'failed', message: firstError(ctx.recorder.events) ?? why }
}

/**
 * Before the stack counts as applied: what the caller could not write down, or died before it did, would stay
 * unwritten for ever, since nothing would differ any more.
 */
async function tellCaller(ctx: RunContext, ending: Ending): Promise<Ending> {
  const ok = ending.state === 'applied' && !ctx.kill.aborted
  try {
    // Paused until somebody else took the stack: seats are held for their run by now, and what is written down is theirs to say.
    if (!(await holdsLease(ctx.services.pool, ctx.lease))) return ending
    const said = ending.message ?? ''
    const why = await ctx.request.after?.({ runId: ctx.runId, ok, said })
    if (!why || ending.state !== 'failed') return ending
    return { ...ending, message: `${said} ${why}`.trim() }
  } catch (error) {
    ctx.services.log.error({ runId: ctx.runId, err: error }, 'the end of a run could not be told')
    if (!ok) return ending
    const why = whyOf(error)
    return {
      ...ending,
      state: 'failed',
      message: `What was made could not be written down: ${why}`,
    }
  }
}

type End = { kind: 'apply' | 'destroy'; ending: Ending; runAgain: boolean }

/** Writes the end of the run and of the stack, and answers the caller. */
async function settle(ctx: RunContext, end: End): Promise<RunResult> {
  const { pool, log } = ctx.services
  const { kind, ending } = end
  const { message, summary } = ending
  // While the stack is ours: whoever takes it next looks through what lies there.
  await leaveWorkdir(ctx)
  const written = await withTransaction(pool, async (tx) => {
    const isOurs = await writeEnd(tx, ctx, end)
    // In one with the end: a stack that is as wanted is taken by nobody, and would seem at work for ever if we died between the two.
    if (isOurs && !end.runAgain) await releaseLease(tx, ctx.lease)
    return isOurs
  })
  log.info(
    { runId: ctx.runId, stack: ctx.content.key, kind, end: ending.state, message },
    'run ended',
  )
  if (!written) return leaseLost(ctx.runId)
  if (ending.state === 'applied' && summary) return { ok: true, runId: ctx.runId, summary }
  const refused = refuse(refusalOf(ending), message ?? ending.state, true, ctx.runId)
  return { ...refused, ...(ending.isOutside && { isOutside: true }) }
}

/** False when the stack is somebody else's by now. */
async function writeEnd(tx: Db, ctx: RunContext, { kind, ending }: End): Promise<boolean> {
  const now = ctx.services.now()
  const { state, message, summary, isUnknown = false } = ending
  const moved = await moveRun(tx, ctx.lease, {
    ...{ id: ctx.runId, to: state, now },
    ...(message !== undefined && { message }),
    ...(summary && { summary }),
  })
  if (!moved) {
    if (!(await holdsLease(tx, ctx.lease))) return false
    throw new Error(`Run ${ctx.runId} cannot become ${state} from where it is.`)
  }
  if (state === 'cancelled') await waitAfterCancel(tx, ctx.lease, { id: ctx.runId, isUnknown, now })
  if (state !== 'applied')
    return moveStack(tx, ctx.lease, {
      ...{ state: stackStateAfter(ctx, ending), message: message ?? null, now },
    })
  const digest = kind === 'destroy' ? null : contentDigest(ctx.request.content)
  return recordApplied(tx, ctx.lease, { digest, now })
}

/**
 * A failed apply leaves a state that was saved; only an unknown end needs a closer look, until what one saw is in the state. A run that
 * was held, cancelled or broken off before it applied anything has kept nothing of it.
 */
function stackStateAfter(ctx: RunContext, ending: Ending): 'failed' | 'needs_reconcile' {
  const isUnseen = ctx.isUnclean && !ctx.found.isSeen
  const isUnknown = ending.state === 'needs_reconcile' || ending.isUnknown === true
  return isUnknown || isUnseen ? 'needs_reconcile' : 'failed'
}

function refusalOf(ending: Ending): RunRefusal {
  if (ending.isOutdated) return 'outdated'
  if (ending.state === 'held' || ending.state === 'cancelled') return ending.state
  return 'failed'
}

export const leaseLost = (runId?: string): RunResult =>
  refuse('lost', 'The lease went to another worker.', true, runId)

export function refuse(
  reason: RunRefusal,
  message: string,
  retry: boolean,
  runId?: string,
): RunResult {
  return { ok: false, reason, message, retry, ...(runId && { runId }) }
}
