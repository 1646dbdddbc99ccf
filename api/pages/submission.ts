/** Handing in, as the student sees it beside their files, and what was handed in, as the teacher sees it. */
import {
  bytesLeft,
  type HandedIn,
  isArchivedLate,
  isLate,
  type Submission,
  type SubmissionRules,
  useOf,
} from '../data/volumes/submission.ts'
import { byteSize, duration, fileSize, say, lastDay, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { type Column, tableOf, tag } from './table.ts'

export type HandingIn = {
  rules: SubmissionRules
  mine: Submission[]
  /** What was handed in just now. */
  done: Submission | undefined
}

type Place = { workspaceId: string; path: string; timeZone: string }

export function handInSection(visit: Visit, handing: HandingIn, place: Place): Html {
  const { rules, mine, done } = handing
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { dueAt } = rules
  const due = dueAt && { when: stamp(visit.locale, place.timeZone, dueAt) }
  const isOver = dueAt !== null && visit.at > dueAt
  return html`<section class="hand-in" aria-labelledby="hand-in-title">
    <h2 id="hand-in-title">${t('submission.title')}</h2>
    ${done && outcome(visit, done, handing, place)}
    ${due && html`<p class="${isOver ? 'over' : ''}">${t(isOver ? 'submission.over' : 'submission.due', due)}</p>`}
    <p class="hint" id="hand-in-hint">${t('submission.explain')}</p>
    <p class="hint">${t('submission.use', figures(visit, handing))}</p>
    ${rules.duty && html`<p class="hint">${t('submission.duty', dutyWords(visit, rules.duty, place.timeZone))}</p>`}
    <form method="post" action="${paths.submissions(place.workspaceId)}">
      ${csrfField(visit)}<input type="hidden" name="path" value="${place.path}" />
      <button class="button primary" aria-describedby="hand-in-hint">${t('submission.go')}</button>
    </form>
    <h3>${t('submission.mine')}</h3>
    ${tableOf(t('submission.mine'), ownColumns(visit, place), mine, t('submission.none-yet'))}
    ${mine.some(isArchivedLate) && html`<p class="hint">${t('submission.archived-after.explain')}</p>`}
  </section>`
}

/** What the course keeps of each student, and what is there of this one. */
function figures({ locale }: Visit, { rules, mine }: HandingIn): Record<string, string | number> {
  const { limits } = rules
  const use = useOf(mine)
  return {
    ...{ most: limits.most, limit: byteSize(locale, limits.totalMb * 2 ** 20) },
    ...{ count: use.count, used: fileSize(locale, use.bytes) },
    left: fileSize(locale, bytesLeft(limits, use)),
  }
}

/** Of what was handed in just now. */
function outcome(visit: Visit, done: Submission, handing: HandingIn, place: Place): Html {
  const { number, created_at } = done
  if (done.state === 'failed') {
    const code = `submission.not-kept.${done.why ?? 'no-folder'}`
    const params = { ...figures(visit, handing), number }
    return html`<p class="note is-error" role="alert">${say(visit.locale, code, params)}</p>`
  }
  const when = stamp(visit.locale, place.timeZone, created_at)
  const code = done.state === 'kept' ? 'submission.done' : 'submission.noted'
  return html`<p class="note is-good" role="status">
    ${say(visit.locale, code, { number, when })}
  </p>`
}

function dutyWords(
  visit: Visit,
  duty: NonNullable<SubmissionRules['duty']>,
  timeZone: string,
): { reason: string; when: string } {
  const when = lastDay(visit.locale, timeZone, new Date(duty.until))
  return { reason: duty.reason[visit.locale], when }
}

function ownColumns(visit: Visit, { workspaceId, timeZone }: Place): Column<Submission>[] {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  return [
    { head: t('submission.number'), isNumber: true, cell: (row) => row.number },
    { head: t('submission.when'), cell: (row) => whenOf(visit, row, timeZone) },
    { head: t('submission.archived'), cell: (row) => archivedOf(visit, row, timeZone) },
    { head: t('submission.size'), cell: (row) => sizeOf(visit, row) },
    {
      head: t('submission.download'),
      cell: (row) =>
        row.state === 'kept'
          ? html`<a href="${paths.submission(workspaceId, row.number)}" download
              >submission-${row.number}.zip</a
            >`
          : html`<span class="faint">–</span>`,
    },
  ]
}

function whenOf(visit: Visit, row: Submission, timeZone: string): Html {
  return html`<span class="unbroken">${stamp(visit.locale, timeZone, row.created_at)}</span>
    ${isLate(row) && tag('bad', say(visit.locale, 'submission.late', { by: pastDue(visit, row, row.created_at) }))}`
}

/** Times are shown to the minute, and a second is late. */
function pastDue({ locale }: Visit, { due_at }: Submission, at: Date): string {
  return duration(locale, Math.max(1000, at.getTime() - (due_at ?? at).getTime()))
}

/** When its archive was made; where there is none, why not. */
function archivedOf(visit: Visit, row: Submission, timeZone: string): Html {
  const { kept_at } = row
  if (!kept_at) return notArchived(visit, row)
  const after = () =>
    say(visit.locale, 'submission.archived-after', { by: pastDue(visit, row, kept_at) })
  return html`<span class="unbroken">${stamp(visit.locale, timeZone, kept_at)}</span>
    ${isArchivedLate(row) && tag('bad', after())}`
}

function notArchived({ locale }: Visit, { state, why }: Submission): Html {
  if (state === 'making')
    return html`<span data-under-way>${tag('busy', say(locale, 'submission.making'))}</span>`
  return tag('bad', say(locale, why === 'too-large' ? 'submission.too-large' : 'submission.failed'))
}

function sizeOf({ locale }: Visit, row: Submission): Html | string {
  if (row.state !== 'kept') return html`<span class="faint">–</span>`
  const left = row.left_out ?? 0
  return html`<span class="unbroken">${fileSize(locale, row.bytes ?? 0)}</span>
    <span class="faint unbroken"
      >${say(locale, 'submission.files', { count: row.files ?? 0 })}</span
    >
    ${left > 0 && html`<span class="faint">${say(locale, 'submission.left-out', { count: left })}</span>`}`
}

export type CourseSubmissions = { rules: SubmissionRules; rows: HandedIn[] }

/** By student: how often, the last one that is kept or will be, and whether that was late. */
export function submissionsSection(
  visit: Visit,
  { rules, rows }: CourseSubmissions,
  course: { key: string; time_zone: string },
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const students = [...Map.groupBy(rows, (row) => row.pseudonym).values()]
  const columns: Column<HandedIn[]>[] = [
    { head: t('course.seat'), isNumber: true, cell: ([row]) => row?.seat ?? '–' },
    {
      head: t('course.who'),
      cell: ([row]) =>
        html`${row?.display_name ?? t('course.unnamed')}
        ${row?.is_held && tag('calm', t('course.submissions.held'))}`,
    },
    {
      head: t('course.submissions'),
      cell: (own) => counted(visit, own),
    },
    {
      head: t('course.submissions.last'),
      cell: (own) => {
        const last = lastOf(own)
        return last && whenOf(visit, last, course.time_zone)
      },
    },
    {
      head: t('submission.archived'),
      cell: (own) => {
        const last = lastOf(own)
        return last && archivedOf(visit, last, course.time_zone)
      },
    },
    { head: t('submission.download'), cell: (own) => ownArchive(visit, own, course.key) },
  ]
  const when = rules.dueAt && stamp(visit.locale, course.time_zone, rules.dueAt)
  return html`<section class="sheet" aria-labelledby="submissions-title">
    <h2 id="submissions-title">${t('course.submissions')}</h2>
    ${when && html`<p>${t('course.submissions.due', { when })}</p>`}
    ${rules.duty && html`<p class="hint">${t('submission.duty', dutyWords(visit, rules.duty, course.time_zone))}</p>`}
    ${tableOf(t('course.submissions'), columns, students, t('course.submissions.none'))}
    ${rows.some(isArchivedLate) && html`<p class="hint">${t('submission.archived-after.explain')}</p>`}
    ${
      rows.some((row) => row.state === 'kept') &&
      html`<p>
        <a class="button plain" href="${paths.courseSubmissions(course.key)}" download
          >${t('course.submissions.all')}</a
        >
      </p>`
    }
  </section>`
}

/** What was not kept is no submission, and said beside them. */
function counted({ locale }: Visit, own: HandedIn[]): Html {
  const failed = own.filter(isFailed).length
  const count = own.length - failed
  return html`${say(locale, 'course.submissions.count', { count })}
  ${failed > 0 && tag('bad', say(locale, 'course.submissions.not-kept', { count: failed }))}`
}

const isFailed = ({ state }: Submission): boolean => state === 'failed'

/** Where none was kept, the last that somebody tried. */
const lastOf = (own: HandedIn[]): HandedIn | undefined =>
  own.findLast((row) => !isFailed(row)) ?? own.at(-1)

/** All that one student handed in; whose it is is said to who hears the link alone. */
function ownArchive({ locale }: Visit, own: HandedIn[], key: string): Html {
  const row = own.find(({ state }) => state === 'kept')
  if (!row) return html`<span class="faint">–</span>`
  const who = row.display_name ?? row.pseudonym
  const label = say(locale, 'course.submissions.one', { who })
  return html`<a
    href="${paths.studentSubmissions(key, row.workspace_id)}"
    download
    aria-label="${label}"
    >${say(locale, 'submission.download')}</a
  >`
}
