// What people see, and the two places where a browser carries a launch: authorization and deep linking's return.
import { acceptDeepLinking } from './deep-linking.ts'
import { activateTool, deleteTool, registrationAddress } from './registration.ts'
import {
  activityNamed,
  courseNamed,
  findMember,
  findPerson,
  personNamed,
  sessionKeyOf,
  toolNumbered,
} from './platform.ts'
import { activityPage, choosePage, registeringPage } from './pages/activity.ts'
import { answerAuthorization, beginActivityLaunch, beginDeepLinking } from './launch.ts'
import { chosenPage, postingPage, returnedPage } from './pages/message.ts'
import { copyCourse, removeActivity } from './editing.ts'
import { coursePage, coursesPage, gradesPage, membersPage } from './pages/course.ts'
import { faultsPage } from './pages/faults.ts'
import {
  findSessionPerson,
  sessionPerson,
  setSession,
  siteAdministrator,
  viewerOf,
} from './session.ts'
import { isLaunchFault } from './faults.ts'
import { loginPage } from './pages/login.ts'
import { mayEditCourse } from './roles.ts'
import { readForm, Refusal } from './body.ts'
import { serveStatic } from './static.ts'
import { toolsPage } from './pages/tools.ts'
import type { Context } from 'koa'
import type { Course } from './state.ts'
import type { Html } from './pages/layout.ts'
import type { Platform } from './platform.ts'
import type { PostForm } from './launch.ts'
import type { Reader } from './pages/course.ts'
import type { Route } from './router.ts'

export function pageRoutes(platform: Platform): Route[] {
  return [
    ['GET', '/static/:file', serveStatic],
    ['GET', '/', (ctx) => showHome(platform, ctx)],
    ['GET', '/login', (ctx) => showLogin(platform, ctx)],
    ['GET', '/login/:person', (ctx, { person = '' }) => logIn(platform, ctx, person)],
    ['POST', '/language/:language', (ctx, { language }) => changeLanguage(platform, ctx, language)],
    ['GET', '/courses/:id', (ctx, { id = '' }) => showCourse(platform, ctx, id, coursePage)],
    [
      'GET',
      '/courses/:id/members',
      (ctx, { id = '' }) => showToStaff(platform, ctx, id, membersPage),
    ],
    [
      'GET',
      '/courses/:id/grades',
      (ctx, { id = '' }) => showToStaff(platform, ctx, id, gradesPage),
    ],
    ['POST', '/courses/:id/copy', (ctx, { id = '' }) => copy(platform, ctx, id)],
    [
      'GET',
      '/courses/:id/choose/:tool',
      (ctx, { id = '', tool = '' }) => showChoose(platform, ctx, id, tool),
    ],
    ['GET', '/activities/:id', (ctx, { id = '' }) => showActivity(platform, ctx, id)],
    ['POST', '/activities/:id/opens-in', (ctx, { id = '' }) => changeOpensIn(platform, ctx, id)],
    ['POST', '/activities/:id/remove', (ctx, { id = '' }) => remove(platform, ctx, id)],
    ['GET', '/launch/:activity', (ctx, { activity = '' }) => launch(platform, ctx, activity)],
    [
      'GET',
      '/launch/deep-linking/:course/:tool',
      (ctx, { course = '', tool = '' }) => launchDeepLinking(platform, ctx, course, tool),
    ],
    ['GET', '/lti/auth', (ctx) => authorize(platform, ctx, ctx.URL.searchParams)],
    ['POST', '/lti/auth', async (ctx) => authorize(platform, ctx, await readForm(ctx.req))],
    ['POST', '/lti/deep-linking-return', (ctx) => returnFromDeepLinking(platform, ctx)],
    ['GET', '/lti/return', (ctx) => returnFromTool(platform, ctx)],
    ['GET', '/admin/tools', (ctx) => showTools(platform, ctx)],
    ['POST', '/admin/tools/register', (ctx) => startRegistration(platform, ctx)],
    [
      'POST',
      '/admin/tools/:id/activate',
      (ctx, { id = '' }) => changeTool(platform, ctx, id, activateTool),
    ],
    [
      'POST',
      '/admin/tools/:id/remove',
      (ctx, { id = '' }) => changeTool(platform, ctx, id, deleteTool),
    ],
    ['GET', '/faults', (ctx) => showFaults(platform, ctx)],
    ['POST', '/faults', (ctx) => chooseFaults(platform, ctx)],
  ]
}

