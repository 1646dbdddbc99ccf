// Everything the LMS knows, as one plain object; kept in a JSON file when one is named.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { courses as castCourses } from '../cast/courses.ts'
import { generateStudents, people as castPeople } from '../cast/people.ts'
import type { CastCourse, CourseRole } from '../cast/courses.ts'
import type { Language, Person } from '../cast/people.ts'
import type { JWK } from 'jose'

export type Text = Record<Language, string>

/** An external tool. Its number is the deployment id, as in Moodle. */
export type Tool = {
  id: string
  clientId: string
  name: string
  description: string
  /** A tool that registered itself waits here until the administrator activates it. */
  state: 'pending' | 'active'
  loginUrl: string
  redirectUris: string[]
  targetLinkUri: string
  deepLinkingUri: string
  keySetUrl: string
  domain: string
  custom: Record<string, string>
  scopes: string[]
  sendsNames: boolean
  sendsEmail: boolean
  deepLinking: boolean
}

export type Activity = {
  id: string
  courseId: string
  /** Stays the same in a copy of the course; tests find an activity by it. */
  key: string
  title: Text
  description: Text
  custom: Record<string, string>
  opensIn: 'frame' | 'window'
  /** Where the tool wants this very link to arrive; unset: the tool's own target. */
  url?: string
  /** Unset: the first active tool, so that the seeded activities work as soon as there is one. */
  toolId?: string
  groupId?: string
}

export type Member = { username: string; role: CourseRole; groupIds: string[] }

export type Course = {
  id: string
  key: string
  shortName: string
  fullName: string
  idNumber: string
  summary: Text
  groups: { id: string; name: string }[]
  members: Member[]
  /** Ids of the courses this one was copied from, nearest first: Moodle's `$Context.id.history`. */
  copiedFrom: string[]
}

export type LineItem = {
  id: string
  courseId: string
  toolId: string
  activityId?: string
  /** Made with its activity, so it shows as that activity's grade. */
  coupled: boolean
  label: string
  scoreMaximum: number
  resourceId: string
  tag: string
}

export type Score = {
  lineItemId: string
  userId: string
  scoreGiven?: number
  scoreMaximum: number
  comment?: string
  activityProgress: string
  gradingProgress: string
  timestamp: string
}

export type State = {
  nextId: number
  privateKey: JWK
  /** How many of student0001… have an account here. */
  generatedStudents: number
  languages: Record<string, Language>
  tools: Tool[]
  courses: Course[]
  activities: Activity[]
  lineItems: LineItem[]
  scores: Score[]
}

const firstFreeId = 100

/** The cast's two courses and nothing else. */
export function freshState(privateKey: JWK): State {
  const state: State = {
    nextId: firstFreeId,
    privateKey,
    generatedStudents: 0,
    languages: {},
    tools: [],
    courses: [],
    activities: [],
    lineItems: [],
    scores: [],
  }
  for (const course of castCourses) seedCourse(state, structuredClone(course))
  return state
}

function seedCourse(state: State, cast: CastCourse): void {
  const { key, id, shortName, fullName, idNumber, summary, groups } = cast
  const members = cast.members.map(({ username, role, groups }) => {
    return { username, role, groupIds: groups }
  })
  const course = { id, key, shortName, fullName, idNumber, summary, groups, members }
  state.courses.push({ ...course, copiedFrom: [] })
  for (const { group, ...activity } of cast.activities) {
    const groupId = group === undefined ? {} : { groupId: group }
    state.activities.push({ id: takeId(state), courseId: id, ...activity, ...groupId })
  }
}

export function takeId(state: State): string {
  const id = String(state.nextId)
  state.nextId += 1
  return id
}

/** What an earlier run left, or undefined when there is no file yet. */
export function findSavedState(file: string): State | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`Could not read the LMS state in ${file}; delete it to start afresh`, { cause })
  }
}

/** Rename is atomic: a kill leaves the old file or the new one, never half of it. It holds a private key: 0600. */
export function saveState(file: string, state: State): void {
  const draft = `${file}.new`
  writeFileSync(draft, JSON.stringify(state, null, 1), { mode: 0o600 })
  renameSync(draft, file)
}

export function allPeople(state: State): Person[] {
  return [...castPeople, ...generateStudents(state.generatedStudents)]
}
