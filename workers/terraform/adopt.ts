/**
 * Makes good what a killed run left: the state is told what exists, by import; half-made marks are taken
 * off what is there; what nobody wants is removed. Always done, not only after an accident: it is two
 * API calls, and an accident may not have been noticed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { findState, saveState } from '../../api/data/runs/state.ts'
import { isOfMachines } from '../../stacks/content.ts'
import { listInCloud } from '../cloud/objects.ts'
import { listStackShares, removeStillborn } from '../cloud/shares.ts'
import { removeFromCloud } from '../cloud/removal.ts'
import { EngineError } from '../swarm/engine.ts'
import { seatsOnMachines } from '../swarm/load.ts'
import type { RunContext } from './context.ts'
import {
  type Found,
  listOwn,
  readState,
  type Survey,
  survey,
  untainted,
  withoutIds,
} from './survey.ts'

/** After a killed run, a call it made may still be under way in the Docker engine. */
const SETTLE_MS = 2000

export async function surveyStack(ctx: RunContext): Promise<Survey> {
  const { pool, keyRing } = ctx.services
  if (ctx.isUnclean) await sleep(SETTLE_MS)
  await letGoOfStillborn(ctx)
  const found = await listThere(ctx)
  const state = await findState(pool, keyRing, ctx.lease.stackId)
  return survey(ctx.content, found, readState(state?.bytes))
}

/** Shares that a cloud could not make. A plan that is never applied takes nothing away. */
async function letGoOfStillborn(ctx: RunContext): Promise<void> {
  const { services, request, runId } = ctx
  const { content, cloud } = request
  if (content.kind !== 'volumes' || !cloud || request.onText) return
  const { removed, remnants } = await removeStillborn(cloud.client, content)
  if (removed.length > 0)
    services.log.warn({ runId, removed }, 'removed shares that came to nothing')
  await forget(ctx, remnants)
}

/** They are in the way of shares that are made anew: Terraform would want to replace them, which it may not. */
async function forget(ctx: RunContext, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  const { pool, keyRing, log } = ctx.services
  log.warn(
    { runId: ctx.runId, ids },
    'shares came to nothing, and only the cloud’s operator can remove them',
  )
  const state = await findState(pool, keyRing, ctx.lease.stackId)
  const bytes = state && withoutIds(state.bytes, ids)
  if (bytes) await correct(ctx, bytes)
}

async function correct(ctx: RunContext, bytes: Buffer): Promise<void> {
  const { pool, keyRing, now } = ctx.services
  const write = { ...ctx.lease, runId: ctx.runId, now: now(), bytes, lockId: null }
  const saved = await saveState(pool, keyRing, write)
  if (!saved.ok) throw new Error(`The state could not be corrected: ${saved.refusal}.`)
}

/** What is this stack's now: on the Swarm, in its cloud, or in both. */
export async function listThere({ services, request }: RunContext): Promise<Found[]> {
  const { content, cloud } = request
  if (!isOfMachines(content)) {
    const own = await listOwn(services.docker, content)
    const isInCloud = content.kind === 'volumes' && cloud
    return isInCloud ? [...own, ...(await listStackShares(cloud.client, content))] : own
  }
  if (!cloud) throw new Error(`Stack ${content.key} is run without its cloud.`)
  return listInCloud(cloud.client, content, await seatsOnMachines(services.docker, content))
}

/** Takes the half-made mark off objects that exist: creating one is a single call, so it is whole. */
export async function untaint(ctx: RunContext, addresses: string[]): Promise<void> {
  if (addresses.length === 0) return
  const { pool, keyRing, log } = ctx.services
  const state = await findState(pool, keyRing, ctx.lease.stackId)
  if (!state) return
  await correct(ctx, untainted(state.bytes, addresses))
  log.warn({ runId: ctx.runId, addresses }, 'took the half-made mark off what exists')
}

/**
 * Removes services that carry this stack's labels, are in no state and not wanted: a run that died made
 * them. One that runs, and every volume, is kept: somebody may need it. Answers the names of those removed.
 */
export async function removeOrphans(ctx: RunContext, orphans: Found[]): Promise<string[]> {
  const { docker, log } = ctx.services
  const { content, cloud } = ctx.request
  if (isOfMachines(content)) return cloud ? removeFromCloud(cloud.client, content, orphans) : []
  const removed: string[] = []
  for (const orphan of orphans) {
    if (ctx.content.kind === 'volumes' || orphan.replicas > 0) {
      log.warn({ runId: ctx.runId, name: orphan.name }, 'ours by label, in no state, kept')
      continue
    }
    await docker.call('DELETE', `/services/${orphan.id}`).catch((error: unknown) => {
      if (!(error instanceof EngineError) || error.status !== 404) throw error
    })
    removed.push(orphan.name)
  }
  return removed
}
