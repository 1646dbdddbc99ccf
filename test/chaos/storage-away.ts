/**
 * What keeps volumes is away for minutes, three times: while a class is prepared, in class, and at its end. Everything else goes on.
 * Each backend says how it is away, and how its seats and files are seen.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { many, one, sql } from '../../api/data/db.ts'
import { latestReceipts } from '../../api/data/sessions/receipt.ts'
import { type PracticeClass, seatsReady, until } from '../practice-class.ts'
import { cephfsAway } from './away-cephfs.ts'
import { nfsAway } from './away-nfs.ts'
import { killableDatabase } from './database.ts'

export type StorageAwayResult = {
  seats: number
  /** Seconds from the return on until all seats ran, all programs wrote again, and nothing of the class was left. */
  startedSeconds: number
  wentOnSeconds: number
  goneSeconds: number
  /** Seats that began, ended or were counted as failed while their storage was away. */
  touched: number
  /** Seats whose container is another after the class stood still. */
  recreated: number
  /** Times that a seat was seen in two containers. */
  doubled: number
  /** Seats of which a line that was written is not there, or twice, or whose home was empty. */
  lost: number
  /** What the receipt says of the storage. */
  outages: number
}

/** A class that is not on yet, on a storage that can be away. */
export type AwayScene = {
  practice: PracticeClass
  freeze(): void
  /** It goes on from where it was. */
  thaw(): void
  /** Starts in each seat a program that writes one number after the other into `count` of its home. */
  startPrograms(): Promise<Program[]>
  /** The seat of each container that is seen to run. */
  running(): Promise<string[]>
  /** What its program wrote, as the storage has it; undefined without such a file. */
  countOf(volume: string): Promise<string | undefined>
  close(): Promise<void>
}
/** Answers its last number. */
export type Program = { counted(): Promise<number> }

/** What a scene is made for. */
export type AwayMeans = { databaseUrl: string; plan: AwayPlan; say: (text: string) => void }
type AwayPlan = { students: number; volumeQuotaMb: number; startsInMinutes: number }

export const AWAY_BACKENDS = ['cephfs', 'nfs'] as const
export type AwayBackend = (typeof AWAY_BACKENDS)[number]
const MAKERS: Record<AwayBackend, (means: AwayMeans) => Promise<AwayScene>> = {
  cephfs: cephfsAway,
  nfs: nfsAway,
}

type Options = {
  backend: AwayBackend
  seats: number
  minutes: number
  say: (text: string) => void
}
type Scene = AwayScene & Options

const MINUTE_MS = 60_000
const LATER_MINUTES = 5_000
const BACK_MS = 300_000
/** A program writes more of them before its storage is away. */
const LINES = 5

export async function storageAway(options: Options): Promise<StorageAwayResult> {
  const database = await killableDatabase()
  let scene: AwayScene | undefined
  try {
    await database.start()
    const databaseUrl = `postgres://labplan:test@127.0.0.1:${database.port}/postgres`
    const plan = { ...planOf(options), startsInMinutes: LATER_MINUTES }
    scene = await MAKERS[options.backend]({ databaseUrl, plan, say: options.say })
    return await threeTimes({ ...scene, ...options })
  } finally {
    try {
      scene?.thaw()
    } finally {
      await scene?.close()
      await database.remove()
    }
  }
}

const planOf = ({ seats }: Options) => ({ students: seats, volumeQuotaMb: 24 })

