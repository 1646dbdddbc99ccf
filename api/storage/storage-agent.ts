/** The storage agent as api and workers see it: the volumes of a machine, over its socket. */
import type { Readable } from 'node:stream'
import { z } from 'zod'
import {
  ask,
  LONG_MS,
  LOOK_MS,
  passOn,
  readStream,
  type Sent,
  sendStream,
  SOON_MS,
  unexpected,
  type UploadAnswer,
  type UploadRequest,
} from './storage-call.ts'
import { type SnapshotCalls, snapshotCalls } from './storage-snapshots.ts'

const volume = z.object({
  name: z.string(),
  state: z.enum(['ready', 'missing', 'damaged']),
  limitBytes: z.number().nullable(),
  usedBytes: z.number().nullable(),
  files: z.object({ limit: z.number(), used: z.number() }).exactOptional(),
  problem: z.string().optional(),
})
const listed = z.object({
  backend: z.enum(['local', 'nfs', 'cephfs', 'manila']),
  volumes: z.array(volume),
  freeBytes: z.number(),
  /** No volume was ever made on what it has before it: its first start, or a disk that is not mounted. */
  isUnused: z.boolean().exactOptional(),
})
const looked = z.object({
  backend: listed.shape.backend,
  trouble: z.string().nullable(),
  isUnused: listed.shape.isUnused,
  /** One of an earlier version tells none. */
  version: z.string().exactOptional(),
})
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
  /** How long ago it was made, when it was asked for again; an agent of an earlier version does not say. */
  agoMs: z.number().default(0),
})

const takenBack = z.object({ done: z.enum(['back', 'there', 'differs']) })
const room = z.object({ freeBytes: z.number(), leastBytes: z.number() })

const slotsListed = z.object({
  slots: z.array(
    z.object({ name: z.string(), volume: z.string().nullable(), isEverywhere: z.boolean() }),
  ),
})
const slotRefused = z.object({ code: z.enum(['in-use', 'not-ready', 'spreading']) })

/** Anything else than gone is no answer that a receipt is written from. */
const purged = z.object({
  before: z
    .object({ bytes: z.number(), diskBytes: z.number(), snapshots: z.number().exactOptional() })
    .nullable(),
  after: z.object({
    ...{ file: z.literal(false), mounted: z.literal(false), listed: z.literal(false) },
    snapshots: z.literal(false).exactOptional(),
  }),
})

const sealed = z.object({ files: z.number(), bytes: z.number() })
const idList = z.object({ ids: z.array(z.string()) })
const forgotten = z.object({ bytes: z.number().nullable() })

const notRecreated = z.object({ code: z.enum(['there', 'in-use', 'not-ours', 'disk-away']) })

const notRestored = z.object({
  code: z.enum(['not-empty', 'not-a-backup', 'sealed', 'busy', 'was-cut']),
  says: z.string().optional(),
})

export type AgentRestored =
  | { ok: true }
  | ({ ok: false } & (z.infer<typeof notRestored> | { code: 'not-there'; says?: string }))
export type AgentSlot = z.infer<typeof slotsListed>['slots'][number]
export type AgentPurged = z.infer<typeof purged>
export type AgentArchive = z.infer<typeof archived>
export type AgentEntry = z.infer<typeof entry>
export type AgentFolder = z.infer<typeof folder>
export type AgentVolume = z.infer<typeof volume>
export type AgentRefusal = z.infer<typeof refused>['code']

