/** How full a disk is: a section of the student's page, and a cell of the teacher's table. */
import type { PersonalView } from '../data/volumes/personal-volume.ts'
import { type DiskView, NO_FILES_LEFT } from '../data/volumes/volume.ts'
import { byteSize, dayAndYear, hasMessage, say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { type Look, tag } from './table.ts'

/** What to do is said in words, not only by a colour. */
export function diskSection(
  visit: Visit,
  disk: DiskView,
  of: { timeZone: string; key?: 'disk' | 'personal'; filesPath?: string },
): Html {
  const { timeZone, key = 'disk', filesPath } = of
  return section(visit, {
    ...{ disk, timeZone, key },
    more:
      filesPath &&
      html`<p>
        <a class="button plain" href="${filesPath}">${say(visit.locale, 'files.open')}</a>
      </p>`,
  })
}

/** The same of a student's own volume: where it is, or why it is not, and in which other courses it is open now. */
export function personalSection(
  visit: Visit,
  view: PersonalView,
  { timeZone, isOn, filesPath }: { timeZone: string; isOn: boolean; filesPath: string },
): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { disk, path, isLacking, alsoIn } = view
  const others = alsoIn.map((title) => title[visit.locale]).join(', ')
  const where = whereOf(view, isOn)
  return section(visit, {
    ...{ disk, timeZone, key: 'personal' },
    more: html`${where && html`<p ${isLacking ? html`class="ends-soon"` : ''}>${t(where, { path })}</p>`}
    ${others !== '' && html`<p>${t('personal.also-in', { courses: others })}</p>`}
    ${disk.state === 'ready' && html`<p><a class="button plain" href="${filesPath}">${t('files.open')}</a></p>`}`,
  })
}

function whereOf({ path, isLacking, isOpen }: PersonalView, isOn: boolean): string | undefined {
  if (isOpen) return 'personal.open'
  if (isLacking) return 'personal.lacking'
  if (path === undefined) return isOn ? 'personal.left-out' : undefined
  return isOn ? 'personal.coming' : 'personal.closed'
}

function section(
  visit: Visit,
  of: {
    disk: DiskView
    timeZone: string
    key: 'disk' | 'personal'
    more: Html | string | undefined
  },
): Html {
  const { disk, key } = of
  const { limitBytes, usedBytes } = disk
  const size = (bytes: number) => byteSize(visit.locale, bytes)
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const word = wordOf(disk)
  const free = size(Math.max(0, limitBytes - usedBytes))
  const isGrave = word === 'full' || word === 'missing' || word === 'damaged'
  const isOfFiles = word === 'full' && disk.message?.code === NO_FILES_LEFT
  const said = isOfFiles
    ? 'disk.no-files-left'
    : hasMessage(`${key}.${word}`)
      ? `${key}.${word}`
      : `disk.${word}`
  return html`<section class="disk is-${word}" aria-labelledby="${key}-title">
    <h2 id="${key}-title">${t(`${key}.title`)}</h2>
    <div>
      <p class="figure">${t('disk.used', { used: size(usedBytes), limit: size(limitBytes) })}</p>
      <meter
        min="0"
        max="${limitBytes}"
        value="${Math.min(usedBytes, limitBytes)}"
        high="${Math.round(limitBytes * 0.9)}"
        optimum="0"
        aria-labelledby="${key}-title"
      ></meter>
    </div>
    <p class="said" ${isGrave ? html`role="alert"` : ''}>
      ${t(said, { free, ...disk.message?.params })}
    </p>
    ${disk.keptUntil && keptUntil(visit, disk.keptUntil, of.timeZone)} ${of.more}
  </section>`
}

/** What matters most of it. */
function wordOf({ isAway, state, level }: DiskView): string {
  if (isAway) return 'away'
  return state === 'ready' ? level : state
}

const SOON_MS = 30 * 86_400_000

/** Always said; from a month before on so that it is seen. */
function keptUntil({ locale, at }: Visit, until: Date, timeZone: string): Html {
  const isSoon = until.getTime() - at.getTime() < SOON_MS
  const when = dayAndYear(locale, timeZone, until, at)
  return html`<p class="${isSoon ? 'ends-soon' : 'hint'}">
    ${say(locale, isSoon ? 'disk.ends-soon' : 'disk.kept-until', { when })}
  </p>`
}

const looks: Record<string, Look> = { nearly: 'busy', full: 'bad', wanted: 'calm' }

export function diskCell({ locale }: Visit, disk: DiskView | undefined): Html | string {
  if (!disk) return html`<span class="faint">–</span>`
  const word = wordOf(disk)
  const [used, limit] = [byteSize(locale, disk.usedBytes), byteSize(locale, disk.limitBytes)]
  return html`<span class="unbroken">${say(locale, 'course.disk.of', { used, limit })}</span>
    ${word !== 'fine' && tag(looks[word] ?? 'bad', say(locale, `course.disk.${word}`))}
    ${disk.message && html`<span class="faint">${say(locale, disk.message.code, disk.message.params)}</span>`}`
}
