/** What was on a student's disk before their resets: said on the page of the workspace, and listed on that of the files. */
import type { FormerVolume } from '../data/volumes/former-volume.ts'
import { dayAndYear, say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

/** How `asOf` names one: what the seat had in that generation. */
export const formerId = ({ generation }: Pick<FormerVolume, 'generation'>): string =>
  `g${generation}`

/** Below the disk of now: the last one, until when, and where it is found. */
export function formerSection(
  visit: Visit,
  former: FormerVolume[],
  place: { workspaceId: string; timeZone: string },
): Html | false {
  const [last] = former
  if (!last) return false
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const count = former.length - 1
  return html`<section class="past" aria-labelledby="former-title">
    <h2 id="former-title">${t('former.title')}</h2>
    <p>
      ${keptSentence(visit, last, place.timeZone)} ${count > 0 && t('former.others', { count })}
    </p>
    <p>
      <a class="button plain" href="${paths.files(place.workspaceId, undefined, 0, formerId(last))}"
        >${t('former.open')}</a
      >
    </p>
  </section>`
}

function keptSentence({ locale, at }: Visit, one: FormerVolume, timeZone: string): string {
  const when = stamp(locale, timeZone, one.endedAt)
  if (!one.keptUntil) return say(locale, 'former.kept', { when })
  const until = dayAndYear(locale, timeZone, one.keptUntil, at)
  return say(locale, 'former.kept-until', { when, until })
}

/** All of them, newest first. */
export function formerList(
  visit: Visit,
  former: FormerVolume[],
  place: { workspaceId: string; timeZone: string; current: string | undefined },
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  return html`<section class="past" aria-labelledby="former-title">
    <h2 id="former-title">${t('former.list')}</h2>
    <p class="hint">${t('former.list.explain')}</p>
    <ul>
      ${former.map(
        (one) =>
          html`<li>
            <a
              href="${paths.files(place.workspaceId, undefined, 0, formerId(one))}"
              ${formerId(one) === place.current ? html`aria-current="page"` : ''}
              >${t('former.before', { when: stamp(visit.locale, place.timeZone, one.endedAt) })}</a
            >
          </li>`,
      )}
    </ul>
  </section>`
}
