/**
 * Files whose date comes: who teaches the course is told 30 and 7 days before, then they are purged, with a receipt. Never before a
 * week has gone by since they were told, whatever was planned; never while a seat of the course exists. Level-triggered.
 */
import type { Logger } from 'pino'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { blueprintReader } from '../../api/data/blueprint.ts'
import { dataToPurge, markDataPurged } from '../../api/data/course-data.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { forgetTickets } from '../../api/data/join-ticket.ts'
import { sendNotice } from '../../api/data/notice.ts'
import {
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
const FIRST_DAYS = 30
const LAST_DAYS = 7
const UNUSED_DAYS = 30
/** How long is told how a machine was to join that is not there. */
const TICKET_DAYS = 30

export type RetentionKeeper = { keep(): Promise<void> }

export function retentionKeeper(means: Means): RetentionKeeper {
  const approved = blueprintReader()
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
      await purgeOrdered(means)
      await letGoOfEmpty(means.pool, means.now())
      await purgeData(means)
    },
  }
}

const datesOf = ({ courses }: Blueprint) =>
  courses.map(({ key, volumes }) => ({ key, until: volumes?.until ?? null }))

/** One for each date: who moves the date is told again. */
const noticeKey = ({ key, until }: Pick<EndingFiles, 'key' | 'until'>, days: number): string =>
  `files-end/${key}/${until.toISOString()}/${days}`

async function tellAndOrder({ pool, now }: Means): Promise<void> {
  const soon = new Date(now().getTime() + FIRST_DAYS * DAY_MS)
  for (const ending of await endingFiles(pool, soon))
    await withTransaction(pool, async (tx) => {
      const last = noticeKey(ending, LAST_DAYS)
      const told = await toldAt(tx, last)
      const wasLongAgo = told && now().getTime() - told.getTime() >= LAST_DAYS * DAY_MS
      if (ending.until <= now() && wasLongAgo)
        return void (await orderPurge(tx, { id: ending.id, now: now() }))
      const leftMs = ending.until.getTime() - now().getTime()
      const days = leftMs <= LAST_DAYS * DAY_MS ? LAST_DAYS : FIRST_DAYS
      // A date that is already here is put off by the week that is owed.
      const goneAt = new Date(
        Math.max(ending.until.getTime(), (told ?? now()).getTime() + LAST_DAYS * DAY_MS),
      )
      await sendNotice(tx, {
        ...{ code: 'notice.files-end', to: 'both', courseId: ending.id, now: now() },
        params: { goneAt: goneAt.toISOString(), count: ending.volumes },
        lines: [{ code: 'notice.files-end.do' }],
        ...{
          thread: `files-end/${ending.key}`,
          dedupeKey: noticeKey(ending, days),
          shownUntil: goneAt,
        },
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

const lastNoticeOf = ({ course, kept_until: until }: OpenPurge): string | undefined => {
  if (!until) return undefined
  return course === null
    ? personalKey(until, LAST_DAYS)
    : noticeKey({ key: course, until }, LAST_DAYS)
}

/** Versions of courses' data that nobody used for long. */
async function purgeData({ pool, agent, log, now }: Means): Promise<void> {
  const at = now()
  const before = new Date(at.getTime() - UNUSED_DAYS * DAY_MS)
  const due = await withTransaction(pool, (tx) => dataToPurge(tx, { now: at, before }))
  for (const { id, name } of due) {
    try {
      if (!(await agent.purge(name))) continue
      await withTransaction(pool, (tx) => markDataPurged(tx, { id, now: now() }))
      log.info({ volume: name }, 'a version of course data was purged')
    } catch (error) {
      log.warn({ err: error, volume: name }, 'course data could not be purged; tried again')
    }
  }
}

async function purgeOrdered(means: Means): Promise<void> {
  const { pool, log } = means
  const isAway = (await openOutages(pool)).length > 0
  const look = onceThere(means)
  for (const purge of await openPurges(pool)) {
    if (isAway && purge.backend !== 'engine') continue
    await purgeOne(means, purge, look).catch((error: unknown) =>
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
  look: () => Promise<Set<string>>,
): Promise<void> {
  const { pool, installation, log, now } = means
  const gone = await takeAway(means, purge, look)
  if (gone === 'not-there') {
    await noteNotThere(pool, purge.volume_id)
    log.warn({ volume: purge.name }, 'a volume is to be purged, and its disk is not there')
    return
  }
  if (!gone)
    return log.warn({ volume: purge.name }, 'a volume is held open; its purge is tried again')
  await withTransaction(pool, async (tx) => {
    const notice = lastNoticeOf(purge)
    const told = notice === undefined ? undefined : await toldAt(tx, notice)
    await recordPurge(tx, { purge, gone, toldAt: told, installation, now: now() })
  })
  log.info({ volume: purge.name }, 'a volume was purged')
}

/** What was made has to be seen once before it goes: on another disk than its own there is nothing, which proves nothing. */
async function takeAway(
  { pool, agent, inTurn, removeFromEngine, now }: Means,
  purge: OpenPurge,
  look: () => Promise<Set<string>>,
): Promise<Gone | 'not-there' | undefined> {
  const { name } = purge
  if (purge.backend === 'engine') return inTurn(name, () => removeFromEngine(name))
  if (purge.was_made && !purge.found_at && (await look()).has(name)) {
    purge.found_at = now()
    await noteFound(pool, { purge: purge.id, now: purge.found_at })
  }
  const how = { wasMade: purge.was_made, wasFound: purge.found_at !== null || purge.is_replayed }
  return inTurn(name, () => agent.purge(name, how))
}
