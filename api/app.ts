/**
 * The Koa application: from a request to a visit, through the route table, to a reply on the wire.
 * Order matters: who comes → what was sent → did our own page send it → may they → do it.
 */
import { timingSafeEqual } from 'node:crypto'
import Koa, { type Context } from 'koa'
import { readBody } from './body.ts'
import { operatorToken } from './config.ts'
import { LOCALE_COOKIE, LOGIN_COOKIE, localeOf, readCookies } from './cookies.ts'
import { tokenHash } from './data/ids.ts'
import { platformOrigins } from './data/lms/platform.ts'
import { type Visitor, findVisitor } from './data/people/visitor.ts'
import { loginOfPass } from './door-pass.ts'
import { Problem, notAllowed, notFound } from './errors.ts'
import { securityHeaders } from './headers.ts'
import { type Locale, isLocale } from './locale.ts'
import { type ProblemForm, problemReply } from './pages/problem.ts'
import { sendAsset, sendReply } from './reply.ts'
import { type Route, routeFinder } from './routes/route.ts'
import { routes } from './routes/routes.ts'
import { passUpload, type UploadInto, uploadOf } from './storage/uploads.ts'
import type { Reply, Services, Visit } from './visit.ts'

const FRAMING_MS = 5_000

export function createApp(services: Services): Koa {
  const app = new Koa({ proxy: services.config.trustProxy })
  const find = routeFinder(routes)
  const framing = framingNow(services)
  app.silent = true
  app.use(async (ctx) => {
    if (ctx.path.startsWith('/public/')) return sendAsset(ctx)
    const startedAt = performance.now()
    const upload = uploadOf(ctx.path)
    if (upload) return receive(ctx, services, upload)
    const found = find(ctx.method === 'HEAD' ? 'GET' : ctx.method, ctx.path)
    const route = 'route' in found ? found.route : undefined
    const visit = await visitOf(ctx, services, 'route' in found ? found.params : {})
    if (ctx.method === 'POST') visit.page = pageAround(find, ctx.path)
    const reply = await answer(ctx, route, visit, 'allowed' in found ? found.allowed : [])
    const mayFrame = route === undefined || isFramable(route)
    ctx.set(securityHeaders(services.config, mayFrame ? await framing(visit.at) : []))
    sendReply(ctx, reply, services.stopping)
    logVisit(services, ctx, route, visit, performance.now() - startedAt)
  })
  return app
}

async function receive(ctx: Context, services: Services, upload: UploadInto): Promise<void> {
  const startedAt = performance.now()
  const visit = await visitOf(ctx, services, upload.params)
  ctx.set(securityHeaders(services.config, []))
  try {
    await identify(ctx, visit)
    await passUpload(ctx, visit, upload)
  } catch (error) {
    sendReply(ctx, problemReply(visit, error, 'json'), services.stopping)
  }
  logVisit(services, ctx, UPLOADS[upload.into], visit, performance.now() - startedAt)
}

const UPLOADS = {
  workspace: { pattern: '/workspaces/:workspace/uploads' },
  personal: { pattern: '/workspaces/:workspace/personal/uploads' },
  course: { pattern: '/courses/:course/data-uploads' },
}

const isFramable = (route: Route): boolean =>
  /^\/(workspaces|courses|deep-links|copied-activities)\//.test(route.pattern) ||
  route.pattern === '/'

/** The origins that may frame us, read again after a few seconds: a newly activated LMS must not wait long. */
function framingNow(services: Services): (at: Date) => Promise<string[]> {
  let known: { origins: string[]; until: number } | undefined
  return async (at) => {
    if (!known || known.until < at.getTime())
      known = {
        origins: await platformOrigins(services.pool, ['active']).catch(() => []),
        until: at.getTime() + FRAMING_MS,
      }
    return known.origins
  }
}

async function visitOf(
  ctx: Context,
  services: Services,
  params: Record<string, string>,
): Promise<Visit> {
  const query = new URLSearchParams(ctx.querystring)
  return {
    ...services,
    ...{ visitor: undefined, isOperator: isOperator(ctx, services), params, query, body: {} },
    bearer: bearerOf(ctx),
    locale: localeOf(ctx.req.headers),
    isFramed: ctx.get('sec-fetch-dest') === 'iframe' || query.get('framed') === '1',
    ...{ url: ctx.url, page: ctx.url },
    at: services.now(),
  }
}