export type StorageAgent = SnapshotCalls & {
  /** Its version, what it keeps volumes with, and why nobody can read or write there now, if so. Throws when it does not answer. */
  look(): Promise<z.infer<typeof looked>>
  /** All that it keeps, and free bytes on its disk. Throws when it does not answer. */
  list(): Promise<z.infer<typeof listed>>
  /** `code`: why it is not as asked. */
  ensure(wish: {
    name: string
    limitMb: number
    isNew: boolean
  }): Promise<{ volume: AgentVolume; code?: AgentRefusal }>
  /**
   * Takes a volume away for good; undefined while something of its machine holds it open. `wasMade`: not-there where its disk has
   * nothing of it, not even a purge that was cut; `wasFound`: it was seen there since the purge was ordered, or purged before, and may be gone by now.
   */
  purge(
    name: string,
    how?: { wasMade: boolean; wasFound: boolean },
  ): Promise<AgentPurged | 'not-there' | undefined>
  /** A folder's entries; undefined when there is no such folder, or the volume is not ready. */
  folder(
    volume: string,
    path: string,
    part: { start: number; count: number; snapshot?: string | undefined },
  ): Promise<AgentFolder | undefined>
  /** A file, or a folder as an archive, as it is read, or was in a snapshot; undefined when it is not there. */
  read(
    volume: string,
    what: 'content' | 'archive',
    from: { path: string; snapshot?: string | undefined },
  ): Promise<{ stream: Readable; bytes: number | undefined } | undefined>
  /** Keeps a folder as it is now, in `mostBytes` at most. Throws while the volume is not ready, or its disk has no room. */
  keep(
    id: string,
    of: { volume: string; path: string; mostBytes?: number },
  ): Promise<AgentArchive | 'no-folder' | 'too-large'>
  /** Free bytes for what is handed in, and how many stay free; undefined when it is of a version that does not say. */
  submissionRoom(): Promise<z.infer<typeof room> | undefined>
  /** What is kept under this id. */
  kept(id: string): Promise<{ stream: Readable; bytes: number | undefined } | undefined>
  /** Brings an archive back that is gone or damaged, if it is the one that was kept. Throws while its disk has no room. */
  takeBack(
    id: string,
    kept: Omit<AgentArchive, 'agoMs'>,
    from: Readable,
  ): Promise<'back' | 'there' | 'differs'>
  /** Ids of all that is kept of what was handed in. */
  handedIn(): Promise<string[]>
  /** Removes what was handed in under this id, for an erasure; `bytes` is null when there was nothing. Throws while its disk is not there. */
  forget(id: string): Promise<{ bytes: number | null }>
  /** The whole volume as a tar file; undefined when it is not there. */
  backup(volume: string): Promise<{ stream: Readable } | undefined>
  /** Makes a missing volume anew, which nobody sees until it is filled; answers why not, else. */
  recreate(
    volume: string,
    limitMb: number,
  ): Promise<z.infer<typeof notRecreated>['code'] | undefined>
  /** Fills an empty volume from such a file; why not, else. */
  restore(volume: string, from: Readable): Promise<AgentRestored>
  /** What of persons' own volumes is in which seat; undefined when it is of a version that brings none into seats. */
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

const notPurged = z.object({ code: z.enum(['in-use', 'not-there']) })

/** Connects anew for each call: an agent that was started again is simply there. `lookMs`: how long a look waits for it. */
export function storageAgent(options: { socket: string; lookMs?: number }): StorageAgent {
  const call = (method: string, path: string, sent: Sent = {}) =>
    ask(options.socket, { method, path, ...sent })
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
    async purge(name, { wasMade, wasFound } = { wasMade: false, wasFound: false }) {
      const words = [...(wasMade ? ['made=yes'] : []), ...(wasFound ? ['found=yes'] : [])]
      const path = `/volumes/${name}?${words.join('&')}`
      const { status, body } = await call('DELETE', path, { limitMs: LONG_MS })
      if (status === 409)
        return notPurged.parse(body).code === 'not-there' ? 'not-there' : undefined
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
      const query = new URLSearchParams({
        ...{ path, start: `${part.start}`, count: `${part.count}` },
        ...(part.snapshot !== undefined && { snapshot: part.snapshot }),
      })
      const { status, body } = await call('GET', `/volumes/${name}/files?${query}`, {
        limitMs: SOON_MS,
      })
      if (status === 404 || status === 409) return undefined
      if (status !== 200) throw unexpected(status, body)
      return folder.parse(body)
    },
    ...snapshotCalls(call),
    read: (name, what, { path, snapshot }) => {
      const query = { path, ...(snapshot !== undefined && { snapshot }) }
      return readStream(options.socket, `/volumes/${name}/${what}?${new URLSearchParams(query)}`)
    },
    async keep(id, { mostBytes, ...of }) {
      // Beside the body: an agent of an earlier version takes no more in it, and knows no limit.
      const query = mostBytes === undefined ? '' : `?most=${mostBytes}`
      const { status, body } = await call('PUT', `/submissions/${id}${query}`, {
        body: of,
        limitMs: LONG_MS,
      })
      if (status === 404) return 'no-folder'
      if (status === 413) return 'too-large'
      if (status !== 200) throw unexpected(status, body)
      return archived.parse(body)
    },
    async submissionRoom() {
      const { status, body } = await call('GET', '/submissions/room', { limitMs: LOOK_MS })
      if (status === 404) return undefined
      if (status !== 200) throw unexpected(status, body)
      return room.parse(body)
    },
    kept: (id) => readStream(options.socket, `/submissions/${id}`),
    async takeBack(id, kept, from) {
      const { bytes, files, leftOut, sha256 } = kept
      const counts = { bytes: `${bytes}`, files: `${files}`, leftOut: `${leftOut}` }
      const query = new URLSearchParams({ ...counts, sha256 })
      const path = `/submissions/${id}/archive?${query}`
      const { status, body } = await sendStream(options.socket, path, from)
      if (status !== 200) throw unexpected(status, body)
      return takenBack.parse(body).done
    },
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
    async recreate(name, limitMb) {
      const { status, body } = await call('PUT', `/volumes/${name}/recreation`, {
        body: { limitMb },
      })
      if (status === 409) return notRecreated.parse(body).code
      if (status !== 200) throw unexpected(status, body)
      return undefined
    },
    async restore(name, from) {
      const { status, body } = await sendStream(options.socket, `/volumes/${name}/backup`, from)
      if (status === 200) return { ok: true }
      if (status !== 409) throw unexpected(status, body)
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
