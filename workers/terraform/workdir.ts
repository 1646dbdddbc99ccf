/**
 * The folder of a run. It is kept until the state it may hold is acknowledged: when the backend does not
 * answer at the end of an apply, Terraform leaves `errored.tfstate` there, and nowhere else.
 */
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findState, saveState } from '../../api/data/state.ts'
import { PLAN_FILE } from './command.ts'
import type { Configuration, RunContext } from './context.ts'
import type { Prepared } from './mirror.ts'

const LEFT_STATE = 'errored.tfstate'
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

/** Takes up the states of runs that ended badly on this machine, and removes their folders. */
export async function recoverLeftStates(ctx: RunContext): Promise<string[]> {
  const root = stackFolder(ctx.services.config.home, ctx.lease.stackId)
  const recovered: string[] = []
  for (const runId of await foldersIn(root)) {
    const folder = join(root, runId)
    if (folder === ctx.workdir) continue
    if (await mayFollow(ctx, runId, folder)) {
      if (await pushLeftState(ctx, folder)) recovered.push(runId)
    }
    await rm(folder, { recursive: true, force: true })
  }
  return recovered
}

/** Whether nobody has written a state since that run started, but itself. */
async function mayFollow(ctx: RunContext, runId: string, folder: string): Promise<boolean> {
  if (!(await readIfThere(join(folder, LEFT_STATE)))) return false
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
