// What a launch says: the claims of LTI 1.3 core, deep linking 2, NRPS 2 and AGS 2, with Moodle 4.5's values.
import {
  agsScopes,
  lineItemUrl,
  lineItemsUrl,
  membershipsUrl,
  rosterScope,
} from './service-urls.ts'
import { customClaim } from './variables.ts'
import { findMember, languageOf, lineItemsOf, sessionKeyOf } from './platform.ts'
import { institution } from '../cast/people.ts'
import { rolesAtLaunch } from './roles.ts'
import type { Activity, Course, Tool } from './state.ts'
import type { Person } from '../cast/people.ts'
import type { Platform } from './platform.ts'

export const lti = 'https://purl.imsglobal.org/spec/lti/claim'
export const deepLinking = 'https://purl.imsglobal.org/spec/lti-dl/claim'

/** Moodle's id_token lives a minute. */
export const tokenLifetimeSeconds = 60

export type Claims = Record<string, unknown>

export type Launch = {
  platform: Platform
  person: Person
  tool: Tool
  course: Course
  /** Unset for deep linking. */
  activity?: Activity
  /** Deep linking for an activity that is already there. */
  intoActivityId?: string
  nonce: string
  /** The clock's now, unless said. */
  issuedAtMs?: number
}

export function launchClaims(launch: Launch): Claims {
  const { platform, person, tool, course, nonce } = launch
  const issuedAt = Math.floor((launch.issuedAtMs ?? platform.now()) / 1000)
  const role = findMember(course, person)?.role
  return {
    nonce,
    iat: issuedAt,
    exp: issuedAt + tokenLifetimeSeconds,
    iss: platform.url,
    aud: tool.clientId,
    sub: person.id,
    [`${lti}/deployment_id`]: tool.id,
    [`${lti}/version`]: '1.3.0',
    [`${lti}/roles`]: rolesAtLaunch(person, role),
    [`${lti}/context`]: {
      id: course.id,
      label: course.shortName,
      title: course.fullName,
      type: ['CourseSection'],
    },
    [`${lti}/lis`]: { person_sourcedid: '', course_section_sourcedid: course.idNumber },
    ...nameClaims(launch),
    [`${lti}/ext`]: extension(launch),
    [`${lti}/tool_platform`]: toolPlatform(platform),
    [`${lti}/custom`]: customClaim(launch),
    ...(launch.activity ? resourceLinkClaims(launch, launch.activity) : deepLinkingClaims(launch)),
    ...gradeClaims(launch),
  }
}

function nameClaims({ person, tool }: Launch): Claims {
  const { givenName, familyName, email } = person
  const name = `${givenName} ${familyName}`
  const names = { given_name: givenName, family_name: familyName, name }
  return { ...(tool.sendsNames ? names : {}), ...(tool.sendsEmail ? { email } : {}) }
}

function extension({ person, tool }: Launch): Claims {
  return { ...(tool.sendsNames ? { user_username: person.username } : {}), lms: 'moodle-2' }
}

function toolPlatform(platform: Platform): Claims {
  return {
    guid: new URL(platform.url).host,
    name: institution.shortName,
    description: institution.name,
    product_family_code: 'moodle',
    version: '2024100706',
  }
}

function resourceLinkClaims(launch: Launch, activity: Activity): Claims {
  const { platform, tool } = launch
  const roster = tool.scopes.includes(rosterScope)
  return {
    [`${lti}/message_type`]: 'LtiResourceLinkRequest',
    [`${lti}/target_link_uri`]: activity.url ?? tool.targetLinkUri,
    [`${lti}/resource_link`]: {
      id: activity.id,
      title: activity.title.en,
      description: activity.description.en,
    },
    [`${lti}/launch_presentation`]: {
      locale: languageOf(platform, launch.person),
      document_target: activity.opensIn === 'frame' ? 'iframe' : 'window',
      return_url: returnUrl(launch, activity),
    },
    ...(roster && {
      'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice': {
        context_memberships_url: membershipsUrl(platform, launch.course, tool),
        service_versions: ['1.0', '2.0'],
      },
    }),
  }
}

function returnUrl({ platform, person, course }: Launch, activity: Activity): string {
  const container = activity.opensIn === 'frame' ? '3' : '4'
  const query = new URLSearchParams({
    course: course.id,
    launch_container: container,
    instanceid: activity.id,
    sesskey: sessionKeyOf(platform, person.username),
  })
  return `${platform.url}/lti/return?${query.toString()}`
}

/** Moodle sends no resource link and no roster here, and no `data`. */
function deepLinkingClaims(launch: Launch): Claims {
  const { platform, person, course, tool, intoActivityId } = launch
  const query = new URLSearchParams({
    course: course.id,
    id: tool.id,
    ...(intoActivityId !== undefined && { activity: intoActivityId }),
    sesskey: sessionKeyOf(platform, person.username),
  })
  return {
    [`${lti}/message_type`]: 'LtiDeepLinkingRequest',
    [`${lti}/target_link_uri`]: tool.deepLinkingUri,
    [`${lti}/launch_presentation`]: {
      locale: languageOf(platform, person),
      document_target: 'iframe',
    },
    [`${deepLinking}/deep_linking_settings`]: {
      accept_types: ['ltiResourceLink'],
      accept_presentation_document_targets: ['frame', 'iframe', 'window'],
      accept_copy_advice: false,
      accept_multiple: true,
      accept_unsigned: false,
      auto_create: false,
      can_confirm: false,
      deep_link_return_url: `${platform.url}/lti/deep-linking-return?${query.toString()}`,
      title: '',
      text: '',
    },
  }
}

function gradeClaims({ platform, course, tool, activity }: Launch): Claims {
  const scope = tool.scopes.filter((one) => agsScopes.includes(one))
  if (scope.length === 0) return {}
  const items = activity ? lineItemsOf(platform, activity) : []
  // With several line items the specification names none.
  const [only] = items.length === 1 ? items : []
  return {
    'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint': {
      scope,
      lineitems: lineItemsUrl(platform, course.id, tool.id),
      ...(only && { lineitem: lineItemUrl(platform, only) }),
    },
  }
}
