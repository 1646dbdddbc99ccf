/** From content to a plan that may be guarded: the rendered stack in a folder, planned with as few looks as are safe. */
import { findState } from '../../api/data/runs/state.ts'
import { isOfMachines } from '../../stacks/content.ts'
import { renderStack } from '../../stacks/render.ts'
import { planCommand, showCommand, showTextCommand } from './command.ts'
import { type Configuration, type Ending, need, type RunContext } from './context.ts'
import { bench, enter, failed, lost, parallelism, runEngine, summaryOf } from './engine-run.ts'
import { prepareTools } from './mirror.ts'
import { readPlan, writesOver } from './plan.ts'
import { runCommand } from './spawn.ts'
import { checkClock, checkTools } from './tools.ts'
import { digestOfPlan, fillWorkdir } from './workdir.ts'

const PLAN_LIMIT_MS = 5 * 60_000

/** The exact rendering of the content, in a folder that needs no init. */
export async function prepare(ctx: RunContext): Promise<Ending | undefined> {
  const { found, services } = ctx
  found.configuration = JSON.parse(renderStack(ctx.content)) as Configuration
  found.prepared = await prepareTools(
    services.config,
    found.configuration.terraform.required_providers,
  )
  await writeWorkdir(ctx)
  return (await checkClock(ctx)) ?? (await checkTools(ctx))
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
export async function plan(ctx: RunContext): Promise<Ending | undefined> {
  if (!(await enter(ctx, 'planning', { toolchain: ctx.found.prepared?.toolchain }))) return lost()
  const { adopt, drifted, tainted } = need(ctx.found.survey, 'a survey')
  // Machines are few, and looking at them is quick. After an unclean end, and when the inventory found something altered, the state is not to be believed.
  let refresh =
    ctx.isUnclean || adopt.length + drifted.length + tainted.length > 0 || isOfMachines(ctx.content)
  let ended = await planOnce(ctx, refresh)
  if (!ended && !refresh && writesOver(need(ctx.found.changes, 'a plan'))) {
    refresh = true
    ended = await planOnce(ctx, refresh)
  }
  if (!ended && spareRunning(ctx)) {
    await writeWorkdir(ctx)
    ended = await planOnce(ctx, refresh)
  }
  if (ended) return ended
  ctx.found.refreshed = refresh
  const summary = summaryOf(ctx)
  return (await enter(ctx, 'planned', { summary })) ? undefined : lost()
}

/** The same plan with these addresses alone: the rest is held back. */
export const planOnly = (ctx: RunContext, targets: string[]): Promise<Ending | undefined> =>
  planOnce(ctx, ctx.found.refreshed ?? true, targets)

async function planOnce(
  ctx: RunContext,
  refresh: boolean,
  targets: string[] = [],
): Promise<Ending | undefined> {
  const options = { parallelism: parallelism(ctx), refresh, targets, replace: ctx.found.replace }
  const planned = await runEngine(ctx, planCommand(bench(ctx), options), PLAN_LIMIT_MS)
  if (planned.code !== 0) return failed(ctx, 'plan', planned)
  ctx.found.planDigest = await digestOfPlan(ctx)
  const shown: string[] = []
  const exit = await runCommand(showCommand(bench(ctx)), {
    onLine: (line) => shown.push(line),
    kill: ctx.kill,
  })
  if (exit.code !== 0) return failed(ctx, 'show', exit)
  ctx.found.changes = readPlan(shown.join('\n'))
  if (ctx.request.onText) await tellText(ctx, ctx.request.onText)
}

/** Without it a plan is as good: what cannot be shown is not said. */
async function tellText(ctx: RunContext, onText: (shown: string) => void): Promise<void> {
  const lines: string[] = []
  const exit = await runCommand(showTextCommand(bench(ctx)), {
    onLine: (line) => lines.push(line),
    kill: ctx.kill,
  })
  if (exit.code === 0) onText(lines.join('\n'))
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
