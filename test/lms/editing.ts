// What a teacher or a seed changes: activities, copies of courses, students for load tests.
import { activitiesOf, courseNamed, lineItemsOf, personNamed, refreshPeople } from './platform.ts'
import { generateStudents } from '../cast/people.ts'
import { Refusal } from './body.ts'
import { takeId } from './state.ts'
import type { Activity, Course, Text } from './state.ts'
import type { Person } from '../cast/people.ts'
import type { Platform } from './platform.ts'

export type ActivityOrder = {
  course: string
  key: string
  /** Needed for an activity that is not there yet. */
  title?: string | Text
  description?: string | Text
  custom?: Record<string, string>
  opensIn?: 'frame' | 'window'
  toolId?: string
  groupId?: string
}

/** Adds an activity, or changes what is said of the one that has this key in this course: a seed may run again. */
export function putActivity(platform: Platform, order: ActivityOrder): Activity {
  const { course: courseName, title, description, ...rest } = order
  const course = courseNamed(platform, courseName)
  const existing = activitiesOf(platform, course).find(({ key }) => key === order.key)
  const activity: Activity = existing ?? newActivity(platform, course, order)
  Object.assign(
    activity,
    rest,
    title !== undefined && { title: inBothLanguages(title) },
    description !== undefined && { description: inBothLanguages(description) },
  )
  if (!existing) platform.state.activities.push(activity)
  platform.save()
  return activity
}

function newActivity(platform: Platform, course: Course, order: ActivityOrder): Activity {
  if (order.title === undefined)
    throw new Refusal(400, 'invalid_request', `Activity ${order.key} is new: give it a title.`)
  return {
    id: takeId(platform.state),
    courseId: course.id,
    key: order.key,
    title: inBothLanguages(order.title),
    description: inBothLanguages(''),
    custom: {},
    opensIn: 'window',
  }
}

function inBothLanguages(text: string | Text): Text {
  return typeof text === 'string' ? { en: text, fr: text } : text
}

export function removeActivity(platform: Platform, activity: Activity): void {
  const { state } = platform
  const items = new Set(lineItemsOf(platform, activity).map(({ id }) => id))
  state.activities = state.activities.filter(({ id }) => id !== activity.id)
  state.lineItems = state.lineItems.filter(({ id }) => !items.has(id))
  state.scores = state.scores.filter(({ lineItemId }) => !items.has(lineItemId))
  platform.save()
}

/**
 * A copy as Moodle makes it: course, activities, groups and line items get new ids, `custom` stays, grades do
 * not come along; students only when asked.
 */
export function copyCourse(
  platform: Platform,
  course: Course,
  { withStudents = false }: { withStudents?: boolean } = {},
): Course {
  const { state } = platform
  const id = takeId(state)
  const groups = course.groups.map((group) => ({ ...group, id: takeId(state) }))
  const newGroupIds = new Map(course.groups.map(({ id }, index) => [id, groups[index]?.id ?? id]))
  const members = course.members
    .filter(({ role }) => withStudents || role !== 'student')
    .map((member) => ({
      ...member,
      groupIds: member.groupIds.map((groupId) => newGroupIds.get(groupId) ?? groupId),
    }))
  const copy: Course = {
    ...structuredClone(course),
    id,
    key: `${course.key}-copy-${id}`,
    shortName: `${course.shortName}-${id}`,
    fullName: `${course.fullName} (copy)`,
    // Moodle leaves the id number empty: it must be unique.
    idNumber: '',
    groups,
    members,
    copiedFrom: [course.id, ...course.copiedFrom],
  }
  state.courses.push(copy)
  for (const activity of activitiesOf(platform, course))
    copyActivity(platform, activity, copy, newGroupIds)
  platform.save()
  return copy
}

function copyActivity(
  platform: Platform,
  activity: Activity,
  course: Course,
  newGroupIds: Map<string, string>,
): void {
  const { state } = platform
  const id = takeId(state)
  const groupId = activity.groupId === undefined ? undefined : newGroupIds.get(activity.groupId)
  const copy = { ...structuredClone(activity), id, courseId: course.id }
  state.activities.push({ ...copy, ...(groupId !== undefined && { groupId }) })
  for (const item of lineItemsOf(platform, activity))
    state.lineItems.push({ ...item, id: takeId(state), courseId: course.id, activityId: id })
}

/** Exactly these are its students from now on; who teaches stays. Groups are kept by who stays. */
export function setStudents(platform: Platform, course: Course, usernames: string[]): void {
  const wanted = new Set(usernames.map((name) => personNamed(platform, name).username))
  const members = course.members.filter(
    ({ role, username }) => role !== 'student' || wanted.has(username),
  )
  const there = new Set(members.map(({ username }) => username))
  for (const username of wanted)
    if (!there.has(username)) members.push({ username, role: 'student', groupIds: [] })
  course.members = members
  platform.save()
}

/** student0001… up to `count`, all of them students of this course. */
export function enrolGeneratedStudents(
  platform: Platform,
  course: Course,
  count: number,
): Person[] {
  const { state } = platform
  state.generatedStudents = Math.max(state.generatedStudents, count)
  refreshPeople(platform)
  const students = generateStudents(count)
  const enrolled = new Set(course.members.map(({ username }) => username))
  for (const { username } of students)
    if (!enrolled.has(username)) course.members.push({ username, role: 'student', groupIds: [] })
  platform.save()
  return students
}
