/** A student's workspace: what is happening, the way in, and what can be done. Live: see live.ts. */
import type { WorkspaceView } from '../data/workspaces/workspace-view.ts'
import { actable } from '../data/workspaces/workspace.ts'
import { dayAndYear, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import type { SeatData } from '../data/volumes/course-data.ts'
import { diskSection, personalSection } from './disk.ts'
import { formerSection } from './former.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { live } from './live.ts'
import { doors } from './workspace-doors.ts'
import { type Words, actForm } from './workspace-parts.ts'
import { prose } from './prose.ts'
import { situation, stateName } from './workspace-situation.ts'

const REFRESH_SECONDS: Partial<Record<WorkspaceView['state'], number>> = {
  closed: 30,
  queued: 10,
  starting: 4,
  resetting: 4,
  stopping: 4,
}

export function workspacePage(visit: Visit, view: WorkspaceView, timeZone: string): Html {
  const source = paths.workspaceEvents(view.id, visit.isFramed)
  return frame(visit, {
    title: titleOf(visit, view),
    refreshSeconds: REFRESH_SECONDS[view.state],
    main: html`${live(visit, source, workspaceFragment(visit, view, timeZone))}
    ${resetDialog(visit, view, timeZone)}`,
  })
}

function titleOf(visit: Visit, view: WorkspaceView): string {
  const state = view.isWarned ? 'workspace.warned.title' : stateName(view)
  return `${say(visit.locale, state)} · ${view.courseTitle[visit.locale]}`
}

/** The part that changes by itself. Its `data-title` becomes the tab's title. */
export function workspaceFragment(visit: Visit, view: WorkspaceView, timeZone: string): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return html`<article class="sheet workspace" data-title="${titleOf(visit, view)} · Labplan">
    <header class="sheet-head">
      <h1>${view.courseTitle[visit.locale]}</h1>
      ${view.seatNumber !== null && html`<p class="seat-name">${t('workspace.seat', { number: view.seatNumber })}</p>`}
      ${view.courseDescription && prose(view.courseDescription[visit.locale])}
    </header>
    ${situation(visit, view, timeZone, t)} ${view.state === 'ready' && doors(visit, view, t)}
    ${view.disk && diskSection(visit, view.disk, { timeZone, filesPath: paths.files(view.id) })}
    ${formerSection(visit, view.former, { workspaceId: view.id, timeZone })}
    ${view.personal && personalSection(visit, view.personal, { timeZone, isOn: view.state === 'ready', filesPath: paths.files({ personalOf: view.id }) })}
    ${view.data && dataLines(view.data, view.disk?.isAway === true, t)} ${acts(visit, view, t)}
  </article>`
}

/** Which version is in it, and that another one is there: not while who stops now would lose what cannot be saved. */
function dataLines({ has, next, path }: SeatData, isAway: boolean, t: Words): Html {
  if (has === null) return html`<p class="hint">${t('data.at-start', { next, path })}</p>`
  return html`<p class="hint">
    ${t('data.has', { has, path })}
    ${has !== next && !isAway && html`<strong>${t('data.next', { next })}</strong>`}
  </p>`
}

function acts(visit: Visit, view: WorkspaceView, t: Words): Html | false {
  const may = (act: keyof typeof actable) =>
    (actable[act] as readonly string[]).includes(view.state)
  const isThere = ['starting', 'ready', 'failed', 'stopped'].includes(view.state)
  if (view.state === 'queued')
    return html`<div class="acts">
      ${actForm(visit, view, 'stop', t('act.leave-queue'), 'plain', 'queued')}
    </div>`
  if (!isThere || view.seatNumber === null) return false
  return html`<section class="manage" aria-labelledby="manage-title">
    <h2 id="manage-title">${t('act.title')}</h2>
    <ul class="manage-list">
      ${
        may('stop') &&
        html`<li>
          ${actForm(visit, view, 'stop', t('act.stop'), 'plain')}
          <p>${t('act.stop.explain')}</p>
        </li>`
      }
      ${
        may('restart') &&
        view.state !== 'failed' &&
        html`<li>
          ${actForm(visit, view, 'restart', t('act.restart'), 'plain')}
          <p>${t('act.restart.explain')}</p>
        </li>`
      }
      ${
        may('reset') &&
        html`<li>
          <a
            class="button plain"
            href="${paths.workspaceAct(view.id, 'reset')}"
            data-dialog="reset-dialog"
            >${t('act.reset')}</a
          >
          <p>${t('act.reset.explain')}</p>
        </li>`
      }
    </ul>
  </section>`
}

function resetDialog(visit: Visit, view: WorkspaceView, timeZone: string): Html {
  return html`<dialog id="reset-dialog" aria-labelledby="reset-title">
    ${resetForm(visit, view, { timeZone, inDialog: true })}
  </dialog>`
}

/** The question before a reset: in a dialog, and as a page of its own without JavaScript. */
export function resetPage(visit: Visit, view: WorkspaceView, timeZone: string): Html {
  return frame(visit, {
    title: say(visit.locale, 'reset.title'),
    main: html`<article class="sheet">
      ${resetForm(visit, view, { timeZone, inDialog: false })}
    </article>`,
  })
}

function resetForm(
  visit: Visit,
  view: WorkspaceView,
  { timeZone, inDialog }: { timeZone: string; inDialog: boolean },
): Html {
  const t: Words = (code) => say(visit.locale, code)
  const { isFull } = view.reset
  const choice = (value: string, words: { name: string; explain: string[] }, checked: boolean) =>
    html`<label class="choice">
      <input
        type="radio"
        name="files"
        value="${value}"
        ${checked ? html`checked` : ''}
        ${value === 'empty' && isFull ? html`disabled` : ''}
      />
      <span><strong>${words.name}</strong><small>${words.explain.join(' ')}</small></span>
    </label>`
  const keep = { name: t('reset.keep'), explain: [t('reset.keep.explain')] }
  const empty = { name: t('reset.empty'), explain: leftBehind(visit, view, timeZone) }
  return html`<form class="reset" method="post" action="${paths.workspaceAct(view.id, 'reset')}">
    ${csrfField(visit)}
    ${inDialog ? html`<h2 id="reset-title">${t('reset.title')}</h2>` : html`<h1>${t('reset.title')}</h1>`}
    <fieldset>
      <legend>${t('reset.explain')}</legend>
      ${choice('keep', keep, true)} ${choice('empty', empty, false)}
    </fieldset>
    <div class="buttons">
      <button class="button danger">${t('reset.go')}</button>
      ${
        inDialog
          ? html`<button class="button plain" type="submit" formmethod="dialog" formnovalidate>
              ${t('frame.cancel')}
            </button>`
          : html`<a class="button plain" href="${paths.workspace(view.id)}"
              >${t('frame.cancel')}</a
            >`
      }
    </div>
  </form>`
}

/** What becomes of the files that are there now, or why they cannot be left behind. */
function leftBehind(
  { locale, at }: Visit,
  { disk, reset, former }: WorkspaceView,
  timeZone: string,
): string[] {
  const day = (until: Date) => ({ when: dayAndYear(locale, timeZone, until, at) })
  if (reset.isFull) {
    const until = former[0]?.keptUntil
    const when = until ? [say(locale, 'reset.full.until', day(until))] : []
    return [say(locale, 'reset.full'), ...when]
  }
  if (!disk) return [say(locale, 'reset.empty.explain')]
  if (!disk.keptUntil) return [say(locale, 'reset.empty.kept')]
  return [say(locale, 'reset.empty.kept-until', day(disk.keptUntil))]
}