/** What a form is sent to is often no page, and stands below the one that it is of. */
function pageAround(find: ReturnType<typeof routeFinder>, path: string): string {
  let page = path
  while (page !== '' && !('route' in find('GET', page))) page = page.slice(0, page.lastIndexOf('/'))
  return page || '/'
}

const bearerOf = (ctx: Context): string | undefined =>
  /^Bearer (\S+)$/.exec(ctx.get('authorization'))?.[1]

function isOperator(ctx: Context, services: Services): boolean {
  const given = bearerOf(ctx)
  const token = given ? operatorToken(services.config) : undefined
  return (
    given !== undefined &&
    token !== undefined &&
    timingSafeEqual(tokenHash(given), tokenHash(token))
  )
}

async function answer(
  ctx: Context,
  route: Route | undefined,
  visit: Visit,
  allowed: string[],
): Promise<Reply> {
  try {
    await identify(ctx, visit)
    if (!route && allowed.length > 0)
      throw new Problem(405, 'problem.method', { params: { method: ctx.method } })
    if (!route) throw notFound()
    if (route.method === 'POST') await acceptBody(ctx, route, visit)
    return await route.answer(visit)
  } catch (error) {
    return problemReply(visit, error, formOf(ctx))
  }
}

async function identify(ctx: Context, visit: Visit): Promise<void> {
  const token = readCookies(ctx.get('cookie')).get(LOGIN_COOKIE)
  if (token) await becomes(visit, tokenHash(token), ctx)
}

async function becomes(visit: Visit, hash: Buffer, ctx: Context): Promise<void> {
  const visitor = await findVisitor(visit.pool, { tokenHash: hash, now: visit.at })
  visit.visitor = visitor
  const chosen = readCookies(ctx.get('cookie')).get(LOCALE_COOKIE)
  if (visitor && !isLocale(chosen)) visit.locale = visitor.locale satisfies Locale
}

/** Reads the body, and refuses forms that our own pages did not make for this login. */
async function acceptBody(ctx: Context, route: Route, visit: Visit): Promise<void> {
  const body = await readBody(ctx.req)
  if (route.takesPass && typeof body['pass'] === 'string') {
    const hash = loginOfPass(visit.ring, body['pass'], ctx.path)
    const own = visit.visitor
    // The tab may have a cookie of its own, of somebody else even: the form is of who its page was made for.
    if (hash) await becomes(visit, hash, ctx)
    visit.visitor ??= own
  }
  if (!visit.isOperator) checkOrigin(ctx, visit, body)
  const parsed = route.body?.safeParse(body)
  if (parsed && !parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Problem(400, 'problem.bad-request', { detail: { wrong } })
  }
  visit.body = parsed?.data ?? {}
}

// Two fences against forged forms: the browser says where it comes from, and the form carries the login's token.
function checkOrigin(ctx: Context, visit: Visit, body: Record<string, unknown>): void {
  const origin = ctx.get('origin')
  const isOurs = origin === new URL(visit.config.publicUrl).origin
  if (!isOurs) throw notAllowed('problem.foreign-form')
  if (visit.visitor && !isSame(body['csrf'], visit.visitor))
    throw notAllowed('problem.foreign-form')
}

function isSame(given: unknown, visitor: Visitor): boolean {
  if (typeof given !== 'string') return false
  return timingSafeEqual(tokenHash(given), tokenHash(visitor.csrf))
}

/** As whoever asks can read it: a program, a page that follows its subject, or a person. */
function formOf(ctx: Context): ProblemForm {
  if (ctx.path.startsWith('/api/') || ctx.accepts('html', 'json') === 'json') return 'json'
  return ctx.get('accept') === 'text/event-stream' ? 'events' : 'page'
}

function logVisit(
  services: Services,
  ctx: Context,
  route: Pick<Route, 'pattern'> | undefined,
  visit: Visit,
  ms: number,
): void {
  services.log.info(
    {
      method: ctx.method,
      route: route?.pattern ?? null,
      status: ctx.status,
      ms: Math.round(ms * 10) / 10,
      who: visit.isOperator ? 'operator' : (visit.visitor?.pseudonym ?? null),
    },
    'visit',
  )
}
