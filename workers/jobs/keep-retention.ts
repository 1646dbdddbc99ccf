/**
 * Files whose date comes: who teaches the course is told 30 and 7 days before, then they are purged, with a receipt. Never before a
 * week has gone by since they were told, whatever was planned; never while a seat of the course exists. Level-triggered. What goes
 * wrong with one course keeps no other.
 */
import type { Logger } from 'pino'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { blueprintReader } from '../../api/data/changes/blueprint.ts'
import {
  type EndingData,
  endingData,
  orderDataPurge,
  orderUnusedData,
} from '../../api/data/volumes/course-data.ts'
import { type Db, isServerLost, type Pool, withTransaction } from '../../api/data/db.ts'
import { forgetTickets } from '../../api/data/pools/join-ticket.ts'
import { type NoticeLine, sendNotice } from '../../api/data/notice.ts'
import {
  dataNotThereKey,
  type EndingFiles,
  endingFiles,
  endingPersonal,
  type Gone,
  type KeptUntil,
  letGoOfEmpty,
  noteFound,
  noteNotThere,
  type OpenPurge,
  openPurges,
  orderPersonalPurge,
  orderPurge,
  recordPurge,
  setKeptUntil,
  threadToldAt,
  toldAt,
} from '../../api/data/volumes/purge.ts'
import { openOutages } from '../../api/data/volumes/storage-outage.ts'
import type { StorageAgent } from '../../api/storage/storage-agent.ts'
import type { InTurn } from '../storage/turns.ts'
import { type Steps, passSteps } from './pass-steps.ts'

