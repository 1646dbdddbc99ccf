/** The administrator's lists: courses and pools. */
import type { CourseSummary } from '../data/course.ts'
import type { PoolSummary } from '../data/overview.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Html, html } from './html.ts'
import { tableOf, tag } from './table.ts'

export function coursesPage(visit: Visit, courses: CourseSummary[]): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    {
      head: t('admin.course'),
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
      head: t('admin.next-session'),
      cell: (row: CourseSummary) =>
        row.next_opens_at ? stamp(visit.locale, row.time_zone, row.next_opens_at) : '–',
    },
    { head: t('admin.seats'), cell: (row: CourseSummary) => row.seats, isNumber: true },
    { head: t('admin.seats.running'), cell: (row: CourseSummary) => row.running, isNumber: true },
  ]
  const table = tableOf(t('admin.courses'), columns, courses, t('admin.courses.none'))
  return adminFrame(visit, 'admin.courses', html`<section class="sheet">${table}</section>`)
}

export function poolsPage(visit: Visit, pools: PoolSummary[]): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    {
      head: t('admin.pool'),
      cell: (row: PoolSummary) =>
        html`<a href="${paths.adminPool(row.key)}"><code>${row.key}</code></a>`,
    },
    { head: t('admin.stacks'), cell: (row: PoolSummary) => row.stacks, isNumber: true },
    { head: t('course.count.failed'), cell: (row: PoolSummary) => row.failing, isNumber: true },
    {
      head: t('admin.seats.running'),
      cell: (row: PoolSummary) => row.seats_running,
      isNumber: true,
    },
  ]
  const table = tableOf(t('admin.pools'), columns, pools, t('admin.pools.none'))
  return adminFrame(visit, 'admin.pools', html`<section class="sheet">${table}</section>`)
}
