/** Pools: the administrator's page of one, and JSON for the command line. */
import { z } from 'zod'
import { defaultTimeZone } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import { closePool, type Closing, listPools } from '../data/pools/pool.ts'
import { poolVolumes } from '../data/pools/pool-volumes.ts'
import { poolReport, type PoolReport } from '../data/pools/pool-report.ts'
import { cloudAccess, keepCredential } from '../data/pools/pool-credential.ts'
import { troubleJson } from '../cloud-trouble-text.ts'
import { notFound } from '../errors.ts'
import { poolPage } from '../pages/pool.ts'
import { paths } from '../paths.ts'
import { actorOf, type Handler, type Visit } from '../visit.ts'

export const credentialBody = cloudAccess

/** Answers nothing of what was sent. */
export const setCredential: Handler<unknown, z.infer<typeof credentialBody>> = async (visit) => {
  const { pool, ring, body: access, at: now } = visit
  const poolKey = visit.params['pool'] ?? ''
  const actor = actorOf(visit, 'operator')
  const kept = await withTransaction(pool, (tx) =>
    keepCredential(tx, ring, { poolKey, access, actor, now }),
  )
  if (!kept) throw notFound()
  return { json: { pool: poolKey, authUrl: access.authUrl } }
}

export const list: Handler = async (visit) => {
  const pools = await listPools(visit.pool)
  const reports = []
  for (const { key } of pools) reports.push(await poolReport(visit.pool, key, visit.at))
  const when = await whenOf(visit)
  return { json: { pools: reports.flatMap((report) => (report ? [poolJson(report, when)] : [])) } }
}

export const show: Handler = async (visit) => ({
  json: poolJson(await reportOf(visit), await whenOf(visit)),
})

export async function reportOf(visit: Visit): Promise<PoolReport> {
  const report = await poolReport(visit.pool, visit.params['pool'] ?? '', visit.at)
  if (!report) throw notFound()
  return report
}

/** With what its page alone says. */
export async function shownOf(visit: Visit) {
  const report = await reportOf(visit)
  const of = { poolKey: report.pool.key, backend: report.storage?.backend ?? null }
  return { ...report, volumes: await poolVolumes(visit.pool, of) }
}

const poolJson = (
  { pool, troubles, regions, ...report }: PoolReport,
  when: { at: Date; timeZone: string },
) => ({
  ...{ key: pool.key, closed: pool.closed, closedReason: pool.closed_reason },
  ...{ closedAt: pool.closed_at, credentialAt: pool.credential_at },
  ...report,
  regions: regions.map(({ refusal, ...region }) => ({
    ...region,
    refusal: refusal && { ...refusal, cause: troubleJson(refusal.cause, when) },
  })),
  troubles: troubles.map(({ key, state, message, retry_at: retryAt, cause }) => ({
    ...{ key, state, message, retryAt, cause: troubleJson(cause, when) },
  })),
})

const whenOf = async ({ pool, at }: Visit) => ({ at, timeZone: await defaultTimeZone(pool) })

/** Opens it when `closed` is null. */
export const closingBody = z.object({
  closed: z.enum(['closed', 'drained']).nullable(),
  reason: z.string().max(500).nullable().default(null),
})
/** From a page: a button's name is what to do. */
export const closingForm = z.object({ act: z.enum(['close', 'drain', 'open']) })

async function setClosing(visit: Visit, closed: Closing | null, reason: string | null) {
  const key = visit.params['pool'] ?? ''
  const wish = { key, closed, reason, actor: actorOf(visit, 'administrator'), now: visit.at }
  if (!(await withTransaction(visit.pool, (tx) => closePool(tx, wish)))) throw notFound()
}

export const close: Handler<unknown, z.infer<typeof closingBody>> = async (visit) => {
  await setClosing(visit, visit.body.closed, visit.body.reason)
  return { json: poolJson(await reportOf(visit), await whenOf(visit)) }
}

const CLOSINGS = { close: 'closed', drain: 'drained', open: null } as const

export const page: Handler = async (visit) => ({
  html: poolPage(visit, await shownOf(visit), await defaultTimeZone(visit.pool)),
})

export const closeFromPage: Handler<unknown, z.infer<typeof closingForm>> = async (visit) => {
  await setClosing(visit, CLOSINGS[visit.body.act], null)
  return { seeOther: paths.adminPool(visit.params['pool'] ?? '') }
}
