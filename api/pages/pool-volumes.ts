/** The volumes of a pool on its page, a line for each course: what needs somebody stands first. */
import type { CourseVolumes } from '../data/pools/pool-volumes.ts'
import { byteSize, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { share } from './share-bar.ts'
import { type Column, type Look, tableOf, tag } from './table.ts'

const COURSES_SHOWN = 20

export function volumesSection(visit: Visit, lines: CourseVolumes[]): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const more = lines.length - COURSES_SHOWN
  return html`<section class="sheet" aria-labelledby="volumes-title">
    <h2 id="volumes-title">${t('pool.volumes')}</h2>
    ${tableOf(t('pool.volumes'), columns(visit), lines.slice(0, COURSES_SHOWN), t('pool.volumes.none'))}
    ${more > 0 && html`<p class="hint">${t('pool.volumes.more', { count: more })}</p>`}
    ${lines.length > 0 && html`<p class="hint">${t('pool.volumes.each')} <code>labplan volume list</code></p>`}
  </section>`
}

function columns(visit: Visit): Column<CourseVolumes>[] {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const size = (bytes: number) => byteSize(visit.locale, bytes)
  return [
    {
      head: t('admin.course'),
      cell: ({ course }) =>
        course === null
          ? t('pool.volumes.personal')
          : html`<a href="${paths.course(course)}">${course}</a>`,
    },
    {
      head: t('admin.state'),
      cell: (line) =>
        html`${tags(line).map(([look, code, count]) => html`${tag(look, t(code, { count }))} `)}`,
    },
    {
      head: t('pool.volumes.count'),
      isNumber: true,
      cell: ({ volumes, former }) =>
        html`${volumes}
        ${former > 0 && html`<span class="faint">${t('pool.volumes.former', { count: former })}</span>`}`,
    },
    {
      head: t('pool.volumes.used'),
      cell: ({ usedBytes, limitBytes }) =>
        limitBytes === null
          ? html`<span class="faint">${t('pool.volumes.no-limit')}</span>`
          : share(
              usedBytes,
              limitBytes,
              t('course.disk.of', { used: size(usedBytes), limit: size(limitBytes) }),
            ),
    },
    {
      head: t('pool.volumes.fullest'),
      cell: ({ fullest, fullestSeat }) =>
        fullest !== null &&
        html`<span class="unbroken"
            >${t('pool.volumes.percent', { percent: Math.floor(fullest * 100) })}</span
          >
          ${fullestSeat !== null && html`<span class="faint unbroken">${t('workspace.seat', { number: fullestSeat })}</span>`}`,
    },
  ]
}

/** What is amiss, gravest first; else that nothing is. */
function tags(line: CourseVolumes): [look: Look, code: string, count: number][] {
  const amiss: [Look, string, number][] = [
    ['bad', 'pool.volumes.missing', line.missing],
    ['bad', 'pool.volumes.damaged', line.damaged],
    ['bad', 'pool.volumes.full', line.full],
    ['busy', 'pool.volumes.nearly', line.nearly],
    ['calm', 'pool.volumes.wanted', line.wanted],
  ]
  const said = amiss.filter(([, , count]) => count > 0)
  return said.length > 0 ? said : [['good', 'pool.volumes.fine', 0]]
}
