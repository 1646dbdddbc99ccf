/**
 * Uploads into a student's volume: the requests of the tus protocol are passed on to the storage agent once it is clear that
 * our own page sent them for this person's own workspace. They are no form, so they stand beside the route table.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'koa'
import { ownWorkspace, plansCourse } from '../access.ts'
import { draftName } from '../data/volumes/course-data.ts'
import { tokenHash } from '../data/ids.ts'
import { personalVolumeOf } from '../data/volumes/personal-volume.ts'
import { isKnownAway } from '../data/volumes/storage-outage.ts'
import { volumeOfWorkspace } from '../data/volumes/volume.ts'
import { Problem, conflict, notAllowed } from '../errors.ts'
import { paths } from '../paths.ts'
import { storageAgent } from './storage-agent.ts'
import type { Visit } from '../visit.ts'

const ID = String.raw`(?:\/([0-9a-f]{32}))?$`
const PATTERN = new RegExp(String.raw`^\/workspaces\/([0-9a-f-]{36})(\/personal)?\/uploads${ID}`)
const DATA_PATTERN = new RegExp(String.raw`^\/courses\/([a-z0-9-]+)\/data-uploads${ID}`)
const METHODS = ['POST', 'HEAD', 'PATCH', 'DELETE']
const PASSED_ON = [
  ...['tus-resumable', 'upload-length', 'upload-offset', 'upload-metadata'],
  ...['content-type', 'content-length'],
]
const PASSED_BACK = [
  ...['tus-resumable', 'tus-version', 'upload-offset', 'upload-length', 'upload-expires'],
  ...['x-labplan-name'],
]

/** What a path is an upload into: a workspace's files, its student's own folder, or the draft of a course's data. */
export type UploadInto = {
  into: 'workspace' | 'personal' | 'course'
  params: Record<string, string>
  id: string | undefined
}

/** Undefined for every path that is no upload's. */
export function uploadOf(path: string): UploadInto | undefined {
  const [, workspace, own, id] = PATTERN.exec(path) ?? []
  if (workspace !== undefined)
    return { into: own ? 'personal' : 'workspace', params: { workspace }, id }
  const [, course, dataId] = DATA_PATTERN.exec(path) ?? []
  return course === undefined ? undefined : { into: 'course', params: { course }, id: dataId }
}

/** The volume that the visitor may fill, and where an upload into it is found again. */
async function targetOf(
  visit: Visit,
  into: UploadInto['into'],
): Promise<{ volume: string | undefined; at(upload: string): string }> {
  if (into === 'course') {
    const course = await plansCourse(visit)
    const volume = await draftName(visit.pool, course.id)
    return { volume, at: (upload) => paths.courseDataUpload(course.key, upload) }
  }
  const { id } = await ownWorkspace(visit)
  const isPersonal = into === 'personal'
  const own = isPersonal
    ? await personalVolumeOf(visit.pool, id)
    : await volumeOfWorkspace(visit.pool, id)
  const shelf = isPersonal ? { personalOf: id } : id
  if (own?.backend !== 'engine' && own && (await isKnownAway(visit.pool, own.backend)))
    throw new Problem(503, 'problem.files-away')
  const volume = own?.backend === 'engine' ? undefined : own?.name
  return { volume, at: (upload) => paths.upload(shelf, upload) }
}

/** What is said where there is nothing to upload into. */
const lacking: Record<UploadInto['into'], string> = {
  ...{ workspace: 'files.inside-only', personal: 'personal.none-yet', course: 'data.gone' },
}

/** Answers the request. `visit` is signed in, and its params are those of the path. */
export async function passUpload(
  ctx: Context,
  visit: Visit,
  { into, id }: UploadInto,
): Promise<void> {
  if (!METHODS.includes(ctx.method))
    throw new Problem(405, 'problem.method', { params: { method: ctx.method } })
  const { volume, at } = await targetOf(visit, into)
  checkSender(ctx, visit)
  if (volume === undefined) throw conflict(lacking[into])
  const headers = Object.fromEntries(
    PASSED_ON.flatMap((name) => (ctx.get(name) ? [[name, ctx.get(name)]] : [])),
  )
  const { method, req: body } = ctx
  const answer = await storageAgent(visit.config.storage)
    .upload(volume, { method, id, headers, body })
    .catch((cause: unknown) => {
      throw new Problem(503, 'problem.files-away', { detail: { cause: String(cause) } })
    })
  ctx.status = answer.status
  for (const name of PASSED_BACK)
    if (answer.headers[name]) ctx.set(name, String(answer.headers[name]))
  const made = /\/uploads\/([0-9a-f]{32})$/.exec(String(answer.headers.location ?? ''))?.[1]
  if (made) ctx.set('location', at(made))
  ctx.set('cache-control', 'no-store')
  ctx.body = answer.status === 204 ? null : answer.body
  // Koa would make a 204 of an empty body.
  ctx.status = answer.status
}

/** As for forms: the login's token, and where browsers say it, our own origin. */
function checkSender(ctx: Context, visit: Visit): void {
  const origin = ctx.get('origin')
  if (origin && origin !== new URL(visit.config.publicUrl).origin)
    throw notAllowed('problem.foreign-form')
  const token = visit.visitor?.csrf ?? ''
  if (!timingSafeEqual(tokenHash(ctx.get('x-csrf')), tokenHash(token)))
    throw notAllowed('problem.foreign-form')
}
