/** A teacher's course from a file: what it makes, with new dates; and making it. */
import { z } from 'zod'
import { defaultZone } from '../../stacks/schema.ts'
import type { Course } from '../../stacks/terms.ts'
import { firstDay } from '../teaching/course-copy.ts'
import { keyOfTitle } from '../teaching/course-draft.ts'
import { importChoice, importedDocument, readCourseFile } from '../teaching/course-import.ts'
import { zonesInForce } from '../data/courses/documents.ts'
import { leakIn, leaksIn } from '../data/people/known-people.ts'
import { courseOffers, freeCourseKey, makeCourse } from '../data/courses/new-course.ts'
import { type ImportView, importPage } from '../pages/course-import.ts'
import { paths } from '../paths.ts'
import { type CalendarZone, planClasses } from '../teaching/plan-edits.ts'
import type { Handler, Visit } from '../visit.ts'
import { makerOf } from './new-course.ts'

export const show: Handler<string> = (visit) => ({ html: importPage(visit, { text: '' }) })

export const importBody = z.object({
  text: z.string(),
  title: z.string().max(200).optional(),
  from: z.union([z.literal(''), z.iso.date()]).optional(),
  environment: z.string().max(100).optional(),
  pool: z.string().max(100).optional(),
  make: z.string().optional(),
  /** Another file, of which nothing was said yet. */
  fresh: z.string().optional(),
})
type Body = z.infer<typeof importBody>

export const take: Handler<string, Body> = async (visit, zoneKey) => {
  const view = await viewOf(visit, zoneKey)
  const { meaning } = view
  const isWrong = view.wrong !== undefined || meaning?.preview.lane === 'deny'
  if (visit.body.make === undefined || !meaning || isWrong)
    return { html: importPage(visit, view), ...(isWrong && { status: 422 }) }
  const key = await freeCourseKey(visit.pool, keyOfTitle(meaning.choice.title))
  const as = { key, zoneKey, calendar: await calendarOf(visit, zoneKey, meaning.course) }
  const text = importedDocument(...([view.text, meaning.course, meaning.choice] as const), {
    ...{ ...as, locale: visit.locale },
  })
  const made = await makeCourse({ key, text, ...makerOf(visit) }, visit.planner.propose)
  if (made === 'made') return { seeOther: paths.coursePlan(key) }
  if (made === 'waits') return { html: importPage(visit, { ...view, waits: true }) }
  return { html: importPage(visit, { ...view, wrong: { leak: made.refused } }), status: 422 }
}

async function viewOf(visit: Visit<Body>, zoneKey: string): Promise<ImportView> {
  const text = visit.body.text.replaceAll('\r\n', '\n')
  // First of all: what is said of other mistakes repeats what stands there.
  const leak = leakIn(await leaksIn(visit.pool, [{ name: 'course.yaml', text }]))
  if (leak) return { text, wrong: { leak } }
  const read = readCourseFile(text)
  if (!('course' in read)) return { text, wrong: read }
  const { course } = read
  const offers = await courseOffers(visit.pool, zoneKey)
  const calendar = await calendarOf(visit, zoneKey, course)
  const shown = { first: firstDay(text, calendar), locale: visit.locale }
  const choice = importChoice(saidIn(visit.body), course, offers, shown)
  // Any key that nobody has says the same.
  const as = { key: `${keyOfTitle(choice.title)}-new`, zoneKey, calendar, locale: visit.locale }
  const document = { kind: 'Course', key: as.key, text: importedDocument(text, course, choice, as) }
  const preview = await visit.planner.preview({ document, now: visit.at })
  const walls = planClasses(document.text, calendar).map((one) => one.wall)
  return { text, meaning: { course, offers, choice, preview, walls } }
}

type Sent = { title?: string; from?: string; environment?: string; pool?: string }

const saidIn = ({ fresh, title, from, environment, pool }: Body): Sent => ({
  ...(fresh === undefined && chosenOf({ title, from, environment, pool })),
})

const chosenOf = ({ title, from, environment, pool }: Omit<Body, 'text'>): Sent => ({
  ...(title !== undefined && { title }),
  ...(from !== undefined && { from }),
  ...(environment !== undefined && { environment }),
  ...(pool !== undefined && { pool }),
})

async function calendarOf(visit: Visit, zoneKey: string, course: Course): Promise<CalendarZone> {
  const zones = await zonesInForce(visit.pool)
  const zone = zones.find((one) => one.key === zoneKey) ?? defaultZone
  return { holidays: zone.holidays, timeZone: course.timeZone ?? zone.timeZone }
}
