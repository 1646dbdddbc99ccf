/**
 * 300 volumes of a class, made by the storage agent as the record asks for them, beside the same programs run by hand: time for
 * each in alternating pairs. `scripts/bench volumes --json`; `--backend nfs` for those of a server whose XFS counts projects, on
 * a machine with a kernel of its own, `--backend cephfs` for those in a Ceph, `--backend manila` for shares of a cloud; `--volumes N`,
 * `--pairs N`.
 *
 * By hand is a shell that makes, mounts and gives it its folder (local: a sparse file, formatted; nfs: a folder, its project
 * and limit; cephfs: a subvolume, its key), as many at once as the worker asks for. The agent does besides what by hand leaves
 * out: the record, nothing lost in a power cut, and of local ones the limit to half a MiB.
 *
 * Of manila, ours begins before that: a whole run of Terraform of the course's volumes (survey, plan, guard, apply, verify, state and
 * record) and then the agent; by hand is the same calls of Manila's API, and the mounts (bench-parts/manila-volumes.ts).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { one, type Pool, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import { atOnceOf, volumeKeeper } from '../../workers/jobs/keep-volumes.ts'
import { migratedPostgres } from '../bench-parts/postgres.ts'
import {
  BENCH_BACKENDS,
  type BenchBackend,
  benchBackend,
  type Round,
} from '../bench-parts/volume-backends.ts'
import { unmountBelow } from '../steps/mounts.ts'
import { turnsFor } from '../../workers/storage/turns.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR = 1.3
const USUAL_LIMIT_MB = 256
const COURSE = 'bench000'

const values = askedOf({
  json: { type: 'boolean' },
  backend: { type: 'string', default: 'local' },
  volumes: { type: 'string', default: '300' },
  pairs: { type: 'string' },
})
const VOLUMES = Number(values.volumes)
const KIND = BENCH_BACKENDS.find((one) => one === values.backend)
// A round of files of this machine takes seconds, in which others' work weighs much.
const PAIRS = Number(values.pairs ?? (KIND === 'local' ? 9 : 3))

const say = (text: string) => process.stderr.write(`${text}\n`)

async function main(): Promise<number> {
  if (!KIND) throw new Error(`--backend is one of ${BENCH_BACKENDS.join(', ')}.`)
  const backend = await benchBackend(KIND)
  if (typeof backend === 'string') {
    say(`Volumes cannot have a limit here: ${backend}.`)
    return 2
  }
  try {
    return await measure(backend)
  } finally {
    await backend.down()
  }
}

async function measure(backend: BenchBackend): Promise<number> {
  const postgres = await migratedPostgres('bench000', new Date())
  try {
    const pairs = []
    for (let pair = 1; pair <= PAIRS; pair++) {
      // In turn first and second, so that neither always finds a warm machine.
      const first = pair % 2 === 1
      const byHand = () => inRound(backend, (round) => backend.byHand(round, atOnceOf(KIND!)))
      const before = first ? undefined : await byHand()
      const ours = await inRound(backend, (round) => byAgent(round, postgres.pool, backend))
      const hand = before ?? (await byHand())
      say(`pair ${pair}: ours ${perVolume(ours)} ms, by hand ${perVolume(hand)} ms a volume`)
      pairs.push({ ours, hand, ratio: ours / hand })
    }
    const figure = median(pairs.map(({ ratio }) => ratio))
    const holds = figure <= BAR
    const result = {
      ...{
        name: 'volumes',
        figure: round(figure),
        unit: 'ratio',
        bar: BAR,
        holds,
        backend: KIND,
      },
      msPerVolume: {
        ours: perVolume(median(pairs.map(({ ours }) => ours))),
        byHand: perVolume(median(pairs.map(({ hand }) => hand))),
      },
      ratios: pairs.map(({ ratio }) => round(ratio)),
      ...{ volumes: VOLUMES, limitMb: limitOf(backend), atOnce: atOnceOf(KIND!), pairs: PAIRS },
      machine: { cores: cpus().length, load: loadavg().map(round), node: process.version },
    }
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return holds ? 0 : 1
  } finally {
    await postgres.end()
  }
}

const limitOf = ({ limitMb = USUAL_LIMIT_MB }: BenchBackend): number => limitMb
const numbers = Array.from({ length: VOLUMES }, (_, i) => i + 1)
const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const round = (value: number): number => Math.round(value * 100) / 100
const perVolume = (ms: number): number => round(ms / VOLUMES)

let rounds = 0

/** Whatever it made is gone afterwards. */
async function inRound<T>(backend: BenchBackend, work: (round: Round) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'labplan-bench-volumes-'))
  const key = `r${String(++rounds).padStart(7, '0')}`
  const names = numbers.map(
    (number) => `lp-${key}-${COURSE}-s${String(number).padStart(3, '0')}-g1`,
  )
  const round = { key, course: COURSE, folder, names, limitMb: limitOf(backend) }
  const leave = (): void => {
    unmountBelow(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  process.once('exit', leave)
  try {
    const done = await work(round)
    if (backend.words) say(await backend.words(round))
    return done
  } finally {
    await backend.clear?.(round)
    leave()
    process.off('exit', leave)
  }
}

/** From rows that say what was applied to rows that say that all is there. */
async function byAgent(round: Round, pool: Pool, backend: BenchBackend): Promise<number> {
  const { socket, stop } = await backend.startAgent(round)
  try {
    const agent = storageAgent({ socket })
    await answers(agent.list)
    const record = await wish(pool, round)
    if (!backend.apply) await record()
    const silent = { info: () => {}, warn: (fields: object) => say(JSON.stringify(fields)) }
    const begun = performance.now()
    const inTurn = turnsFor((name) => name)
    await backend.apply?.(round, pool, record)
    const applied = performance.now()
    await volumeKeeper({ pool, agent, inTurn, log: silent, now: () => new Date() }).keep()
    const ended = performance.now()
    const took = ended - begun
    if (backend.apply)
      say(
        `Terraform ${perVolume(applied - begun)} ms, agent ${perVolume(ended - applied)} ms a volume`,
      )
    const { ready } = await one<{ ready: number }>(
      pool,
      sql`select count(*)::int as ready from volume where state = 'ready' and abs(limit_bytes / 1048576.0 - ${round.limitMb}) < 1`,
    )
    if (ready !== VOLUMES) throw new Error(`Only ${ready} of ${VOLUMES} volumes are there.`)
    return took
  } finally {
    await stop()
  }
}

async function answers(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await ask()
      return
    } catch (error) {
      if (tries > 600) throw error
      await sleep(100)
    }
  }
}

