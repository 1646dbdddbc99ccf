/** What the agent answers about the files of one volume: browsing, downloads, uploads, snapshots, sealing, backup. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, nothingHere, notFor, readBody, send, sent } from './answer.ts'
import { zipFolder } from './archive.ts'
import { type Backend, isSnapshotId, type VolumePlace } from './backend.ts'
import { packVolume } from './backup.ts'
import { listFolder, NoSuchFile, openFile, pathOf } from './files.ts'
import type { Imports } from './import.ts'
import type { Recreations } from './recreate.ts'
import { isSealed, seal } from './seal.ts'
import { giveToStudent } from './slots.ts'
import { onSnapshots, type Restores } from './snapshot-server.ts'
import type { Uploads } from './uploads.ts'

type FilesParts = {
  backend: Backend
  imports: Imports
  recreations: Recreations
  restores: Restores
  uploads: Uploads
}

export type FilesCall = {
  request: IncomingMessage
  response: ServerResponse
  name: string
  part: string
  id: string
  searchParams: URLSearchParams
}

export async function onFiles(parts: FilesParts, call: FilesCall): Promise<void> {
  const { request, response, part, id, searchParams } = call
  const isImport = part === 'backup' && request.method === 'PUT'
  const place = isImport
    ? await parts.recreations.placeToFill(call.name)
    : await parts.backend.place(call.name)
  if (!place) return send(response, { status: 409, body: { error: 'The volume is not ready.' } })
  const fills =
    part === 'uploads' || isImport || (part === 'snapshots' && request.method === 'POST')
  if (fills && (await isSealed(place)))
    return send(response, { status: 409, body: { code: 'sealed' } })
  if (part === 'uploads' && (id === '' || /^[0-9a-f]{32}$/.test(id))) {
    // Before any seat has shown it: what comes in belongs to whom the folder belongs to.
    if (isPersonal(call.name)) await giveToStudent(place.home)
    return parts.uploads.handle(place, request, response)
  }
  if (id !== '') return send(response, nothingHere)
  if (part === 'seal' && request.method === 'PUT')
    return send(response, { status: 200, body: await seal(place) })
  if (part === 'backup') return onBackup(place, parts, call)
  const { method } = request
  if (method !== 'GET' && part !== 'snapshots') return send(response, notFor(method))
  try {
    if (part === 'snapshots') {
      const body = method === 'GET' ? undefined : await readBody(request)
      const of = { place, name: call.name }
      return send(response, await onSnapshots(of, parts, { method, body }))
    }
    const path = pathOf(searchParams.get('path') ?? '')
    const seen = await placeAsOf(place, searchParams.get('snapshot'))
    if (part === 'files') return send(response, await files(seen, path, searchParams))
    if (part === 'content') return await content(seen, path, response)
    if (part === 'archive') return await archive(seen, path, response)
    send(response, nothingHere)
  } catch (error) {
    if (!(error instanceof NoSuchFile)) throw error
    send(response, { status: 404, body: { error: error.message } })
  }
}

/** Of a person, whatever course it is in: `personal` stands where a course's code does. */
const isPersonal = (name: string): boolean => /^lp-[a-z0-9]{8}-personal-s/.test(name)

/** As it is now, or as one of its snapshots has it. */
async function placeAsOf(place: VolumePlace, snapshot: string | null): Promise<VolumePlace> {
  if (snapshot === null) return place
  const home = isSnapshotId(snapshot) ? await place.snapshots?.home(snapshot) : undefined
  if (home === undefined) throw new NoSuchFile('There is no such snapshot.')
  return { ...place, home }
}

/** For who administers the machine: the API does not ask for it. */
async function onBackup(
  place: VolumePlace,
  { imports, recreations }: FilesParts,
  { request, response, name }: FilesCall,
): Promise<void> {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/x-tar' })
    // What was sent so far looks whole to nobody: the connection is cut before its end.
    return packVolume(place.home, name, response).catch(() => void response.destroy())
  }
  if (request.method !== 'PUT') return send(response, notFor(request.method))
  const done = await imports.take(place, request)
  await recreations.filled(name, done)
  send(response, done.ok ? { status: 200, body: {} } : { status: 409, body: done })
}

async function files(
  { home }: VolumePlace,
  path: Buffer[],
  asked: URLSearchParams,
): Promise<Answer> {
  const [start, count] = [Number(asked.get('start') ?? 0), Number(asked.get('count') ?? 500)]
  if (!(start >= 0) || !(count > 0 && count <= 1000))
    return { status: 400, body: { error: 'start, count' } }
  return { status: 200, body: await listFolder(home, path, { start, count }) }
}

async function content(
  { home }: VolumePlace,
  path: Buffer[],
  response: ServerResponse,
): Promise<void> {
  const { file, stats } = await openFile(home, path)
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': stats.size,
  })
  if (stats.size === 0) {
    await file.close()
    return void response.end()
  }
  // Not past what was announced, also when somebody still writes to it.
  await sent(file.createReadStream({ start: 0, end: stats.size - 1 }), response)
}

async function archive(
  place: VolumePlace,
  path: Buffer[],
  response: ServerResponse,
): Promise<void> {
  const { limitBytes } = await place.sight()
  const { stream } = await zipFolder(place.home, path, limitBytes ?? 0)
  response.writeHead(200, { 'content-type': 'application/zip' })
  await sent(stream, response)
}
