// Launching without a browser: for tests, seeds and load. Plays the browser's part between LMS and tool.
import { answerAuthorization, beginActivityLaunch, beginDeepLinking } from './launch.ts'
import { activateTool, registrationAddress } from './registration.ts'
import { activityNamed, courseNamed, personNamed, toolNumbered } from './platform.ts'
import { ask } from './http.ts'
import { launchClaims } from './claims.ts'
import { findToolOf } from './platform.ts'
import { signLaunch, spoilClaims, spoilState } from './faults.ts'
import type { HttpAnswer } from './http.ts'
import type { LaunchFault } from './faults.ts'
import type { Platform } from './platform.ts'
import type { PostForm } from './launch.ts'
import type { RegistrationFault } from './registration.ts'
import type { Tool } from './state.ts'

export type LaunchOrder = {
  /** A user name of the cast, e.g. `student1`. */
  person: string
  /** Id, key, or `courseKey/key`, e.g. `networks-101/weekly-lab`. */
  activity: string
  faults?: readonly LaunchFault[]
}

export type DeepLinkingOrder = {
  person: string
  /** Id or key of the course. */
  course: string
  /** Id of the tool; the first active one unless said. */
  tool?: string
  /** An activity that is already there, e.g. `networks-101/weekly-lab`: the choice replaces what it opens. */
  into?: string
  faults?: readonly LaunchFault[]
}

/** The form the tool's launch address awaits, and the cookies the tool set on the way. */
export type ReadyLaunch = PostForm & { cookies: string[] }

export type LoginAnswer = {
  state: string
  nonce: string
  redirectUri: string
  /** Everything the tool asked our authorization endpoint. */
  asked: URLSearchParams
  cookies: string[]
}

/** Does everything of a launch but the last step: posts the login request, answers the tool's question. */
export async function launchForm(
  platform: Platform,
  order: LaunchOrder | DeepLinkingOrder,
): Promise<ReadyLaunch> {
  const { asked, cookies } = await login(platform, order)
  return { ...(await answerAuthorization(platform, asked, order.person)), cookies }
}

/** The first half: what the tool answers to our login request. */
export async function login(
  platform: Platform,
  order: LaunchOrder | DeepLinkingOrder,
): Promise<LoginAnswer> {
  const { action, fields } = loginForm(platform, order)
  const answer = await ask(action, { form: fields })
  const location = answer.headers['location']
  if (answer.status < 300 || answer.status > 399 || typeof location !== 'string')
    throw new Error(`The tool answered ${answer.status} to the login request: ${answer.text}`)
  const asked = new URL(location, action).searchParams
  const says = (name: string) => asked.get(name) ?? ''
  return {
    state: says('state'),
    nonce: says('nonce'),
    redirectUri: says('redirect_uri'),
    asked,
    cookies: answer.cookies,
  }
}

function loginForm(platform: Platform, order: LaunchOrder | DeepLinkingOrder): PostForm {
  const person = personNamed(platform, order.person)
  const options = { faults: order.faults ?? [], browserless: true }
  if ('activity' in order) {
    const activity = activityNamed(platform, order.activity)
    return beginActivityLaunch(platform, person, activity, options)
  }
  const tool = order.tool === undefined ? activeTool(platform) : toolNumbered(platform, order.tool)
  const course = courseNamed(platform, order.course)
  const into = order.into === undefined ? {} : { into: activityNamed(platform, order.into) }
  return beginDeepLinking(platform, person, course, tool, { ...options, ...into })
}

function activeTool(platform: Platform): Tool {
  const tool = platform.state.tools.find(({ state }) => state === 'active')
  if (tool) return tool
  throw new Error('No tool is active in the practice LMS')
}

/** The last step: posts the form as the browser would, with the tool's cookies. */
export function postLaunch({ action, fields, cookies }: ReadyLaunch): Promise<HttpAnswer> {
  return ask(action, { form: fields, headers: { cookie: cookies.join('; ') } })
}

export type SignedLaunchOrder = {
  person: string
  activity: string
  /** From the tool's answer to a login request; see `login`. */
  nonce: string
  state: string
  faults?: readonly LaunchFault[]
  /** When the token is to be used, if it is signed long before: milliseconds since 1970. It lives a minute. */
  issuedAtMs?: number
}

/** Only signs: a real RS256 id_token for a nonce and state at hand. Several hundred a second on one busy core. */
export async function signedLaunch(
  platform: Platform,
  order: SignedLaunchOrder,
): Promise<PostForm> {
  const activity = activityNamed(platform, order.activity)
  const tool = findToolOf(platform, activity) ?? activeTool(platform)
  const launch = {
    platform,
    person: personNamed(platform, order.person),
    tool,
    course: courseNamed(platform, activity.courseId),
    activity,
    nonce: order.nonce,
    ...(order.issuedAtMs !== undefined && { issuedAtMs: order.issuedAtMs }),
  }
  const faults = order.faults ?? []
  const claims = spoilClaims(launchClaims(launch), faults, platform.lastNonces.get(tool.id))
  const idToken = await signLaunch(platform, claims, faults)
  const state = spoilState(order.state, faults)
  const [action = tool.targetLinkUri] = tool.redirectUris
  return { action, fields: { id_token: idToken, ...(state !== undefined && { state }) } }
}

export type RegistrationOrder = {
  /** Presses Activate too. */
  activate?: boolean
  /** Registers again, keeping client id and deployment. */
  update?: string
  fault?: RegistrationFault
}

export type RegistrationOutcome = {
  /** Unset when the tool did not register itself. */
  tool?: Tool
  /** What the tool's registration page answered. */
  answer: HttpAnswer
}

/** Opens the tool's registration address as the administrator's browser would. */
export async function registerTool(
  platform: Platform,
  toolAddress: string,
  order: RegistrationOrder = {},
): Promise<RegistrationOutcome> {
  const before = new Set(platform.state.tools)
  const update = order.update === undefined ? undefined : toolNumbered(platform, order.update)
  const { fault } = order
  const options = { ...(update && { update }), ...(fault && { fault }) }
  const answer = await ask(await registrationAddress(platform, toolAddress, options))
  const tool = platform.state.tools.find((one) => !before.has(one))
  if (tool && order.activate) activateTool(platform, tool)
  return { answer, ...(tool && { tool }) }
}