/** A course of as many seats; answers how what Terraform applied for them is written down. */
async function wish(pool: Pool, { names, limitMb }: Round): Promise<() => Promise<void>> {
  const now = new Date()
  const ids = numbers.map(newId)
  await withTransaction(pool, async (tx) => {
    await tx.query('delete from volume')
    await tx.query('delete from seat')
    await tx.query(
      `insert into zone (id, key, name, time_zone, locale, created_at) values ($1, 'bench', 'Bench', 'UTC', 'en', $2) on conflict do nothing`,
      [newId(), now],
    )
    await tx.query(
      `insert into pool (id, zone_id, key, created_at) select $1, id, 'bench', $2 from zone where key = 'bench' on conflict do nothing`,
      [newId(), now],
    )
    await tx.query(
      `insert into course (id, zone_id, key, code, state, state_at, document, created_at, title)
       select $1, id, 'bench', 'c0urse00', 'ready', $2, '', $2, '{"en":"Bench","fr":"Bench"}' from zone where key = 'bench' on conflict do nothing`,
      [newId(), now],
    )
    await tx.query(
      `insert into seat (id, course_id, pool_id, number, state, state_at, credential_key_id, credential)
       select s.id, course.id, pool.id, s.number, 'absent', $3, 'k1', ''
       from unnest($1::uuid[], $2::int[]) as s (id, number), course, pool where course.key = 'bench' and pool.key = 'bench'`,
      [ids, numbers, now],
    )
  })
  const limit = { backend: KIND!, limitMb }
  const volumes = numbers.map((number, i) => ({
    ...{ seatId: ids[i]!, generation: 1, name: names[number - 1]!, limit },
  }))
  return () => withTransaction(pool, (tx) => recordVolumes(tx, { volumes, now: new Date() }))
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(2))
try {
  process.exitCode = await main()
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exitCode = 2
}
