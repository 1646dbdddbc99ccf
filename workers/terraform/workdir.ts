/**
 * The folder of a run. It is kept until the state it may hold is acknowledged: when the backend does not
 * answer at the end of an apply, Terraform leaves `errored.tfstate` there, and nowhere else.
 */
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findState, isStale, saveState } from '../../api/data/runs/state.ts'
import { PLAN_FILE } from './command.ts'
import type { Configuration, RunContext } from './context.ts'
import type { Prepared } from './mirror.ts'

const LEFT_STATE = 'errored.tfstate'
/** Where the states lie that no run has taken up, from a Labplan's home. */
export const LEFT_STATES = `terraform/runs/*/*/${LEFT_STATE}`
/** The serial a run started from: a state it left behind follows that one only. */
const BASE_FILE = 'base-serial'

export const stackFolder = (home: string, stackId: string): string =>
  join(home, 'terraform', 'runs', stackId)

/** Makes the folder anew and ready: no `init` is needed after it. */
export async function fillWorkdir(
  workdir: string,
  prepared: Prepared,
  files: {
    configuration: Configuration
    adopt: { address: string; id: string }[]
    baseSerial: number
  },
): Promise<void> {
  await rm(workdir, { recursive: true, force: true })
  await mkdir(workdir, { recursive: true, mode: 0o700 })
  await cp(prepared.folder, workdir, { recursive: true, verbatimSymlinks: true })
  await writeFile(join(workdir, 'cdk.tf.json'), JSON.stringify(files.configuration, null, 2))
  const imports = files.adopt.map(({ address, id }) => ({ to: address, id }))
  if (imports.length > 0)
    await writeFile(join(workdir, 'adopt.tf.json'), JSON.stringify({ import: imports }, null, 2))
  await writeFile(join(workdir, BASE_FILE), String(files.baseSerial))
}

/** sha256 of the plan's file as it is now. */
export async function digestOfPlan({ workdir }: Pick<RunContext, 'workdir'>): Promise<string> {
  const bytes = await readFile(join(workdir, PLAN_FILE))
  return createHash('sha256').update(bytes).digest('hex')
}

/** Pushes the state Terraform could not deliver; true when there is none, or it is kept now. */
export async function pushLeftState(ctx: RunContext, folder: string): Promise<boolean> {
  const bytes = await readIfThere(join(folder, LEFT_STATE))
  if (!bytes) return true
  const { pool, keyRing, log, now } = ctx.services
  const saved = await saveState(pool, keyRing, {
    ...ctx.lease,
    runId: ctx.runId,
    now: now(),
    bytes,
    lockId: null,
  })
  log[saved.ok ? 'info' : 'warn']({ runId: ctx.runId, saved }, 'a state that Terraform left behind')
  if (saved.ok) await rm(join(folder, LEFT_STATE))
  return saved.ok
}

/** Removes the run's folder, unless the only copy of a state is in it. */
export async function leaveWorkdir(ctx: RunContext): Promise<void> {
  if (await readIfThere(join(ctx.workdir, LEFT_STATE))) return
  await rm(ctx.workdir, { recursive: true, force: true })
}

/** Ids of runs whose state was taken up, and of those whose state is in their folder and nowhere else. */
export type Recovery = { recovered: string[]; kept: string[] }

/**
 * Takes up the states of runs that ended badly on this machine, and removes their folders: but one whose state could not be
 * delivered, unless the record has one as new. That may be the only word of what the run made: each later run tries it again, and
 * `labplan doctor` names it.
 */
export async function recoverLeftStates(ctx: RunContext): Promise<Recovery> {
  const root = stackFolder(ctx.services.config.home, ctx.lease.stackId)
  const all: Recovery = { recovered: [], kept: [] }
  for (const runId of await foldersIn(root)) {
    const folder = join(root, runId)
    if (folder === ctx.workdir) continue
    const left = await settleLeftState(ctx, runId, folder)
    if (left === 'undelivered') {
      ctx.services.log.error({ runId, folder }, 'a state that Terraform left could not be kept')
      all.kept.push(runId)
      continue
    }
    if (left === 'recovered') all.recovered.push(runId)
    await rm(folder, { recursive: true, force: true })
  }
  return all
}

async function settleLeftState(
  ctx: RunContext,
  runId: string,
  folder: string,
): Promise<'none' | 'recovered' | 'stale' | 'undelivered'> {
  const bytes = await readIfThere(join(folder, LEFT_STATE))
  if (!bytes) return 'none'
  if ((await mayFollow(ctx, runId, folder)) && (await pushLeftState(ctx, folder)))
    return 'recovered'
  return (await isStale(ctx.services.pool, ctx.lease.stackId, bytes)) ? 'stale' : 'undelivered'
}

/** Whether nobody has written a state since that run started, but itself. */
async function mayFollow(ctx: RunContext, runId: string, folder: string): Promise<boolean> {
  const base = Number((await readIfThere(join(folder, BASE_FILE)))?.toString())
  const current = await findState(ctx.services.pool, ctx.services.keyRing, ctx.lease.stackId)
  return current === undefined ? base === 0 : current.serial === base || current.runId === runId
}

async function foldersIn(root: string): Promise<string[]> {
  try {
    return await readdir(root)
  } catch {
    return []
  }
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
