/** Regions of pools that are down, or refuse for a cause that does not pass by itself: machines are made in others meanwhile. */
import { type Db, execute, many, notify, sql } from '../db.ts'

export type RegionRefusal = {
  pool: string
  region: string
  /** Of the catalogue, under `cloud.trouble.`. */
  code: string
  message: string
  since: Date
  /** When it last refused, or was seen to be down. */
  at: Date
}

/** So long nothing new is made there; then the next machine tries. */
const REST_MS = 30 * 60_000

/** Of all pools, or of one. */
export async function refusingRegions(
  db: Db,
  now: Date,
  poolKey: string | null = null,
): Promise<RegionRefusal[]> {
  const rows = await many<Omit<RegionRefusal, 'at'> & { until: Date }>(
    db,
    sql`select pool.key as pool, region, code, region_refusal.message, since_at as since, until_at as until
        from region_refusal join pool on pool.id = pool_id
        where until_at > ${now} and (${poolKey}::text is null or pool.key = ${poolKey}) order by pool.key, region`,
  )
  return rows.map(({ until, ...row }) => ({ ...row, at: new Date(until.getTime() - REST_MS) }))
}

/** It refuses, still or again. */
export async function noteRefusal(
  tx: Db,
  refusal: { poolId: string; region: string; code: string; message: string; now: Date },
): Promise<void> {
  const { poolId, region, code, message, now } = refusal
  const until = new Date(now.getTime() + REST_MS)
  await execute(
    tx,
    sql`insert into region_refusal (pool_id, region, code, message, since_at, until_at)
        values (${poolId}, ${region}, ${code}, ${message}, ${now}, ${until})
        on conflict (pool_id, region) do update set code = excluded.code, message = excluded.message, until_at = excluded.until_at,
          since_at = case when region_refusal.until_at > ${now} then region_refusal.since_at else ${now} end`,
  )
  await notify(tx, 'work')
}

/** One that is down is still down. */
export async function prolongRefusal(
  tx: Db,
  { pool, region, now }: { pool: string; region: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`update region_refusal set until_at = ${new Date(now.getTime() + REST_MS)} from pool
        where pool.id = pool_id and pool.key = ${pool} and region = ${region}`,
  )
}

/** It is well again. */
export async function endRefusal(
  tx: Db,
  { pool, region }: { pool: string; region: string },
): Promise<void> {
  await execute(
    tx,
    sql`delete from region_refusal using pool where pool.id = pool_id and pool.key = ${pool} and region = ${region}`,
  )
  await notify(tx, 'work')
}
