// OIDC third-party initiated login, as Moodle runs it: we post the tool a login request, the tool sends the
// browser to our authorization endpoint, we answer with a form that posts the id_token.
// https://www.imsglobal.org/spec/security/v1p0/#platform-originating-messages
import { randomBytes } from 'node:crypto'
import { Refusal } from './body.ts'
import { launchClaims } from './claims.ts'
import { mayEditCourse } from './roles.ts'
import { signLaunch, spoilClaims, spoilState } from './faults.ts'
import {
  courseNamed,
  findMember,
  findToolOf,
  maySeeActivity,
  personNamed,
  toolNumbered,
} from './platform.ts'
import type { Activity, Course, Tool } from './state.ts'
import type { LaunchFault } from './faults.ts'
import type { PendingLaunch, Platform } from './platform.ts'
import type { Person } from '../cast/people.ts'

/** A form to post, by a browser or by a test. */
export type PostForm = { action: string; fields: Record<string, string> }

const pendingMinutes = 10

type Options = { faults?: readonly LaunchFault[]; browserless?: boolean; into?: Activity }

export function beginActivityLaunch(
  platform: Platform,
  person: Person,
  activity: Activity,
  options: Options = {},
): PostForm {
  const course = courseNamed(platform, activity.courseId)
  const member = findMember(course, person)
  if (!person.siteAdmin && (!member || !maySeeActivity(activity, member)))
    throw new Refusal(403, 'access_denied', `${person.username} may not open this activity.`)
  const tool = usableTool(findToolOf(platform, activity))
  const place = { courseId: course.id, activityId: activity.id }
  return loginRequest(platform, person, tool, activity.url ?? tool.targetLinkUri, place, options)
}

export function beginDeepLinking(
  platform: Platform,
  person: Person,
  course: Course,
  tool: Tool,
  options: Options = {},
): PostForm {
  if (!mayEditCourse(person, findMember(course, person)?.role))
    throw new Refusal(403, 'access_denied', `${person.username} may not edit this course.`)
  usableTool(tool)
  const { into } = options
  if (into && into.courseId !== course.id)
    throw new Refusal(404, 'not_found', 'This activity is of another course.')
  const place = { courseId: course.id, ...(into && { intoActivityId: into.id }) }
  return loginRequest(platform, person, tool, tool.deepLinkingUri, place, options)
}

function usableTool(tool: Tool | undefined): Tool {
  if (!tool) throw new Refusal(409, 'no_tool', 'No tool is registered for this activity yet.')
  if (tool.state === 'active') return tool
  throw new Refusal(409, 'tool_pending', `“${tool.name}” waits for the administrator’s Activate.`)
}

function loginRequest(
  platform: Platform,
  person: Person,
  tool: Tool,
  targetLinkUri: string,
  place: Pick<PendingLaunch, 'courseId' | 'activityId' | 'intoActivityId'>,
  { faults = [], browserless = false }: Options,
): PostForm {
  const launch: PendingLaunch = {
    id: `ltilaunch${place.activityId ?? ''}_${randomBytes(8).toString('hex')}`,
    username: person.username,
    toolId: tool.id,
    ...place,
    faults: [...faults],
    browserless,
    atMs: platform.now(),
  }
  forgetOldLaunches(platform)
  platform.pendingLaunches.set(launch.id, launch)
  const hint = { ...(place.activityId && { cmid: place.activityId }), launchid: launch.id }
  return {
    action: tool.loginUrl,
    fields: {
      iss: platform.url,
      target_link_uri: targetLinkUri,
      login_hint: person.id,
      lti_message_hint: JSON.stringify(hint),
      client_id: tool.clientId,
      lti_deployment_id: tool.id,
    },
  }
}

function forgetOldLaunches(platform: Platform): void {
  const oldest = platform.now() - pendingMinutes * 60_000
  for (const [id, { atMs }] of platform.pendingLaunches)
    if (atMs < oldest) platform.pendingLaunches.delete(id)
}

