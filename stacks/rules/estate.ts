/**
 * What goes to Git: the documents as people wrote them; per course its stacks (one seat template and numbers each),
 * its own numbers, a schedule table and a page for reviewers; per pool its machines. Small and made to be read in a diff: one
 * seat more is a handful of lines, one class moved is one of the schedule. Where seats sit and which nodes are bought follows
 * from the documents by compiling them, and is not repeated here.
 */
import type { BlueprintCourse, BlueprintSession } from '../blueprint.ts'
import { type PlanContext, planPage, planSummaries } from './plan-page.ts'
import { formatWall, parseInstant, wallOf } from './clock.ts'
import { stackFiles } from './stack-file.ts'
import { withBackend } from './wanted.ts'

const minuteMs = 60_000

/** A document as somebody wrote it, with its `apiVersion` and `kind`. */
export interface EstateDocument {
  /** Course, Environment, Policy, Pool or Zone. */
  kind: string
  key: string
  text: string
}

/** Path → text, sorted by path; every text ends with a line end. */
export function exportEstate(
  context: PlanContext,
  documents: EstateDocument[] = [],
): Map<string, string> {
  const { blueprint, plans } = context.compiled
  const files = documentFiles(documents)
  for (const [course, summary] of planSummaries(context)) {
    const { title, sessions, price } = summary
    files.set(`courses/${course}/PLAN.md`, planPage(summary))
    files.set(`courses/${course}/summary.json`, pretty({ course, title, sessions, price }))
  }
  for (const course of blueprint.courses) {
    const plan = plans.find((one) => one.course.key === course.key)
    const timeZone = plan?.course.timeZone ?? plan?.zone.timeZone ?? 'UTC'
    const folder = `courses/${course.key}`
    files.set(`${folder}/schedule.txt`, scheduleTable(course, timeZone))
    files.set(`${folder}/numbers.txt`, courseNumbers(course))
    for (const [stack, file] of stackFiles(withBackend(course, blueprint), blueprint.pools))
      files.set(`${folder}/stacks/${stack}.json`, pretty(file))
  }
  for (const { key, zone, cloud, fixed, idle, storage } of blueprint.pools) {
    files.set(
      `pools/${key}.json`,
      pretty({ key, zone, ...(cloud && { cloud }), fixed, idle, ...(storage && { storage }) }),
    )
  }
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Where a document stands: each course in its folder, all others by kind in one file each. */
export function documentPath({ kind, key }: Pick<EstateDocument, 'kind' | 'key'>): string {
  if (kind === 'Course') return `courses/${key}/course.yaml`
  if (kind === 'Policy') return 'policy.yaml'
  return `${kind.toLowerCase()}s.yaml`
}

function documentFiles(documents: EstateDocument[]): Map<string, string> {
  const byPath = Map.groupBy(
    documents.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    documentPath,
  )
  const text = (of: EstateDocument[]) => of.map((one) => `${one.text.trim()}\n`).join('---\n')
  return new Map([...byPath].map(([path, of]) => [path, text(of)]))
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Fields of a session that most of its series share: said once, above. */
type Shared = Record<string, string>

function scheduleTable(course: BlueprintCourse, timeZone: string): string {
  const rows = course.sessions.map((session) => ({ session, shared: sharedOf(session) }))
  const common: Shared = {}
  for (const name of Object.keys(rows[0]?.shared ?? {})) {
    common[name] = mostFrequent(rows.map((row) => row.shared[name] ?? ''))
  }
  const head = Object.entries(common).map(([name, value]) => `# ${name}: ${value}`)
  const lines = rows.map(({ session, shared }) => {
    const differs = Object.entries(shared)
      .filter(([name, value]) => common[name] !== value)
      .map(([name, value]) => `${name}=${value.replaceAll(' ', '')}`)
    return [rowName(course, session), whenText(session, timeZone), ...differs].join('  ')
  })
  return `${[`# times: ${timeZone}`, ...head, ...lines].join('\n')}\n`
}

function rowName(course: BlueprintCourse, session: BlueprintSession): string {
  return session.key.slice(course.key.length + 1)
}

/** `2026-11-23 08:00 120 min`. */
function whenText(session: BlueprintSession, timeZone: string): string {
  const start = formatWall(wallOf(parseInstant(session.startsAt), timeZone)).replace('T', ' ')
  return `${start}  ${minutes(session.startsAt, session.endsAt)} min`
}

function minutes(from: string, to: string): number {
  return (parseInstant(to) - parseInstant(from)) / minuteMs
}

function sharedOf(session: BlueprintSession): Shared {
  const { kind, pool, students, atOnce, spares, seats, startsAt, endsAt } = session
  const extra = new Map<string, number>()
  for (const { until, seats: count } of session.extra) {
    const later = `${minutes(endsAt, until)} min`
    extra.set(later, (extra.get(later) ?? 0) + count)
  }
  return {
    kind,
    pool,
    group: session.group ?? '-',
    places: `${students} students, ${atOnce} at once, ${spares} spare, seats ${seats}`,
    before: `seats made ${minutes(session.leadStartsAt, startsAt)}, ready ${minutes(session.readyAt, startsAt)}, open ${minutes(session.opensAt, startsAt)} min`,
    after: `places end ${minutes(endsAt, session.placesEndAt)}, last ${minutes(endsAt, session.graceEndsAt)} min`,
    extra: [...extra].map(([later, count]) => `${count} for ${later}`).join(', ') || '-',
  }
}

/** The first of the most frequent: adding to a series does not change what is said above it. */
function mostFrequent(values: string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0])[0]
}

function courseNumbers(course: BlueprintCourse): string {
  const { headroom, allowance, volumes, personal, snapshots } = course
  const lines = [
    `course8 ${course.course8}`,
    `zone ${course.zone}`,
    `pool ${course.pool}`,
    `allowance ${allowance.seats} seats, ${allowance.atOnce} at once, ${allowance.hoursPerWeek} hours a week`,
  ]
  if (volumes !== null) lines.push(`volumes from ${volumes.from} until ${volumes.until}`)
  if (snapshots !== undefined) lines.push(`snapshots ${snapshots} of each volume`)
  if (personal)
    lines.push(`personal ${personal.quotaMb} MB for each student until ${personal.until ?? '-'}`)
  if (headroom !== null) {
    const { seats, from, until, hours, days } = headroom
    lines.push(
      `headroom ${seats} from ${from} until ${until}`,
      `headroom-hours ${days.join(',')} ${hours}`,
    )
  }
  return `${lines.join('\n')}\n`
}
