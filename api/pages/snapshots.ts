/** A student's files as they were: the instants that are kept, what one looks at, and bringing it back. */
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { AgentRestore, AgentSnapshot } from '../storage-snapshots.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

export type Past = {
  /** Oldest first. */
  snapshots: AgentSnapshot[]
  /** The one that is looked at. */
  asOf: AgentSnapshot | undefined
  restore: AgentRestore | null
}

type Place = { workspaceId: string; path: string; timeZone: string }

export const whenOf = (visit: Visit, at: AgentSnapshot, timeZone: string): string =>
  stamp(visit.locale, timeZone, new Date(at.at))

/** What became of what was brought back last, where one looks at the files of now. */
export function restoreNote(visit: Visit, { restore, asOf }: Past, place: Place): Html | false {
  if (!restore || asOf) return false
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const isBad = restore.state === 'full' || restore.state === 'failed'
  return html`<p
    class="note ${isBad ? 'is-error' : 'is-info'}"
    role="status"
    ${restore.state === 'going' ? html`data-under-way` : ''}
  >
    <span>${t(`snapshot.${restore.state}`, { name: restore.name ?? '' })}</span>
    ${
      restore.state === 'done' &&
      restore.folder !== place.path &&
      html`<a href="${paths.files(place.workspaceId, restore.folder)}"
        >${t('snapshot.done.where')}</a
      >`
    }
  </p>`
}

/** Above a listing of what was. */
export function asOfNote(visit: Visit, asOf: AgentSnapshot, place: Place): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  return html`<p class="note is-warning">
    <strong>${t('snapshot.seen', { when: whenOf(visit, asOf, place.timeZone) })}</strong>
    <a href="${paths.files(place.workspaceId, '')}">${t('snapshot.now')}</a>
  </p>`
}

/** `path` is what comes back; `name` says it to who hears the page. */
export function bringBackForm(
  visit: Visit,
  asOf: AgentSnapshot,
  of: { workspaceId: string; path: string; name?: string },
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const isAll = of.name === undefined
  return html`<form method="post" action="${paths.restoration(of.workspaceId)}">
    ${csrfField(visit)}<input type="hidden" name="asOf" value="${asOf.id}" />
    <input type="hidden" name="path" value="${of.path}" />
    <button
      class="button plain"
      ${isAll ? '' : html`aria-label="${t('snapshot.bring-back.one', { name: of.name ?? '' })}"`}
    >
      ${t(isAll ? 'snapshot.bring-back.all' : 'snapshot.bring-back')}
    </button>
  </form>`
}

/** Every instant that is kept, newest first, for the folder that is open. */
export function snapshotsSection(visit: Visit, { snapshots, asOf }: Past, place: Place): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section class="past" aria-labelledby="past-title">
    <h2 id="past-title">${t('snapshot.title')}</h2>
    <p class="hint">${t('snapshot.explain')}</p>
    ${
      snapshots.length === 0
        ? html`<p class="empty">${t('snapshot.none-yet')}</p>`
        : html`<ul>
            ${snapshots.toReversed().map(
              (one) =>
                html`<li>
                  <a
                    href="${paths.files(place.workspaceId, place.path, 0, one.id)}"
                    ${one.id === asOf?.id ? html`aria-current="page"` : ''}
                    >${whenOf(visit, one, place.timeZone)}</a
                  >
                </li>`,
            )}
          </ul>`
    }
  </section>`
}
