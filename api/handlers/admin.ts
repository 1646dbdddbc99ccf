/** The administrator's pages. */
import { z } from 'zod'
import { approveChange, latestChanges } from '../data/change.ts'
import { courseSummaries } from '../data/course.ts'
import { counts, poolSummaries } from '../data/overview.ts'
import { conflict } from '../errors.ts'
import { adminPage } from '../pages/admin.ts'
import { changesPage, coursesPage, poolsPage } from '../pages/admin-lists.ts'
import { paths } from '../paths.ts'
import { defaultTimeZone } from '../data/course.ts'
import { type Handler, actorOf } from '../visit.ts'

const SHOWN = 50

export const overview: Handler = async (visit) => ({
  html: adminPage(visit, await counts(visit.pool, visit.at)),
})

export const courses: Handler = async (visit) => ({
  html: coursesPage(visit, await courseSummaries(visit.pool, visit.at)),
})

export const pools: Handler = async (visit) => ({
  html: poolsPage(visit, await poolSummaries(visit.pool)),
})

export const changes: Handler = async (visit) => ({
  html: changesPage(
    visit,
    await latestChanges(visit.pool, SHOWN),
    await defaultTimeZone(visit.pool),
  ),
})

export const approvalBody = z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) })

/** Approves what was read: a digest that is no longer what the documents compile to is refused. */
export const approve: Handler<unknown, z.infer<typeof approvalBody>> = async (visit) => {
  const outcome = await approveChange(visit.pool, {
    id: visit.params['change'] ?? '',
    digest: visit.body.digest,
    actor: actorOf(visit, 'administrator'),
    ring: visit.ring,
    now: visit.at,
  })
  if (outcome === 'not-proposed') throw conflict('problem.not-proposed')
  if (outcome === 'changed') throw conflict('problem.head-moved')
  return { seeOther: paths.adminChanges() }
}
