/** A course's data: which version is in force, the one that is being filled, and those before. */
import type { PlannedCourse } from '../access.ts'
import type { Change } from '../data/changes/change.ts'
import type { DataRules, DataVersion } from '../data/volumes/course-data.ts'
import { fileSize, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { AgentFolder } from '../storage/storage-agent.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { notInForce } from './saved-note.ts'
import { type Column, tableOf, tag } from './table.ts'
import { uploadBox } from './upload-box.ts'

export type CourseDataView = {
  course: PlannedCourse
  rules: DataRules
  versions: DataVersion[]
  draft: DataVersion | undefined
  /** What has been uploaded into the draft; undefined while it is not made yet. */
  folder: AgentFolder | undefined
  isKept: boolean
  mayChange: boolean
  /** The change that put a version in force just now. */
  saved: Change | undefined
}

const USUAL_MB = 500

type Words = (code: string, params?: Record<string, string | number>) => string
const wordsOf =
  ({ locale }: Visit): Words =>
  (code, params) =>
    say(locale, code, params)

export function courseDataPage(visit: Visit, view: CourseDataView): Html {
  const t = wordsOf(visit)
  const { course, saved, mayChange } = view
  return courseFrame(visit, {
    course,
    ...{ part: 'data', seesPlan: true, mayChange, scripts: ['tus.js', 'files.js'] },
    main: html`${saved && (saved.state === 'approved' ? html`<p class="note is-info" role="status">${t('data.saved')}</p>` : notInForce(visit, saved))}
      <section class="sheet" aria-labelledby="data-title">
        <h2 id="data-title">${t('data.title')}</h2>
        <p>${t('data.explain', { path: view.rules.path ?? '/data' })}</p>
        ${view.isKept ? versionTable(visit, view) : html`<p class="empty">${t('data.no-storage')}</p>`}
      </section>
      ${view.isKept && mayChange && (view.draft ? draftSection(visit, view, view.draft) : beginSection(visit, view))}`,
  })
}

function versionTable(visit: Visit, view: CourseDataView): Html {
  const t = wordsOf(visit)
  const rows = view.versions.filter(({ state }) => state !== 'draft')
  const zone = view.course.time_zone
  const columns: Column<DataVersion>[] = [
    { head: t('data.version'), isNumber: true, cell: (row) => row.version },
    { head: t('data.state'), cell: (row) => stateOf(visit, view, row) },
    {
      head: t('data.published'),
      cell: ({ published_at: at }) =>
        html`<span class="unbroken">${at ? stamp(visit.locale, zone, at) : '–'}</span>`,
    },
    { head: t('data.size'), cell: (row) => sizeOf(visit, row) },
    { head: t('data.seats'), isNumber: true, cell: (row) => row.seats },
  ]
  return tableOf(t('data.title'), columns, rows, t('data.none'))
}

function sizeOf(visit: Visit, { files, bytes }: DataVersion): Html {
  const count = wordsOf(visit)('data.files', { count: files ?? 0 })
  return html`<span class="unbroken">${fileSize(visit.locale, bytes ?? 0)}</span>
    <span class="faint">${count}</span>`
}

function stateOf(visit: Visit, { course, rules, mayChange }: CourseDataView, row: DataVersion) {
  const t = wordsOf(visit)
  if (row.version === rules.version) return tag('good', t('data.in-force'))
  if (row.state !== 'published') return tag('calm', t('data.deleted'))
  if (!mayChange) return tag('calm', t('data.kept'))
  const isBefore = row.version < (rules.version ?? 0)
  return html`<form method="post" action="${paths.courseDataAct(course.key, row.version, 'use')}">
    ${csrfField(visit)}
    <button class="button plain">
      ${t(isBefore ? 'data.use' : 'data.put', { version: row.version })}
    </button>
  </form>`
}

function beginSection(visit: Visit, { course, rules, versions }: CourseDataView): Html {
  const t = wordsOf(visit)
  const next = Math.max(0, ...versions.map(({ version }) => version)) + 1
  return html`<section class="sheet" aria-labelledby="begin-title">
    <h2 id="begin-title">${t('data.begin', { version: next })}</h2>
    <p class="hint" id="begin-hint">${t('data.begin.explain')}</p>
    <form class="buttons" method="post" action="${paths.courseData(course.key)}">
      ${csrfField(visit)}
      <label class="field"
        >${t('data.size-mb')}
        <input
          name="sizeMb"
          type="number"
          min="1"
          max="1000000"
          required
          value="${rules.sizeMb ?? USUAL_MB}"
          aria-describedby="begin-hint"
        />
      </label>
      <button class="button primary">${t('data.begin.go')}</button>
    </form>
  </section>`
}

function draftSection(visit: Visit, view: CourseDataView, draft: DataVersion): Html {
  const t = wordsOf(visit)
  const { folder, course } = view
  const { version, size_mb } = draft
  const act = (name: 'publication' | 'discard') => paths.courseDataAct(course.key, version, name)
  if (!folder)
    return html`<section class="sheet">
      <h2>${t('data.draft', { version })}</h2>
      <form method="post" action="${paths.courseData(course.key)}">
        ${csrfField(visit)}<input type="hidden" name="sizeMb" value="${size_mb}" />
        <p>${t('data.draft.not-made')}</p>
        <button class="button primary">${t('data.draft.again')}</button>
      </form>
    </section>`
  return html`<section class="sheet" aria-labelledby="draft-title">
    <h2 id="draft-title">${t('data.draft', { version })}</h2>
    <p class="hint">
      ${t('data.draft.explain', { size: fileSize(visit.locale, size_mb * 1024 * 1024) })}
    </p>
    ${tableOf(t('data.draft', { version }), entryColumns(visit), folder.entries, t('data.draft.empty'))}
    ${folder.total > folder.entries.length && html`<p class="faint">${t('data.draft.more', { count: folder.total })}</p>`}
    ${uploadBox(visit, { endpoint: paths.courseDataUploads(course.key), folder: '', hint: 'data.upload.explain' })}
    <div class="buttons">
      <form method="post" action="${act('publication')}">
        ${csrfField(visit)}
        <button class="button primary" ${folder.total === 0 ? html`disabled` : ''}>
          ${t('data.publish', { version })}
        </button>
      </form>
    </div>
    <details class="ask-first">
      <summary>${t('data.discard.ask')}</summary>
      <form class="ask" method="post" action="${act('discard')}">
        ${csrfField(visit)}
        <p>${t('data.discard.explain')}</p>
        <button class="button danger">${t('data.discard', { version })}</button>
      </form>
    </details>
  </section>`
}

function entryColumns(visit: Visit): Column<AgentFolder['entries'][number]>[] {
  const t = wordsOf(visit)
  return [
    { head: t('files.name'), cell: (entry) => html`<span class="name">${entry.name}</span>` },
    {
      head: t('files.size'),
      isNumber: true,
      cell: ({ kind, bytes }) =>
        kind === 'file'
          ? html`<span class="unbroken">${fileSize(visit.locale, bytes)}</span>`
          : html`<span class="faint">${kind === 'folder' ? t('files.folder') : '–'}</span>`,
    },
  ]
}
