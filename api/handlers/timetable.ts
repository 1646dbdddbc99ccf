/** A course's classes as iCalendar: a timetable taken over, after a look at what it changes; and a feed of them. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { sha256 } from '../../stacks/blueprint.ts'
import { courseCalendar } from '../../stacks/rules/calendar-export.ts'
import { formatWall, wallOf } from '../../stacks/rules/clock.ts'
import type { PlannedCourse } from '../access.ts'
import { blueprintReader, findHead } from '../data/changes/blueprint.ts'
import { courseDocument, findCourse } from '../data/courses/course.ts'
import type { KeyRing } from '../data/key-ring.ts'
import { conflict, notFound } from '../errors.ts'
import { type TimetableView, timetablePage } from '../pages/timetable.ts'
import { paths } from '../paths.ts'
import { takeTimetable } from '../teaching/timetable.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'
import { zoneOf } from './plan.ts'

const readBlueprint = blueprintReader()

export const show: Handler<PlannedCourse> = (visit, course) => ({
  html: timetablePage(visit, { ...common(visit, course), feed: '', contains: '' }),
})

export const timetableBody = z.object({
  feed: z.string(),
  contains: z.string().max(200).default(''),
  read: z.string(),
  /** `timetable`: also what was changed here becomes as the timetable has it. */
  look: z.string().optional(),
  take: z.string().optional(),
})
type Body = z.infer<typeof timetableBody>

/** What it changes; and, once that was seen, the change itself. */
export const take: Handler<PlannedCourse, Body> = async (visit, course) => {
  const { feed, contains, read, look, take: isTaken } = visit.body
  const asTimetable = (isTaken ?? look) === 'timetable'
  const zone = await zoneOf(visit, course)
  const today = formatWall(wallOf(visit.at.getTime(), zone.timeZone)).slice(0, 10)
  const timetable = takeTimetable(course.document, {
    ...{ feed, contains, zone, today, asTimetable },
  })
  const document = { kind: 'Course', key: course.key, text: timetable.text }
  const view = { ...common(visit, course), feed, contains, timetable, asTimetable }
  // What was looked at is what is taken over.
  const isStale = isTaken !== undefined && read !== sha256(course.document)
  if (isTaken === undefined || isStale || timetable.changes.length === 0) {
    const isSame = timetable.text === course.document
    const preview = isSame ? undefined : await visit.planner.preview({ document, now: visit.at })
    const page = timetablePage(visit, { ...view, isStale, ...(preview && { preview }) })
    return { html: page, status: isStale ? 409 : 200 }
  }
  const outcome = await visit.planner.proposeOver({
    over: { key: course.key, text: course.document },
    sources: [{ name: course.key, text: timetable.text }],
    actor: actorOf(visit, 'teacher'),
    now: visit.at,
  })
  // Saved while this was on its way: with the course as it is by now, it is shown what would change.
  if (outcome.outcome === 'stale')
    return take(visit, { ...course, document: await courseDocument(visit.pool, course.id) })
  if (outcome.outcome === 'wrong') throw conflict('timetable.wrong')
  if (outcome.outcome === 'changed' && outcome.change.lane === 'deny')
    throw conflict('settings.refused.denied')
  const saved = outcome.outcome === 'changed' ? outcome.change.id : undefined
  return { seeOther: paths.coursePlan(course.key, saved) }
}

const common = (visit: Visit, course: PlannedCourse): Omit<TimetableView, 'feed' | 'contains'> => ({
  course,
  read: sha256(course.document),
  feedAddress: visit.config.publicUrl + paths.calendarFeed(feedToken(visit.ring, course.key)),
})

/**
 * A calendar program has no login: whoever has the address sees when the course meets, and nothing else.
 *   key id "." course key "." base64url(HMAC-SHA-256, 16 bytes)
 */
function feedToken(ring: KeyRing, courseKey: string, keyId = ring.current): string {
  const mac = createHmac('sha256', ring.derive('course calendar', keyId)).update(courseKey)
  return `${keyId}.${courseKey}.${mac.digest().subarray(0, 16).toString('base64url')}`
}

export const feed: Handler = async (visit) => {
  const token = (visit.params['token'] ?? '').replace(/\.ics$/, '')
  const [, keyId = '', key = ''] = /^([\w-]+)\.([a-z0-9-]+)\.[\w-]{22}$/.exec(token) ?? []
  const course = isOurs(visit.ring, token, keyId, key)
    ? await findCourse(visit.pool, key)
    : undefined
  if (!course) throw notFound()
  const [blueprint, head] = [await readBlueprint(visit.pool), await findHead(visit.pool)]
  if (!blueprint || !head) throw notFound()
  const text = courseCalendar(blueprint, key, {
    name: course.title[visit.locale],
    language: visit.locale,
    title: () => course.title,
    stampedAt: visit.at.toISOString(),
    sequence: head.version,
  })
  return { text, headers: { 'content-type': 'text/calendar; charset=utf-8' } }
}

function isOurs(ring: KeyRing, token: string, keyId: string, key: string): boolean {
  try {
    const [given, ours] = [token, feedToken(ring, key, keyId)].map((one) => Buffer.from(one))
    return given?.length === ours?.length && timingSafeEqual(given!, ours!)
  } catch {
    // The key has left the ring.
    return false
  }
}
