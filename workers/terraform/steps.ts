/**
 * A run as a list of steps. Each does one thing and either lets the next go on or says how the run ends;
 * each is recorded with its times.
 */
import { endStep, startStep } from '../../api/data/runs/run.ts'
import { findState } from '../../api/data/runs/state.ts'
import { listThere, removeOrphans, surveyStack, untaint } from './adopt.ts'
import { apply } from './applying.ts'
import { callBefore } from './before.ts'
import { type Ending, need, type RunContext } from './context.ts'
import { note, summaryOf } from './engine-run.ts'
import { isOfMachines } from '../../stacks/content.ts'
import { envelopeOf, outsideEnvelope } from './envelope.ts'
import { outsideMachines } from './envelope-machines.ts'
import type { Change } from './plan.ts'
import { type Refusal, type RefusalCode, refusals, refusalText } from './guard.ts'
import { plan, planOnly, prepare } from './planning.ts'
import { readState, survey } from './survey.ts'
import { recoverLeftStates } from './workdir.ts'

export type Step = { name: string; run(ctx: RunContext): Promise<Ending | undefined> }

/** Apply and destroy are the same steps: a destroy is an apply of nothing. */
export const STEPS: Step[] = [
  { name: 'recover', run: recover },
  { name: 'survey', run: lookAround },
  { name: 'before', run: callBefore },
  { name: 'prepare', run: prepare },
  { name: 'plan', run: plan },
  { name: 'cool', run: untilCold },
  { name: 'guard', run: guard },
  { name: 'apply', run: apply },
  { name: 'verify', run: verify },
]

/** Runs the steps in order until one ends the run. */
export async function runSteps(ctx: RunContext, steps: Step[]): Promise<Ending> {
  const { pool, now } = ctx.services
  for (const step of steps) {
    ctx.kill.throwIfAborted()
    if (ctx.stop.aborted)
      return { state: 'cancelled', message: 'Cancelled before it changed anything more.' }
    const number = await startStep(pool, { runId: ctx.runId, name: step.name, now: now() })
    let outcome = 'failed'
    try {
      const ending = await step.run(ctx)
      outcome = ending?.state ?? 'done'
      if (ending) return ending
    } finally {
      await endStep(pool, { runId: ctx.runId, number, outcome, now: now() })
    }
  }
  throw new Error('No step ended the run.')
}

/** States that earlier runs on this machine could not deliver. */
async function recover(ctx: RunContext): Promise<undefined> {
  const { recovered, kept } = await recoverLeftStates(ctx)
  if (recovered.length > 0) note(ctx, `took up the state left by run ${recovered.join(', ')}`)
  if (kept.length > 0)
    note(ctx, `the state left by run ${kept.join(', ')} could not be kept: see labplan doctor`)
}

/** What exists, beside what the state says; what can be made good without a plan is. */
async function lookAround(ctx: RunContext): Promise<undefined> {
  const { found } = ctx
  found.survey = await surveyStack(ctx)
  await untaint(ctx, found.survey.tainted)
  found.removed = await removeOrphans(ctx, found.survey.orphans)
  const { adopt, drifted, tainted, broken } = found.survey
  found.replace = broken
  if (adopt.length > 0) note(ctx, `adopts ${adopt.map((one) => one.address).join(', ')}`)
  if (drifted.length > 0) note(ctx, `gone or replaced: ${drifted.join(', ')}`)
  if (tainted.length > 0) note(ctx, `whole after all: ${tainted.join(', ')}`)
  if (broken.length > 0) note(ctx, `of no use: ${broken.join(', ')}`)
  if (found.removed.length > 0)
    note(ctx, `removed ${found.removed.join(', ')}, made by a run that died`)
}

async function untilCold({ found }: RunContext): Promise<undefined> {
  await found.cold
}

/** Whether this plan may be applied with nobody looking; replicas are read at the last moment. */
async function guard(ctx: RunContext): Promise<Ending | undefined> {
  const taken = await holdAltered(ctx)
  // After that: what it looks at stays as it is until it is applied.
  const refused = [...(await refusedChanges(ctx)), ...taken]
  if (refused.length === 0) return undefined
  const altered = alteredAtWork(refused, ctx)
  const held = refused.filter(({ address }) => !altered.includes(address))
  const rest = untouchedBy(refused, ctx)
  if (!ctx.request.approved || (rest.length === 0 && held.length > 0)) return heldBy(refused, ctx)
  if (altered.length > 0) leaveAltered(ctx, altered)
  if (rest.length === 0) return verify(ctx)
  // What is as approved goes on: a class does not wait for the one seat that is not.
  const ended = await planOnly(ctx, rest)
  if (ended) return ended
  const again = await refusedChanges(ctx)
  if (again.length > 0) return heldBy([...refused, ...again], ctx)
  if (held.length === 0) return undefined
  ctx.found.heldBack = held
  note(ctx, `${refusalText(held)} The rest goes on.`)
}

