// The running LMS: its state, its keys, its clock, and the small lookups everything else is written with.
import { randomBytes } from 'node:crypto'
import { allPeople } from './state.ts'
import { Refusal } from './body.ts'
import type { Activity, Course, LineItem, Member, State, Tool } from './state.ts'
import type { LaunchFault } from './faults.ts'
import type { Language, Person } from '../cast/people.ts'
import type { RegistrationFault } from './registration.ts'
import type { RosterFault } from './roster.ts'
import type { SigningKey } from './keys.ts'

/** A launch that began here and has not come back to the authorization endpoint yet; good for one use. */
export type PendingLaunch = {
  id: string
  username: string
  toolId: string
  courseId: string
  /** Unset for deep linking. */
  activityId?: string
  /** Deep linking for an activity that is already there: what is chosen replaces what it opens. */
  intoActivityId?: string
  faults: LaunchFault[]
  /** Nobody sits at a browser: the session cookie is not looked at. */
  browserless: boolean
  atMs: number
}

export type AccessToken = { toolId: string; scopes: string[]; expiresAtMs: number }

export type Platform = {
  /** Public address without a slash at the end; also the issuer. */
  url: string
  state: State
  key: SigningKey
  /** Signs as if it were ours, but is in no key set. */
  strangerKey: SigningKey
  people: Map<string, Person>
  pendingLaunches: Map<string, PendingLaunch>
  accessTokens: Map<string, AccessToken>
  seenDeepLinkingNonces: Set<string>
  /** Last nonce that went out in a token, per tool: what a replay replays. */
  lastNonces: Map<string, string>
  /** Bad behaviour chosen on /faults, for the next launches of one person. */
  chosenFaults: Map<string, LaunchFault[]>
  /** The same for the next registration an administrator starts. */
  chosenRegistrationFaults: Map<string, RegistrationFault>
  /** How the list of members misbehaves. */
  rosterFault: RosterFault | undefined
  /** Moodle puts the session's key into return addresses, so they are secrets. One per person here. */
  sessionKeys: Map<string, string>
  now: () => number
  save: () => void
}

/** Everybody who is not here yet, each as a copy: a name changed in one LMS is no other's. */
export function refreshPeople({ people, state }: Platform): void {
  for (const person of allPeople(state))
    if (!people.has(person.username)) people.set(person.username, { ...person })
}

export function findPerson(platform: Platform, username: string | undefined): Person | undefined {
  return username === undefined ? undefined : platform.people.get(username)
}

export function personNamed(platform: Platform, username: string): Person {
  return found(findPerson(platform, username), `nobody is called ${username}`)
}

export function findPersonById(platform: Platform, id: string): Person | undefined {
  return [...platform.people.values()].find((person) => person.id === id)
}

export function languageOf(platform: Platform, person: Person): Language {
  return platform.state.languages[person.username] ?? person.language
}

/** By id, or by the key it has in the cast. */
export function courseNamed(platform: Platform, idOrKey: string): Course {
  const { courses } = platform.state
  const course =
    courses.find(({ id }) => id === idOrKey) ?? courses.find(({ key }) => key === idOrKey)
  return found(course, `there is no course ${idOrKey}`)
}

/** By id, by key (first course that has it), or by course key and activity key: `networks-101/weekly-lab`. */
export function activityNamed(platform: Platform, name: string): Activity {
  const { activities } = platform.state
  const [courseKey = '', key = ''] = name.split('/')
  const activity = key
    ? activities.find(
        (one) => one.key === key && one.courseId === courseNamed(platform, courseKey).id,
      )
    : (activities.find(({ id }) => id === name) ?? activities.find((one) => one.key === name))
  return found(activity, `there is no activity ${name}`)
}

export function toolNumbered(platform: Platform, id: string): Tool {
  const tool = platform.state.tools.find((one) => one.id === id)
  return found(tool, `there is no tool ${id}`)
}

export function findToolOf(platform: Platform, activity: Activity): Tool | undefined {
  const { tools } = platform.state
  if (activity.toolId !== undefined) return tools.find(({ id }) => id === activity.toolId)
  return tools.find(({ state }) => state === 'active')
}

export function activitiesOf(platform: Platform, course: Course): Activity[] {
  return platform.state.activities.filter(({ courseId }) => courseId === course.id)
}

export function lineItemsOf(platform: Platform, activity: Activity): LineItem[] {
  return platform.state.lineItems.filter(({ activityId }) => activityId === activity.id)
}

export function findMember(course: Course, person: Person): Member | undefined {
  return course.members.find(({ username }) => username === person.username)
}

/** Restricted to a group: its members and those who teach. */
export function maySeeActivity(activity: Activity, member: Member): boolean {
  if (activity.groupId === undefined || member.role !== 'student') return true
  return member.groupIds.includes(activity.groupId)
}

export function sessionKeyOf(platform: Platform, username: string): string {
  const known = platform.sessionKeys.get(username)
  if (known) return known
  const key = randomBytes(8).toString('hex')
  platform.sessionKeys.set(username, key)
  return key
}

function found<Found>(value: Found | undefined, complaint: string): Found {
  if (value === undefined) throw new Refusal(404, 'not_found', `In the practice LMS ${complaint}.`)
  return value
}
