/** The class as its teacher sees it: counts, then every seat with who sits there and how they are. */
import type { courseSeats } from '../data/seats/seat.ts'
import type { DiskView } from '../data/volumes/volume.ts'
import { clock, duration, say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { diskCell } from './disk.ts'
import { type Html, html } from './html.ts'
import { type Look, tableOf, tag } from './table.ts'

type SeatLine = Awaited<ReturnType<typeof courseSeats>>[number]
export type ClassView = {
  seats: SeatLine[]
  waiting: number
  /** By seat id; empty where volumes have no limit. */
  disks: Map<string, DiskView>
}

// A seat with nobody on it that was made long ago says its age, not an hour of another day.
const SAME_DAY_MS = 12 * 3600_000

export function classSection(visit: Visit, view: ClassView, timeZone: string): Html {
  const t = (code: string) => say(visit.locale, code)
  const columns = [
    { head: t('course.seat'), cell: (row: SeatLine) => row.number, isNumber: true },
    { head: t('course.who'), cell: (row: SeatLine) => whoOf(visit, row) },
    { head: t('course.state'), cell: (row: SeatLine) => stateOf(visit, row) },
    ...(view.disks.size > 0
      ? [
          {
            head: t('course.disk'),
            cell: (row: SeatLine) => diskCell(visit, view.disks.get(row.id)),
          },
        ]
      : []),
    { head: t('course.since'), cell: (row: SeatLine) => sinceOf(visit, row, timeZone) },
  ]
  return html`<section class="sheet" aria-labelledby="class-title">
    <h2 id="class-title">${t('course.class')}</h2>
    ${view.seats.length > 0 && countsOf(visit, view)}
    ${tableOf(t('course.class'), columns, view.seats, t('course.class.none'), 'roll')}
  </section>`
}

function countsOf(visit: Visit, view: ClassView): Html {
  const count = (state: string) => view.seats.filter((seat) => seat.state === state).length
  const counts = [
    ['course.count.ready', count('ready')],
    ['course.count.taken', view.seats.filter((seat) => seat.occupied).length],
    ['course.count.queued', view.waiting],
    ['course.count.failed', count('failed')],
  ] as const
  return html`<ul class="counts">
    ${counts.map(([code, n]) => html`<li><strong>${n}</strong> ${say(visit.locale, code, { count: n })}</li>`)}
  </ul>`
}

function whoOf({ locale }: Visit, seat: SeatLine): Html {
  if (seat.display_name) return html`${seat.display_name}`
  const code = seat.occupied ? 'course.unnamed' : 'course.free'
  return html`<span class="faint">${say(locale, code)}</span>`
}

const looks: Record<string, Look> = {
  ready: 'good',
  starting: 'busy',
  stopping: 'busy',
  resetting: 'busy',
  queued: 'busy',
  failed: 'bad',
}

/** What matters of a seat that somebody has is how they are; of a free one, how it is. */
function stateOf({ locale }: Visit, { state, workspace_state }: SeatLine): Html {
  const code = workspace_state ? `class.${workspace_state}` : `seat.${state}`
  return tag(looks[workspace_state ?? state] ?? 'calm', say(locale, code))
}

function sinceOf({ locale, at }: Visit, seat: SeatLine, timeZone: string): Html {
  const ageMs = at.getTime() - seat.state_at.getTime()
  const isRecent = ageMs < SAME_DAY_MS
  const since = isRecent ? clock(locale, timeZone, seat.state_at) : duration(locale, ageMs)
  return html`<span class="faint unbroken">${since}</span>`
}
