/**
 * What does a course need, on one screen? `PLAN.md` for reviewers, `summary.json` for programs: a headline,
 * a table of its sessions (those that are alike in one row), then only what is unusual. Made to be read in a
 * diff, and at most 20 KB whatever the size.
 */
import type { Blueprint, BlueprintCourse, BlueprintSession } from '../blueprint.ts'
import type { Compiled } from '../compile.ts'
import type { Note } from '../terms.ts'
import type { Pool } from '../terms-pool.ts'
import { usualCapabilities } from './change-facts.ts'
import { formatWall, parseInstant, wallOf } from './clock.ts'
import { type NodeSharing, costOf, courseCost, nodeSharing, sessionCost, spanOf } from './cost.ts'
import { diff } from './diff.ts'
import { diffText } from './diff-text.ts'
import { sentence } from './explain.ts'
import type { Naming } from './explain.ts'
import { type ForecastHour, forecast } from './forecast.ts'
import type { CoursePlan } from './plan.ts'

const hourMs = 3_600_000
/** Rows and remarks on the page: what is beyond is counted, and stands in schedule.txt. */
const MOST_ROWS = 60
const MOST_REMARKS = 40

export interface PlanRow {
  /** `Tue 10:00-12:00`, in the course's time zone. */
  when: string
  /** Days of the first and the last of them; how many there are. */
  from: string
  until: string
  times: number
  students: number
  atOnce: number
  cores: number
  memoryMb: number
  gpus: number
  nodes: number
  /** Of one of them: its share of the nodes bought for it. */
  price: number
  currency: string
  /** Cores that nobody has in its fullest hour, of what is on then; null where a machine's size is not known. */
  coresLeft: number | null
}

export interface PlanSummary {
  course: string
  title: string
  seats: string
  sessions: number
  rows: PlanRow[]
  /** Price of all sessions together. */
  price: number
  unusual: string[]
}

/** Everything the pages of all courses share, computed once. */
export interface PlanContext {
  compiled: Compiled
  pools: Pool[]
  /** The approved blueprint this one would follow. */
  parent?: Blueprint | undefined
}

/** Course key → what its page says, for every course that could be planned. */
export function planSummaries(context: PlanContext): Map<string, PlanSummary> {
  const { compiled, pools } = context
  const hours = new Map(
    pools.map((pool) => [
      pool.key,
      new Map(forecast(compiled, pool).hours.map((hour) => [hour.at.slice(0, 13), hour])),
    ]),
  )
  const sharing = nodeSharing(compiled.blueprint)
  return new Map(
    compiled.blueprint.courses.flatMap((course) => {
      const plan = compiled.plans.find((one) => one.course.key === course.key)
      return plan ? [[course.key, summaryOf(course, plan, { ...context, hours, sharing })]] : []
    }),
  )
}

/** What all sessions of these courses cost, by key. */
export function coursePrices(
  { compiled, pools }: PlanContext,
  courses: ReadonlySet<string>,
): Map<string, number> {
  const [only, ...more] = courses
  if (only !== undefined && more.length === 0)
    return new Map([[only, courseCost(compiled.blueprint, pools, only)?.price ?? 0]])
  const asked = compiled.blueprint.courses.filter((course) => courses.has(course.key))
  const sharing = nodeSharing(compiled.blueprint, asked)
  return new Map(asked.map((course) => [course.key, costOf(course, pools, sharing).price]))
}

type Shared = PlanContext & {
  hours: Map<string, Map<string, ForecastHour>>
  sharing: NodeSharing
}
function summaryOf(course: BlueprintCourse, plan: CoursePlan, shared: Shared): PlanSummary {
  const rows: PlanRow[] = []
  const timeZone = plan.course.timeZone ?? plan.zone.timeZone
  const order = (a: BlueprintSession, b: BlueprintSession) => (a.startsAt < b.startsAt ? -1 : 1)
  for (const session of course.sessions.toSorted(order)) {
    const row = rowOf(session, plan, timeZone, shared)
    const alike = rows.find((one) => isAlike(one, row))
    if (!alike) rows.push(row)
    else
      Object.assign(alike, {
        until: row.until,
        times: alike.times + 1,
        coresLeft: least(alike.coresLeft, row.coresLeft),
      })
  }
  return {
    course: course.key,
    title: plan.course.title.en,
    seats: course.seats,
    sessions: course.sessions.length,
    rows,
    price: cents(rows.reduce((sum, row) => sum + row.price * row.times, 0)),
    unusual: unusualOf(course, shared, namingOf(timeZone, shared)),
  }
}

const least = (a: number | null, b: number | null) =>
  a === null || b === null ? null : Math.min(a, b)

function isAlike(a: PlanRow, b: PlanRow): boolean {
  const same = (name: keyof PlanRow) => a[name] === b[name]
  const numbers = ['when', 'students', 'atOnce', 'cores', 'nodes', 'price'] as const
  return numbers.every(same)
}

function rowOf(
  session: BlueprintSession,
  { course: { seat } }: CoursePlan,
  timeZone: string,
  { pools, hours, sharing }: Shared,
): PlanRow {
  const pool = pools.find((one) => one.key === session.pool)
  const wall = (instant: string) => formatWall(wallOf(parseInstant(instant), timeZone))
  const [from, until] = [wall(session.startsAt), wall(session.endsAt)]
  const day = new Date(`${from.slice(0, 10)}T00:00:00Z`).toUTCString().slice(0, 3)
  const nights = Math.round(
    (Date.parse(until.slice(0, 10)) - Date.parse(from.slice(0, 10))) / (24 * hourMs),
  )
  return {
    when: `${day} ${from.slice(11)}-${until.slice(11)}${nights > 0 ? ` +${nights} d` : ''}`,
    ...{ from: from.slice(0, 10), until: from.slice(0, 10), times: 1 },
    ...{ students: session.students, atOnce: session.atOnce },
    cores: tenths(session.atOnce * seat.cpu),
    memoryMb: session.atOnce * seat.memoryMb,
    gpus: session.atOnce * (seat.gpu?.count ?? 0),
    nodes: session.placements.length,
    price: cents(pool ? sessionCost(session, pool, sharing).price : 0),
    currency: pool?.currency ?? '',
    coresLeft: coresLeft(session, hours.get(session.pool)),
  }
}

