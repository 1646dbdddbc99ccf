/** A course from a file that another was downloaded as: what it is, what it needs here, and the document it becomes. Pure. */
import { type DocumentError, parseDocuments } from '../../stacks/schema-parse.ts'
import type { Course, Text } from '../../stacks/terms.ts'
import { copyCourse, daysBetween, firstDay } from './course-copy.ts'
import type { CalendarZone } from './plan-edits.ts'

export type Read = { course: Course } | { errors: DocumentError[] } | { isNotOne: true }

export function readCourseFile(text: string): Read {
  const { documents, errors } = parseDocuments(text, 'course.yaml')
  if (errors.length > 0) return { errors }
  const [only, ...others] = documents
  return only?.kind === 'Course' && others.length === 0
    ? { course: only.value }
    : { isNotOne: true }
}

/** What may be said anew. */
export type ImportChoice = {
  title: string
  /** Day of the first class; empty: as in the file. */
  from: string
  environment: string
  pool: string
}

type Offered = { key: string; title: Text }
export type ImportOffers = { environments: Offered[]; pools: Offered[] }

/** What was sent, else as the file has it where that is here too. */
export function importChoice(
  sent: Partial<ImportChoice>,
  course: Course,
  offers: ImportOffers,
  shown: { first: string | undefined; locale: 'en' | 'fr' },
): ImportChoice {
  const keyOf = (of: Offered[], ...wanted: (string | undefined)[]) =>
    wanted.find((key) => of.some((one) => one.key === key)) ?? of[0]?.key ?? ''
  return {
    title: sent.title?.trim() || course.title[shown.locale],
    from: sent.from || (shown.first ?? ''),
    environment: keyOf(offers.environments, sent.environment, course.environment),
    pool: keyOf(offers.pools, sent.pool, course.pool),
  }
}

/** The document of a new course: the same plan, in this zone, from that day on. */
export function importedDocument(
  text: string,
  course: Course,
  choice: ImportChoice,
  as: { key: string; zoneKey: string; calendar: CalendarZone; locale: 'en' | 'fr' },
): string {
  const first = firstDay(text, as.calendar)
  const { title, from, environment, pool } = choice
  return copyCourse(text, {
    key: as.key,
    days: first && from ? daysBetween(first, from) : 0,
    // In both languages while nobody called it otherwise.
    title: title === course.title[as.locale] ? undefined : title,
    place: { zone: as.zoneKey, environment, pool },
  })
}
