/** Receipts: the administrator's page, and JSON for the command line. */
import { defaultTimeZone } from '../data/course.ts'
import {
  findReceipt,
  latestReceipts,
  linksAfter,
  sessionsWithoutReceipt,
  verifyReceipts,
} from '../data/receipt.ts'
import { Problem, badRequest } from '../errors.ts'
import { receiptsPage } from '../pages/receipt.ts'
import type { Handler } from '../visit.ts'

const SHOWN = 50
const LINKS = 500

export const list: Handler = async (visit) => {
  const receipts = await latestReceipts(visit.pool, SHOWN)
  const before = (receipts.at(-1)?.body.number ?? 1) - 1
  return {
    html: receiptsPage(visit, {
      receipts,
      chain: await verifyReceipts(visit.pool, before),
      withoutReceipt: (await sessionsWithoutReceipt(visit.pool)).length,
      timeZone: await defaultTimeZone(visit.pool),
    }),
  }
}

/** One session's receipt, or the newest of all. */
export const read: Handler = async (visit) => {
  const session = visit.query.get('session')
  if (session === null) return { json: { receipts: await latestReceipts(visit.pool, SHOWN) } }
  const receipt = await findReceipt(visit.pool, session)
  if (!receipt) throw new Problem(404, 'problem.no-receipt', { params: { session } })
  return { json: receipt }
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