function coresLeft(
  session: BlueprintSession,
  hours: Map<string, ForecastHour> | undefined,
): number | null {
  const { from, until } = spanOf(session)
  let left = Infinity
  for (let at = from - (from % hourMs); at < until; at += hourMs) {
    const hour = hours?.get(new Date(at).toISOString().slice(0, 13))
    if (hour) left = Math.min(left, hour.capacityCores - hour.cores)
  }
  // Own machines that nobody measured count nothing in the forecast.
  return left === Infinity || left < 0 ? null : tenths(left)
}

const tenths = (amount: number): number => Math.round(amount * 10) / 10
const cents = (amount: number): number => Math.round(amount * 100) / 100

function namingOf(timeZone: string, { compiled, pools }: Shared): Naming {
  return {
    timeZone,
    courseTitle: (key) => compiled.plans.find((one) => one.course.key === key)?.course.title,
    poolTitle: (key) => pools.find((pool) => pool.key === key)?.title,
  }
}

/** What changes against the parent, rights beyond the usual, and what the planner complains about. */
function unusualOf(course: BlueprintCourse, shared: Shared, naming: Naming): string[] {
  const { compiled, parent, pools } = shared
  const only = (blueprint: Blueprint): Blueprint => ({
    ...blueprint,
    courses: blueprint.courses.filter((one) => one.key === course.key),
    pools: [],
  })
  const changes = parent
    ? diffText(diff(only(parent), only(compiled.blueprint), pools), 'en', naming)
    : []
  const rights = course.template?.capabilities.filter((one) => !usualCapabilities.has(one)) ?? []
  const said = compiled.notes.filter(
    (note: Note) => note.where.course === course.key && note.severity !== 'info',
  )
  return [
    ...(parent && changes.length > 0 ? changes : []),
    ...(rights.length > 0 ? [`Rights beyond the usual: ${rights.join(', ')}.`] : []),
    ...said.map((note) => `${note.severity}: ${sentence(note, 'en', naming)}`),
  ]
}

/** The page, as Markdown. */
export function planPage(summary: PlanSummary): string {
  const { rows, unusual } = summary
  const shown = rows.slice(0, MOST_ROWS).map(cellsOf)
  const isCommon = (i: number) => shown.every((cells) => cells[i] === shown[0]?.[i])
  const numbers = COLUMNS.map((_, i) => i).slice(2)
  const common = numbers.filter((i) => isCommon(i) && shown[0]?.[i] !== '-')
  const varying = [0, 1, ...numbers.filter((i) => !isCommon(i))]
  const line = (cells: readonly string[]) => `| ${varying.map((i) => cells[i]).join(' | ')} |`
  const each = common.map((i) => `${COLUMNS[i]} ${shown[0]?.[i]}`).join(', ')
  const lines = [
    `# ${oneLine(summary.title)}`,
    ...['', headline(summary)],
    ...(each === '' ? [] : ['', `Each: ${each}.`]),
    ...(shown.length === 0 ? [] : ['', line(COLUMNS), `|${varying.map(() => '---|').join('')}`]),
    ...shown.map(line),
    ...(rows.length > MOST_ROWS
      ? ['', `And ${rows.length - MOST_ROWS} rows more: see schedule.txt.`]
      : []),
    ...(unusual.length > 0 ? ['', '## Unusual', ''] : []),
    ...unusual.slice(0, MOST_REMARKS).map((text) => `- ${oneLine(text).slice(0, 240)}`),
    ...(unusual.length > MOST_REMARKS ? [`- and ${unusual.length - MOST_REMARKS} more`] : []),
  ]
  return `${lines.join('\n')}\n`
}

function headline({ rows, sessions, price }: PlanSummary): string {
  const [first] = rows
  if (!first) return 'No session is planned.'
  const until = rows.map((row) => row.until).toSorted()
  const when =
    sessions === 1
      ? `Once, on ${first.from}`
      : `${sessions} times, from ${first.from} to ${until.at(-1)}`
  const lost = rows.filter((row) => row.nodes === 0).reduce((sum, row) => sum + row.times, 0)
  const cost = price > 0 ? `${price} ${first.currency} in all` : 'nothing is bought for it'
  return `${when}; ${lost > 0 ? `${lost} of them have no room; ` : ''}${cost}.`
}

const COLUMNS = [
  ...['when', 'days', 'students', 'at once', 'cores', 'RAM GB', 'GPUs', 'nodes'],
  ...['price', 'cores left'],
]

function cellsOf(row: PlanRow): string[] {
  const days = row.times === 1 ? row.from : `${row.times} from ${row.from} to ${row.until}`
  return [
    ...[row.when, days, row.students, row.atOnce, row.cores, tenths(row.memoryMb / 1024)],
    ...[row.gpus === 0 ? '-' : row.gpus, row.nodes === 0 ? 'no room' : row.nodes],
    ...[row.price > 0 ? `${row.price} ${row.currency}` : '-', row.coresLeft ?? '-'],
  ].map(String)
}

/** A title is one line and no markup of ours. */
const oneLine = (text: string): string => text.replaceAll(/[\n|]/g, ' ')