type Means = {
  pool: Pool
  agent: StorageAgent
  /** Takes away a volume that the engine itself keeps; undefined while something has it. */
  removeFromEngine(name: string): Promise<Gone | undefined>
  /** One thing at a time for each volume, shared with who makes and sizes them. */
  inTurn: InTurn<string>
  installation: string
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

const DAY_MS = 86_400_000
/** A disk that is mounted late is there by then. */
const YOUNG_MS = 60_000
const FIRST_DAYS = 30
const LAST_DAYS = 7
const UNUSED_DAYS = 30
/** How long is told how a machine was to join that is not there. */
const TICKET_DAYS = 30

export type RetentionKeeper = { keep(): Promise<void> }

export function retentionKeeper(means: Means): RetentionKeeper {
  const approved = blueprintReader()
  const missed: Missed = new Map()
  return {
    async keep() {
      const { pool, now } = means
      const steps = passSteps(means)
      const before = new Date(now().getTime() - TICKET_DAYS * DAY_MS)
      const forget = () => withTransaction(pool, (tx) => forgetTickets(tx, before))
      await steps.take('Old tickets of machines could not be forgotten.', forget, undefined)
      const blueprint = await steps.take(
        'What is approved could not be read.',
        () => approved(pool),
        undefined,
      )
      if (blueprint) {
        const undated = await noteDates(means, steps, blueprint)
        await tellAndOrder(means, steps, undated)
        await tellAndOrderPersonal(means, steps)
      }
      const unused = () => orderUnused(means)
      await steps.take('Old data of courses could not be ordered to go.', unused, undefined)
      const purge = () => purgeOrdered(means, missed)
      await steps.take('What is ordered to go could not be purged.', purge, undefined)
      const letGo = () => letGoOfEmpty(pool, now())
      await steps.take('Stacks of empty volumes could not be let go.', letGo, undefined)
      steps.end()
    },
  }
}

/** Answers of which courses no date could be noted: what is recorded of them may be over, and the plan says another. */
async function noteDates(
  { pool }: Means,
  steps: Steps,
  { courses }: Blueprint,
): Promise<Set<string>> {
  const dates = courses.map(({ key, volumes }) => ({ key, until: volumes?.until ?? null }))
  const note = async (some: KeptUntil[]): Promise<boolean> => {
    await withTransaction(pool, (tx) => setKeptUntil(tx, some))
    return true
  }
  const undated = new Set<string>()
  const all = await note(dates).catch((error: unknown) => {
    if (isServerLost(error)) throw error
    return false
  })
  for (const date of all ? [] : dates) {
    const what = `Course ${date.key}: until when its files are kept could not be noted.`
    if (!(await steps.take(what, () => note([date]), false))) undated.add(date.key)
  }
  return undated
}

/** Versions of courses' data that nobody used for long. */
async function orderUnused({ pool, now }: Means): Promise<void> {
  const before = new Date(now().getTime() - UNUSED_DAYS * DAY_MS)
  await withTransaction(pool, (tx) => orderUnusedData(tx, { now: now(), before }))
}

/** One for each date: who moves the date is told again. */
const noticeKey = ({ key, until }: Pick<EndingFiles, 'key' | 'until'>, days: number): string =>
  `files-end/${key}/${until.toISOString()}/${days}`

async function tellAndOrder(means: Means, steps: Steps, undated: Set<string>): Promise<void> {
  const { pool } = means
  const soon = new Date(means.now().getTime() + FIRST_DAYS * DAY_MS)
  const files = async () =>
    (await endingFiles(pool, soon)).map((ending): Ending => ({
      ...{ ...ending, keyOf: (days) => noticeKey(ending, days), thread: `files-end/${ending.key}` },
      ...{ code: 'notice.files-end', lines: [], count: ending.volumes, order: orderPurge },
    }))
  const data = async () =>
    (await endingData(pool, soon)).map((ending): Ending => ({
      ...{ ...ending, keyOf: (days) => dataKey(ending, days), thread: dataThread(ending.key) },
      ...{ code: 'notice.data-end', count: ending.versions, order: orderDataPurge },
      lines: [{ code: ending.is_all ? 'notice.data-end.all' : 'notice.data-end.rest' }],
    }))
  const endings = [
    ...(await steps.take('Courses whose files end could not be read.', files, [])),
    ...(await steps.take('Courses whose data ends could not be read.', data, [])),
  ]
  for (const ending of endings.filter(({ key }) => !undated.has(key)))
    await steps.take(
      `Course ${ending.key}: nobody could be told when its files end, nor could they be ordered to go.`,
      () => tellOrOrder(means, ending),
      undefined,
    )
}

const dataThread = (course: string): string => `data-end/${course}`

/** What goes besides, such as the version in force of a course that is archived after its date, is told of by itself. */
const dataKey = ({ key, until, is_all: isAll, newest }: EndingData, days: number): string =>
  `${dataThread(key)}/${until.toISOString()}/${isAll ? 'all' : 'rest'}-${newest}/${days}`

type Ending = {
  id: string
  key: string
  until: Date
  count: number
  code: 'notice.files-end' | 'notice.data-end'
  /** What is said before what can be done about it. */
  lines: NoticeLine[]
  thread: string
  keyOf(days: number): string
  order(tx: Db, course: { id: string; now: Date }): Promise<unknown>
}

async function tellOrOrder({ pool, now }: Means, ending: Ending): Promise<void> {
  const { code, count, id, keyOf, thread, until } = ending
  await withTransaction(pool, async (tx) => {
    const told = await toldAt(tx, keyOf(LAST_DAYS))
    const wasLongAgo = told && now().getTime() - told.getTime() >= LAST_DAYS * DAY_MS
    if (until <= now() && wasLongAgo) return void (await ending.order(tx, { id, now: now() }))
    const leftMs = until.getTime() - now().getTime()
    // A date that is already here is put off by the week that is owed.
    const goneAt = new Date(
      Math.max(until.getTime(), (told ?? now()).getTime() + LAST_DAYS * DAY_MS),
    )
    await sendNotice(tx, {
      ...{ code, to: 'both', courseId: id, now: now() },
      params: { goneAt: goneAt.toISOString(), count },
      lines: [...ending.lines, { code: `${code}.do` }],
      dedupeKey: keyOf(leftMs <= LAST_DAYS * DAY_MS ? LAST_DAYS : FIRST_DAYS),
      ...{ thread, shownUntil: goneAt },
    })
  })
}

const personalKey = (until: Date, days: number): string =>
  `personal-end/${until.toISOString()}/${days}`

/** Students read the date on their page; who runs the machines is told how many they are. */
async function tellAndOrderPersonal(means: Means, steps: Steps): Promise<void> {
  const soon = new Date(means.now().getTime() + FIRST_DAYS * DAY_MS)
  const endings = await steps.take(
    'Students’ own files that end could not be read.',
    () => endingPersonal(means.pool, soon),
    [],
  )
  for (const ending of endings)
    await steps.take(
      `Students’ own files that end ${ending.until.toISOString()}: nobody could be told, nor could they be ordered to go.`,
      () => tellOrOrderPersonal(means, ending),
      undefined,
    )
}

async function tellOrOrderPersonal(
  { pool, now }: Means,
  { until, ids }: { until: Date; ids: string[] },
): Promise<void> {
  await withTransaction(pool, async (tx) => {
    const told = await toldAt(tx, personalKey(until, LAST_DAYS))
    const wasLongAgo = told && now().getTime() - told.getTime() >= LAST_DAYS * DAY_MS
    if (until <= now() && wasLongAgo)
      return void (await orderPersonalPurge(tx, { ids, now: now() }))
    const isLast = until.getTime() - now().getTime() <= LAST_DAYS * DAY_MS
    const owed = (told ?? now()).getTime() + LAST_DAYS * DAY_MS
    await sendNotice(tx, {
      ...{ code: 'notice.personal-end', to: 'infra', now: now() },
      params: {
        goneAt: new Date(Math.max(until.getTime(), owed)).toISOString(),
        count: ids.length,
      },
      thread: `personal-end/${until.toISOString()}`,
      dedupeKey: personalKey(until, isLast ? LAST_DAYS : FIRST_DAYS),
    })
  })
}

/** When who had to be told was told; undefined when nobody had to. */
async function toldOf(tx: Db, purge: OpenPurge): Promise<Date | undefined> {
  const { course, kept_until: until, ordered_at: by } = purge
  if (!until) return undefined
  if (course === null) return toldAt(tx, personalKey(until, LAST_DAYS))
  if (purge.data_id === null) return toldAt(tx, noticeKey({ key: course, until }, LAST_DAYS))
  return until <= by ? threadToldAt(tx, { thread: dataThread(course), by }) : undefined
}

/** By the purge's id, since when its disk is seen to be another. */
type Missed = Map<string, Date>

async function purgeOrdered(means: Means, missed: Missed): Promise<void> {
  const { pool, log } = means
  const isAway = (await openOutages(pool)).length > 0
  const look = onceThere(means)
  for (const purge of await openPurges(pool)) {
    if (isAway && !purge.is_engines) continue
    await purgeOne(means, purge, { look, missed }).catch((error: unknown) =>
      log.warn(
        { err: error, volume: purge.name },
        'a volume could not be purged; it is tried again',
      ),
    )
  }
}

/** Names of what the agent has, none where it cannot say; asked for once in a pass, and only if somebody wants to know. */
function onceThere({ agent }: Means): () => Promise<Set<string>> {
  let there: Promise<Set<string>> | undefined
  return () =>
    (there ??= agent
      .list()
      .then(({ volumes }) =>
        volumes.filter(({ state }) => state !== 'missing').map(({ name }) => name),
      )
      .catch(() => [])
      .then((names) => new Set(names)))
}

async function purgeOne(
  means: Means,
  purge: OpenPurge,
  { look, missed }: { look: () => Promise<Set<string>>; missed: Missed },
): Promise<void> {
  const { pool, installation, log, now } = means
  const gone = await takeAway(means, purge, look)
  if (gone === 'not-there') {
    await sayNotThere(means, purge, missed)
    log.warn({ volume: purge.name }, 'a volume is to be purged, and its disk is not there')
    return
  }
  if (!gone)
    return log.warn({ volume: purge.name }, 'a volume is held open; its purge is tried again')
  await withTransaction(pool, async (tx) => {
    const told = await toldOf(tx, purge)
    await recordPurge(tx, { purge, gone, toldAt: told, installation, now: now() })
  })
  log.info({ volume: purge.name }, 'a volume was purged')
}

/** A volume's row says it, on lists and in the notice of all that is lost (watch-losses.ts); a version of data has a notice of its own. */
async function sayNotThere({ pool, now }: Means, purge: OpenPurge, missed: Missed): Promise<void> {
  if (purge.volume_id !== null) return noteNotThere(pool, purge.volume_id)
  const { id, course, data_version: version, name } = purge
  const since = missed.get(id) ?? now()
  missed.set(id, since)
  if (now().getTime() - since.getTime() < YOUNG_MS) return
  await withTransaction(pool, async (tx) => {
    await sendNotice(tx, {
      ...{ code: 'notice.data-not-there', to: 'infra', dedupeKey: dataNotThereKey(id), now: now() },
      params: { course: course ?? '–', version: version ?? '–', name },
    })
  })
}

/** What was made has to be seen once before it goes: on another disk than its own there is nothing, which proves nothing. */
async function takeAway(
  { pool, agent, inTurn, removeFromEngine, now }: Means,
  purge: OpenPurge,
  look: () => Promise<Set<string>>,
): Promise<Gone | 'not-there' | undefined> {
  const { name } = purge
  if (purge.is_engines) return inTurn(name, () => removeFromEngine(name))
  if (purge.was_made && !purge.found_at && (await look()).has(name)) {
    purge.found_at = now()
    await noteFound(pool, { purge: purge.id, now: purge.found_at })
  }
  const how = { wasMade: purge.was_made, wasFound: purge.found_at !== null || purge.is_replayed }
  return inTurn(name, () => agent.purge(name, how))
}
