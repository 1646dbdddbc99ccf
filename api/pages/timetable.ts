/** A timetable taken over into a course: what it changes, before it does; and the course's own feed. */
import type { PlannedCourse } from '../access.ts'
import type { Preview } from '../data/change-preview.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Timetable, TimetableChange } from '../timetable.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'
import { costLine } from './plan-answer.ts'
import { tableOf, tag } from './table.ts'
import { wallDay } from './wall-day.ts'

export type TimetableView = {
  course: PlannedCourse
  /** Digest of the document that it would change. */
  read: string
  feedAddress: string
  feed: string
  contains: string
  timetable?: Timetable
  preview?: Preview
}

const NAMED = 4

export function timetablePage(visit: Visit, view: TimetableView): Html {
  const t = (code: string) => say(visit.locale, code)
  return courseFrame(visit, {
    ...{ course: view.course, part: 'timetable', seesPlan: true, mayChange: true },
    main: html`<section class="sheet" aria-labelledby="take-title">
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
  const { changes, problems, over } = timetable
  const { preview } = view
  const columns = [
    { head: t('timetable.class'), cell: (row: TimetableChange) => row.title || '–' },
    { head: t('timetable.change'), cell: (row: TimetableChange) => changeTag(visit, row) },
    { head: t('timetable.before'), cell: (row: TimetableChange) => days(visit, row.before) },
    { head: t('timetable.after'), cell: (row: TimetableChange) => days(visit, row.after) },
  ]
  return html`<section class="sheet" aria-labelledby="changes-title">
    <h2 id="changes-title">${t('timetable.changes')}</h2>
    ${tableOf(t('timetable.changes'), columns, changes, t('timetable.nothing'))}
    ${over > 0 && html`<p class="hint">${t('timetable.over', { count: over })}</p>`}
    ${
      problems.length > 0 &&
      html`<ul class="notes">
        ${problems.map(
          ({ summary, code }) =>
            html`<li class="note is-warning">
              <strong>${summary || '–'}</strong><span>${t(`timetable.problem.${code}`)}</span>
            </li>`,
        )}
      </ul>`
    }
    ${preview && preview.notes.length > 0 && noteList(visit, preview.notes, { timeZone: preview.timeZone })}
    ${preview && costLine(visit, preview.cost)}
    ${
      preview &&
      html`<p class="note ${preview.lane === 'automatic' ? 'is-info' : 'is-warning'}">
          ${t(`plan.lane.${preview.lane}`)}
        </p>
        <div class="buttons">
          <button class="button primary" form="timetable" name="take" value="1">
            ${t('timetable.take')}
          </button>
        </div>`
    }
  </section>`
}

function changeTag({ locale }: Visit, { change }: TimetableChange): Html {
  const look = change === 'added' ? 'good' : change === 'cancelled' ? 'bad' : 'busy'
  return tag(look, say(locale, `timetable.${change}`))
}

function days({ locale }: Visit, walls: string[]): Html {
  const named = walls.slice(0, NAMED).map((wall) => wallDay(locale, wall))
  const more = walls.length - named.length
  return html`${named.join(', ')}${more > 0 && ` ${say(locale, 'timetable.more', { count: more })}`}`
}
