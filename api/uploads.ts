/**
 * Uploads into a student's volume: the requests of the tus protocol are passed on to the storage agent once it is clear that
 * our own page sent them for this person's own workspace. They are no form, so they stand beside the route table.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'koa'
import { ownWorkspace } from './access.ts'
import { tokenHash } from './data/ids.ts'
import { isKnownAway } from './data/storage-outage.ts'
import { volumeOfWorkspace } from './data/volume.ts'
import { Problem, conflict, notAllowed } from './errors.ts'
import { paths } from './paths.ts'
import { storageAgent } from './storage-agent.ts'
import type { Visit } from './visit.ts'

const PATTERN = /^\/workspaces\/([0-9a-f-]{36})\/uploads(?:\/([0-9a-f]{32}))?$/
const METHODS = ['POST', 'HEAD', 'PATCH', 'DELETE']
const PASSED_ON = [
  ...['tus-resumable', 'upload-length', 'upload-offset', 'upload-metadata'],
  ...['content-type', 'content-length'],
]
const PASSED_BACK = [
  ...['tus-resumable', 'tus-version', 'upload-offset', 'upload-length', 'upload-expires'],
  ...['x-labplan-name'],
]

/** The workspace and the upload that a path means; undefined for every other path. */
export function uploadOf(path: string): { workspace: string; id: string | undefined } | undefined {
  const [, workspace, id] = PATTERN.exec(path) ?? []
  return workspace === undefined ? undefined : { workspace, id }
}

/** Answers the request. `visit` is signed in, and its params name the workspace. */
export async function passUpload(
  ctx: Context,
  visit: Visit,
  id: string | undefined,
): Promise<void> {
  if (!METHODS.includes(ctx.method))
    throw new Problem(405, 'problem.method', { params: { method: ctx.method } })
  const workspace = await ownWorkspace(visit)
  checkSender(ctx, visit)
  const volume = await volumeOfWorkspace(visit.pool, workspace.id)
  if (!volume || volume.backend === 'engine') throw conflict('files.inside-only')
  if (await isKnownAway(visit.pool, volume.backend)) throw new Problem(503, 'problem.files-away')
  const headers = Object.fromEntries(
    PASSED_ON.flatMap((name) => (ctx.get(name) ? [[name, ctx.get(name)]] : [])),
  )
  const { method, req: body } = ctx
  const answer = await storageAgent(visit.config.storage)
    .upload(volume.name, { method, id, headers, body })
    .catch((cause: unknown) => {
      throw new Problem(503, 'problem.files-away', { detail: { cause: String(cause) } })
    })
  ctx.status = answer.status
  for (const name of PASSED_BACK)
    if (answer.headers[name]) ctx.set(name, String(answer.headers[name]))
  const made = /\/uploads\/([0-9a-f]{32})$/.exec(String(answer.headers.location ?? ''))?.[1]
  if (made) ctx.set('location', paths.upload(workspace.id, made))
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
