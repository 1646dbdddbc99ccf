/**
 * Files whose date comes: who teaches the course is told 30 and 7 days before, then they are purged, with a receipt. Never before a
 * week has gone by since they were told, whatever was planned; never while a seat of the course exists. Level-triggered.
 */
import type { Logger } from 'pino'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { blueprintReader } from '../../api/data/blueprint.ts'
import {
  type EndingData,
  endingData,
  orderDataPurge,
  orderUnusedData,
} from '../../api/data/course-data.ts'
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { forgetTickets } from '../../api/data/join-ticket.ts'
import { type NoticeLine, sendNotice } from '../../api/data/notice.ts'
import {
  dataNotThereKey,
  type EndingFiles,
  endingFiles,
  endingPersonal,
  type Gone,
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
} from '../../api/data/purge.ts'
import { openOutages } from '../../api/data/storage-outage.ts'
import type { StorageAgent } from '../../api/storage-agent.ts'
import type { InTurn } from '../storage/turns.ts'

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
      const before = new Date(means.now().getTime() - TICKET_DAYS * DAY_MS)
      await withTransaction(means.pool, (tx) => forgetTickets(tx, before))
      const blueprint = await approved(means.pool)
      if (blueprint) {
        await withTransaction(means.pool, (tx) => setKeptUntil(tx, datesOf(blueprint)))
        await tellAndOrder(means)
        await tellAndOrderPersonal(means)
      }
      await orderUnused(means)
      await purgeOrdered(means, missed)
      await letGoOfEmpty(means.pool, means.now())
    },
  }
}

const datesOf = ({ courses }: Blueprint) =>
  courses.map(({ key, volumes }) => ({ key, until: volumes?.until ?? null }))

/** Versions of courses' data that nobody used for long. */
async function orderUnused({ pool, now }: Means): Promise<void> {
  const before = new Date(now().getTime() - UNUSED_DAYS * DAY_MS)
  await withTransaction(pool, (tx) => orderUnusedData(tx, { now: now(), before }))
}

/** One for each date: who moves the date is told again. */
const noticeKey = ({ key, until }: Pick<EndingFiles, 'key' | 'until'>, days: number): string =>
  `files-end/${key}/${until.toISOString()}/${days}`

async function tellAndOrder(means: Means): Promise<void> {
  const soon = new Date(means.now().getTime() + FIRST_DAYS * DAY_MS)
  for (const ending of await endingFiles(means.pool, soon))
    await tellOrOrder(means, {
      ...{ ...ending, keyOf: (days) => noticeKey(ending, days), thread: `files-end/${ending.key}` },
      ...{ code: 'notice.files-end', lines: [], count: ending.volumes, order: orderPurge },
    })
  for (const ending of await endingData(means.pool, soon))
    await tellOrOrder(means, {
      ...{ ...ending, keyOf: (days) => dataKey(ending, days), thread: dataThread(ending.key) },
      ...{ code: 'notice.data-end', count: ending.versions, order: orderDataPurge },
      lines: [{ code: ending.is_all ? 'notice.data-end.all' : 'notice.data-end.rest' }],
    })
}

const dataThread = (course: string): string => `data-end/${course}`

/** What goes besides, such as the version in force of a course that is archived after its date, is told of by itself. */
const dataKey = ({ key, until, is_all: isAll, newest }: EndingData, days: number): string =>
  `${dataThread(key)}/${until.toISOString()}/${isAll ? 'all' : 'rest'}-${newest}/${days}`

type Ending = {
  id: string
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
async function tellAndOrderPersonal({ pool, now }: Means): Promise<void> {
  const soon = new Date(now().getTime() + FIRST_DAYS * DAY_MS)
  for (const { until, ids } of await endingPersonal(pool, soon))
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