async function threeTimes(scene: Scene): Promise<StorageAwayResult> {
  const { practice, minutes, seats, say } = scene
  const begun = Date.now()
  const minutesSince = () => (Date.now() - begun) / MINUTE_MS
  const eyes = watchForTwo(scene)

  scene.freeze()
  say('the storage is away, and a class has to be prepared')
  const startsInMinutes = Math.ceil(minutes + 4)
  // No class is shorter than five.
  const classMinutes = Math.max(5, Math.ceil(minutes + 2))
  await practice.replan({ ...planOf(scene), startsInMinutes, minutes: classMinutes })
  await sleep(minutes * MINUTE_MS)
  const tooEarly = (await seatRows(scene)).filter((seat) => seat.task_id || seat.start_failures > 0)
  scene.thaw()
  const startedSeconds = await timed(() => seatsReady(practice.inst, seats, BACK_MS))
  say(`all ${seats} seats run ${startedSeconds} s after its return`)

  const people = Array.from({ length: seats }, (_, i) => `student${i + 1}`)
  for (const person of people) await practice.launch(person)
  const before = await seatRows(scene)
  const programs = await scene.startPrograms()
  const counts = () => Promise.all(programs.map((one) => one.counted()))
  await until(
    async () => (await counts()).every((count) => count > LINES),
    BACK_MS,
    () => 'programs to write',
  )
  scene.freeze()
  say('the storage is away in class')
  await sleep(minutes * MINUTE_MS)
  const touched = changed(before, await seatRows(scene))
  scene.thaw()
  const then = await counts()
  const wentOnSeconds = await timed(() =>
    until(
      async () => (await counts()).every((count, i) => count > then[i]!),
      BACK_MS,
      () => 'programs to go on',
    ),
  )
  const recreated = changed(before, await seatRows(scene))
  say(`all programs write again ${wentOnSeconds} s after its return`)

  scene.freeze()
  say('the storage is away at the end of the class')
  const over = startsInMinutes + classMinutes + 1
  await sleep(Math.max(minutes, over - minutesSince()) * MINUTE_MS)
  const cutOff = changed(before, await seatRows(scene))
  scene.thaw()
  const goneSeconds = await timed(() => untilGone(scene))
  say(`nothing of it is left ${goneSeconds} s after its return, and its receipt is written`)
  const [receipt] = await latestReceipts(practice.inst.pool, 1)
  return {
    ...{ seats, startedSeconds, wentOnSeconds, goneSeconds },
    ...{ touched: tooEarly.length + touched + cutOff, recreated },
    ...{ doubled: await eyes.stop(), lost: await lostIn(scene) },
    outages: receipt?.body.outages?.length ?? 0,
  }
}

const timed = async (work: () => Promise<void>): Promise<number> => {
  const begun = performance.now()
  await work()
  return Math.round((performance.now() - begun) / 100) / 10
}

type SeatRow = { number: number; state: string; task_id: string | null; start_failures: number }

const seatRows = ({ practice }: Scene): Promise<SeatRow[]> =>
  many(
    practice.inst.pool,
    sql`select number, state, task_id, start_failures from seat order by number`,
  )

const changed = (before: SeatRow[], after: SeatRow[]): number =>
  before.filter((row, i) => JSON.stringify(row) !== JSON.stringify(after[i])).length

const LOOK_MS = 2_000

/** Looks throughout whether any seat is in two containers. */
function watchForTwo(scene: Scene): { stop(): Promise<number> } {
  const end = new AbortController()
  let doubled = 0
  const looking = (async () => {
    while (!end.signal.aborted) {
      const seats = await scene.running()
      doubled += seats.length - new Set(seats).size
      await sleep(LOOK_MS)
    }
  })()
  // Told by `stop`.
  looking.catch(() => {})
  return {
    async stop() {
      end.abort()
      await looking
      return doubled
    },
  }
}

async function untilGone(scene: Scene): Promise<void> {
  const { inst } = scene.practice
  const state = () =>
    one<{ n: number; closed: boolean }>(
      inst.pool,
      sql`select count(*) filter (where state <> 'absent') as n,
            exists (select from session where state = 'closed' and closed_at is not null) as closed from seat`,
    )
  await until(
    async () => {
      const { n, closed } = await state()
      return n === 0 && closed
    },
    BACK_MS,
    () => `nothing to be left:\n${inst.log('worker').slice(-3000)}`,
  )
}

async function lostIn(scene: Scene): Promise<number> {
  const rows = await many<{ name: string }>(scene.practice.inst.pool, sql`select name from volume`)
  let lost = 0
  for (const { name } of rows) {
    const lines = (await scene.countOf(name))?.trim().split('\n').map(Number) ?? []
    if (lines.length <= LINES || lines.some((line, i) => line !== i + 1)) lost += 1
  }
  return lost
}
