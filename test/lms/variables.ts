// Custom parameters and Moodle's substitution variables (`$Moodle.Person.userGroupIds` and the like).
import { findMember, lineItemsOf } from './platform.ts'
import { institution } from '../cast/people.ts'
import { lineItemUrl, lineItemsUrl, membershipsUrl, rosterScope } from './service-urls.ts'
import { rolesAtLaunch } from './roles.ts'
import type { Launch } from './claims.ts'

/** Names Moodle announces in its OpenID configuration, as far as they are answered here. */
export const variableNames = [
  'Context.id',
  'Context.title',
  'Context.label',
  'Context.id.history',
  'Context.sourcedId',
  'CourseSection.title',
  'CourseSection.label',
  'CourseSection.sourcedId',
  'ResourceLink.id',
  'ResourceLink.title',
  'ResourceLink.description',
  'User.id',
  'User.username',
  'Person.name.full',
  'Person.name.given',
  'Person.name.family',
  'Person.email.primary',
  'Person.sourcedId',
  'Person.address.timezone',
  'Membership.role',
  'Moodle.Person.userGroupIds',
  'ToolProxyBinding.memberships.url',
  'LineItems.url',
  'LineItem.url',
] as const

type VariableName = (typeof variableNames)[number]

/**
 * The `custom` claim. The tool's own parameters win over the activity's, as in Moodle; a key with capitals or
 * signs appears twice, as written and in Moodle's lower-case form.
 */
export function customClaim(launch: Launch): Record<string, string> {
  const values = variables(launch)
  const claim: Record<string, string> = {}
  for (const [key, value] of Object.entries({
    ...launch.activity?.custom,
    ...launch.tool.custom,
  })) {
    const substituted = substitute(value, values)
    claim[key.toLowerCase().replaceAll(/[^a-z0-9]/gu, '_')] = substituted
    claim[key] = substituted
  }
  if (launch.activity && launch.tool.scopes.includes(rosterScope))
    claim['context_memberships_url'] = values['ToolProxyBinding.memberships.url']
  return claim
}

/** An unknown variable stays as it was written. */
function substitute(value: string, values: Record<VariableName, string>): string {
  if (!value.startsWith('$')) return value
  const name = variableNames.find((one) => one === value.slice(1))
  return name === undefined ? value : values[name]
}

function variables(launch: Launch): Record<VariableName, string> {
  return { ...courseVariables(launch), ...personVariables(launch), ...serviceVariables(launch) }
}

function courseVariables({ course, activity }: Launch) {
  return {
    'Context.id': course.id,
    'Context.title': course.fullName,
    'Context.label': course.shortName,
    'Context.id.history': course.copiedFrom.join(','),
    'Context.sourcedId': course.idNumber,
    'CourseSection.title': course.fullName,
    'CourseSection.label': course.shortName,
    'CourseSection.sourcedId': course.idNumber,
    'ResourceLink.id': activity?.id ?? '',
    'ResourceLink.title': activity?.title.en ?? '',
    'ResourceLink.description': activity?.description.en ?? '',
  }
}

/** Names and e-mail stay empty when the tool may not have them, whatever its custom parameters ask. */
function personVariables({ person, course, tool }: Launch) {
  const member = findMember(course, person)
  const name = (text: string) => (tool.sendsNames ? text : '')
  return {
    'User.id': person.id,
    'User.username': person.username,
    'Person.name.full': name(`${person.givenName} ${person.familyName}`),
    'Person.name.given': name(person.givenName),
    'Person.name.family': name(person.familyName),
    'Person.email.primary': tool.sendsEmail ? person.email : '',
    'Person.sourcedId': '',
    'Person.address.timezone': institution.timeZone,
    'Membership.role': rolesAtLaunch(person, member?.role).join(','),
    'Moodle.Person.userGroupIds': member?.groupIds.join(',') ?? '',
  }
}

function serviceVariables({ platform, course, tool, activity }: Launch) {
  const [lineItem] = activity ? lineItemsOf(platform, activity) : []
  return {
    'ToolProxyBinding.memberships.url': membershipsUrl(platform, course, tool),
    'LineItems.url': lineItemsUrl(platform, course.id, tool.id),
    'LineItem.url': lineItem ? lineItemUrl(platform, lineItem) : '',
  }
}
