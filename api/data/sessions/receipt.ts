/** Receipts: written once in the transaction that closes the session, chained, read by pages and command line. */
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { goneObjects, type ObjectKind, objectsDuring } from '../runs/made-object.ts'
import {
  type BrokenLink,
  CHAIN_START,
  type ChainEnd,
  type ReceiptBody,
  type ReceiptLink,
  receiptSchema,
  sealReceipt,
  walkChain,
} from './receipt-chain.ts'
import { scratchDuring } from '../seats/scratch-home.ts'
import { outagesDuring } from '../volumes/storage-outage.ts'

export type ClosingSession = {
  id: string
  key: string
  course_id: string
  course_key: string
  course_code: string
  pool_key: string
  starts_at: Date
  ends_at: Date
  lead_starts_at: Date
  students: number
  at_once: number
  ready_at: Date | null
  opened_at: Date | null
  ended_at: Date | null
}

/** Adds the session's receipt to the chain. */
export async function writeReceipt(
  tx: Db,
  closing: { session: ClosingSession; keptUntil: string | null; now: Date },
): Promise<ReceiptLink> {
  // One at a time: two receipts after the same one would be a fork.
  const { id: installation } = await one<{ id: string }>(
    tx,
    sql`select id from installation where id = current_setting('labplan.installation') for no key update`,
  )
  const last = (await latestLinks(tx, 1))[0]
  const chained = { number: (last?.number ?? 0) + 1, previous: last?.hash ?? null }
  const link = sealReceipt({
    ...{ apiVersion: 'labplan/v1', kind: 'Receipt', installation, ...chained },
    ...(await contentOf(tx, closing)),
  })
  await execute(
    tx,
    sql`insert into receipt (number, session_id, body, hash, created_at)
        values (${link.number}, ${closing.session.id}, ${link.body}, ${link.hash}, ${closing.now})`,
  )
  return link
}

type Content = Omit<ReceiptBody, 'apiVersion' | 'kind' | 'installation' | 'number' | 'previous'>

async function contentOf(
  tx: Db,
  { session, keptUntil, now }: { session: ClosingSession; keptUntil: string | null; now: Date },
): Promise<Content> {
  const span = { courseId: session.course_id, from: session.lead_starts_at, until: now }
  const objects = await objectsDuring(tx, span)
  const named = (kind: ObjectKind, of: typeof objects) =>
    [...new Set(of.filter((one) => one.kind === kind).map((one) => one.name))].toSorted()
  const came = objects.filter((one) => one.came_at >= span.from)
  const gone = objects.filter((one) => one.gone_at !== null && one.gone_at <= now)
  const kept = objects.filter((one) => one.gone_at === null)
  const all = (of: typeof objects) => ({
    services: named('service', of),
    volumes: named('volume', of),
    secrets: named('secret', of),
  })
  return {
    session: {
      ...{ key: session.key, course: session.course_key, course8: session.course_code },
      ...{ pool: session.pool_key, students: session.students, atOnce: session.at_once },
      ...{ startsAt: session.starts_at.toISOString(), endsAt: session.ends_at.toISOString() },
    },
    times: {
      preparedFrom: span.from.toISOString(),
      readyAt: session.ready_at?.toISOString() ?? null,
      openedAt: session.opened_at?.toISOString() ?? null,
      // A session that ended before this was written down ended when it was planned to.
      endedAt: (session.ended_at ?? session.ends_at).toISOString(),
      closedAt: now.toISOString(),
    },
    created: all(came),
    destroyed: all(gone),
    kept: {
      services: named('service', kept),
      secrets: named('secret', kept),
      volumes: named('volume', kept).map((name) => ({ name, until: isoOf(keptUntil) })),
    },
    ...(await outagesOf(tx, span)),
    ...(await scratchOf(tx, span)),
    runs: await runsDuring(tx, span),
  }
}

async function outagesOf(
  tx: Db,
  span: { courseId: string; from: Date; until: Date },
): Promise<Pick<Content, 'outages'>> {
  const outages = (await outagesDuring(tx, span)).map(({ backend, since_at, ended_at }) => ({
    ...{ backend, from: since_at.toISOString(), until: ended_at?.toISOString() ?? null },
  }))
  return outages.length > 0 ? { outages } : {}
}

async function scratchOf(
  tx: Db,
  span: { courseId: string; from: Date; until: Date },
): Promise<Pick<Content, 'scratch'>> {
  const scratch = (await scratchDuring(tx, span)).map(({ from, mergedAt, ...one }) => ({
    ...{ ...one, from: from.toISOString(), mergedAt: mergedAt?.toISOString() ?? null },
  }))
  return scratch.length > 0 ? { scratch } : {}
}

const isoOf = (instant: string | null): string | null =>
  instant === null ? null : new Date(instant).toISOString()

