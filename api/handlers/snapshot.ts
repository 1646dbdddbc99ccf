/** A student's files as they were before, also while the workspace is stopped: which instants are kept, and bringing back what is lost. */
import { z } from 'zod'
import { hasSnapshots } from '../../stacks/rules/retention.ts'
import { audit } from '../data/audit.ts'
import { courseOf } from '../data/course.ts'
import { withTransaction } from '../data/db.ts'
import { isKnownAway } from '../data/storage-outage.ts'
import { type VolumeBackend, volumeOfWorkspace } from '../data/volume.ts'
import type { Workspace } from '../data/workspace.ts'
import { conflict, Problem } from '../errors.ts'
import type { Past } from '../pages/snapshots.ts'
import { paths } from '../paths.ts'
import { storageAgent } from '../storage-agent.ts'
import { reached } from '../storage-reached.ts'
import { actorOf, type Handler, type Visit } from '../visit.ts'

/** Undefined where nothing is kept of before. */
export async function pastOf(
  visit: Visit,
  volume: { name: string; backend: VolumeBackend },
): Promise<Past | undefined> {
  const wanted = asOfIn(visit)
  const found =
    volume.backend !== 'engine' && hasSnapshots(volume.backend)
      ? await reached(storageAgent(visit.config.storage).snapshots(volume.name))
      : undefined
  const { snapshots } = found ?? {}
  const asOf = snapshots?.find(({ id }) => id === wanted)
  if (wanted !== undefined && !asOf) throw new Problem(404, 'problem.no-snapshot')
  return snapshots ? { snapshots, asOf, restore: found?.restore ?? null } : undefined
}

export const asOfIn = ({ query }: Visit): string | undefined => query.get('asOf') ?? undefined

export const restoreBody = z.object({
  asOf: z.string().regex(/^\d{8}T\d{6}Z$/),
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
  const there = await reached(agent.snapshots(volume.name))
  if (!there) throw new Problem(503, 'problem.files-away')
  const at = there.snapshots?.find(({ id }) => id === asOf)
  if (!at) throw new Problem(404, 'problem.no-snapshot')
  const { time_zone: timeZone } = await courseOf(visit.pool, workspace.course_id)
  const label = labelOf(new Date(at.at), timeZone)
  // Before, so that no file changes without its trace.
  await withTransaction(visit.pool, (tx) =>
    audit(tx, {
      ...{ actor: actorOf(visit, 'student'), action: 'files.bring-back', now: visit.at },
      ...{ subject: { kind: 'workspace', id: workspace.id }, detail: { asOf: at.at } },
    }),
  )
  const done = await reached(agent.bringBack(volume.name, { snapshot: asOf, path, label }))
  if (done === 'busy') throw conflict('snapshot.busy')
  if (done === 'not-there') throw new Problem(404, 'problem.no-file')
  return { seeOther: paths.files(workspace.id, done.folder ?? '') }
}

/** `2026-11-26 15h30`: in names of files, so without a colon, which not every system takes, or a dot, which begins an ending. */
function labelOf(at: Date, timeZone: string): string {
  const text = new Intl.DateTimeFormat('sv-SE', {
    ...{ timeZone, dateStyle: 'short', timeStyle: 'short' },
  }).format(at)
  return text.replace(':', 'h')
}
