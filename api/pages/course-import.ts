/** A course from a file: the file, what it makes, and what may be said anew: its name, first day, and where it runs. */
import type { DocumentError } from '../../stacks/schema-parse.ts'
import type { Course } from '../../stacks/terms.ts'
import type { ImportChoice, ImportOffers } from '../teaching/course-import.ts'
import type { Preview } from '../data/changes/change-preview.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'
import { costLine } from './plan-answer.ts'
import { dayWords } from './wall-day.ts'

type Wrong =
  | { errors: DocumentError[] }
  | { isNotOne: true }
  | { leak: 'person' | 'secret' | 'denied' }

export type ImportView = {
  text: string
  wrong?: Wrong
  meaning?: {
    course: Course
    offers: ImportOffers
    choice: ImportChoice
    preview: Preview
    /** Wall times of its classes, as they would be. */
    walls: string[]
  }
  /** It was sent for review. */
  waits?: boolean
}

const ERRORS_SHOWN = 8

export function importPage(visit: Visit, view: ImportView): Html {
  const t = (code: string) => say(visit.locale, code)
  return frame(visit, {
    title: t('import.title'),
    isWide: true,
    main: html`<h1>${t('import.title')}</h1>
      ${view.waits ? waitsSheet(visit, view) : form(visit, view)}`,
  })
}

/** Sent: to send it once more would ask for a second one. */
function waitsSheet({ locale }: Visit, { meaning: of }: ImportView): Html {
  return html`<section class="sheet">
    <div class="ask" role="status">
      <p><strong>${of?.choice.title}</strong></p>
      <p>${say(locale, 'import.waits')}</p>
    </div>
    <div class="buttons">
      <a class="button plain" href="${paths.home()}">${say(locale, 'frame.activities')}</a>
    </div>
  </section>`
}

function form(visit: Visit, view: ImportView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<form class="timetable" id="import" method="post" action="${paths.courseImport()}">
    ${csrfField(visit)}
    <section class="sheet">
      <p>${t('import.why')}</p>
      ${fileFields(visit, view)}
    </section>
    ${view.wrong && wrongNote(visit, view.wrong)} ${meaning(visit, view)}
  </form>`
}

function fileFields(visit: Visit, { text, meaning: known }: ImportView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<file-text into="text">
      <label class="field"
        >${t('import.file')}<input type="file" accept=".yaml,.yml,application/yaml"
      /></label>
    </file-text>
    <label class="field is-long"
      >${t('import.text')}
      <textarea id="text" name="text" rows="8" required spellcheck="false">${text}</textarea>
    </label>
    <div class="buttons">
      <button class="button ${known ? 'plain' : 'primary'}" name="fresh" value="1">
        ${t('import.look')}
      </button>
    </div>`
}

function wrongNote({ locale }: Visit, wrong: Wrong): Html {
  const t = (code: string, params = {}) => say(locale, code, params)
  const said = (text: string) => html`<div class="errors note is-error" role="alert">${text}</div>`
  if ('leak' in wrong) return said(t(`settings.refused.${wrong.leak}`))
  if ('isNotOne' in wrong) return said(t('import.one'))
  return html`<div class="errors note is-error" role="alert">
    <p>${t('import.wrong')}</p>
    <ul>
      ${wrong.errors
        .slice(0, ERRORS_SHOWN)
        .map(
          ({ line, message, allowed }) =>
            html`<li>${t('import.line', { line, message, allowed })}</li>`,
        )}
    </ul>
  </div>`
}

function meaning(visit: Visit, { meaning: of }: ImportView): Html | undefined {
  if (!of) return undefined
  const { preview } = of
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const misses = preview.notes.filter((note) => note.severity === 'error')
  return html`<section class="sheet" aria-labelledby="makes-title">
    <h2 id="makes-title">${t('import.makes')}</h2>
    <div class="import-fields">${choices(visit, of)}</div>
    <ul>
      ${facts(visit, of).map((line) => html`<li>${line}</li>`)}
    </ul>
    <p class="headline">${t(misses.length > 0 ? 'plan.fits-not' : 'plan.fits')}</p>
    ${preview.notes.length > 0 && noteList(visit, preview.notes, { timeZone: preview.timeZone })}
    ${costLine(visit, preview.cost)}
    <p class="note ${preview.lane === 'automatic' ? 'is-info' : 'is-warning'}">
      ${t(`course-new.lane.${preview.lane}`)}
    </p>
    <div class="buttons">
      <button class="button primary" name="make" value="1">${t('import.make')}</button>
      <button class="button plain">${t('import.again')}</button>
    </div>
  </section>`
}

type Meaning = NonNullable<ImportView['meaning']>

function facts({ locale }: Visit, { course, offers, walls }: Meaning): string[] {
  const t = (code: string, params = {}) => say(locale, code, params)
  const day = (wall: string | undefined) =>
    dayWords(locale, wall ?? '', { day: 'numeric', month: 'long', year: 'numeric' })
  const isHere = (of: { key: string }[], key: string) => of.some((one) => one.key === key)
  const { cpu, memoryMb } = course.seat
  return [
    walls.length === 0
      ? t('import.no-classes')
      : t('import.classes', { count: walls.length, first: day(walls[0]), last: day(walls.at(-1)) }),
    t('import.students', { count: course.students }),
    t('import.seat', { cpu, memory: memoryMb }),
    ...(isHere(offers.environments, course.environment)
      ? []
      : [t('import.other-environment', { key: course.environment })]),
    ...(isHere(offers.pools, course.pool) ? [] : [t('import.other-pool', { key: course.pool })]),
  ]
}

function choices(visit: Visit, { choice, offers, walls }: Meaning): Html {
  const t = (code: string) => say(visit.locale, code)
  const select = (name: 'environment' | 'pool', label: string, of: ImportOffers['pools']) =>
    html`<label class="field"
      >${label}
      <select name="${name}">
        ${of.map(
          ({ key, title }) =>
            html`<option value="${key}" ${key === choice[name] ? html`selected` : ''}>
              ${title[visit.locale]}
            </option>`,
        )}
      </select>
    </label>`
  return html`<label class="field"
      >${t('course-new.name')}
      <input name="title" value="${choice.title}" maxlength="200" required />
    </label>
    ${
      walls.length > 0 &&
      html`<label class="field"
        >${t('sharing.from')} <input type="date" name="from" value="${choice.from}" />
      </label>`
    }
    ${select('environment', t('course-new.environment'), offers.environments)}
    ${select('pool', t('course-new.pool'), offers.pools)}`
}
