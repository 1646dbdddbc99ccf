// Choosing who you are, your courses, your language, and the switches for bad behaviour.
import { coursesPage } from './pages/course.ts'
import { faultsPage } from './pages/faults.ts'
import { findSessionPerson, sessionPerson, setSession, viewerOf } from './session.ts'
import { isLaunchFault } from './faults.ts'
import { loginPage } from './pages/login.ts'
import { personNamed } from './platform.ts'
import { readerOf, show } from './show.ts'
import { readForm } from './body.ts'
import { registrationFaults } from './registration.ts'
import { serveStatic } from './static.ts'
import type { Handler, Route } from './router.ts'

const showHome: Handler = (platform, ctx) => {
  if (!findSessionPerson(platform, ctx)) return ctx.redirect('/login')
  return show(ctx, coursesPage(platform, readerOf(platform, ctx)))
}

const showLogin: Handler = (platform, ctx) =>
  show(ctx, loginPage(viewerOf(platform, ctx), platform.people, pathOf(ctx.query['next'])))

const logIn: Handler = (platform, ctx, { person = '' }) => {
  setSession(ctx, personNamed(platform, person))
  ctx.redirect(pathOf(ctx.query['next']))
}

/** Only a path of ours; anything else leads home. */
function pathOf(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/u.test(next) ? next : '/'
}

const changeLanguage: Handler = (platform, ctx, { language }) => {
  const { username } = sessionPerson(platform, ctx)
  platform.state.languages[username] = language === 'fr' ? 'fr' : 'en'
  platform.save()
  const from = URL.parse(ctx.get('referer'))
  ctx.redirect(pathOf(from?.pathname))
}

const showFaults: Handler = (platform, ctx) => {
  const reader = readerOf(platform, ctx)
  const { username } = reader.person
  const chosen = platform.chosenFaults.get(username) ?? []
  return show(ctx, faultsPage(reader, chosen, platform.chosenRegistrationFaults.get(username)))
}

const chooseFaults: Handler = async (platform, ctx) => {
  const { username } = sessionPerson(platform, ctx)
  const form = await readForm(ctx.req)
  platform.chosenFaults.set(username, form.getAll('fault').filter(isLaunchFault))
  const lie = registrationFaults.find((one) => one === form.get('registrationFault'))
  if (lie) platform.chosenRegistrationFaults.set(username, lie)
  else platform.chosenRegistrationFaults.delete(username)
  ctx.redirect('/faults')
}

export const homeRoutes: readonly Route[] = [
  ['GET', '/static/:file', (_, ctx, params) => serveStatic(ctx, params)],
  ['GET', '/', showHome],
  ['GET', '/login', showLogin],
  ['GET', '/login/:person', logIn],
  ['POST', '/language/:language', changeLanguage],
  ['GET', '/faults', showFaults],
  ['POST', '/faults', chooseFaults],
]
