/** A student's files, on the disk of a workspace or in their own folder: where one is, what is there, all of it as an archive, and what is uploaded. */
import type { CourseRow } from '../data/courses/course.ts'
import type { DiskView } from '../data/volumes/volume.ts'
import { fileSize, say, stamp } from '../locale.ts'
import { paths, type Shelf } from '../paths.ts'
import type { AgentEntry, AgentFolder } from '../storage/storage-agent.ts'
import type { Visit } from '../visit.ts'
import { diskSection } from './disk.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'
import {
  type AsOf,
  asOfNote,
  bringBackForm,
  bringBackHint,
  type Past,
  pastSections,
  restoreNote,
  whenOf,
} from './snapshots.ts'
import { type HandingIn, handInSection } from './submission.ts'
import { type Column, tableOf } from './table.ts'
import { uploadBox } from './upload-box.ts'

export type FilesView = {
  workspaceId: string
  shelf: Shelf
  course: Pick<CourseRow, 'title' | 'time_zone'>
  /** Keys of the storage agent, with slashes between. */
  path: string
  start: number
} &
  /** What can be handed in all the same: the time that counts is that of the click. */
  (
    | { why: string; handing?: HandingIn | undefined; past?: Past | undefined }
    /** It was not there at that instant. */
    | { noFolder: AsOf; past: Past | undefined; handing?: undefined }
    | {
        folder: AgentFolder
        disk: DiskView | undefined
        handing: HandingIn | undefined
        past: Past | undefined
        pageEntries: number
      }
  )

type Words = (code: string, params?: Record<string, string | number>) => string

export function filesPage(visit: Visit, view: FilesView): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  const title = t(isPersonal(view) ? 'personal.title' : 'files.title')
  return frame(visit, {
    title: `${title} · ${view.course.title[visit.locale]}`,
    scripts: ['tus.js', 'files.js'],
    main: html`<article class="sheet files">
      <header class="sheet-head">
        <h1>${title}</h1>
        <p class="seat-name">
          <a href="${paths.workspace(view.workspaceId)}">${view.course.title[visit.locale]}</a>
        </p>
      </header>
      ${'folder' in view ? body(visit, view, t) : whyNot(visit, view, t)}
      ${view.handing && handInSection(visit, view.handing, placeOf(view))}
      ${view.past && pastSections(visit, view.past, placeOf(view))}
      ${'disk' in view && view.disk && diskSection(visit, view.disk, { timeZone: view.course.time_zone, key: isPersonal(view) ? 'personal' : 'disk' })}
      <p>
        <a class="button plain" href="${paths.workspace(view.workspaceId)}">${t('files.back')}</a>
      </p>
    </article>`,
  })
}

const isPersonal = ({ shelf }: Pick<FilesView, 'shelf'>): boolean => typeof shelf !== 'string'

const placeOf = ({ workspaceId, path, course }: FilesView) => ({
  ...{ workspaceId, path, timeZone: course.time_zone },
})

type Opened = Extract<FilesView, { folder: AgentFolder }>

function whyNot(visit: Visit, view: Exclude<FilesView, Opened>, t: Words): Html {
  if ('why' in view) return html`<p class="empty">${t(view.why)}</p>`
  const when = whenOf(visit, view.noFolder, view.course.time_zone)
  // The first folder of a disk is always there, unless the disk is not.
  const isAway = view.noFolder.former !== undefined && view.path === ''
  return html`<p class="empty">
    ${t(isAway ? 'former.not-there' : 'snapshot.no-folder', { when })}
    <a href="${paths.files(view.workspaceId, view.path)}">${t('snapshot.now')}</a>
  </p>`
}

function body(visit: Visit, view: Opened, t: Words): Html {
  const { workspaceId, shelf, path, folder, past } = view
  const asOf = past?.asOf
  const none = t(asOf ? 'snapshot.empty' : 'files.empty')
  return html`${past && restoreNote(visit, past, placeOf(view))}
  ${asOf && asOfNote(visit, asOf, placeOf(view))} ${trail(view, t)}
  ${tableOf(t('files.title'), columns(visit, view, t), folder.entries, none)} ${pager(view, t)}
  ${
    folder.total > 0 &&
    html`<div class="all">
      <a class="button plain" href="${paths.filesArchive(shelf, path, asOf?.id)}" download
        >${t('files.all')}</a
      >
      ${asOf && past.canBringBack && bringBackForm(visit, asOf, { workspaceId, path })}
      <p class="hint">${t(asOf ? bringBackHint(past) : 'files.all.explain')}</p>
    </div>`
  }
  ${!asOf && uploadBox(visit, { endpoint: paths.uploads(shelf), folder: path, hint: 'files.upload.explain' })}`
}

/** Every folder above, each a link. */
function trail({ shelf, path, past }: Opened, t: Words): Html {
  const asOf = past?.asOf?.id
  const keys = path.split('/').filter(Boolean)
  return html`<nav class="trail" aria-label="${t('files.where')}">
    <ol>
      <li>
        <a href="${paths.files(shelf, '', 0, asOf)}"
          >${t(isPersonal({ shelf }) ? 'personal.top' : 'files.top')}</a
        >
      </li>
      ${keys.map(
        (key, i) =>
          html`<li>
            <a
              href="${paths.files(shelf, keys.slice(0, i + 1).join('/'), 0, asOf)}"
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
    // Second, so that it is seen on a narrow screen, too.
    ...backColumn(visit, view, t),
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

/** Beside each thing that a snapshot has. */
function backColumn(visit: Visit, view: Opened, t: Words): Column<AgentEntry>[] {
  const { workspaceId, path, past } = view
  const asOf = past?.asOf
  if (!asOf || !past.canBringBack) return []
  const cell = (entry: AgentEntry) =>
    entry.kind !== 'other' &&
    bringBackForm(visit, asOf, {
      ...{ workspaceId, path: [path, entry.key].filter(Boolean).join('/') },
      name: entry.name,
    })
  return [{ head: t('snapshot.bring-back'), cell }]
}

function nameOf({ shelf, path, past }: Opened, entry: AgentEntry, t: Words): Html {
  const asOf = past?.asOf?.id
  const inside = [path, entry.key].filter(Boolean).join('/')
  if (entry.kind === 'folder')
    return html`<a class="name is-folder" href="${paths.files(shelf, inside, 0, asOf)}"
      >${entry.name}</a
    >`
  if (entry.kind === 'file')
    return html`<a class="name" href="${paths.file(shelf, inside, asOf)}" download
      >${entry.name}</a
    >`
  return html`<span class="name">${entry.name}</span>
    <span class="faint">${t('files.other')}</span>`
}

function pager(view: Opened, t: Words): Html | false {
  const { shelf, path, start, folder, pageEntries, past } = view
  const { total, entries } = folder
  const at = (from: number) => paths.files(shelf, path, from, past?.asOf?.id)
  if (total <= pageEntries && start === 0) return false
  const to = start + entries.length
  return html`<nav class="pager">
    <span>${t('files.shown', { from: Math.min(start + 1, total), to, total })}</span>
    ${start > 0 && html`<a href="${at(Math.max(0, start - pageEntries))}">${t('files.previous')}</a>`}
    ${to < total && html`<a href="${at(to)}">${t('files.next')}</a>`}
  </nav>`
}
