/**
 * A run as a list of steps. Each does one thing and either lets the next go on or says how the run ends;
 * each is recorded with its times.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { withTransaction } from '../../api/data/db.ts'
import { consumePlan, endStep, moveRun, type RunState, startStep } from '../../api/data/run.ts'
import { findState } from '../../api/data/state.ts'
import { networkName, seatNumber3 } from '../../stacks/parts/names.ts'
import { renderStack } from '../../stacks/render.ts'
import { removeOrphans, surveyStack, untaint } from './adopt.ts'
import {
  applyCommand,
  type Bench,
  type Command,
  PLAN_FILE,
  planCommand,
  showCommand,
} from './command.ts'
import { type Configuration, need, type RunContext, type RunSummary } from './context.ts'
import { firstError, readEvent } from './events.ts'
import { refusals, refusalText } from './guard.ts'
import { prepareTools } from './mirror.ts'
import { type Change, isEmpty, readPlan, summarise, writesOver } from './plan.ts'
import { type Exit, runCommand } from './spawn.ts'
import { listOwn, readState, survey } from './survey.ts'
import { fillWorkdir, pushLeftState, recoverLeftStates } from './workdir.ts'

/** How a run ends: `again` asks for another run under the same lease. */
export type Ending = {
  state: Extract<RunState, 'applied' | 'held' | 'failed' | 'cancelled' | 'needs_reconcile'>
  message?: string
  summary?: RunSummary
  again?: boolean
}

export type Step = { name: string; run(ctx: RunContext): Promise<Ending | undefined> }

/** Apply and destroy are the same steps: a destroy is an apply of nothing. */
export const STEPS: Step[] = [
  { name: 'recover', run: recover },
  { name: 'survey', run: lookAround },
  { name: 'before', run: callBefore },
  { name: 'prepare', run: prepare },
  { name: 'plan', run: plan },
  { name: 'guard', run: guard },
  { name: 'apply', run: apply },
  { name: 'verify', run: verify },
]

const PARALLELISM = 100
const PLAN_LIMIT_MS = 5 * 60_000
const APPLY_LIMIT_MS = 30 * 60_000

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
  const recovered = await recoverLeftStates(ctx)
  if (recovered.length > 0) note(ctx, `took up the state left by run ${recovered.join(', ')}`)
}

/** What exists, beside what the state says; what can be made good without a plan is. */
async function lookAround(ctx: RunContext): Promise<undefined> {
  const { found } = ctx
  found.survey = await surveyStack(ctx)
  await untaint(ctx, found.survey.tainted)
  found.removed = await removeOrphans(ctx, found.survey.orphans)
  const { adopt, drifted, tainted } = found.survey
  if (adopt.length > 0) note(ctx, `adopts ${adopt.map((one) => one.address).join(', ')}`)
  if (drifted.length > 0) note(ctx, `gone or replaced: ${drifted.join(', ')}`)
  if (tainted.length > 0) note(ctx, `whole after all: ${tainted.join(', ')}`)
  if (found.removed.length > 0)
    note(ctx, `removed ${found.removed.join(', ')}, made by a run that died`)
}

/** The caller's part (seats held and cold, secrets made), and the values the configuration leaves open. */
async function callBefore(ctx: RunContext): Promise<Ending | undefined> {
  const { content, request, found, runId } = ctx
  const secrets = (await request.before?.({ runId }))?.secrets ?? {}
  if (content.kind !== 'seats' || content.seats.length === 0) return undefined
  const without = content.seats.filter((seat) => !secrets[seat.number])
  if (without.length > 0)
    return { state: 'failed', message: `No Swarm secret was made for seat ${without[0]!.number}.` }
  const ids = content.seats.map(({ number }) => [seatNumber3(number), secrets[number]])
  const networks = await networkIds(ctx)
  const missing = Object.entries(networks).find(([, id]) => id === undefined)
  if (missing)
    return {
      state: 'failed',
      message: `There is no Swarm network ${missing[0]}: make the pool's base first.`,
    }
  found.variables = { run: runId, secrets: Object.fromEntries(ids), networks }
}

const network = z.looseObject({ Id: z.string(), Name: z.string() })

async function networkIds({
  services,
  content,
}: RunContext): Promise<Record<string, string | undefined>> {
  if (content.kind !== 'seats') return {}
  const keys = new Set(
    content.seats.map((seat) => seat.template.network).filter((key) => key !== 'none'),
  )
  const names = [...keys].map((key) => networkName(content.installation, key))
  if (names.length === 0) return {}
  const answer = await services.docker.call('GET', '/networks', {
    query: { filters: { name: names } },
  })
  const known = z.array(network).parse(answer)
  return Object.fromEntries(names.map((name) => [name, known.find((one) => one.Name === name)?.Id]))
}

