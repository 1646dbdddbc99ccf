/**
 * A plan that is never applied: would the stack come to be? Everything is as in a run (lease, state, tools,
 * guard), but that nothing is repaired, held, made or written, and the stack's own state stays as it is.
 */
import { withTransaction } from '../../api/data/db.ts'
import { newToken, tokenHash } from '../../api/data/ids.ts'
import { createRun, endDeadRuns, endPlan, moveRun } from '../../api/data/runs/run.ts'
import { type Lease, moveStack, releaseLease } from '../../api/data/runs/stack.ts'
import { contentDigest } from '../../stacks/content.ts'
import { surveyStack } from './adopt.ts'
import { callBefore } from './before.ts'
import type { Ending, RunContext, RunResult, RunServices, StackRequest } from './context.ts'
import { summaryOf } from './engine-run.ts'
import { type RefusalCode, refusalText } from './guard.ts'
import { keepLease } from './lease.ts'
import { plan, prepare } from './planning.ts'
import { crashed, leaseLost, makeContext, refuse, take } from './run-stack.ts'
import { refusedChanges, runSteps, type Step } from './steps.ts'
import { leaveWorkdir } from './workdir.ts'

const PLAN_STEPS: Step[] = [
  { name: 'survey', run: async (ctx) => void (ctx.found.survey = await surveyStack(ctx)) },
  { name: 'before', run: callBefore },
  { name: 'prepare', run: prepare },
  { name: 'plan', run: plan },
  { name: 'guard', run: wouldBeHeld },
]

/** Who is at work now is no obstacle later: an apply waits until its seats are cold. */
const TEMPORARY: ReadonlySet<RefusalCode> = new Set(['seat_is_running', 'seat_is_unknown'])

/** `ok` when the stack could be applied; `busy` when somebody works on it, or has to repair it first. */
export async function planStack(services: RunServices, request: StackRequest): Promise<RunResult> {
  const { pool, now, worker } = services
  const { content } = request
  const token = newToken()
  const stack = await take(services, content.key, tokenHash(token))
  if (!stack) return refuse('busy', `Stack ${content.key} is in another worker's hands.`, true)
  const lease: Lease = { stackId: stack.id, tokenHash: tokenHash(token) }
  const held = keepLease(services, lease, stack.until)
  try {
    if (stack.isUnclean) {
      // Taking the lease has cleared what told so: the next run must hear of it. Why it is tried in vain stays to be read.
      const message = stack.trouble ?? 'An earlier run ended without a word.'
      await withTransaction(pool, async (tx) => {
        await endDeadRuns(tx, lease, now())
        await moveStack(tx, lease, { state: 'needs_reconcile', message, now: now() })
        await releaseLease(tx, lease)
      })
      return refuse('busy', `Stack ${content.key} has to be repaired first.`, true)
    }
    const runId = await withTransaction(pool, (tx) =>
      createRun(tx, lease, {
        kind: 'plan',
        blueprintDigest: request.blueprintDigest ?? null,
        contentDigest: contentDigest(content),
        worker,
        now: now(),
      }),
    )
    if (runId === undefined) return leaseLost()
    const turn = { services, request, token, lease, kill: held.lost, isUnclean: false }
    const made = await makeContext(turn, runId, content)
    const ending = await runSteps(made.context, PLAN_STEPS)
      .catch((error: unknown) => crashed(made.context, error))
      .finally(() => made.close())
    return await settlePlan(made.context, ending)
  } catch (error) {
    // No run that takes the stack over would be due: nobody else would say that this one is over.
    await withTransaction(pool, async (tx) => {
      await endDeadRuns(tx, lease, now())
      await releaseLease(tx, lease)
    }).catch(() => {})
    throw error
  } finally {
    held.stop()
  }
}

/** The last step: a plan that could be applied ends here. */
async function wouldBeHeld(ctx: RunContext): Promise<Ending> {
  const refused = (await refusedChanges(ctx)).filter(({ code }) => !TEMPORARY.has(code))
  const summary = summaryOf(ctx)
  if (refused.length === 0) return { state: 'planned', summary }
  return {
    state: 'held',
    message: refusalText(refused),
    summary: { ...summary, refusals: refused },
  }
}

async function settlePlan(ctx: RunContext, ending: Ending): Promise<RunResult> {
  const { pool, now, log } = ctx.services
  const { state, message, summary } = ending
  const end = { id: ctx.runId, now: now() }
  await leaveWorkdir(ctx)
  const written = await withTransaction(pool, async (tx) => {
    const isOurs =
      state === 'planned'
        ? await endPlan(tx, ctx.lease, end)
        : await moveRun(tx, ctx.lease, {
            ...{ ...end, to: state },
            ...(message !== undefined && { message }),
            ...(summary && { summary }),
          })
    // With the end, as after a run.
    if (isOurs) await releaseLease(tx, ctx.lease)
    return isOurs
  })
  log.info({ runId: ctx.runId, stack: ctx.content.key, end: state, message }, 'an early plan ended')
  if (!written) return refuse('busy', 'The lease went to another worker.', true, ctx.runId)
  if (state === 'planned' && summary) return { ok: true, runId: ctx.runId, summary }
  const reason = state === 'held' || state === 'cancelled' ? state : 'failed'
  return refuse(reason, message ?? state, true, ctx.runId)
}
