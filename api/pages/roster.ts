/** How many students come, as the LMS's lists say it, when they were read, and what went wrong. */
import type { CourseRow } from '../data/courses/course.ts'
import type { CourseRoster } from '../data/lms/roster-view.ts'
import { clock, say, shortDay } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

export function rosterSection(
  visit: Visit,
  { rosters, course }: { rosters: CourseRoster[]; course: CourseRow & { follows_roster: boolean } },
): Html {
  const t = (code: string) => say(visit.locale, code)
  const canRead = rosters.some((one) => one.offers_list)
  return html`<section class="sheet" aria-labelledby="roster-title">
    <h2 id="roster-title">${t('roster.title')}</h2>
    <ul>
      ${rosters.map((one) => rosterLine(visit, one, course.time_zone))}
    </ul>
    ${canRead && readForm(visit, course)}
    <p class="hint">${t(course.follows_roster ? 'roster.followed' : 'roster.not-followed')}</p>
  </section>`
}

function rosterLine(visit: Visit, roster: CourseRoster, timeZone: string): Html {
  const { locale } = visit
  const { students: count, dormant } = roster
  return html`<li>
    <p>
      <strong>${say(locale, 'roster.students', { count })}</strong>
      ${say(locale, 'roster.in', { title: roster.title })}
      ${dormant > 0 && html`<span class="faint">${say(locale, 'roster.dormant', { count: dormant })}</span>`}
    </p>
    <p class="faint">
      ${readOf(visit, roster, timeZone)}
      ${roster.changed && changeOf(visit, roster.changed, timeZone)}
    </p>
    ${roster.code && html`<p class="note is-warning">${failureOf(visit, roster, timeZone)}</p>`}
  </li>`
}

function readOf({ locale }: Visit, roster: CourseRoster, timeZone: string): string {
  if (!roster.offers_list) return say(locale, 'roster.none-offered')
  if (!roster.read_at) return say(locale, 'roster.never-read')
  return say(locale, 'roster.read-at', { at: momentOf(locale, timeZone, roster.read_at) })
}

function changeOf(
  { locale }: Visit,
  { at, joined, left }: NonNullable<CourseRoster['changed']>,
  timeZone: string,
): string {
  return say(locale, 'roster.changed', { at: momentOf(locale, timeZone, at), joined, left })
}

function failureOf({ locale }: Visit, roster: CourseRoster, timeZone: string): Html {
  const why = say(locale, roster.code ?? '', roster.params)
  const at = roster.tried_at ? momentOf(locale, timeZone, roster.tried_at) : '–'
  return html`${say(locale, 'roster.failed', { at })} ${why} ${say(locale, 'roster.tried-again')}`
}

const momentOf = (locale: Visit['locale'], timeZone: string, at: Date): string =>
  `${shortDay(locale, timeZone, at)} ${clock(locale, timeZone, at)}`

function readForm(visit: Visit, course: CourseRow): Html {
  return html`<form method="post" action="${paths.courseRoster(course.key)}">
    ${csrfField(visit)}
    <button class="button plain">${say(visit.locale, 'roster.read-now')}</button>
  </form>`
}