async function runsDuring(
  tx: Db,
  span: { courseId: string; from: Date; until: Date },
): Promise<ReceiptBody['runs']> {
  const rows = await many<{
    id: string
    stack: string
    kind: string
    state: string
    created_at: Date
    ended_at: Date | null
  }>(
    tx,
    sql`select run.id, stack.key as stack, run.kind, run.state, run.created_at, run.ended_at
        from run join stack on stack.id = run.stack_id
        where stack.course_id = ${span.courseId} and run.created_at between ${span.from} and ${span.until}
        order by run.created_at, run.id`,
  )
  return rows.map(({ created_at, ended_at, ...run }) => ({
    ...run,
    startedAt: created_at.toISOString(),
    endedAt: ended_at?.toISOString() ?? null,
  }))
}

async function latestLinks(db: Db, limit: number): Promise<ReceiptLink[]> {
  return many<ReceiptLink>(
    db,
    sql`select number, body, hash from receipt order by number desc limit ${limit}`,
  )
}

export type Receipt = { hash: string; body: ReceiptBody }

export type RemovedLater = { kind: ObjectKind; name: string; at: Date }

/** What of each receipt's `kept` has gone since it was written, by its number. A receipt itself never changes. */
export async function removedLater(
  db: Db,
  receipts: Receipt[],
): Promise<Map<number, RemovedLater[]>> {
  const keptBy = new Map(receipts.map(({ body }) => [body.number, namesKept(body)]))
  const names = [...new Set([...keptBy.values()].flat())]
  const gone = await goneObjects(db, names)
  return new Map(
    receipts.map(({ body }) => {
      const closedAt = new Date(body.times.closedAt)
      const kept = new Set(keptBy.get(body.number))
      const own = gone.filter(
        (one) => kept.has(one.name) && one.came_at <= closedAt && one.gone_at > closedAt,
      )
      return [body.number, own.map(({ kind, name, gone_at: at }) => ({ kind, name, at }))]
    }),
  )
}

const namesKept = ({ kept }: ReceiptBody): string[] => [
  ...kept.services,
  ...kept.secrets,
  ...kept.volumes.map(({ name }) => name),
]

const readable = ({ hash, body }: ReceiptLink): Receipt => ({
  hash,
  body: receiptSchema.parse(JSON.parse(body)),
})

/** Newest first. */
export async function latestReceipts(db: Db, limit: number): Promise<Receipt[]> {
  return (await latestLinks(db, limit)).map(readable)
}

/** The newest receipt of the session with this key. */
export async function findReceipt(db: Db, sessionKey: string): Promise<Receipt | undefined> {
  const link = await findOne<ReceiptLink>(
    db,
    sql`select number, body, hash from receipt join session on session.id = session_id
        where session.key = ${sessionKey} order by number desc limit 1`,
  )
  return link && readable(link)
}

/** Links in the chain's order, after a number. */
export async function linksAfter(db: Db, after: number, limit: number): Promise<ReceiptLink[]> {
  return many<ReceiptLink>(
    db,
    sql`select number, body, hash from receipt where number > ${after} order by number limit ${limit}`,
  )
}

const BATCH = 500

/** Walks the chain after receipt number `after` to its end. */
export async function verifyReceipts(
  db: Db,
  after = 0,
): Promise<{ end: ChainEnd; broken?: BrokenLink }> {
  const known = after > 0 ? (await linksAfter(db, after - 1, 1))[0] : undefined
  let end: ChainEnd = known ? { number: known.number, hash: known.hash } : CHAIN_START
  for (;;) {
    const links = await linksAfter(db, end.number, BATCH)
    const walked = walkChain(end, links)
    if ('broken' in walked) return { end, broken: walked.broken }
    end = walked.end
    if (links.length < BATCH) return { end }
  }
}

/** Closed sessions whose receipt is not there: the chain itself cannot tell that its last links were cut off. */
export async function sessionsWithoutReceipt(db: Db): Promise<string[]> {
  const rows = await many<{ key: string }>(
    db,
    sql`select key from session where closed_at is not null and state = 'closed'
          and not exists (select from receipt where session_id = session.id and created_at = session.closed_at)
        order by closed_at, key`,
  )
  return rows.map(({ key }) => key)
}

export type PastSession = {
  key: string
  starts_at: Date
  ends_at: Date
  state: 'ended' | 'closed'
  receipt: Receipt | undefined
  removedLater: RemovedLater[]
}

/** Sessions of a course that are over, newest first, with their receipts. */
export async function pastSessions(
  db: Db,
  course: { id: string; limit: number },
): Promise<PastSession[]> {
  type Row = Omit<PastSession, 'receipt' | 'removedLater'> & { link: ReceiptLink | null }
  const rows = await many<Row>(
    db,
    sql`select session.key, session.starts_at, session.ends_at, session.state,
          (select jsonb_build_object('number', number, 'body', body, 'hash', hash) from receipt
            where session_id = session.id order by number desc limit 1) as link
        from session where course_id = ${course.id} and state in ('ended', 'closed')
        order by ends_at desc, key limit ${course.limit}`,
  )
  const sessions = rows.map(({ link, ...row }) => ({
    ...{ ...row, receipt: link ? readable(link) : undefined },
  }))
  const later = await removedLater(
    db,
    sessions.flatMap(({ receipt }) => receipt ?? []),
  )
  return sessions.map((one) => ({
    ...one,
    removedLater: later.get(one.receipt?.body.number ?? 0) ?? [],
  }))
}
