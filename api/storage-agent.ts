/** The storage agent as api and workers see it: the volumes of a machine, over its socket. */
import { type IncomingHttpHeaders, request } from 'node:http'
import type { Readable } from 'node:stream'
import { z } from 'zod'

const volume = z.object({
  name: z.string(),
  state: z.enum(['ready', 'missing', 'damaged']),
  limitBytes: z.number().nullable(),
  usedBytes: z.number().nullable(),
  problem: z.string().optional(),
})
const listed = z.object({
  backend: z.enum(['local', 'nfs', 'cephfs']),
  volumes: z.array(volume),
  freeBytes: z.number(),
})
const looked = z.object({ backend: listed.shape.backend, trouble: z.string().nullable() })
const ensured = z.object({ volume })
const refused = z.object({
  code: z.enum(['below-use', 'in-use', 'missing', 'damaged']),
  volume,
})

const entry = z.object({
  key: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder', 'other']),
  bytes: z.number(),
  modifiedAt: z.number(),
})
const folder = z.object({ entries: z.array(entry), total: z.number() })

const archived = z.object({
  bytes: z.number(),
  files: z.number(),
  leftOut: z.number(),
  sha256: z.string(),
})

const slotsListed = z.object({
  slots: z.array(
    z.object({ name: z.string(), volume: z.string().nullable(), isEverywhere: z.boolean() }),
  ),
})
const slotRefused = z.object({ code: z.enum(['in-use', 'not-ready', 'spreading']) })

/** Anything else than gone is no answer that a receipt is written from. */
const purged = z.object({
  before: z.object({ bytes: z.number(), diskBytes: z.number() }).nullable(),
  after: z.object({ file: z.literal(false), mounted: z.literal(false), listed: z.literal(false) }),
})

const sealed = z.object({ files: z.number(), bytes: z.number() })
const idList = z.object({ ids: z.array(z.string()) })
const forgotten = z.object({ bytes: z.number().nullable() })

const notRestored = z.object({
  code: z.enum(['not-empty', 'not-a-backup']),
  says: z.string().optional(),
})

export type AgentRestored =
  | { ok: true }
  | { ok: false; code: 'not-empty' | 'not-a-backup' | 'not-there'; says?: string | undefined }
export type AgentSlot = z.infer<typeof slotsListed>['slots'][number]
export type AgentPurged = z.infer<typeof purged>
export type AgentArchive = z.infer<typeof archived>
export type AgentEntry = z.infer<typeof entry>
export type AgentFolder = z.infer<typeof folder>
export type AgentVolume = z.infer<typeof volume>
export type AgentRefusal = z.infer<typeof refused>['code']

export type StorageAgent = {
  /** What it keeps volumes with, and why nobody can read or write there now, if so. Throws when it does not answer. */
  look(): Promise<z.infer<typeof looked>>
  /** All that it keeps, and free bytes on its disk. Throws when it does not answer. */
  list(): Promise<z.infer<typeof listed>>
  /** `code`: why it is not as asked. */
  ensure(wish: {
    name: string
    limitMb: number
    isNew: boolean
  }): Promise<{ volume: AgentVolume; code?: AgentRefusal }>
  /** Takes a volume away for good; undefined while something of its machine holds it open. */
  purge(name: string): Promise<AgentPurged | undefined>
  /** A folder's entries; undefined when there is no such folder, or the volume is not ready. */
  folder(
    volume: string,
    path: string,
    part: { start: number; count: number },
  ): Promise<AgentFolder | undefined>
  /** A file, or a folder as an archive, as it is read; undefined when it is not there. */
  read(
    volume: string,
    what: 'content' | 'archive',
    path: string,
  ): Promise<{ stream: Readable; bytes: number | undefined } | undefined>
  /** Keeps a folder as it is now; undefined when there is no such folder. Throws while the volume is not ready. */
  keep(id: string, of: { volume: string; path: string }): Promise<AgentArchive | undefined>
  /** What is kept under this id. */
  kept(id: string): Promise<{ stream: Readable; bytes: number | undefined } | undefined>
  /** Ids of all that is kept of what was handed in. */
  handedIn(): Promise<string[]>
  /** Removes what was handed in under this id, for an erasure; `bytes` is null when there was nothing. */
  forget(id: string): Promise<{ bytes: number | null }>
  /** The whole volume as a tar file; undefined when it is not there. */
  backup(volume: string): Promise<{ stream: Readable } | undefined>
  /** Fills an empty volume from such a file; why not, else. */
  restore(volume: string, from: Readable): Promise<AgentRestored>
  /** What of persons' own volumes is in which seat; undefined where nobody mounts them into seats. */
  slots(): Promise<AgentSlot[] | undefined>
  /** Has a seat's slot show this volume, or nothing; `remove` takes the slot away. Answers why it is not so yet. */
  setSlot(
    name: string,
    volume: string | null | 'remove',
  ): Promise<'in-use' | 'not-ready' | 'spreading' | undefined>
  /** Nothing comes into it again; undefined when it is not there. */
  seal(volume: string): Promise<{ files: number; bytes: number } | undefined>
  /** One request of the upload protocol, as it came. */
  upload(volume: string, request: UploadRequest): Promise<UploadAnswer>
}

