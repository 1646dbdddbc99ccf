/** The administrator's lists: courses and pools. */
import type { CourseSummary } from '../data/courses/course.ts'
import type { ListQuery } from '../data/list-query.ts'
import type { PoolSummary } from '../data/pools/overview.ts'
import { arrange } from '../listing.ts'
import { type Locale, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { isNarrowed, type Listing, listingBar, sortHead } from './listing.ts'
import { tableOf, tag, unbroken } from './table.ts'

export const courseRules = {
  filters: ['all', 'ready', 'test', 'draft', 'archived'],
  sorts: ['course', 'next', 'seats', 'running'],
  isDescending: false,
} as const
export type CourseQuery = ListQuery<
  (typeof courseRules.filters)[number],
  (typeof courseRules.sorts)[number]
>

export function arrangeCourses(
  courses: CourseSummary[],
  query: CourseQuery,
  locale: Locale,
): CourseSummary[] {
  return arrange(courses, query, {
    isIn: (row, filter) => filter === 'all' || row.state === filter,
    textOf: (row) => `${row.key} ${row.title[locale]}`,
    valueOf: {
      course: (row) => row.key,
      next: (row) => row.next_opens_at,
      seats: (row) => row.seats,
      running: (row) => row.running,
    },
  })
}

/** @param courses all of them */
export function coursesPage(visit: Visit, courses: CourseSummary[], query: CourseQuery): Html {
  const t = (code: string) => say(visit.locale, code)
  const listing: Listing = {
    ...{ query, rules: courseRules, path: paths.adminCourses, csvPath: paths.adminCoursesCsv },
    filterCode: (filter) => (filter === 'all' ? 'list.all' : `course.state.${filter}`),
  }
  const columns = [
    {
      ...sortHead(visit, listing, 'course', t('admin.course')),
      cell: (row: CourseSummary) =>
        html`<a href="${paths.course(row.key)}">${row.title[visit.locale]}</a>
          <code class="faint">${row.key}</code>`,
    },
    {
      head: t('admin.state'),
      cell: (row: CourseSummary) =>
        tag(row.state === 'ready' ? 'good' : 'calm', t(`course.state.${row.state}`)),
    },
    {
      ...sortHead(visit, listing, 'next', t('admin.next-session')),
      cell: (row: CourseSummary) =>
        row.next_opens_at ? unbroken(stamp(visit.locale, row.time_zone, row.next_opens_at)) : '–',
    },
    {
      ...sortHead(visit, listing, 'seats', t('admin.seats')),
      cell: (row: CourseSummary) => row.seats,
      isNumber: true,
    },
    {
      ...sortHead(visit, listing, 'running', t('admin.seats.running')),
      cell: (row: CourseSummary) => row.running,
      isNumber: true,
    },
  ]
  const rows = arrangeCourses(courses, query, visit.locale)
  const none = t(isNarrowed(listing) ? 'list.none-so' : 'admin.courses.none')
  const table = tableOf(t('admin.courses'), columns, rows, none)
  return adminFrame(
    visit,
    'admin.courses',
    html`${courses.length > 0 && listingBar(visit, listing)}
      <section class="sheet">${table}</section>`,
  )
}

export const poolRules = {
  filters: ['all', 'trouble'],
  sorts: ['pool', 'stacks', 'failed', 'running'],
  isDescending: false,
} as const
export type PoolQuery = ListQuery<
  (typeof poolRules.filters)[number],
  (typeof poolRules.sorts)[number]
>

export function arrangePools(pools: PoolSummary[], query: PoolQuery): PoolSummary[] {
  return arrange(pools, query, {
    isIn: (row, filter) => filter === 'all' || row.failing > 0,
    textOf: (row) => row.key,
    valueOf: {
      pool: (row) => row.key,
      stacks: (row) => row.stacks,
      failed: (row) => row.failing,
      running: (row) => row.seats_running,
    },
  })
}

/** @param pools all of them */
export function poolsPage(visit: Visit, pools: PoolSummary[], query: PoolQuery): Html {
  const t = (code: string) => say(visit.locale, code)
  const listing: Listing = {
    ...{ query, rules: poolRules, path: paths.adminPools, csvPath: paths.adminPoolsCsv },
    filterCode: (filter) => (filter === 'all' ? 'list.all' : 'run.filter.trouble'),
  }
  const columns = [
    {
      ...sortHead(visit, listing, 'pool', t('admin.pool')),
      cell: (row: PoolSummary) =>
        html`<a href="${paths.adminPool(row.key)}"><code>${row.key}</code></a>`,
    },
    {
      ...sortHead(visit, listing, 'stacks', t('admin.stacks')),
      cell: (row: PoolSummary) => row.stacks,
      isNumber: true,
    },
    {
      ...sortHead(visit, listing, 'failed', t('course.count.failed')),
      cell: (row: PoolSummary) => row.failing,
      isNumber: true,
    },
    {
      ...sortHead(visit, listing, 'running', t('admin.seats.running')),
      cell: (row: PoolSummary) => row.seats_running,
      isNumber: true,
    },
  ]
  const none = t(isNarrowed(listing) ? 'list.none-so' : 'admin.pools.none')
  const table = tableOf(t('admin.pools'), columns, arrangePools(pools, query), none)
  return adminFrame(
    visit,
    'admin.pools',
    html`${pools.length > 0 && listingBar(visit, listing)}
      <section class="sheet">${table}</section>`,
  )
}