/** The exact rendering of the content, in a folder that needs no init. */
async function prepare(ctx: RunContext): Promise<undefined> {
  const { found, services } = ctx
  found.configuration = JSON.parse(renderStack(ctx.content)) as Configuration
  found.prepared = await prepareTools(
    services.config,
    found.configuration.terraform.required_providers,
  )
  await writeWorkdir(ctx)
}

async function writeWorkdir(ctx: RunContext): Promise<void> {
  const { found, services, lease } = ctx
  const state = await findState(services.pool, services.keyRing, lease.stackId)
  const configuration = without(need(found.configuration, 'a configuration'), found.spared)
  const adopt = need(found.survey, 'a survey').adopt.filter(
    (one) => !found.spared.includes(one.address),
  )
  await fillWorkdir(ctx.workdir, need(found.prepared, 'tools'), {
    configuration,
    adopt,
    baseSerial: state?.serial ?? 0,
  })
}

function without(configuration: Configuration, addresses: string[]): Configuration {
  if (addresses.length === 0) return configuration
  const resource = Object.entries(configuration.resource ?? {}).map(([type, ones]) => [
    type,
    Object.fromEntries(
      Object.entries(ones).filter(([name]) => !addresses.includes(`${type}.${name}`)),
    ),
  ])
  return { ...configuration, resource: Object.fromEntries(resource) }
}

/**
 * Plans; first without looking at each object, which costs the provider two seconds for each. A plan that
 * would write over something is made again with a look: it writes back what it knew, replicas included.
 */
async function plan(ctx: RunContext): Promise<Ending | undefined> {
  if (!(await enter(ctx, 'planning', { toolchain: ctx.found.prepared?.toolchain }))) return lost()
  const { adopt, drifted, tainted } = need(ctx.found.survey, 'a survey')
  let refresh = adopt.length + drifted.length + tainted.length > 0
  let ended = await planOnce(ctx, refresh)
  if (!ended && !refresh && writesOver(need(ctx.found.changes, 'a plan'))) {
    refresh = true
    ended = await planOnce(ctx, refresh)
  }
  if (!ended && spareRunning(ctx)) {
    await writeWorkdir(ctx)
    ended = await planOnce(ctx, refresh)
  }
  ctx.found.refreshed = refresh
  if (ended) return ended
  const summary = summaryOf(ctx)
  return (await enter(ctx, 'planned', { summary })) ? undefined : lost()
}

async function planOnce(ctx: RunContext, refresh: boolean): Promise<Ending | undefined> {
  const options = { parallelism: ctx.request.parallelism ?? PARALLELISM, refresh }
  const planned = await engine(ctx, planCommand(bench(ctx), options), PLAN_LIMIT_MS)
  if (planned.code !== 0) return failed(ctx, 'plan', planned)
  const shown: string[] = []
  const exit = await runCommand(showCommand(bench(ctx)), {
    onLine: (line) => shown.push(line),
    kill: ctx.kill,
  })
  if (exit.code !== 0) return failed(ctx, 'show', exit)
  ctx.found.changes = readPlan(shown.join('\n'))
}

/** Running seats that an adoption would change are left out until they stop. True when there are new ones. */
function spareRunning({ found }: RunContext): boolean {
  const running = new Set(
    need(found.survey, 'a survey')
      .found.filter((o) => o.replicas > 0)
      .map((o) => o.id),
  )
  const touched = need(found.changes, 'a plan').filter(
    (change) =>
      change.isImport && change.action !== 'none' && change.id !== null && running.has(change.id),
  )
  found.spared.push(...touched.map((change) => change.address))
  return touched.length > 0
}

/** Whether this plan may be applied with nobody looking; replicas are read at the last moment. */
async function guard(ctx: RunContext): Promise<Ending | undefined> {
  const { services, content, request } = ctx
  const live = await listOwn(services.docker, content)
  const refused = refusals({
    changes: need(ctx.found.changes, 'a plan'),
    kind: content.kind,
    installation: content.installation,
    stackKey: content.key,
    replicas: new Map(live.map((object) => [object.id, object.replicas])),
    limits: request.limits ?? {},
  })
  if (refused.length === 0) return undefined
  return {
    state: 'held',
    message: refusalText(refused),
    summary: { ...summaryOf(ctx), refusals: refused },
  }
}