export type UploadRequest = {
  method: string
  /** Absent for the one that begins. */
  id: string | undefined
  headers: Record<string, string>
  body: Readable
}
export type UploadAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** A large folder takes a while to be kept, or to go. */
const LONG_MS = 600_000
/** Making a large volume, listing hundreds under load; its storage may be away, and then it never answers. */
const LIMIT_MS = 120_000
/** Somebody looks at a page and waits. */
const SOON_MS = 15_000
/** Whether there is any answer at all; it asks its storage itself, for at most eight seconds. */
const LOOK_MS = 10_000

/** Connects anew for each call: an agent that was started again is simply there. `lookMs`: how long a look waits for it. */
export function storageAgent(options: { socket: string; lookMs?: number }): StorageAgent {
  const call = (method: string, path: string, { body, limitMs = LIMIT_MS }: Sent = {}) =>
    ask(options.socket, { method, path, body, limitMs })
  return {
    async look() {
      const { status, body } = await call('GET', '/storage', { limitMs: options.lookMs ?? LOOK_MS })
      if (status !== 200) throw unexpected(status, body)
      return looked.parse(body)
    },
    async list() {
      const { status, body } = await call('GET', '/volumes')
      if (status !== 200) throw unexpected(status, body)
      return listed.parse(body)
    },
    async ensure({ name, ...wish }) {
      const { status, body } = await call('PUT', `/volumes/${name}`, { body: wish })
      if (status === 200) return ensured.parse(body)
      if (status === 409) return refused.parse(body)
      throw unexpected(status, body)
    },
    async purge(name) {
      const { status, body } = await call('DELETE', `/volumes/${name}`, { limitMs: LONG_MS })
      if (status === 409) return undefined
      if (status !== 200) throw unexpected(status, body)
      return purged.parse(body)
    },
    async slots() {
      const { status, body } = await call('GET', '/slots')
      if (status === 404) return undefined
      if (status !== 200) throw unexpected(status, body)
      return slotsListed.parse(body).slots
    },
    async setSlot(name, volume) {
      const wish =
        volume === 'remove' ? (['DELETE'] as const) : (['PUT', { body: { volume } }] as const)
      const { status, body } = await call(wish[0], `/slots/${name}`, wish[1])
      if (status === 409) return slotRefused.parse(body).code
      if (status !== 200) throw unexpected(status, body)
      return undefined
    },
    async folder(name, path, part) {
      const query = new URLSearchParams({ path, start: `${part.start}`, count: `${part.count}` })
      const { status, body } = await call('GET', `/volumes/${name}/files?${query}`, {
        limitMs: SOON_MS,
      })
      if (status === 404 || status === 409) return undefined
      if (status !== 200) throw unexpected(status, body)
      return folder.parse(body)
    },
    read: (name, what, path) =>
      readStream(options.socket, `/volumes/${name}/${what}?${new URLSearchParams({ path })}`),
    async keep(id, of) {
      const { status, body } = await call('PUT', `/submissions/${id}`, {
        body: of,
        limitMs: LONG_MS,
      })
      if (status === 404) return undefined
      if (status !== 200) throw unexpected(status, body)
      return archived.parse(body)
    },
    kept: (id) => readStream(options.socket, `/submissions/${id}`),
    async handedIn() {
      const { status, body } = await call('GET', '/submissions')
      if (status !== 200) throw unexpected(status, body)
      return idList.parse(body).ids
    },
    async forget(id) {
      const { status, body } = await call('DELETE', `/submissions/${id}`)
      if (status !== 200) throw unexpected(status, body)
      return forgotten.parse(body)
    },
    backup: (name) => readStream(options.socket, `/volumes/${name}/backup`),
    async restore(name, from) {
      const { status, body } = await sendStream(options.socket, `/volumes/${name}/backup`, from)
      if (status === 200) return { ok: true }
      const said = notRestored.safeParse(body)
      return said.success ? { ok: false, ...said.data } : { ok: false, code: 'not-there' }
    },
    async seal(name) {
      const { status, body } = await call('PUT', `/volumes/${name}/seal`)
      if (status === 409) return undefined
      if (status !== 200) throw unexpected(status, body)
      return sealed.parse(body)
    },
    upload: (name, asked) => passOn(options.socket, name, asked),
  }
}