async function show(ctx: Context, page: Html): Promise<void> {
  ctx.type = 'html'
  ctx.set('Cache-Control', 'no-store')
  ctx.body = String(await page)
}

function readerOf(platform: Platform, ctx: Context): Reader {
  return { ...viewerOf(platform, ctx), person: sessionPerson(platform, ctx) }
}

async function showHome(platform: Platform, ctx: Context): Promise<void> {
  if (!findSessionPerson(platform, ctx)) return ctx.redirect('/login')
  return show(ctx, coursesPage(platform, readerOf(platform, ctx)))
}

function showLogin(platform: Platform, ctx: Context): Promise<void> {
  return show(ctx, loginPage(viewerOf(platform, ctx), platform.people, pathOf(ctx.query['next'])))
}

function logIn(platform: Platform, ctx: Context, username: string): void {
  setSession(ctx, personNamed(platform, username))
  ctx.redirect(pathOf(ctx.query['next']))
}

/** Only a path of ours; anything else leads home. */
function pathOf(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/u.test(next) ? next : '/'
}

function changeLanguage(platform: Platform, ctx: Context, language: string | undefined): void {
  const { username } = sessionPerson(platform, ctx)
  platform.state.languages[username] = language === 'fr' ? 'fr' : 'en'
  platform.save()
  goBack(ctx)
}

function goBack(ctx: Context): void {
  const referrer = URL.parse(ctx.get('referer'))
  ctx.redirect(referrer?.origin === ctx.origin ? referrer.pathname : '/')
}

type CoursePage = (platform: Platform, reader: Reader, course: Course) => Html

async function showCourse(
  platform: Platform,
  ctx: Context,
  id: string,
  page: CoursePage,
): Promise<void> {
  if (!findSessionPerson(platform, ctx)) return askWho(ctx)
  const reader = readerOf(platform, ctx)
  const course = courseNamed(platform, id)
  if (!reader.person.siteAdmin && !findMember(course, reader.person))
    throw new Refusal(403, 'access_denied', `${reader.person.username} is not in this course.`)
  return show(ctx, page(platform, reader, course))
}

function askWho(ctx: Context): void {
  ctx.redirect(`/login?next=${encodeURIComponent(ctx.path)}`)
}

function showToStaff(
  platform: Platform,
  ctx: Context,
  id: string,
  page: CoursePage,
): Promise<void> {
  const person = sessionPerson(platform, ctx)
  if (findMember(courseNamed(platform, id), person)?.role === 'student')
    throw new Refusal(403, 'access_denied', 'Only those who teach may read this.')
  return showCourse(platform, ctx, id, page)
}

function editableCourse(platform: Platform, ctx: Context, id: string): Course {
  const person = sessionPerson(platform, ctx)
  const course = courseNamed(platform, id)
  if (mayEditCourse(person, findMember(course, person)?.role)) return course
  throw new Refusal(403, 'access_denied', `${person.username} may not edit this course.`)
}

async function copy(platform: Platform, ctx: Context, id: string): Promise<void> {
  const course = editableCourse(platform, ctx, id)
  const form = await readForm(ctx.req)
  const copied = copyCourse(platform, course, { withStudents: form.get('withStudents') === 'yes' })
  ctx.redirect(`/courses/${copied.id}`)
}

function showChoose(
  platform: Platform,
  ctx: Context,
  courseId: string,
  toolId: string,
): Promise<void> {
  const course = editableCourse(platform, ctx, courseId)
  return show(ctx, choosePage(readerOf(platform, ctx), course, toolNumbered(platform, toolId)))
}

async function showActivity(platform: Platform, ctx: Context, id: string): Promise<void> {
  const activity = activityNamed(platform, id)
  const page: CoursePage = (_, reader, course) => activityPage(reader, course, activity)
  return showCourse(platform, ctx, activity.courseId, page)
}

async function changeOpensIn(platform: Platform, ctx: Context, id: string): Promise<void> {
  const activity = activityNamed(platform, id)
  editableCourse(platform, ctx, activity.courseId)
  activity.opensIn = (await readForm(ctx.req)).get('opensIn') === 'frame' ? 'frame' : 'window'
  platform.save()
  ctx.redirect(`/courses/${activity.courseId}`)
}

