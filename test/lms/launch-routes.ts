// Where a browser carries a launch: its start, the authorization endpoint, the ways back from the tool.
import { acceptDeepLinking } from './deep-linking.ts'
import { activityNamed, courseNamed, sessionKeyOf, toolNumbered } from './platform.ts'
import { answerAuthorization, beginActivityLaunch, beginDeepLinking } from './launch.ts'
import { askWho, post, readerOf, show } from './show.ts'
import { chosenPage, returnedPage } from './pages/message.ts'
import { findSessionPerson, sessionPerson, viewerOf } from './session.ts'
import { readForm } from './body.ts'
import type { Context } from 'koa'
import type { Handler, Route } from './router.ts'
import type { Platform } from './platform.ts'

const launchActivity: Handler = (platform, ctx, { activity = '' }) => {
  const person = findSessionPerson(platform, ctx)
  if (!person) return askWho(ctx)
  const faults = platform.chosenFaults.get(person.username) ?? []
  const found = activityNamed(platform, activity)
  return post(platform, ctx, beginActivityLaunch(platform, person, found, { faults }))
}

const launchDeepLinking: Handler = (platform, ctx, { course = '', tool = '' }) => {
  const person = sessionPerson(platform, ctx)
  const faults = platform.chosenFaults.get(person.username) ?? []
  const place = courseNamed(platform, course)
  const source = toolNumbered(platform, tool)
  const into = ctx.URL.searchParams.get('into')
  const options = { faults, ...(into !== null && { into: activityNamed(platform, into) }) }
  return post(platform, ctx, beginDeepLinking(platform, person, place, source, options))
}

const authorize: Handler = async (platform, ctx) => {
  const asked = ctx.method === 'POST' ? await readForm(ctx.req) : ctx.URL.searchParams
  const person = findSessionPerson(platform, ctx)
  if (!person && !asked.has('repost')) return repost(platform, ctx, asked)
  return post(platform, ctx, await answerAuthorization(platform, asked, person?.username))
}

/**
 * A request that a tool's page started comes without our SameSite cookie. Moodle then answers with a page that
 * sends the same again from its own origin, with the cookie; so do we.
 */
function repost(platform: Platform, ctx: Context, sent: URLSearchParams): Promise<void> {
  const fields = { ...Object.fromEntries(sent), repost: '1' }
  return post(platform, ctx, { action: platform.url + ctx.url, fields })
}

const returnFromDeepLinking: Handler = async (platform, ctx) => {
  const sent = await readForm(ctx.req)
  if (!findSessionPerson(platform, ctx) && !sent.has('repost')) return repost(platform, ctx, sent)
  const reader = readerOf(platform, ctx)
  const jwt = sent.get('JWT') ?? ''
  const outcome = await acceptDeepLinking(platform, reader.person, ctx.URL.searchParams, jwt)
  return show(ctx, chosenPage(reader, outcome))
}

/** Where a tool sends people back to; it may add `lti_msg` or `lti_errormsg`. */
const returnFromTool: Handler = (platform, ctx) => {
  const query = ctx.URL.searchParams
  const course = courseNamed(platform, query.get('course') ?? '')
  const person = findSessionPerson(platform, ctx)
  const genuine = person && query.get('sesskey') === sessionKeyOf(platform, person.username)
  const said = query.get('lti_errormsg') ?? query.get('lti_msg')
  if (!genuine || said === null) return ctx.redirect(`/courses/${course.id}`)
  return show(ctx, returnedPage(viewerOf(platform, ctx), course, said))
}

export const launchRoutes: readonly Route[] = [
  ['GET', '/launch/:activity', launchActivity],
  ['GET', '/launch/deep-linking/:course/:tool', launchDeepLinking],
  ['GET', '/lti/auth', authorize],
  ['POST', '/lti/auth', authorize],
  ['POST', '/lti/deep-linking-return', returnFromDeepLinking],
  ['GET', '/lti/return', returnFromTool],
]