const unexpected = (status: number, body: unknown): Error =>
  new Error(`The storage agent answered ${status}: ${JSON.stringify(body).slice(0, 300)}`)

type Sent = { body?: unknown; limitMs?: number }

/** It has taken the call, and says nothing. */
function tooLong(): Error {
  return Object.assign(new Error('The storage agent took too long.'), { code: 'ETIMEDOUT' })
}

function ask(
  socketPath: string,
  asked: { method: string; path: string; body: unknown; limitMs: number },
): Promise<{ status: number; body: unknown }> {
  const { method, path, body, limitMs: timeout } = asked
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, timeout, agent: false }, (answer) => {
      let read = ''
      answer.setEncoding('utf8').on('data', (part: string) => (read += part))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(read) }))
    })
    call.on('timeout', () => call.destroy(tooLong()))
    call.on('error', reject)
    call.end(text)
  })
}

/** Undefined for what is no JSON, which no answer of the agent is: the schemas refuse it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readStream(
  socketPath: string,
  path: string,
): Promise<{ stream: Readable; bytes: number | undefined } | undefined> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false, timeout: LIMIT_MS }, (stream) => {
      const length = stream.headers['content-length']
      if (stream.statusCode === 200)
        return resolve({ stream, bytes: length === undefined ? undefined : Number(length) })
      stream.resume()
      if (stream.statusCode === 404 || stream.statusCode === 409) return resolve(undefined)
      reject(unexpected(stream.statusCode ?? 0, path))
    })
    // Also in the middle: whoever reads it would wait for ever.
    call.on('timeout', () => call.destroy(tooLong()))
    call.on('error', reject)
    call.end()
  })
}

function passOn(
  socketPath: string,
  volumeName: string,
  { method, id, headers, body }: UploadRequest,
): Promise<UploadAnswer> {
  const path = `/volumes/${volumeName}/uploads${id === undefined ? '' : `/${id}`}`
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, headers, agent: false, timeout: LIMIT_MS },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            ...{ status: answer.statusCode ?? 500, headers: answer.headers },
            body: Buffer.concat(parts),
          }),
        )
      },
    )
    call.on('timeout', () => call.destroy(tooLong()))
    call.on('error', reject)
    // A browser that went away must not leave the agent waiting for the rest.
    body.on('error', () => call.destroy())
    body.on('close', () => !body.readableEnded && call.destroy())
    body.pipe(call)
  })
}

function sendStream(
  socketPath: string,
  path: string,
  from: Readable,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: 'PUT', agent: false }, (answer) => {
      let read = ''
      answer.setEncoding('utf8').on('data', (part: string) => (read += part))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(read) }))
    })
    call.on('error', reject)
    from.on('error', (error) => call.destroy(error))
    from.pipe(call)
  })
}
