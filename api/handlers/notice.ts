/** Notices as JSON, for the command line: what people were told, and whether it arrived. */
import { z } from 'zod'
import { isUuid } from '../data/ids.ts'
import { withTransaction } from '../data/db.ts'
import { latestNotices, sendTestNotice } from '../data/notice.ts'
import { notFound } from '../errors.ts'
import type { Locale } from '../locale.ts'
import { type NoticeText, noticeText } from '../notice-text.ts'
import type { Handler, Visit } from '../visit.ts'

type Row = Awaited<ReturnType<typeof latestNotices>>[number]

export const list: Handler = async (visit) => {
  const rows = await latestNotices(visit.pool, { limit: 100 })
  return { json: { notices: rows.map((row) => noticeJson(visit, row)) } }
}

export const show: Handler = async (visit) => {
  const id = visit.params['notice'] ?? ''
  const [row] = isUuid(id) ? await latestNotices(visit.pool, { id, limit: 1 }) : []
  if (!row) throw notFound()
  return { json: noticeJson(visit, row) }
}

function noticeJson({ locale }: Visit, row: Row) {
  return {
    ...{ id: row.id, code: row.code, params: row.params, audience: row.audience },
    ...{ course: row.course_key, session: row.session_key, sentAt: row.created_at },
    ...textOrCode(row, locale),
    isShown: row.is_shown,
    deliveries: row.deliveries.map(({ next_try_at, ...one }) => ({
      ...one,
      nextTryAt: one.state === 'waiting' ? next_try_at : null,
    })),
  }
}

/** One that could not be put into words was given up for that (workers/jobs/deliver-notices.ts): it is to be seen here, beside the others. */
function textOrCode(row: Row, locale: Locale): NoticeText {
  try {
    return noticeText(row, locale)
  } catch {
    return { subject: row.code, paragraphs: [] }
  }
}

/** A mail address, or the https address of a webhook. */
export const testBody = z.object({
  address: z.union([z.email().max(254), z.url({ protocol: /^https?$/ }).max(2000)]),
})

export const createTest: Handler<unknown, z.infer<typeof testBody>> = async (visit) => {
  const { address } = visit.body
  const channel = z.email().safeParse(address).success ? 'mail' : 'webhook'
  const { locale, at: now } = visit
  const id = await withTransaction(visit.pool, (tx) =>
    sendTestNotice(tx, { channel, address, locale, now }),
  )
  return { status: 201, json: { id, channel } }
}
