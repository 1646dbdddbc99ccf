/**
 * Resumable uploads into a volume, by the tus protocol (https://tus.io/protocols/resumable-upload). What has arrived so far lies
 * beside the student's files, where no seat sees it, and counts against the limit like they do.
 */
import { constants } from 'node:fs'
import { link, lstat, mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants as system } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server, type Upload } from '@tus/server'
import type { VolumePlace } from './backend.ts'
import { NoSuchFile, pathOf, withFolder } from './files.ts'

const KEPT_MS = 24 * 60 * 60_000
/** Something may still arrive in one that was begun a day ago. */
const QUIET_MS = 60 * 60_000
/** In one go: the rest is next. */
const MOST_SWEPT = 1_000
const NAME_TRIES = 100

export type Uploads = {
  handle(place: VolumePlace, request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** @param now milliseconds since 1970 */
export function uploadsOf(now: () => number): Uploads {
  const servers = new Map<string, Server>()
  return {
    async handle(place, request, response) {
      await mkdir(place.uploads, { recursive: true, mode: 0o700 })
      const known = servers.get(place.uploads)
      const server = known ?? serverOf(place)
      servers.set(place.uploads, server)
      // Whoever begins another one has the room of those that nobody goes on with.
      if (request.method === 'POST') await sweepUploads(place, now())
      await server.handle(request, response)
    },
  }
}

/** Lets go of what was begun a day ago and is not gone on with: the protocol takes nothing more of it. */
export async function sweepUploads({ uploads }: VolumePlace, nowMs: number): Promise<void> {
  const names = await readdir(uploads).catch(() => [])
  const ids = new Set(names.flatMap((name) => /^([0-9a-f]{32})(\.json)?$/.exec(name)?.[1] ?? []))
  let swept = 0
  for (const id of ids) {
    if (swept >= MOST_SWEPT) return
    const file = join(uploads, id)
    const atMs = await lastMs(file)
    if (nowMs - atMs.begun < KEPT_MS || nowMs - atMs.written < QUIET_MS) continue
    await rm(file, { force: true })
    await rm(`${file}.json`, { force: true })
    swept += 1
  }
}

/** One of the two may be alone, when an agent was killed. */
async function lastMs(file: string): Promise<{ begun: number; written: number }> {
  const [data, note] = await Promise.all(
    [file, `${file}.json`].map((one) => lstat(one).catch(() => undefined)),
  )
  const written = Math.max(data?.mtimeMs ?? 0, note?.mtimeMs ?? 0)
  const text = await readFile(`${file}.json`, 'utf8').catch(() => '')
  return {
    begun: Date.parse(/"creation_date":"([^"]+)"/.exec(text)?.[1] ?? '') || written,
    written,
  }
}

type Arrive = (upload: Pick<Upload, 'id' | 'metadata'>) => Promise<string>

/** What it says is all there is in its folder: nothing more is sent of it, and nobody else would bring it there. */
class WholeStore extends FileStore {
  readonly #arrive: Arrive
  constructor(options: ConstructorParameters<typeof FileStore>[0], arrive: Arrive) {
    super(options)
    this.#arrive = arrive
  }
  override async getUpload(id: string): Promise<Upload> {
    const upload = await super.getUpload(id)
    const isOver = Date.now() > Date.parse(upload.creation_date ?? '') + this.getExpiration()
    if (upload.offset === upload.size && !isOver) await this.#arrive(upload)
    return upload
  }
}

function serverOf(place: VolumePlace): Server {
  const options = { directory: place.uploads, expirationPeriodInMilliseconds: KEPT_MS }
  const datastore = new FileStore(options)
  const underWay = new Map<string, Promise<string>>()
  const moved: Arrive = async ({ id, metadata }) => {
    const name = await moveIn(place, id, targetOf(metadata))
    await datastore.configstore.delete(id)
    return name
  }
  /** Once for all who ask meanwhile: the client whose connection was cut asks while it is moved. */
  const arrive: Arrive = (upload) => {
    const moving =
      underWay.get(upload.id) ?? moved(upload).finally(() => underWay.delete(upload.id))
    underWay.set(upload.id, moving)
    return moving
  }
  const server = new Server({
    datastore,
    path: '/uploads',
    generateUrl: (_, { id }) => `/uploads/${id}`,
    getFileIdFromRequest: (request) => /\/uploads\/([0-9a-f]{32})$/.exec(request.url)?.[1],
    async onUploadCreate(_, { size = 0, metadata }) {
      targetOf(metadata)
      const { limitBytes, usedBytes } = await place.sight()
      if (size > (limitBytes ?? 0) - (usedBytes ?? 0)) throw full
      return {}
    },
    async onUploadFinish(_, upload) {
      const name = await arrive(upload)
      return { headers: { 'x-labplan-name': encodeURIComponent(name) } }
    },
    onResponseError: (_, error) => (hasNoRoom(error as NodeJS.ErrnoException) ? full : undefined),
  })
  // All bytes may have been here when the agent was killed, or the folder was not there: a client that hears so takes it for done.
  server.handlers.HEAD.store = new WholeStore(options, arrive)
  return server
}

/** An error of Node has no name for it: its code is `Unknown system error -122`. */
const EDQUOT = -system.errno.EDQUOT
export const hasNoRoom = ({ code, errno }: NodeJS.ErrnoException): boolean =>
  code === 'ENOSPC' || errno === EDQUOT

/** 507: the client of the protocol does not try again. */
const full = { status_code: 507, body: 'disk-full' }
const wrong = { status_code: 400, body: 'bad-name' }

type Target = { folder: Buffer[]; name: string }

function targetOf(metadata: Record<string, string | null> | undefined): Target {
  try {
    const [name, ...more] = pathOf(encodeURIComponent(metadata?.['filename'] ?? ''))
    if (!name || more.length > 0) throw wrong
    return { folder: pathOf(metadata?.['folder'] ?? ''), name: name.toString() }
  } catch {
    throw wrong
  }
}

/** Whole or not at all, under a name that nothing has: whoever is there keeps theirs. Belongs to whom the folder belongs to. */
async function moveIn(place: VolumePlace, id: string, { folder, name }: Target): Promise<string> {
  const arrived = join(place.uploads, id)
  try {
    return await withFolder(place.home, folder, async (open_) => {
      const { uid, gid } = await open_.stat()
      const file = await open(arrived, constants.O_RDONLY | constants.O_NOFOLLOW)
      const { dev, ino } = await file.stat()
      try {
        await file.chown(uid, gid)
        await file.chmod(0o644)
        await file.sync()
      } finally {
        await file.close()
      }
      for (let nth = 1; nth <= NAME_TRIES; nth++) {
        const free = nth === 1 ? name : numbered(name, nth)
        const target = `/proc/self/fd/${open_.fd}/${free}`
        const isMade = await link(arrived, target).then(() => true, ifThere)
        // Or by an agent that was killed before it said so.
        if (!isMade && !(await isFile(target, { dev, ino }))) continue
        // Its name, too: what was said to be there is there after the power was cut.
        await open_.sync()
        await unlink(arrived)
        return free
      }
      throw wrong
    })
  } catch (error) {
    if (error instanceof NoSuchFile) throw wrong
    throw error
  }
}

function ifThere(error: unknown): false {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
  throw error
}

const isFile = (path: string, { dev, ino }: { dev: number; ino: number }): Promise<boolean> =>
  lstat(path).then(
    (there) => there.dev === dev && there.ino === ino,
    () => false,
  )

/** `essay.pdf`, 2 → `essay (2).pdf` */
export function numbered(name: string, nth: number): string {
  const [, stem = name, ending = ''] = /^(.+?)(\.[^.]{1,10})?$/s.exec(name) ?? []
  return `${stem} (${nth})${ending}`
}
