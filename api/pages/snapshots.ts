/** A student's files as they were: what is kept of before, what one looks at, and bringing it back. */
import type { FormerVolume } from '../data/volumes/former-volume.ts'
import { dayAndYear, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { AgentRestore, AgentSnapshot } from '../storage/storage-snapshots.ts'
import type { Visit } from '../visit.ts'
import { formerList } from './former.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

/** What one looks at: a snapshot, or what was there before a reset. `id` names it in addresses; `at` is an instant. */
export type AsOf = AgentSnapshot & { former?: FormerVolume }

export type Past = {
  /** Oldest first; null where none are taken. */
  snapshots: AgentSnapshot[] | null
  /** Newest first. */
  former: FormerVolume[]
  asOf: AsOf | undefined
  restore: AgentRestore | null
  /** There is a disk to bring something back to. */
  canBringBack: boolean
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
export function asOfNote(visit: Visit, asOf: AsOf, place: Place): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const when = whenOf(visit, asOf, place.timeZone)
  return html`<p class="note is-warning">
    <strong>${t(asOf.former ? 'former.seen' : 'snapshot.seen', { when })}</strong>
    ${asOf.former?.keptUntil && html`<span>${keptUntil(visit, asOf.former.keptUntil, place)}</span>`}
    <a href="${paths.files(place.workspaceId, '')}">${t('snapshot.now')}</a>
  </p>`
}

const keptUntil = ({ locale, at }: Visit, until: Date, { timeZone }: Place): string =>
  say(locale, 'disk.kept-until', { when: dayAndYear(locale, timeZone, until, at) })

/** `path` is what comes back; `name` says it to who hears the page. */
export function bringBackForm(
  visit: Visit,
  asOf: AsOf,
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
      ${t(isAll ? allOf(asOf, of.path) : 'snapshot.bring-back')}
    </button>
  </form>`
}

/** The first folder is the student's home: all that they had. */
const allOf = ({ former }: AsOf, path: string): string =>
  former && !path.includes('/') ? 'former.bring-back' : 'snapshot.bring-back.all'

/** What becomes of what is there now, said where one decides. */
export const bringBackHint = ({ asOf, canBringBack }: Past): string => {
  if (!canBringBack) return 'former.not-yet'
  return asOf?.former ? 'former.bring-back.explain' : 'snapshot.bring-back.explain'
}

/** All that is kept of before. */
export function pastSections(visit: Visit, past: Past, place: Place): Html {
  const current = past.asOf?.id
  return html`${past.former.length > 0 && formerList(visit, past.former, { ...place, current })}
  ${past.snapshots && snapshotsSection(visit, past.snapshots, current, place)}`
}

/** Every instant that is kept, newest first, for the folder that is open. */
function snapshotsSection(
  visit: Visit,
  snapshots: AgentSnapshot[],
  current: string | undefined,
  place: Place,
): Html {
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
                    ${one.id === current ? html`aria-current="page"` : ''}
                    >${whenOf(visit, one, place.timeZone)}</a
                  >
                </li>`,
            )}
          </ul>`
    }
  </section>`
}
