/** Sharing a course with colleagues, letting all use it, and taking it as the start of another. */
import { z } from 'zod'
import { seatPath } from '../../stacks/rules/seat-path.ts'
import { type PlannedCourse, mayPlan } from '../access.ts'
import { copyCourse, daysBetween, firstDay } from '../teaching/course-copy.ts'
import { keyOfTitle } from '../teaching/course-draft.ts'
import {
  capabilities,
  findColleagues,
  isLastEditor,
  isUsableByAll,
  letAllUse,
  shareCourse,
  sharesOf,
  unshareCourse,
} from '../data/courses/course-share.ts'
import { withTransaction } from '../data/db.ts'
import { joinLinkOf } from '../data/lms/join-link.ts'
import { isUuid } from '../data/ids.ts'
import { freeCourseKey, makeCourse } from '../data/courses/new-course.ts'
import { badRequest, conflict } from '../errors.ts'
import { sharingPage } from '../pages/sharing.ts'
import { paths } from '../paths.ts'
import { attachment } from '../reply.ts'
import { type Handler, type Visit, actorOf, personOf } from '../visit.ts'
import { makerOf } from './new-course.ts'
import { zoneOf } from './plan.ts'

/** So much of a name finds somebody; one letter would list everybody. */
const LEAST_LETTERS = 3

export const show: Handler<PlannedCourse> = async (visit, course) => {
  const text = (visit.query.get('find') ?? '').trim().slice(0, 200)
  const isLong = text.length >= LEAST_LETTERS
  const asked = { by: personOf(visit).personId, text }
  const [shares, usableByAll, found, zone] = await Promise.all([
    sharesOf(visit.pool, course.id),
    isUsableByAll(visit.pool, course.id),
    isLong ? findColleagues(visit.pool, asked) : [],
    zoneOf(visit, course),
  ])
  const first = firstDay(course.document, zone)
  const link = await joinLinkOf(visit.pool, course.id)
  const wanted = visit.query.get('path') ?? ''
  const join = { link, wanted, path: seatPath(wanted) }
  const isCopied = visit.query.get('copied') !== null
  return {
    html: sharingPage(visit, {
      ...{ course, shares, usableByAll, text, isLong, found, first, isCopied, join },
    }),
  }
}

export const shareBody = z.object({
  act: z.enum(['share', 'unshare', 'all', 'own']),
  person: z.string().default(''),
  capability: z.enum(capabilities).default('use'),
})

export const share: Handler<PlannedCourse, z.infer<typeof shareBody>> = async (visit, course) => {
  const { act, person, capability } = visit.body
  const common = { courseId: course.id, actor: actorOf(visit, 'teacher'), now: visit.at }
  await withTransaction(visit.pool, async (tx) => {
    if (act === 'all' || act === 'own')
      return letAllUse(tx, { ...common, usableByAll: act === 'all' })
    if (!isUuid(person) || !(await isColleague(visit, course, person))) throw badRequest()
    const of = { ...common, personId: person }
    const stays = act === 'share' && capability === 'edit'
    if (!stays && (await isLastEditor(tx, of))) throw conflict('sharing.last')
    await (act === 'share' ? shareCourse(tx, { ...of, capability }) : unshareCourse(tx, of))
  })
  // Who gave it away has no page of it any more.
  return {
    seeOther: (await mayPlan(visit, course)) ? paths.courseSharing(course.key) : paths.home(),
  }
}

/** Somebody who can be found, or with whom it is shared: an id alone opens nothing to anybody else. */
async function isColleague(visit: Visit, course: PlannedCourse, id: string): Promise<boolean> {
  const shares = await sharesOf(visit.pool, course.id)
  if (shares.some((one) => one.person_id === id)) return true
  const everyone = await findColleagues(visit.pool, { by: personOf(visit).personId, text: '', id })
  return everyone.some((one) => one.id === id)
}

/** As it stands in Git: it can be imported anywhere else. */
export const exportFile: Handler<PlannedCourse> = (_visit, course) => ({
  text: course.document,
  headers: {
    'content-type': 'application/yaml; charset=utf-8',
    'content-disposition': attachment(`${course.key}.yaml`),
  },
})

export const copyBody = z.object({
  title: z.string().trim().min(1).max(200),
  /** Of the first class; empty: the same dates. */
  from: z.union([z.literal(''), z.iso.date()]).default(''),
})

/** A new course with the same plan and nobody in it, which is the visitor's own. */
export const copy: Handler<PlannedCourse, z.infer<typeof copyBody>> = async (visit, course) => {
  const { title, from } = visit.body
  const first = firstDay(course.document, await zoneOf(visit, course))
  const days = first && from !== '' ? daysBetween(first, from) : 0
  const key = await freeCourseKey(visit.pool, keyOfTitle(title))
  const isRenamed = title !== course.title[visit.locale]
  const text = copyCourse(course.document, { key, days, title: isRenamed ? title : undefined })
  const made = await makeCourse({ key, text, ...makerOf(visit) }, visit.planner.propose)
  if (made === 'made') return { seeOther: paths.coursePlan(key) }
  if (made !== 'waits') throw badRequest(`settings.refused.${made.refused}`)
  return { seeOther: `${paths.courseSharing(course.key)}?copied=1` }
}
