/** A student's files, read through the storage agent: also while the workspace is stopped. */
import type { Readable } from 'node:stream'
import { courseOf } from '../data/courses/course.ts'
import { submissionRules, submissionsOf } from '../data/volumes/submission.ts'
import { isKnownAway } from '../data/volumes/storage-outage.ts'
import { disksOf, type DiskView, type VolumeBackend } from '../data/volumes/volume.ts'
import type { Workspace } from '../data/workspaces/workspace.ts'
import { Problem, conflict } from '../errors.ts'
import { filesPage } from '../pages/files.ts'
import type { Past } from '../pages/snapshots.ts'
import { paths } from '../paths.ts'
import { storageAgent } from '../storage/storage-agent.ts'
import { reached } from '../storage/storage-reached.ts'
import type { Handler, Visit } from '../visit.ts'
import { asOfIn, disksIn, pastOf } from './snapshot.ts'

export const PAGE_ENTRIES = 200

export const show: Handler<Workspace> = async (visit, workspace) => {
  const course = await courseOf(visit.pool, workspace.course_id)
  const common = {
    ...{ workspaceId: workspace.id, shelf: workspace.id, course },
    ...whereIn(visit),
  }
  const disks = await disksIn(visit, workspace)
  const volume = disks.chosen ?? disks.now
  if (!volume || volume.backend === 'engine') {
    const why = volume ? 'files.inside-only' : 'files.none-yet'
    return { html: filesPage(visit, { ...common, why, past: await pastOf(visit, disks) }) }
  }
  const away = async (why = 'problem.files-away', past?: Past) => {
    const handing = await handingIn(visit, workspace)
    return { html: filesPage(visit, { ...common, why, handing, past }) }
  }
  if (await isKnownAway(visit.pool, volume.backend)) return away()
  const past = await pastOf(visit, disks)
  const asOf = past?.asOf
  const snapshot = asOf?.former ? undefined : asOf?.id
  const part = { start: common.start, count: PAGE_ENTRIES, snapshot }
  const folder = await reached(
    storageAgent(visit.config.storage).folder(volume.name, common.path, part),
  ).catch((error: unknown) => {
    // Who has just handed in reads that it is noted, whatever else there is to see.
    if (visit.query.has('handed') && error instanceof Problem) return 'away' as const
    throw error
  })
  if (folder === 'away') return away()
  if (!folder && asOf) return { html: filesPage(visit, { ...common, past, noFolder: asOf }) }
  const disk = (await disksOf(visit.pool, [workspace.seat_id ?? ''])).get(workspace.seat_id ?? '')
  if (!folder) return away(whyNoFolder('disk', common.path, disk), past)
  // A volume of which the student's home is one folder: nobody wants to see that first.
  const [only] = folder.entries
  if (!visit.query.has('path') && folder.total === 1 && only?.kind === 'folder')
    return { seeOther: paths.files(workspace.id, only.key, 0, asOf?.id) }
  const handing = asOf ? undefined : await handingIn(visit, workspace)
  const shown = { folder, disk, handing, past, pageEntries: PAGE_ENTRIES }
  return { html: filesPage(visit, { ...common, ...shown }) }
}

/** The first folder of a disk is always there, unless the disk is not; of any other it is said that there is none. */
export function whyNoFolder(
  key: 'disk' | 'personal',
  path: string,
  disk: DiskView | undefined,
): string {
  if (path === '' && (disk?.state === 'missing' || disk?.state === 'damaged'))
    return `${key}.${disk.state}`
  throw new Problem(404, 'problem.no-file')
}

async function handingIn({ pool, query }: Visit, workspace: Workspace) {
  const rules = await submissionRules(pool, workspace.course_id)
  const mine = await submissionsOf(pool, workspace.id)
  const number = Number(query.get('handed') ?? 0)
  const done = mine.find((row) => row.number === number)
  return rules.takes || mine.length > 0 ? { rules, mine, done } : undefined
}

/** Keys of the storage agent, and from which entry on. */
export const whereIn = (visit: Visit) => ({ path: pathOf(visit), start: startOf(visit) })

export const pathOf = ({ query }: Visit): string =>
  (query.get('path') ?? '').split('/').filter(Boolean).join('/')

function startOf({ query }: Visit): number {
  const start = Number(query.get('start') ?? 0)
  return Number.isSafeInteger(start) && start >= 0 ? start : 0
}

export const download: Handler<Workspace> = async (visit, workspace) => {
  const path = pathOf(visit)
  const { stream, bytes } = await openIn(visit, workspace, 'content')
  return { file: { name: nameOf(path) || 'file', type: 'application/octet-stream', stream, bytes } }
}

export const archive: Handler<Workspace> = async (visit, workspace) => {
  const { key } = await courseOf(visit.pool, workspace.course_id)
  const { stream, bytes } = await openIn(visit, workspace, 'archive')
  const folder = nameOf(pathOf(visit))
  const name = `${[key, folder].filter(Boolean).join('-')}.zip`
  return { file: { name, type: 'application/zip', stream, bytes } }
}

async function openIn(
  visit: Visit,
  workspace: Workspace,
  what: 'content' | 'archive',
): Promise<{ stream: Readable; bytes: number | undefined }> {
  const { now, chosen } = await disksIn(visit, workspace)
  const volume = chosen ?? now
  if (!volume || volume.backend === 'engine') throw conflict('files.inside-only')
  return openAll(visit, volume, what, chosen ? undefined : asOfIn(visit))
}

export async function openAll(
  visit: Visit,
  volume: { name: string; backend: VolumeBackend },
  what: 'content' | 'archive',
  snapshot?: string,
): Promise<{ stream: Readable; bytes: number | undefined }> {
  if (await isKnownAway(visit.pool, volume.backend)) throw new Problem(503, 'problem.files-away')
  const found = await reached(
    storageAgent(visit.config.storage).read(volume.name, what, {
      ...{ path: pathOf(visit), snapshot },
    }),
  )
  if (!found) throw new Problem(404, 'problem.no-file')
  return found
}

/** The last name of a path of keys, for people; what is no UTF-8 stays as it is sent. */
export function nameOf(path: string): string {
  const last = path.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
