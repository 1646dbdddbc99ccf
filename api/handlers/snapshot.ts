/** A student's files as they were before, also while the workspace is stopped: what is kept, and bringing back what is lost. */
import { z } from 'zod'
import { hasSnapshots } from '../../stacks/rules/retention.ts'
import { audit } from '../data/audit.ts'
import { courseOf } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import { type FormerVolume, formerVolumes } from '../data/volumes/former-volume.ts'
import { isKnownAway } from '../data/volumes/storage-outage.ts'
import { type VolumeBackend, volumeOfWorkspace } from '../data/volumes/volume.ts'
import type { Workspace } from '../data/workspaces/workspace.ts'
import { conflict, Problem } from '../errors.ts'
import { formerId } from '../pages/former.ts'
import type { AsOf, Past } from '../pages/snapshots.ts'
import { paths } from '../paths.ts'
import { type StorageAgent, storageAgent } from '../storage/storage-agent.ts'
import { reached } from '../storage/storage-reached.ts'
import { actorOf, type Handler, type Visit } from '../visit.ts'

export type NamedVolume = { name: string; backend: VolumeBackend }

/** What there is of a workspace's files: on the disk of now, and on those of before its resets. */
export type Disks = {
  now: NamedVolume | undefined
  former: FormerVolume[]
  /** The one of before that `asOf` names. */
  chosen: FormerVolume | undefined
}

/** Of this workspace's seat alone: what `asOf` names is looked for among them, and is nobody else's. */
export async function disksIn(visit: Visit, workspace: Workspace): Promise<Disks> {
  const { id, seat_id: seatId } = workspace
  const now = await volumeOfWorkspace(visit.pool, id)
  const former = seatId ? await formerVolumes(visit.pool, { seatId, now: visit.at }) : []
  const wanted = asOfIn(visit)
  const chosen = former.find((one) => formerId(one) === wanted)
  if (wanted?.startsWith('g') && !chosen) throw new Problem(404, 'problem.no-snapshot')
  return { now, former, chosen }
}

/** Undefined where nothing is kept of before. */
export async function pastOf(
  visit: Visit,
  { now, former, chosen }: Disks,
): Promise<Past | undefined> {
  const wanted = asOfIn(visit)
  const takes = now !== undefined && now.backend !== 'engine' && hasSnapshots(now.backend)
  const found =
    now && (takes || former.length > 0)
      ? await reached(storageAgent(visit.config.storage).snapshots(now.name))
      : undefined
  const snapshots = takes ? (found?.snapshots ?? null) : null
  const asOf = chosen ? asOfFormer(chosen) : snapshots?.find(({ id }) => id === wanted)
  if (wanted !== undefined && !asOf) throw new Problem(404, 'problem.no-snapshot')
  if (!snapshots && former.length === 0) return undefined
  const restore = found?.restore ?? null
  return { snapshots, former, asOf, restore, canBringBack: found !== undefined }
}

const asOfFormer = (former: FormerVolume): AsOf => ({
  ...{ id: formerId(former), at: former.endedAt.toISOString(), former },
})

export const asOfIn = ({ query }: Visit): string | undefined => query.get('asOf') ?? undefined

export const restoreBody = z.object({
  asOf: z.string().regex(/^(\d{8}T\d{6}Z|g[1-9]\d{0,5})$/),
  path: z.string().max(16_000).default(''),
})

export const restore: Handler<Workspace, z.infer<typeof restoreBody>> = async (
  visit,
  workspace,
) => {
  const { asOf, path } = visit.body
  const volume = await volumeOfWorkspace(visit.pool, workspace.id)
  if (!volume || volume.backend === 'engine') throw conflict('files.inside-only')
  if (await isKnownAway(visit.pool, volume.backend)) throw new Problem(503, 'problem.files-away')
  const agent = storageAgent(visit.config.storage)
  const { at, from } = await keptAs(visit, { agent, workspace, volume, asOf })
  const { time_zone: timeZone } = await courseOf(visit.pool, workspace.course_id)
  const label = labelOf(at, timeZone)
  // Before, so that no file changes without its trace.
  await withTransaction(visit.pool, (tx) =>
    audit(tx, {
      ...{ actor: actorOf(visit, 'student'), action: 'files.bring-back', now: visit.at },
      ...{ subject: { kind: 'workspace', id: workspace.id } },
      detail: { asOf: at.toISOString().replace('.000Z', 'Z'), ...('volume' in from && from) },
    }),
  )
  const done = await reached(agent.bringBack(volume.name, { ...from, path, label }))
  if (done === 'busy') throw conflict('snapshot.busy')
  if (done === 'not-there') throw new Problem(404, 'problem.no-file')
  return { seeOther: paths.files(workspace.id, done.folder ?? '') }
}

/** When it was so, and where it is kept; only of what this workspace has. */
async function keptAs(
  visit: Visit,
  of: { agent: StorageAgent; workspace: Workspace; volume: NamedVolume; asOf: string },
): Promise<{ at: Date; from: { snapshot: string } | { volume: string } }> {
  const { agent, workspace, volume, asOf } = of
  if (asOf.startsWith('g')) {
    const seatId = workspace.seat_id ?? ''
    const former = await formerVolumes(visit.pool, { seatId, now: visit.at })
    const chosen = former.find((one) => formerId(one) === asOf)
    if (!chosen) throw new Problem(404, 'problem.no-snapshot')
    if (await isKnownAway(visit.pool, chosen.backend)) throw new Problem(503, 'problem.files-away')
    return { at: chosen.endedAt, from: { volume: chosen.name } }
  }
  const there = await reached(agent.snapshots(volume.name))
  if (!there) throw new Problem(503, 'problem.files-away')
  const at = there.snapshots?.find(({ id }) => id === asOf)
  if (!at) throw new Problem(404, 'problem.no-snapshot')
  return { at: new Date(at.at), from: { snapshot: asOf } }
}

/** `2026-11-26 15h30`: in names of files, so without a colon, which not every system takes, or a dot, which begins an ending. */
function labelOf(at: Date, timeZone: string): string {
  const text = new Intl.DateTimeFormat('sv-SE', {
    ...{ timeZone, dateStyle: 'short', timeStyle: 'short' },
  }).format(at)
  return text.replace(':', 'h')
}
