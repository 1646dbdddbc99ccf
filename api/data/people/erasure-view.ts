/** What became of an erasure, for whoever has its token, and for who answers for all of them. */
import { type Db, findOne, many, sql } from '../db.ts'
import type { Text } from '../../../stacks/terms.ts'
import { tokenHash } from '../ids.ts'
import type { PurgeReceipt } from '../volumes/purge.ts'

export type ErasureItem = {
  kind: 'volume' | 'submission'
  name: string
  course: string
  number: number
  bytes: number | null
  state: 'wanted' | 'kept' | 'gone'
  reason: Text | null
  kept_until: Date | null
}

export type ErasureView = {
  id: string
  state: 'open' | 'kept' | 'done'
  ordered_by: string
  ordered_at: Date
  state_at: Date
  items: ErasureItem[]
  receipts: PurgeReceipt[]
}

const columns = sql`erasure.id, state, ordered_by, ordered_at, state_at,
  coalesce((select json_agg(json_build_object('number', number, 'body', body, 'hash', hash) order by number)
    from erasure_receipt where erasure_id = erasure.id), '[]') as receipts`

type Row = Omit<ErasureView, 'items'>

export async function erasureByToken(db: Db, token: string): Promise<ErasureView | undefined> {
  const row = await findOne<Row>(
    db,
    sql`select ${columns} from erasure where token_hash = ${tokenHash(token)}`,
  )
  return row && { ...row, items: await itemsOf(db, row.id) }
}

async function itemsOf(db: Db, erasureId: string): Promise<ErasureItem[]> {
  return many(
    db,
    sql`select kind, name, course, number, bytes, state, reason, kept_until from erasure_item
        where erasure_id = ${erasureId} order by kind desc, course, number, name`,
  )
}

/** Newest first. */
export async function allErasures(db: Db): Promise<ErasureView[]> {
  const rows = await many<Row>(
    db,
    sql`select ${columns} from erasure order by ordered_at desc, id desc limit 500`,
  )
  const views: ErasureView[] = []
  for (const row of rows) views.push({ ...row, items: await itemsOf(db, row.id) })
  return views
}

export async function erasureReceipts(db: Db): Promise<PurgeReceipt[]> {
  return many(db, sql`select number, body, hash from erasure_receipt order by number`)
}
