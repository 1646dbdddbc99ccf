/** Receipts: the administrator's page, and JSON for the command line. */
import { defaultTimeZone } from '../data/courses/course.ts'
import {
  findReceipt,
  latestReceipts,
  linksAfter,
  removedLater,
  sessionsWithoutReceipt,
  verifyReceipts,
} from '../data/sessions/receipt.ts'
import { Problem, badRequest } from '../errors.ts'
import { csv } from '../csv.ts'
import { readListing } from '../listing.ts'
import { arrangeReceipts, receiptRules, receiptsPage, sizeOf } from '../pages/receipt.ts'
import type { Handler } from '../visit.ts'

const SHOWN = 50
const SEARCHED = 10_000
const LINKS = 500

/** Older ones are looked through as well, and the chain is verified as far as it can be shown. */
export const list: Handler = async (visit) => {
  const query = readListing(visit.query, receiptRules)
  const newest = await latestReceipts(visit.pool, SEARCHED)
  const before = (newest.slice(0, SHOWN).at(-1)?.body.number ?? 1) - 1
  const receipts = arrangeReceipts(newest, query).slice(0, SHOWN)
  return {
    html: receiptsPage(visit, {
      receipts,
      later: await removedLater(visit.pool, receipts),
      query,
      chain: await verifyReceipts(visit.pool, before),
      withoutReceipt: (await sessionsWithoutReceipt(visit.pool)).length,
      timeZone: await defaultTimeZone(visit.pool),
    }),
  }
}

export const download: Handler = async (visit) => {
  const newest = await latestReceipts(visit.pool, SEARCHED)
  const rows = arrangeReceipts(newest, readListing(visit.query, receiptRules))
  const heads = ['number', 'session', 'closed_utc', 'created', 'destroyed', 'kept', 'sha256']
  return csv(
    'labplan-receipts.csv',
    heads,
    rows.map(({ body, hash }) => [
      ...[body.number, body.session.key, body.times.closedAt],
      ...[sizeOf(body.created), sizeOf(body.destroyed), sizeOf(body.kept), hash],
    ]),
  )
}

/** One session's receipt, or the newest of all. */
export const read: Handler = async (visit) => {
  const session = visit.query.get('session')
  if (session === null) return { json: { receipts: await latestReceipts(visit.pool, SHOWN) } }
  const receipt = await findReceipt(visit.pool, session)
  if (!receipt) throw new Problem(404, 'problem.no-receipt', { params: { session } })
  const later = await removedLater(visit.pool, [receipt])
  return { json: { ...receipt, removedLater: later.get(receipt.body.number) ?? [] } }
}

/** The links as they are stored, for whoever checks them; with the last ones the closed sessions that have none. */
export const chain: Handler = async (visit) => {
  const after = Number(visit.query.get('after') ?? 0)
  if (!Number.isSafeInteger(after) || after < 0) throw badRequest()
  const links = await linksAfter(visit.pool, after, LINKS)
  const isLast = links.length < LINKS
  const withoutReceipt = isLast ? await sessionsWithoutReceipt(visit.pool) : []
  return { json: { links, isLast, withoutReceipt } }
}
