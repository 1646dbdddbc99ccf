/** The administrator's pages: the overview, and the lists of courses and pools, also as files. */
import { courseSummaries } from '../data/courses/course.ts'
import { counts, poolSummaries } from '../data/pools/overview.ts'
import { csv } from '../csv.ts'
import { readListing } from '../listing.ts'
import { adminPage } from '../pages/admin.ts'
import {
  arrangeCourses,
  arrangePools,
  courseRules,
  coursesPage,
  poolRules,
  poolsPage,
} from '../pages/admin-lists.ts'
import type { Handler } from '../visit.ts'

export const overview: Handler = async (visit) => ({
  html: adminPage(visit, await counts(visit.pool, visit.at)),
})

export const courses: Handler = async (visit) => {
  const query = readListing(visit.query, courseRules)
  return { html: coursesPage(visit, await courseSummaries(visit.pool, visit.at), query) }
}

export const coursesFile: Handler = async (visit) => {
  const all = await courseSummaries(visit.pool, visit.at)
  const rows = arrangeCourses(all, readListing(visit.query, courseRules), visit.locale)
  const heads = ['course', 'title', 'state', 'next_session_opens_utc', 'seats', 'running']
  return csv(
    'labplan-courses.csv',
    heads,
    rows.map((one) => [
      ...[one.key, one.title[visit.locale], one.state, one.next_opens_at?.toISOString() ?? ''],
      ...[one.seats, one.running],
    ]),
  )
}

export const pools: Handler = async (visit) => {
  const query = readListing(visit.query, poolRules)
  return { html: poolsPage(visit, await poolSummaries(visit.pool), query) }
}

export const poolsFile: Handler = async (visit) => {
  const rows = arrangePools(await poolSummaries(visit.pool), readListing(visit.query, poolRules))
  return csv(
    'labplan-pools.csv',
    ['pool', 'stacks', 'failed', 'seats_running'],
    rows.map((one) => [one.key, one.stacks, one.failing, one.seats_running]),
  )
}
