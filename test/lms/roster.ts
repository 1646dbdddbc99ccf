// Names and Roles Provisioning 2, with Moodle's habits: short role names, non-editing teachers as Learners, no
// site administrator, pages by `limit` and `from`, and with `rlid` only those who may see that activity.
// https://www.imsglobal.org/spec/lti-nrps/v2p0
import { Refusal } from './body.ts'
import { courseNamed, maySeeActivity, personNamed } from './platform.ts'
import { membershipsUrl } from './service-urls.ts'
import { roleInRoster } from './roles.ts'
import { lti } from './claims.ts'
import type { Activity, Course, Member, Tool } from './state.ts'
import type { Platform } from './platform.ts'

export const rosterType = 'application/vnd.ims.lti-nrps.v2.membershipcontainer+json'

/**
 * Ways of being wrong: an error of the server's, a right that was taken away, an answer that is no list, a next page
 * at another site, a next page for ever, tokens that were taken back before their time (once), nobody, somebody without a
 * number. `hidden` is none: each activity is one that only who teaches may see.
 */
export type RosterFault =
  | 'error'
  | 'refused'
  | 'nonsense'
  | 'elsewhere'
  | 'endless'
  | 'token-revoked'
  | 'nobody'
  | 'numberless'
  | 'hidden'

/** What stands in the way before a list is even made. */
export function spoilBefore(platform: Platform): void {
  const { rosterFault: fault } = platform
  if (fault === 'error') throw new Refusal(500, 'server_error', 'The list cannot be made.')
  if (fault === 'refused') throw new Refusal(403, 'forbidden', 'Names and Roles are off here.')
  if (fault !== 'token-revoked') return
  platform.accessTokens.clear()
  platform.rosterFault = undefined
}

/** What is wrong about a list that was made. */
export function spoilPage(platform: Platform, page: RosterPage): RosterPage {
  const { rosterFault: fault, url } = platform
  if (fault === 'nonsense') return { body: { members: 'everybody' } }
  if (fault === 'nobody') return { body: { ...page.body, members: [] } }
  if (fault === 'numberless')
    return { body: { ...page.body, members: [{ user_id: null, roles: ['Learner'] }] } }
  if (fault === 'elsewhere') return { ...page, link: '<https://elsewhere.example/>; rel="next"' }
  if (fault === 'endless') {
    const { id } = page.body as { id: string }
    return { ...page, link: `<${id.replace(url, '')}?limit=1>; rel="next"` }
  }
  return page
}

export type RosterPage = { body: object; link?: string }

export function rosterPage(
  platform: Platform,
  tool: Tool,
  courseId: string,
  query: URLSearchParams,
): RosterPage {
  const course = courseNamed(platform, courseId)
  const activity = linkedActivity(platform, course, tool, query.get('rlid'))
  const isHidden = platform.rosterFault === 'hidden'
  const members = course.members.filter(
    (member) =>
      (!activity ||
        (maySeeActivity(activity, member) && (!isHidden || member.role !== 'student'))) &&
      hasRole(member, query.get('role') ?? ''),
  )
  const limit = wholeNumber(query.get('limit'))
  const from = limit === 0 ? 0 : wholeNumber(query.get('from'))
  const shown = limit === 0 ? members : members.slice(from, from + limit)
  const id = membershipsUrl(platform, course, tool)
  const body = {
    id,
    context: { id: course.id, label: course.shortName, title: course.fullName },
    members: shown.map((member) => rosterEntry(platform, tool, member, activity)),
  }
  if (from + shown.length >= members.length) return { body }
  const next = new URLSearchParams({ limit: String(limit), from: String(from + limit) })
  if (activity) next.set('rlid', activity.id)
  return { body, link: `<${id}?${next.toString()}>; rel="next"` }
}

function linkedActivity(
  platform: Platform,
  course: Course,
  tool: Tool,
  rlid: string | null,
): Activity | undefined {
  if (rlid === null) return undefined
  const activity = platform.state.activities.find(({ id }) => id === rlid)
  const foreign = activity?.toolId !== undefined && activity.toolId !== tool.id
  if (activity?.courseId === course.id && !foreign) return activity
  throw new Refusal(404, 'not_found', `Course ${course.id} has no activity ${rlid} of this tool.`)
}

function hasRole(member: Member, asked: string): boolean {
  const shortName = asked.slice(asked.lastIndexOf('#') + 1)
  return shortName === '' || roleInRoster(member.role) === shortName
}

function rosterEntry(
  platform: Platform,
  tool: Tool,
  member: Member,
  activity: Activity | undefined,
): object {
  const person = personNamed(platform, member.username)
  const { givenName, familyName, email } = person
  const names = {
    name: `${givenName} ${familyName}`,
    given_name: givenName,
    family_name: familyName,
  }
  return {
    status: 'Active',
    roles: [roleInRoster(member.role)],
    ...(activity && { message: [{ [`${lti}/message_type`]: 'LtiResourceLinkRequest' }] }),
    user_id: person.id,
    lis_person_sourcedid: '',
    ...(tool.sendsNames && names),
    ...(tool.sendsEmail && { email }),
  }
}

export function wholeNumber(text: string | null): number {
  const number = Number(text ?? 0)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Refusal(400, 'invalid_request', `${text} is not a whole number.`)
}