/** Applies the plan that was guarded. It is consumed in the record first: never twice, whatever is killed. */
async function apply(ctx: RunContext): Promise<Ending | undefined> {
  const { pool } = ctx.services
  if (isEmpty(need(ctx.found.changes, 'a plan')) && !ctx.found.refreshed) return undefined
  const bytes = await readFile(join(ctx.workdir, PLAN_FILE))
  const planDigest = createHash('sha256').update(bytes).digest('hex')
  const consumed = await withTransaction(
    pool,
    async (tx) =>
      (await consumePlan(tx, ctx.lease, { id: ctx.runId, planDigest })) &&
      moveRun(tx, ctx.lease, { id: ctx.runId, to: 'applying', now: ctx.services.now() }),
  )
  if (!consumed) return lost()
  const options = { parallelism: ctx.request.parallelism ?? PARALLELISM }
  const exit = await engine(ctx, applyCommand(bench(ctx), options), APPLY_LIMIT_MS)
  ctx.kill.throwIfAborted()
  const isKept = await pushLeftState(ctx, ctx.workdir)
  if (exit.code === 0 && isKept) return undefined
  if (!isKept)
    return {
      state: 'needs_reconcile',
      message: 'The state could not be saved; its folder is kept.',
    }
  return failed(ctx, 'apply', exit)
}

/** Everything wanted is there and in the state, and nothing else is: counted again, not believed. */
async function verify(ctx: RunContext): Promise<Ending> {
  const { pool, keyRing, docker } = ctx.services
  const { content, found } = ctx
  const state = await findState(pool, keyRing, ctx.lease.stackId)
  const after = survey(content, await listOwn(docker, content), readState(state?.bytes))
  const summary = summaryOf(ctx)
  const kept = after.orphans.filter((o) => content.kind === 'volumes' || o.replicas > 0)
  const adopt = after.adopt.filter((one) => !found.spared.includes(one.address))
  const off = [...adopt.map((one) => one.address), ...after.drifted, ...after.tainted]
  const strangers = after.orphans.filter((o) => !kept.includes(o)).map((o) => o.name)
  if (off.length + strangers.length > 0)
    return {
      state: 'needs_reconcile',
      message: `Not as planned: ${[...off, ...strangers].slice(0, 5).join(', ')}.`,
      summary,
      again: true,
    }
  const left = [...found.spared, ...kept.map((o) => o.name)]
  if (content.kind === 'seats' && left.length > 0)
    return {
      state: 'held',
      message: `Running seats were left as they are: ${left.join(', ')}.`,
      summary,
    }
  return { state: 'applied', summary }
}

function summaryOf({ found }: RunContext): RunSummary {
  return {
    ...summarise(found.changes ?? ([] as Change[])),
    ...(found.spared.length > 0 && { spared: found.spared }),
    ...(found.removed.length > 0 && { removed: found.removed }),
  }
}

function bench(ctx: RunContext): Bench {
  const { config } = ctx.services
  return {
    engine: config.terraformBinary,
    searchPath: config.searchPath,
    workdir: ctx.workdir,
    cliConfig: need(ctx.found.prepared, 'tools').cliConfig,
    dockerHost: config.dockerHost,
    backend: ctx.backend,
    variables: ctx.found.variables,
  }
}

/** Runs the engine with its events recorded; SIGINT when asked to stop or when it takes too long. */
async function engine(ctx: RunContext, command: Command, limitMs: number): Promise<Exit> {
  const stop = AbortSignal.any([ctx.stop, AbortSignal.timeout(limitMs)])
  const onLine = (line: string) => {
    const event = readEvent(line)
    if (event) ctx.recorder.add(event)
  }
  try {
    return await runCommand(command, { onLine, stop, kill: ctx.kill })
  } finally {
    await ctx.recorder.flush()
  }
}

function failed(ctx: RunContext, doing: string, exit: Exit): Ending {
  if (ctx.kill.aborted) return lost()
  if (ctx.stop.aborted)
    return { state: 'cancelled', message: `Cancelled during ${doing}; the state was saved.` }
  const why = firstError(ctx.recorder.events) ?? (exit.stderr || `exit ${exit.code ?? exit.signal}`)
  return { state: 'failed', message: `Terraform could not ${doing}: ${why}`.slice(0, 1000) }
}

const lost = (): Ending => ({
  state: 'needs_reconcile',
  message: 'The lease went to another worker.',
})

function enter(
  ctx: RunContext,
  to: 'planning' | 'planned',
  more: { summary?: unknown; toolchain?: unknown },
): Promise<boolean> {
  const { pool, now } = ctx.services
  return withTransaction(pool, (tx) =>
    moveRun(tx, ctx.lease, { id: ctx.runId, to, now: now(), ...more }),
  )
}

function note(ctx: RunContext, message: string): void {
  ctx.recorder.add({ at: ctx.services.now(), kind: 'note', message })
  ctx.services.log.warn({ runId: ctx.runId, stack: ctx.content.key }, message)
}