/** Nobody may begin in an altered seat while it is made right: it would be cut. Answers those where somebody has begun. */
async function holdAltered({ request, found }: RunContext): Promise<Refusal[]> {
  const changed = need(found.changes, 'a plan').filter(({ action }) => action !== 'none')
  const altered = changed.flatMap(({ address }) =>
    found.asWanted.includes(address) ? [address] : [],
  )
  if (!request.hold || altered.length === 0) return []
  const taken = await request.hold(altered)
  const detail = 'somebody begins to work there'
  return taken.map((address) => ({ code: 'seat_is_running', address, detail }))
}

/** Seats that run, and of which the record says that they are as they should be. */
function alteredAtWork(refused: Refusal[], { found }: RunContext): string[] {
  const codes = Map.groupBy(refused, ({ address }) => address)
  return found.asWanted.filter((address) =>
    codes.get(address)?.every(({ code }) => code === 'seat_is_running'),
  )
}

/** Nobody is cut off for it, and nothing else waits for it: the inventory has them made right when they are cold. */
function leaveAltered(ctx: RunContext, altered: string[]): void {
  const { found } = ctx
  found.altered = altered
  found.changes = need(found.changes, 'a plan').filter(({ address }) => !altered.includes(address))
  note(ctx, `altered, and at work: ${altered.join(', ')}; left as they are until they stop`)
}

/** Addresses that the plan changes and nothing is said against; none when something is said of all of it. */
function untouchedBy(refused: Refusal[], { found }: RunContext): string[] {
  const held = new Set(refused.map((one) => one.address))
  if (held.has('')) return []
  return need(found.changes, 'a plan')
    .filter(({ action, isImport }) => action !== 'none' || isImport)
    .map((change) => change.address)
    .filter((address) => !held.has(address))
}

function heldBy(refused: Refusal[], ctx: RunContext): Ending {
  return {
    state: 'held',
    message: refusalText(refused),
    summary: { ...summaryOf(ctx), refusals: refused },
    isOutside: refused.some(({ code }) => OUTSIDE.has(code)),
  }
}

/** What was not approved, as against what only has to wait. */
const OUTSIDE: ReadonlySet<RefusalCode> = new Set([
  ...(['not_approved', 'still_approved', 'would_be_replaced', 'not_as_approved'] as const),
  'would_cost_more',
  ...(['type_not_ours', 'not_labelled_ours', 'volume_would_be_lost', 'too_many'] as const),
])

/** What the guard says of the plan, with replicas as they are now. */
export async function refusedChanges(ctx: RunContext): Promise<Refusal[]> {
  const { content, request, found } = ctx
  const live = await listThere(ctx)
  const changes = need(found.changes, 'a plan')
  const envelope = request.approved ? outside(ctx, changes) : []
  const guarded = refusals({
    changes: need(found.changes, 'a plan'),
    kind: content.kind,
    installation: content.installation,
    stackKey: content.key,
    isTeardown: content !== request.content,
    region: isOfMachines(content) ? content.cloud.regions[0]?.name : undefined,
    replicas: new Map(live.map((object) => [object.id, object.replicas])),
    limits: request.limits ?? {},
    released: request.released ?? [],
  })
  return [...envelope, ...guarded]
}

/** What nobody approved. Machines of which it is not said which are approved may only go. */
function outside({ content, request, found }: RunContext, changes: Change[]): Refusal[] {
  if (!isOfMachines(content)) return outsideEnvelope(changes, envelopeOf(content, found.variables))
  const none = { now: [], ever: [], prices: {}, currency: '' }
  const { join = {} } = found.variables as { join?: Record<string, string> }
  return outsideMachines(changes, { content, approved: request.machines ?? none, join })
}

/** Everything wanted is there and in the state, and nothing else is: counted again, not believed. */
async function verify(ctx: RunContext): Promise<Ending> {
  const { pool, keyRing } = ctx.services
  const { content, found } = ctx
  const state = await findState(pool, keyRing, ctx.lease.stackId)
  const after = survey(content, await listThere(ctx), readState(state?.bytes))
  const summary = summaryOf(ctx)
  const kept = after.orphans.filter((o) => content.kind === 'volumes' || o.replicas > 0)
  const adopt = after.adopt.filter((one) => !found.spared.includes(one.address))
  const off = [
    ...adopt.map((one) => one.address),
    ...after.drifted,
    ...after.tainted,
    ...after.broken,
  ]
  const strangers = after.orphans.filter((o) => !kept.includes(o)).map((o) => o.name)
  if (off.length + strangers.length > 0)
    return {
      state: 'needs_reconcile',
      message: `Not as planned: ${[...off, ...strangers].slice(0, 5).join(', ')}.`,
      summary,
      again: true,
    }
  if (found.heldBack)
    return { ...heldBy(found.heldBack, ctx), summary: { ...summary, refusals: found.heldBack } }
  const left = [...found.spared, ...kept.map((o) => o.name)]
  if (content.kind === 'seats' && left.length > 0)
    return {
      state: 'held',
      message: `Running seats were left as they are: ${left.join(', ')}.`,
      summary,
    }
  return { state: 'applied', summary }
}