/**
 * The authorization endpoint. `username` is who the browser is logged in as.
 * A wrong client or redirect address is refused here and never posted to; everything else goes back to the tool
 * as an OAuth error, as Moodle does.
 */
export async function answerAuthorization(
  platform: Platform,
  asked: URLSearchParams,
  username: string | undefined,
): Promise<PostForm> {
  const launch = takeLaunch(platform, asked)
  const tool = toolNumbered(platform, launch.toolId)
  const action = asked.get('redirect_uri') ?? ''
  // Moodle compares whole strings: one more slash or query is another address.
  if (!tool.redirectUris.includes(action))
    throw new Refusal(
      400,
      'invalid_request',
      `${action || 'Nothing'} is not a redirect URI of this tool.`,
    )
  const state = asked.get('state') ?? undefined
  const person = whoAnswers(platform, launch, username)
  const error = findProblem(asked, launch, tool, person)
  if (error) return { action, fields: { ...error, ...(state !== undefined && { state }) } }
  const token = await idToken(platform, launch, person, asked.get('nonce') ?? '')
  const sentState = spoilState(state, launch.faults)
  return {
    action,
    fields: { id_token: token, ...(sentState !== undefined && { state: sentState }) },
  }
}

function whoAnswers(
  platform: Platform,
  launch: PendingLaunch,
  username: string | undefined,
): Person {
  const name = launch.browserless ? launch.username : username
  if (name !== undefined) return personNamed(platform, name)
  throw new Refusal(401, 'login_needed', 'First choose who you are, then click the activity again.')
}

function takeLaunch(platform: Platform, asked: URLSearchParams): PendingLaunch {
  const id = launchId(asked.get('lti_message_hint') ?? '')
  const launch = platform.pendingLaunches.get(id)
  platform.pendingLaunches.delete(id)
  if (launch) return launch
  const message = 'This launch is over or never began here. Go back to the course and click again.'
  throw new Refusal(400, 'invalid_request', message)
}

function launchId(hint: string): string {
  try {
    const parsed: unknown = JSON.parse(hint)
    return parsed && typeof parsed === 'object' && 'launchid' in parsed
      ? String(parsed.launchid)
      : ''
  } catch {
    return ''
  }
}

function findProblem(
  asked: URLSearchParams,
  launch: PendingLaunch,
  tool: Tool,
  person: Person,
): Record<string, string> | undefined {
  const says = (name: string) => asked.get(name) ?? ''
  if (!says('nonce') || !says('login_hint')) return { error: 'invalid_request' }
  if (says('scope') !== 'openid') return { error: 'invalid_scope' }
  if (says('response_type') !== 'id_token') return { error: 'unsupported_response_type' }
  if (says('client_id') !== tool.clientId) return { error: 'unauthorized_client' }
  if (says('login_hint') !== person.id || launch.username !== person.username)
    return { error: 'access_denied' }
  if (says('response_mode') !== 'form_post')
    return { error: 'invalid_request', error_description: 'Invalid response_mode' }
  if (says('prompt') && says('prompt') !== 'none')
    return { error: 'invalid_request', error_description: 'Invalid prompt' }
  return undefined
}

async function idToken(
  platform: Platform,
  pending: PendingLaunch,
  person: Person,
  nonce: string,
): Promise<string> {
  const { toolId, courseId, activityId, intoActivityId, faults } = pending
  const tool = toolNumbered(platform, toolId)
  const course = courseNamed(platform, courseId)
  const activity = platform.state.activities.find(({ id }) => id === activityId)
  const launch = {
    platform,
    person,
    tool,
    course,
    nonce,
    ...(activity && { activity }),
    ...(intoActivityId !== undefined && { intoActivityId }),
  }
  const claims = spoilClaims(launchClaims(launch), faults, platform.lastNonces.get(tool.id))
  platform.lastNonces.set(tool.id, nonce)
  return signLaunch(platform, claims, faults)
}
