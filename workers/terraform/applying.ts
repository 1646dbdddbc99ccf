/** Applies the plan that was guarded, and that one only. */
import { withTransaction } from '../../api/data/db.ts'
import { consumePlan, moveRun } from '../../api/data/runs/run.ts'
import { applyCommand } from './command.ts'
import { type Ending, need, type RunContext } from './context.ts'
import { bench, failed, lost, parallelism, runEngine } from './engine-run.ts'
import { isEmpty } from './plan.ts'
import { digestOfPlan, pushLeftState } from './workdir.ts'

const APPLY_LIMIT_MS = 30 * 60_000

/** The plan is consumed in the record first: never twice, whatever is killed. */
export async function apply(ctx: RunContext): Promise<Ending | undefined> {
  const { pool } = ctx.services
  if (isEmpty(need(ctx.found.changes, 'a plan')) && !ctx.found.refreshed) return undefined
  const planDigest = await digestOfPlan(ctx)
  if (planDigest !== ctx.found.planDigest) return altered()
  const consumed = await withTransaction(
    pool,
    async (tx) =>
      (await consumePlan(tx, ctx.lease, { id: ctx.runId, planDigest })) &&
      moveRun(tx, ctx.lease, { id: ctx.runId, to: 'applying', now: ctx.services.now() }),
  )
  if (!consumed) return lost()
  const options = { parallelism: parallelism(ctx) }
  const exit = await besideWhich(ctx, () =>
    runEngine(ctx, applyCommand(bench(ctx), options), APPLY_LIMIT_MS),
  )
  ctx.kill.throwIfAborted()
  const isKept = await pushLeftState(ctx, ctx.workdir)
  // What was held back was left out of the plan, and with it what a look at it saw.
  ctx.found.isSeen = isKept && ctx.found.refreshed === true && !ctx.found.heldBack
  if (exit.code === 0 && isKept) return undefined
  if (!isKept)
    return {
      state: 'needs_reconcile',
      message: 'The state could not be saved; its folder is kept.',
    }
  return failed(ctx, 'apply', exit)
}

async function besideWhich<T>(ctx: RunContext, work: () => Promise<T>): Promise<T> {
  const { services, request, lease, kill, runId } = ctx
  const ended = new AbortController()
  const over = AbortSignal.any([ended.signal, kill])
  request.beside?.({ runId, lease, over }).catch((error: unknown) => {
    services.log.warn({ runId, err: error }, 'what goes on beside Terraform is left to the end')
  })
  return work().finally(() => ended.abort())
}

/** The guard has read another plan than the one that lies there. */
const altered = (): Ending => ({
  state: 'held',
  message: 'Held: the plan was altered after it was looked at. Nothing of it was applied.',
  isOutside: true,
})
