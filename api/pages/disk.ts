/** How full a disk is: a section of the student's page, and a cell of the teacher's table. */
import type { DiskView } from '../data/volume.ts'
import { byteSize, day, say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { type Look, tag } from './table.ts'

/** What to do is said in words, not only by a colour. */
export function diskSection(
  visit: Visit,
  disk: DiskView,
  { timeZone, filesPath }: { timeZone: string; filesPath?: string },
): Html {
  const { limitBytes, usedBytes } = disk
  const size = (bytes: number) => byteSize(visit.locale, bytes)
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const word = wordOf(disk)
  const free = size(Math.max(0, limitBytes - usedBytes))
  const isGrave = word === 'full' || word === 'missing' || word === 'damaged'
  return html`<section class="disk is-${word}" aria-labelledby="disk-title">
    <h2 id="disk-title">${t('disk.title')}</h2>
    <div>
      <p class="figure">${t('disk.used', { used: size(usedBytes), limit: size(limitBytes) })}</p>
      <meter
        min="0"
        max="${limitBytes}"
        value="${Math.min(usedBytes, limitBytes)}"
        high="${Math.round(limitBytes * 0.9)}"
        optimum="0"
        aria-labelledby="disk-title"
      ></meter>
    </div>
    <p class="said" ${isGrave ? html`role="alert"` : ''}>${t(`disk.${word}`, { free })}</p>
    ${disk.keptUntil && keptUntil(visit, disk.keptUntil, timeZone)}
    ${filesPath && html`<p><a class="button plain" href="${filesPath}">${t('files.open')}</a></p>`}
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
  const when = day(locale, timeZone, until)
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
