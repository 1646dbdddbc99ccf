// A course: reading it, and editing it for those who may.
import { activityNamed, courseNamed, findMember, toolNumbered } from './platform.ts'
import { activityPage, choosePage } from './pages/activity.ts'
import { askWho, readerOf, show } from './show.ts'
import { copyCourse, removeActivity } from './editing.ts'
import { coursePage } from './pages/course.ts'
import { findSessionPerson, sessionPerson } from './session.ts'
import { gradesPage, membersPage } from './pages/people.ts'
import { mayEditCourse } from './roles.ts'
import { readForm, Refusal } from './body.ts'
import type { Context } from 'koa'
import type { Course } from './state.ts'
import type { Handler, Route } from './router.ts'
import type { Platform } from './platform.ts'

const showCourse: Handler = (platform, ctx, { id = '' }) => {
  if (!findSessionPerson(platform, ctx)) return askWho(ctx)
  const course = readableCourse(platform, ctx, id)
  return show(ctx, coursePage(platform, readerOf(platform, ctx), course))
}

function readableCourse(platform: Platform, ctx: Context, id: string): Course {
  const person = sessionPerson(platform, ctx)
  const course = courseNamed(platform, id)
  if (person.siteAdmin || findMember(course, person)) return course
  throw new Refusal(403, 'access_denied', `${person.username} is not in this course.`)
}

const showMembers: Handler = (platform, ctx, { id = '' }) => {
  const course = taughtCourse(platform, ctx, id)
  return show(ctx, membersPage(readerOf(platform, ctx), course))
}

const showGrades: Handler = (platform, ctx, { id = '' }) => {
  const course = taughtCourse(platform, ctx, id)
  return show(ctx, gradesPage(platform, readerOf(platform, ctx), course))
}

function taughtCourse(platform: Platform, ctx: Context, id: string): Course {
  const course = readableCourse(platform, ctx, id)
  if (findMember(course, sessionPerson(platform, ctx))?.role !== 'student') return course
  throw new Refusal(403, 'access_denied', 'Only those who teach may read this.')
}

const copy: Handler = async (platform, ctx, { id = '' }) => {
  const course = editableCourse(platform, ctx, id)
  const form = await readForm(ctx.req)
  const copied = copyCourse(platform, course, { withStudents: form.get('withStudents') === 'yes' })
  ctx.redirect(`/courses/${copied.id}`)
}

function editableCourse(platform: Platform, ctx: Context, id: string): Course {
  const person = sessionPerson(platform, ctx)
  const course = courseNamed(platform, id)
  if (mayEditCourse(person, findMember(course, person)?.role)) return course
  throw new Refusal(403, 'access_denied', `${person.username} may not edit this course.`)
}

const showChoose: Handler = (platform, ctx, { id = '', tool = '' }) => {
  const course = editableCourse(platform, ctx, id)
  const into = ctx.URL.searchParams.get('into')
  const activity = into === null ? undefined : activityNamed(platform, into)
  const source = toolNumbered(platform, tool)
  return show(ctx, choosePage(readerOf(platform, ctx), course, source, activity))
}

const showActivity: Handler = (platform, ctx, { id = '' }) => {
  if (!findSessionPerson(platform, ctx)) return askWho(ctx)
  const activity = activityNamed(platform, id)
  const course = readableCourse(platform, ctx, activity.courseId)
  return show(ctx, activityPage(readerOf(platform, ctx), course, activity))
}

const changeOpensIn: Handler = async (platform, ctx, { id = '' }) => {
  const activity = activityNamed(platform, id)
  editableCourse(platform, ctx, activity.courseId)
  activity.opensIn = (await readForm(ctx.req)).get('opensIn') === 'frame' ? 'frame' : 'window'
  platform.save()
  ctx.redirect(`/courses/${activity.courseId}`)
}

const remove: Handler = (platform, ctx, { id = '' }) => {
  const activity = activityNamed(platform, id)
  editableCourse(platform, ctx, activity.courseId)
  removeActivity(platform, activity)
  ctx.redirect(`/courses/${activity.courseId}`)
}

export const courseRoutes: readonly Route[] = [
  ['GET', '/courses/:id', showCourse],
  ['GET', '/courses/:id/members', showMembers],
  ['GET', '/courses/:id/grades', showGrades],
  ['POST', '/courses/:id/copy', copy],
  ['GET', '/courses/:id/choose/:tool', showChoose],
  ['GET', '/activities/:id', showActivity],
  ['POST', '/activities/:id/opens-in', changeOpensIn],
  ['POST', '/activities/:id/remove', remove],
]
