/** A course that takes what is handed in, a student and a teacher, and a real storage agent on a plain folder for a volume. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execute, many, sql, withTransaction } from '../../api/data/db.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { openLog } from '../../api/log.ts'
import { type StorageAgent, storageAgent } from '../../api/storage/storage-agent.ts'
import type { VolumePlace } from '../../workers/storage/backend.ts'
import { localBackend } from '../../workers/storage/local.ts'
import { type Served, serveAgent } from '../../workers/storage/server.ts'
import { documentsWith } from '../cast/documents.ts'
import {
  BEFORE_CLASS,
  IN_CLASS,
  importDocuments,
  launch,
  seatReady,
  signIn,
  type SignedIn,
} from '../cast/record.ts'
import { COURSE, courseScene } from './course-scene.ts'
import type { Website } from './website.ts'

export const MIB = 1024 * 1024

export type Hander = SignedIn & {
  workspaceId: string
  home: string
  /** The status of the answer, and the page it leads to, or that says why not. */
  handIn(path?: string): Promise<{ status: number; text: string }>
}

export type SubmissionScene = {
  site: Website
  agent: StorageAgent
  /** Where what is handed in is. */
  kept: string
  log: ReturnType<typeof openLog>
  teacher: SignedIn
  /** Puts what the course says of it in force. */
  rule(submissions: string): Promise<void>
  addStudent(name: string): Promise<Hander>
  /** The agent again, that keeps so many MB free. */
  restart(leastFreeMb?: number): Promise<void>
  /** The agent answers nothing until `restart`. */
  goAway(): Promise<void>
  /** Called before each archive is made. */
  onPlace(wait: (volume: string) => Promise<unknown>): void
  end(): Promise<void>
}

export async function submissionScene(submissions: string): Promise<SubmissionScene> {
  const documentsOf = (text: string) =>
    documentsWith({ 'networks-101.yaml': `submissions: ${text}\n` })
  const { site, contextId, teacher } = await courseScene({
    ...{ now: IN_CLASS, plannedAt: BEFORE_CLASS, documents: documentsOf(submissions) },
  })
  const { pool, ring } = site
  const root = mkdtempSync(join(tmpdir(), 'labplan-handed-in-'))
  const log = openLog('storage', 'silent')
  const { socket } = site.config.storage
  mkdirSync(dirname(socket), { recursive: true })
  let wait: (volume: string) => Promise<unknown> = async () => {}
  const place = async (name: string): Promise<VolumePlace | undefined> => {
    await wait(name)
    const folder = join(root, 'mounts', name)
    return existsSync(folder) ? placeOf(folder) : undefined
  }
  const backend = { ...localBackend({ root }), place }
  let served: Served | undefined
  const goAway = async () => {
    await served?.close()
    served = undefined
  }
  const restart = async (leastFreeMb = 0) => {
    await goAway()
    served = await serveAgent(backend, { socket, root, log, leastFreeMb })
  }
  await restart()
  const rule = async (text: string) =>
    void (await importDocuments(pool, ring, site.now(), documentsOf(text)))
  const person = { contextId, now: IN_CLASS }
  return {
    ...{ site, log, teacher, rule, restart, goAway },
    agent: storageAgent({ socket }),
    kept: join(root, 'submissions'),
    onPlace: (next) => void (wait = next),
    async addStudent(name) {
      const student = await signIn(pool, { name, ...person })
      const { personId } = student
      const { id } = await launch(pool, { personId, courseKey: COURSE, now: IN_CLASS })
      await seatReady(pool, id, IN_CLASS)
      const home = join(root, 'mounts', await addVolume(site, id), 'home')
      mkdirSync(home, { recursive: true })
      writeFileSync(join(home, 'report.txt'), `of ${name}`)
      return {
        ...student,
        workspaceId: id,
        home,
        handIn: (path = '') => handInBy(site, student, { id, path }),
      }
    },
    async end() {
      await goAway()
      rmSync(root, { recursive: true, force: true })
      await site.close()
    },
  }
}

function placeOf(folder: string): VolumePlace {
  const limitBytes = 64 * MIB
  return {
    ...{ home: join(folder, 'home'), uploads: join(folder, 'uploads') },
    sight: async () => ({ name: 'x', state: 'ready', limitBytes, usedBytes: 0 }),
  }
}

/** As the volumes stack and the agent leave it. */
async function addVolume({ pool }: Website, workspaceId: string): Promise<string> {
  const [seat] = await many<{ id: string; number: number }>(
    pool,
    sql`select seat.id, number from seat join workspace on seat_id = seat.id where workspace.id = ${workspaceId}`,
  )
  const name = `lp-abcdefgh-abcdefgh-s00${seat!.number}-g1`
  const limit = { backend: 'local', limitMb: 64 } as const
  const volume = { seatId: seat!.id, generation: 1, name, limit }
  await withTransaction(pool, async (tx) => {
    await recordVolumes(tx, { volumes: [volume], now: IN_CLASS })
    await execute(tx, sql`update volume set state = 'ready'`)
  })
  return name
}

async function handInBy(site: Website, who: SignedIn, of: { id: string; path: string }) {
  const address = `/workspaces/${of.id}/submissions`
  const headers = { 'accept-language': 'en' }
  const sent = await site.post(address, { path: of.path }, { who, headers })
  const leadsTo = sent.headers['location']
  if (leadsTo === undefined) return sent
  const { text } = await site.get(String(leadsTo).replace(site.origin, ''), { who, headers })
  return { status: sent.status, text }
}
