/**
 * What keeps volumes is away for minutes, three times: while a class is prepared, in class, and at its end. Its servers are a
 * real Ceph's, and stand still; everything else goes on.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { many, one, sql } from '../../api/data/db.ts'
import { latestReceipts } from '../../api/data/receipt.ts'
import { type CephBed, cephBed } from '../beds/ceph.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../practice-class.ts'
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

type Options = { seats: number; minutes: number; say: (text: string) => void }
type Scene = { ceph: CephBed; practice: PracticeClass } & Options

const MINUTE_MS = 60_000
const LATER_MINUTES = 5_000
const BACK_MS = 300_000

export async function storageAway(options: Options): Promise<StorageAwayResult> {
  const database = await killableDatabase()
  let ceph: CephBed | undefined
  let practice: PracticeClass | undefined
  try {
    await database.start()
    ceph = await cephBed()
    const plan = { ...planOf(options), startsInMinutes: LATER_MINUTES }
    const means = {
      databaseUrl: urlOf(database),
      env: ceph.env,
      poolStorage: '{ backend: cephfs }',
    }
    practice = await practiceClass(plan, { ...means, say: options.say })
    return await threeTimes({ ceph, practice, ...options })
  } finally {
    ceph?.thaw()
    await practice?.close()
    await ceph?.down()
    await database.remove()
  }
}

const urlOf = ({ port }: { port: number }): string =>
  `postgres://labplan:test@127.0.0.1:${port}/postgres`

const planOf = ({ seats }: Options) => ({ students: seats, nodes: 2, volumeQuotaMb: 24 })

async function threeTimes(scene: Scene): Promise<StorageAwayResult> {
  const { practice, ceph, minutes, seats, say } = scene
  const begun = Date.now()
  const minutesSince = () => (Date.now() - begun) / MINUTE_MS
  const eyes = watchForTwo(scene)

  ceph.freeze()
  say('the storage is away, and a class has to be prepared')
  const startsInMinutes = Math.ceil(minutes + 4)
  // No class is shorter than five.
  const classMinutes = Math.max(5, Math.ceil(minutes + 2))
  await practice.replan({ ...planOf(scene), startsInMinutes, minutes: classMinutes })
  await sleep(minutes * MINUTE_MS)
  const tooEarly = (await seatRows(scene)).filter((seat) => seat.task_id || seat.start_failures > 0)
  ceph.thaw()
  const startedSeconds = await timed(() => seatsReady(practice.inst, seats, BACK_MS))
  say(`all ${seats} seats run ${startedSeconds} s after its return`)

  const people = Array.from({ length: seats }, (_, i) => `student${i + 1}`)
  for (const person of people) await practice.launch(person)
  const before = await seatRows(scene)
  const boxes = await containers(scene)
  for (const box of boxes) box.run('-d', COUNTING)
  await sleep(5_000)
  ceph.freeze()
  say('the storage is away in class')
  await sleep(minutes * MINUTE_MS)
  const touched = changed(before, await seatRows(scene))
  ceph.thaw()
  const then = boxes.map(counted)
  const wentOnSeconds = await timed(() =>
    until(
      async () => boxes.every((box, i) => counted(box) > then[i]!),
      BACK_MS,
      () => 'programs to go on',
    ),
  )
  const recreated = changed(before, await seatRows(scene))
  say(`all programs write again ${wentOnSeconds} s after its return`)

  ceph.freeze()
  say('the storage is away at the end of the class')
  const over = startsInMinutes + classMinutes + 1
  await sleep(Math.max(minutes, over - minutesSince()) * MINUTE_MS)
  const cutOff = changed(before, await seatRows(scene))
  ceph.thaw()
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

const COUNTING =
  'cd /home/*; i=0; while :; do i=$((i+1)); echo $i >> count; sync count; sleep 0.5; done'

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

const docker = (host: string, ...words: string[]): string =>
  execFileSync('docker', ['-H', host, ...words], { stdio: 'pipe', timeout: 60_000 })
    .toString()
    .trim()

/** Of all nodes, by the seat they are of. */
function running({ practice }: Scene): { host: string; id: string; seat: string }[] {
  const format = '{{.ID}} {{.Label "labplan.seat"}}'
  return practice.bed.nodes.flatMap(({ dockerHost: host }) =>
    docker(host, 'ps', '--filter', 'label=labplan.seat', '--format', format)
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .map(([id = '', seat = '']) => ({ host, id, seat })),
  )
}

type Box = { run(...words: string[]): string }

async function containers(scene: Scene): Promise<Box[]> {
  return running(scene).map(({ host, id }) => ({
    run: (...words) => {
      const script = words.at(-1)!
      return docker(host, 'exec', ...words.slice(0, -1), id, 'sh', '-c', script)
    },
  }))
}

const counted = (box: Box): number => Number(box.run('tail -n 1 /home/*/count'))

const LOOK_MS = 2_000

/** Looks throughout whether any seat is in two containers. */
function watchForTwo(scene: Scene): { stop(): Promise<number> } {
  const end = new AbortController()
  let doubled = 0
  const looking = (async () => {
    while (!end.signal.aborted) {
      const seats = running(scene).map(({ seat }) => seat)
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

/** As the storage has them, beside all of ours. */
async function lostIn({ practice, ceph }: Scene): Promise<number> {
  const rows = await many<{ name: string }>(practice.inst.pool, sql`select name from volume`)
  const isWhole = (name: string): boolean => {
    const files = execFileSync('find', [ceph.root, '-path', `*/${name}/*/home/*/count`])
    const [file] = files.toString().trim().split('\n')
    if (!file) return false
    const lines = readFileSync(file, 'utf8').trim().split('\n').map(Number)
    return lines.length > 5 && lines.every((line, i) => line === i + 1)
  }
  return rows.filter(({ name }) => !isWhole(name)).length
}
