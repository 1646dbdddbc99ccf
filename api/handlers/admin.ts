/** The administrator's pages. */
import { courseSummaries } from '../data/course.ts'
import { counts, poolSummaries } from '../data/overview.ts'
import { adminPage } from '../pages/admin.ts'
import { coursesPage, poolsPage } from '../pages/admin-lists.ts'
import type { Handler } from '../visit.ts'

export const overview: Handler = async (visit) => ({
  html: adminPage(visit, await counts(visit.pool, visit.at)),
})

export const courses: Handler = async (visit) => ({
  html: coursesPage(visit, await courseSummaries(visit.pool, visit.at)),
})

export const pools: Handler = async (visit) => ({
  html: poolsPage(visit, await poolSummaries(visit.pool)),
})