function remove(platform: Platform, ctx: Context, id: string): void {
  const activity = activityNamed(platform, id)
  editableCourse(platform, ctx, activity.courseId)
  removeActivity(platform, activity)
  ctx.redirect(`/courses/${activity.courseId}`)
}

async function launch(platform: Platform, ctx: Context, name: string): Promise<void> {
  const person = findSessionPerson(platform, ctx)
  if (!person) return askWho(ctx)
  const faults = platform.chosenFaults.get(person.username) ?? []
  const activity = activityNamed(platform, name)
  return post(platform, ctx, beginActivityLaunch(platform, person, activity, { faults }))
}

function launchDeepLinking(
  platform: Platform,
  ctx: Context,
  courseId: string,
  toolId: string,
): Promise<void> {
  const person = sessionPerson(platform, ctx)
  const faults = platform.chosenFaults.get(person.username) ?? []
  const course = courseNamed(platform, courseId)
  const tool = toolNumbered(platform, toolId)
  return post(platform, ctx, beginDeepLinking(platform, person, course, tool, { faults }))
}

function post(platform: Platform, ctx: Context, form: PostForm): Promise<void> {
  return show(ctx, postingPage(viewerOf(platform, ctx), form))
}

async function authorize(platform: Platform, ctx: Context, asked: URLSearchParams): Promise<void> {
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

async function returnFromDeepLinking(platform: Platform, ctx: Context): Promise<void> {
  const sent = await readForm(ctx.req)
  if (!findSessionPerson(platform, ctx) && !sent.has('repost')) return repost(platform, ctx, sent)
  const reader = readerOf(platform, ctx)
  const jwt = sent.get('JWT') ?? ''
  const outcome = await acceptDeepLinking(platform, reader.person, ctx.URL.searchParams, jwt)
  return show(ctx, chosenPage(reader, outcome))
}

/** Where a tool sends people back to; it may add `lti_msg` or `lti_errormsg`. */
async function returnFromTool(platform: Platform, ctx: Context): Promise<void> {
  const query = ctx.URL.searchParams
  const courseId = courseNamed(platform, query.get('course') ?? '').id
  const person = findPerson(platform, findSessionPerson(platform, ctx)?.username)
  const genuine = person && query.get('sesskey') === sessionKeyOf(platform, person.username)
  const said = query.get('lti_errormsg') ?? query.get('lti_msg')
  if (!genuine || said === null) return ctx.redirect(`/courses/${courseId}`)
  return show(ctx, returnedPage(viewerOf(platform, ctx), courseId, said))
}

function showTools(platform: Platform, ctx: Context): Promise<void> {
  siteAdministrator(platform, ctx)
  return show(ctx, toolsPage(readerOf(platform, ctx), platform.state.tools))
}

async function startRegistration(platform: Platform, ctx: Context): Promise<void> {
  siteAdministrator(platform, ctx)
  const form = await readForm(ctx.req)
  const toolAddress = form.get('address') ?? ''
  if (!/^https?:$/u.test(URL.parse(toolAddress)?.protocol ?? ''))
    throw new Refusal(400, 'invalid_request', 'That is not a web address.')
  const updated = form.get('update')
  const options = updated ? { update: toolNumbered(platform, updated) } : {}
  const address = await registrationAddress(platform, toolAddress, options)
  return show(ctx, registeringPage(readerOf(platform, ctx), address))
}

function changeTool(
  platform: Platform,
  ctx: Context,
  id: string,
  change: typeof activateTool,
): void {
  siteAdministrator(platform, ctx)
  change(platform, toolNumbered(platform, id))
  ctx.redirect('/admin/tools')
}

function showFaults(platform: Platform, ctx: Context): Promise<void> {
  const reader = readerOf(platform, ctx)
  return show(ctx, faultsPage(reader, platform.chosenFaults.get(reader.person.username) ?? []))
}

async function chooseFaults(platform: Platform, ctx: Context): Promise<void> {
  const { username } = sessionPerson(platform, ctx)
  const chosen = (await readForm(ctx.req)).getAll('fault').filter(isLaunchFault)
  platform.chosenFaults.set(username, chosen)
  ctx.redirect('/faults')
}
