/** A student's files: where one is, what is there, all of it as an archive, and what is uploaded. */
import type { CourseRow } from '../data/course.ts'
import type { DiskView } from '../data/volume.ts'
import { fileSize, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { AgentEntry, AgentFolder } from '../storage-agent.ts'
import type { Visit } from '../visit.ts'
import { diskSection } from './disk.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { type HandingIn, handInSection } from './submission.ts'
import { type Column, tableOf } from './table.ts'
import { uploadBox } from './upload-box.ts'

export type FilesView = {
  workspaceId: string
  course: Pick<CourseRow, 'title' | 'time_zone'>
  /** Keys of the storage agent, with slashes between. */
  path: string
  start: number
} &
  /** What can be handed in all the same: the time that counts is that of the click. */
  (
    | { why: string; handing?: HandingIn | undefined }
    | {
        folder: AgentFolder
        disk: DiskView | undefined
        handing: HandingIn | undefined
        pageEntries: number
      }
  )

type Words = (code: string, params?: Record<string, string | number>) => string

export function filesPage(visit: Visit, view: FilesView): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return frame(visit, {
    title: `${t('files.title')} · ${view.course.title[visit.locale]}`,
    scripts: ['tus.js', 'files.js'],
    main: html`<article class="sheet files">
      <header class="sheet-head">
        <h1>${t('files.title')}</h1>
        <p class="seat-name">${view.course.title[visit.locale]}</p>
      </header>
      ${'why' in view ? html`<p class="empty">${t(view.why)}</p>` : body(visit, view, t)}
      ${view.handing && handInSection(visit, view.handing, placeOf(view))}
      ${'disk' in view && view.disk && diskSection(visit, view.disk, { timeZone: view.course.time_zone })}
      <p>
        <a class="button plain" href="${paths.workspace(view.workspaceId)}">${t('files.back')}</a>
      </p>
    </article>`,
  })
}

const placeOf = ({ workspaceId, path, course }: FilesView) => ({
  ...{ workspaceId, path, timeZone: course.time_zone },
})

type Opened = Extract<FilesView, { folder: AgentFolder }>

function body(visit: Visit, view: Opened, t: Words): Html {
  const { workspaceId, path, folder } = view
  return html`${trail(view, t)}
  ${tableOf(t('files.title'), columns(visit, view, t), folder.entries, t('files.empty'))}
  ${pager(view, t)}
  ${
    folder.total > 0 &&
    html`<div class="all">
      <a class="button plain" href="${paths.filesArchive(workspaceId, path)}" download
        >${t('files.all')}</a
      >
      <p class="hint">${t('files.all.explain')}</p>
    </div>`
  }
  ${uploadBox(visit, { endpoint: paths.uploads(workspaceId), folder: path, hint: 'files.upload.explain' })}`
}

/** Every folder above, each a link. */
function trail({ workspaceId, path }: Opened, t: Words): Html {
  const keys = path.split('/').filter(Boolean)
  return html`<nav class="trail" aria-label="${t('files.where')}">
    <ol>
      <li><a href="${paths.files(workspaceId, '')}">${t('files.top')}</a></li>
      ${keys.map(
        (key, i) =>
          html`<li>
            <a
              href="${paths.files(workspaceId, keys.slice(0, i + 1).join('/'))}"
              ${i === keys.length - 1 ? html`aria-current="page"` : ''}
              >${readable(key)}</a
            >
          </li>`,
      )}
    </ol>
  </nav>`
}

function readable(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

function columns(visit: Visit, view: Opened, t: Words): Column<AgentEntry>[] {
  const { course } = view
  return [
    { head: t('files.name'), cell: (entry) => nameOf(view, entry, t) },
    {
      head: t('files.size'),
      isNumber: true,
      cell: (entry) =>
        entry.kind === 'file'
          ? html`<span class="unbroken">${fileSize(visit.locale, entry.bytes)}</span>`
          : html`<span class="faint">${entry.kind === 'folder' ? t('files.folder') : '–'}</span>`,
    },
    {
      head: t('files.changed'),
      cell: (entry) =>
        html`<span class="faint unbroken"
          >${stamp(visit.locale, course.time_zone, new Date(entry.modifiedAt))}</span
        >`,
    },
  ]
}

function nameOf({ workspaceId, path }: Opened, entry: AgentEntry, t: Words): Html {
  const inside = [path, entry.key].filter(Boolean).join('/')
  if (entry.kind === 'folder')
    return html`<a class="name is-folder" href="${paths.files(workspaceId, inside)}"
      >${entry.name}</a
    >`
  if (entry.kind === 'file')
    return html`<a class="name" href="${paths.file(workspaceId, inside)}" download
      >${entry.name}</a
    >`
  return html`<span class="name">${entry.name}</span>
    <span class="faint">${t('files.other')}</span>`
}

function pager({ workspaceId, path, start, folder, pageEntries }: Opened, t: Words): Html | false {
  const { total, entries } = folder
  if (total <= pageEntries && start === 0) return false
  const to = start + entries.length
  return html`<nav class="pager">
    <span>${t('files.shown', { from: Math.min(start + 1, total), to, total })}</span>
    ${start > 0 && html`<a href="${paths.files(workspaceId, path, Math.max(0, start - pageEntries))}">${t('files.previous')}</a>`}
    ${to < total && html`<a href="${paths.files(workspaceId, path, to)}">${t('files.next')}</a>`}
  </nav>`
}
