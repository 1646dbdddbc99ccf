/** A student's own folder, the same beside each of their workspaces, read through the storage agent: also while nothing runs. */
import { courseOf } from '../data/courses/course.ts'
import { personalOf, personalVolumeOf } from '../data/volumes/personal-volume.ts'
import { isKnownAway } from '../data/volumes/storage-outage.ts'
import type { Workspace } from '../data/workspaces/workspace.ts'
import { conflict } from '../errors.ts'
import { filesPage } from '../pages/files.ts'
import { storageAgent } from '../storage/storage-agent.ts'
import { reached } from '../storage/storage-reached.ts'
import type { Handler, Visit } from '../visit.ts'
import { nameOf, openAll, PAGE_ENTRIES, pathOf, whereIn, whyNoFolder } from './files.ts'

export const show: Handler<Workspace> = async (visit, workspace) => {
  const { id } = workspace
  const course = await courseOf(visit.pool, workspace.course_id)
  const shelf = { personalOf: id }
  const common = { ...{ workspaceId: id, shelf, course }, ...whereIn(visit) }
  const why = (code: string) => ({ html: filesPage(visit, { ...common, why: code }) })
  const volume = await personalVolumeOf(visit.pool, id)
  if (!volume) return why('personal.none-yet')
  if (await isKnownAway(visit.pool, volume.backend)) return why('problem.files-away')
  const part = { start: common.start, count: PAGE_ENTRIES }
  const agent = storageAgent(visit.config.storage)
  const folder = await reached(agent.folder(volume.name, common.path, part))
  const { disk } = (await personalOf(visit.pool, id)) ?? {}
  if (!folder) return why(whyNoFolder('personal', common.path, disk))
  const shown = { folder, disk, handing: undefined, past: undefined, pageEntries: PAGE_ENTRIES }
  return { html: filesPage(visit, { ...common, ...shown }) }
}

export const download: Handler<Workspace> = async (visit, workspace) => {
  const file = await open(visit, workspace, 'content')
  const name = nameOf(pathOf(visit)) || 'file'
  return { file: { name, type: 'application/octet-stream', ...file } }
}

export const archive: Handler<Workspace> = async (visit, workspace) => {
  const file = await open(visit, workspace, 'archive')
  const name = `${['personal', nameOf(pathOf(visit))].filter(Boolean).join('-')}.zip`
  return { file: { name, type: 'application/zip', ...file } }
}

/** Theirs alone: it is found by whose the workspace is. */
async function open(visit: Visit, { id }: Workspace, what: 'content' | 'archive') {
  const volume = await personalVolumeOf(visit.pool, id)
  if (!volume) throw conflict('personal.none-yet')
  return openAll(visit, volume, what)
}
