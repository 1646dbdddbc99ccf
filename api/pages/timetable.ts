/** A timetable taken over into a course: what it changes, before it does; and the course's own feed. */
import type { PlannedCourse } from '../access.ts'
import type { Preview } from '../data/changes/change-preview.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Timetable, TimetableChange } from '../teaching/timetable.ts'
import type { OwnWay } from '../teaching/timetable-kept.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'
import { costLine } from './plan-answer.ts'
import { tableOf, tag } from './table.ts'
import { wallDay } from './wall-day.ts'
import type { Words } from './workspace-parts.ts'

export type TimetableView = {
  course: PlannedCourse
  /** Digest of the document that it would change. */
  read: string
  feedAddress: string
  feed: string
  contains: string
  timetable?: Timetable
  /** Whether it was asked for what the timetable says of classes that were changed here, too. */
  asTimetable?: boolean
  preview?: Preview
  /** Somebody else saved the course since it was looked at. */
  isStale?: boolean
}

const NAMED = 4

export function timetablePage(visit: Visit, view: TimetableView): Html {
  const t = (code: string) => say(visit.locale, code)
  return courseFrame(visit, {
    ...{ course: view.course, part: 'timetable', seesPlan: true, mayChange: true },
    main: html`${view.isStale && html`<p class="note is-warning" role="alert">${t('timetable.stale')}</p>`}
      <section class="sheet" aria-labelledby="take-title">
        <h2 id="take-title">${t('timetable.title')}</h2>
        <p>${t('timetable.why')}</p>
        ${form(visit, view)}
      </section>
      ${view.timetable && meaning(visit, view, view.timetable)}
      <section class="sheet" aria-labelledby="feed-title">
        <h2 id="feed-title">${t('timetable.feed')}</h2>
        <p>${t('timetable.feed-why')}</p>
        <p class="feed-address"><code>${view.feedAddress}</code></p>
        <copy-button value="${view.feedAddress}" done="${t('frame.copied')}"
          ><button type="button" class="button plain">${t('timetable.copy')}</button></copy-button
        >
      </section>`,
  })
}

function form(visit: Visit, { course, read, feed, contains }: TimetableView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<form
    class="timetable"
    id="timetable"
    method="post"
    action="${paths.courseTimetable(course.key)}"
  >
    ${csrfField(visit)}<input type="hidden" name="read" value="${read}" />
    <file-text into="feed">
      <label class="field"
        >${t('timetable.file')}<input type="file" accept=".ics,text/calendar"
      /></label>
    </file-text>
    <label class="field is-long"
      >${t('timetable.text')}
      <textarea id="feed" name="feed" rows="6" required spellcheck="false">${feed}</textarea>
    </label>
    <label class="field is-long"
      >${t('timetable.contains')}
      <input name="contains" value="${contains}" maxlength="200" />
    </label>
    <div class="buttons"><button class="button primary">${t('timetable.look')}</button></div>
  </form>`
}

function meaning(visit: Visit, view: TimetableView, timetable: Timetable): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { changes, over } = timetable
  const { preview } = view
  const columns = [
    {
      head: t('timetable.class'),
      cell: (row: TimetableChange) => row.title || t('timetable.unnamed'),
    },
    { head: t('timetable.change'), cell: (row: TimetableChange) => changeTag(visit, row) },
    { head: t('timetable.before'), cell: (row: TimetableChange) => days(visit, row.before) },
    { head: t('timetable.after'), cell: (row: TimetableChange) => after(visit, row) },
  ]
  return html`<section class="sheet" aria-labelledby="changes-title">
    <h2 id="changes-title">${t('timetable.changes')}</h2>
    ${tableOf(t('timetable.changes'), columns, changes, t(noneCode(timetable)))}
    ${ownWays(visit, timetable, t)}
    ${over > 0 && html`<p class="hint">${t('timetable.over', { count: over })}</p>`}
    ${problemList(visit, timetable)}
    ${preview && preview.notes.length > 0 && noteList(visit, preview.notes, { timeZone: preview.timeZone })}
    ${preview && costLine(visit, preview.cost)}
    ${
      preview &&
      html`<p class="note ${preview.lane === 'automatic' ? 'is-info' : 'is-warning'}">
          ${t(`plan.lane.${preview.lane}`)}
        </p>
        <div class="buttons">
          <button
            class="button primary"
            form="timetable"
            name="take"
            value="${view.asTimetable ? 'timetable' : '1'}"
          >
            ${t('timetable.take')}
          </button>
        </div>`
    }
  </section>`
}

/** Single classes that were changed here, and what becomes of them: nobody's change is lost without a word. */
function ownWays(visit: Visit, { kept, undone, twice }: Timetable, t: Words): Html {
  const list = (ways: OwnWay[]) =>
    html`<ul>
      ${ways.map(({ planned, to }) => {
        const from = wallDay(visit.locale, planned)
        return html`<li>
          ${to ? t('timetable.moved', { from, to: wallDay(visit.locale, to) }) : t('timetable.out', { from })}
        </li>`
      })}
    </ul>`
  return html`${
    kept.length > 0 &&
    html`<div class="note is-info">
      <p>${t('timetable.kept', { count: kept.length })}</p>
      ${list(kept)}
      <button class="button plain" form="timetable" name="look" value="timetable">
        ${t('timetable.as-timetable')}
      </button>
    </div>`
  }
  ${
    undone.length > 0 &&
    html`<div class="note is-warning">
      <p>${t('timetable.undone', { count: undone.length })}</p>
      ${list(undone)}
    </div>`
  }
  ${twice.length > 0 && html`<p class="note is-warning">${t('timetable.twice', { days: twice.map((wall) => wallDay(visit.locale, wall)).join(', ') })}</p>`}`
}

/** Of a text that is no calendar there is nothing more to say. */
function noneCode({ problems }: Timetable): string {
  if (problems.some(({ code }) => code === 'not-a-calendar'))
    return 'timetable.problem.not-a-calendar'
  return problems.length > 0 ? 'timetable.none-taken' : 'timetable.nothing'
}

function problemList({ locale }: Visit, { problems }: Timetable): Html | undefined {
  const ofEvents = problems.filter(({ code }) => code !== 'not-a-calendar')
  if (ofEvents.length === 0) return undefined
  return html`<ul class="notes">
    ${ofEvents.map(
      ({ summary, code }) =>
        html`<li class="note is-warning">
          <strong>${summary || say(locale, 'timetable.unnamed')}</strong
          ><span>${say(locale, `timetable.problem.${code}`)}</span>
        </li>`,
    )}
  </ul>`
}

function changeTag({ locale }: Visit, { change }: TimetableChange): Html {
  const look = change === 'added' ? 'good' : change === 'cancelled' ? 'bad' : 'busy'
  return tag(look, say(locale, `timetable.${change}`))
}

/** What changed may be its name, or its number in the timetable alone. */
const after = (visit: Visit, row: TimetableChange): Html | string | undefined =>
  row.change === 'updated' && row.after.join() === row.before.join()
    ? say(visit.locale, 'timetable.same-hours')
    : days(visit, row.after)

function days({ locale }: Visit, walls: string[]): Html | undefined {
  if (walls.length === 0) return undefined
  const named = walls.slice(0, NAMED).map((wall) => wallDay(locale, wall))
  const more = walls.length - named.length
  return html`${named.join(', ')}${more > 0 && ` ${say(locale, 'timetable.more', { count: more })}`}`
}
