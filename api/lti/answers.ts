/**
 * What goes over the wire under /lti/: the guards before ltijs, what becomes of its verdict, and the pages. A
 * refusal always is a page with its reason, never ltijs's JSON.
 */
import type { LtiRequest, LtiResponse } from 'ltijs'
import type { Config } from '../config.ts'
import type { Pool } from '../data/db.ts'
import { randomLabel } from '../data/ids.ts'
import type { KeyRing } from '../data/key-ring.ts'
import { type PlatformState, platformOrigins } from '../data/lms/platform.ts'
import { registrationLinkState } from '../data/lms/registration-link.ts'
import { localeOf } from '../cookies.ts'
import type { Locale } from '../locale.ts'
import type { Log } from '../log.ts'
import { peekLocale } from './claims.ts'
import { entryOf, openEntry } from './entry.ts'
import type { KeySets } from './key-sets.ts'
import { type Launch, type Outcome, admitDeepLinking, admitLaunch } from './launch.ts'
import { acceptLaunch, guardLaunch } from './launch-guard.ts'
import type { Reach } from '../reach.ts'
import { guardLogin } from './login-guard.ts'
import { breakoutPage, pageHeaders, pastePage, refusalPage, registeredPage } from './pages.ts'
import { type Refusal, refusalOf, refusals } from './refusals.ts'
import { register, whyNoLink } from './registration.ts'
import { scope } from './scope.ts'

export type AnswerParts = {
  config: Pick<Config, 'publicUrl' | 'notices'>
  pool: Pool
  ring: KeyRing
  now(): Date
  log: Log
  reach: Reach
  keySets: KeySets
  onLaunch?: ((launch: Launch) => Promise<Outcome>) | undefined
  onDeepLinking?: ((launch: Launch) => Promise<Outcome>) | undefined
}

type Next = (error?: unknown) => void
type May = { frameOrigins?: string[]; formOrigins?: string[] }

const everyState: PlatformState[] = ['pending', 'active', 'disabled']

export class Answers {
  #parts: AnswerParts
  #nonceKey: Buffer

  constructor(parts: AnswerParts) {
    this.#parts = parts
    this.#nonceKey = parts.ring.derive('lti nonce')
  }

  /** In front of ltijs's own middleware, after its parsers. */
  async before(req: LtiRequest, res: LtiResponse, next: Next): Promise<void> {
    try {
      prepare(res)
      await this.#route(req, res, next)
    } catch (error) {
      await this.failed(error, req, res)
    }
  }

  async #route(req: LtiRequest, res: LtiResponse, next: Next): Promise<void> {
    if (req.path === '/lti/launch') return this.#launch(req, res, next)
    if (req.path === '/lti/login' && isOneOf(req, 'GET', 'POST')) return this.#login(req, res, next)
    if (req.path === '/lti/enter' && isOneOf(req, 'GET')) return this.#enter(req, res)
    if (req.path === '/lti/register' && isOneOf(req, 'GET')) return this.#register(req, res)
    if (req.path === '/lti/keys' && isOneOf(req, 'GET', 'HEAD')) return next()
    return this.refuse(req, res, { code: 'not-here' })
  }

  async #login(req: LtiRequest, res: LtiResponse, next: Next): Promise<void> {
    const { pool, config, now } = this.#parts
    const launchUrl = `${config.publicUrl}/lti/launch`
    this.#pageInsteadOfJson(req, res)
    const answer = await guardLogin(
      { pool, nonceKey: this.#nonceKey, launchUrl, now },
      req,
      res,
      next,
    )
    if ('refused' in answer) return this.refuse(req, res, answer.refused)
    if ('breakout' in answer) {
      const formOrigins = [new URL(answer.platform.auth_url).origin]
      return this.#page(res, 200, breakoutPage(localeOf(req.headers), answer.breakout), {
        formOrigins,
      })
    }
  }

  /** ltijs answers its own failures as JSON, which nobody can read. */
  #pageInsteadOfJson(req: LtiRequest, res: LtiResponse): void {
    const send = res.send.bind(res)
    res.send = (body) => {
      if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return send(body)
      void this.refuse(req, res, { code: 'broken' }, undefined, body)
      return res
    }
  }

  async #launch(req: LtiRequest, res: LtiResponse, next: Next): Promise<void> {
    const { pool, keySets, now } = this.#parts
    const guarded = await guardLaunch({ pool, keySets, now, nonceKey: this.#nonceKey }, req)
    if ('refused' in guarded) return this.refuse(req, res, guarded.refused, guarded.locale)
    // Only an id_token opens a launch: an ltik, which ltijs would take instead, is never given out.
    req.token = undefined
    scope.run(guarded, next)
  }

  /** ltijs verified the launch. */
  async launched(req: LtiRequest, res: LtiResponse): Promise<void> {
    try {
      const verified = scope.getStore()
      if (!verified) throw new Error('A launch was verified outside its request.')
      const launch = await acceptLaunch(this.#parts, verified)
      if ('refused' in launch) return await this.refuse(req, res, launch.refused, launch.locale)
      const outcome = await this.#admit(launch)
      if ('refused' in outcome)
        return await this.refuse(req, res, outcome.refused, launch.claims.locale)
      const { location, cookie } = entryOf(outcome.enter)
      res.appendHeader('set-cookie', cookie)
      seeOther(res, location)
    } catch (error) {
      await this.failed(error, req, res)
    }
  }

  #admit(launch: Launch): Promise<Outcome> {
    const { onLaunch, onDeepLinking } = this.#parts
    return launch.claims.messageType === 'LtiDeepLinkingRequest'
      ? (onDeepLinking?.(launch) ?? admitDeepLinking(this.#parts, launch))
      : (onLaunch?.(launch) ?? admitLaunch(this.#parts, launch))
  }

  /** ltijs did not verify it, and says why in its own words. */
  async rejected(req: LtiRequest, res: LtiResponse): Promise<void> {
    const message = res.locals.err?.details?.message
    await this.refuse(req, res, refusalOf(message), scopeLocale(), message)
  }

  async #enter(req: LtiRequest, res: LtiResponse): Promise<void> {
    const entry = await openEntry(this.#parts, { code: req.query['code'], cookies: req.cookies })
    if (!entry) return this.refuse(req, res, { code: 'code-used' })
    for (const cookie of entry.cookies) res.appendHeader('set-cookie', cookie)
    seeOther(res, entry.location)
  }

  async #register(req: LtiRequest, res: LtiResponse): Promise<void> {
    const { token, openid_configuration: url, registration_token: bearer } = req.query
    // The LMS shows this in its own frame before we know it. The page has no controls and no secret.
    const frameOrigins = typeof url === 'string' && URL.canParse(url) ? [new URL(url).origin] : []
    const refuse = (refusal: Refusal) =>
      this.refuse(req, res, refusal, undefined, undefined, { frameOrigins })
    if (typeof token !== 'string') return refuse({ code: 'registration-no-link' })
    if (typeof url !== 'string') return this.#explainLink(req, res, token)
    const outcome = await register(
      { ...this.#parts, publicUrl: this.#parts.config.publicUrl },
      {
        token,
        openidConfiguration: url,
        registrationToken: typeof bearer === 'string' ? bearer : undefined,
      },
    )
    if ('refused' in outcome) return refuse(outcome.refused)
    return this.#page(res, 200, registeredPage(localeOf(req.headers), outcome), { frameOrigins })
  }

  async #explainLink(req: LtiRequest, res: LtiResponse, token: string): Promise<void> {
    const { pool, now } = this.#parts
    const state = await registrationLinkState(pool, { token, now: now() })
    if (state === 'open') return this.#page(res, 200, pastePage(localeOf(req.headers)))
    return this.refuse(req, res, await whyNoLink(this.#parts, token))
  }

  /** A page that says why not; the log gets the reference on it, and no claim of anybody. */
  async refuse(
    req: LtiRequest,
    res: LtiResponse,
    refusal: Refusal,
    locale?: Locale,
    cause?: unknown,
    may: May = {},
  ): Promise<void> {
    const reference = randomLabel(6)
    const { platform } = scope.getStore() ?? {}
    const line = { refusal: refusal.code, reference, platform: platform?.id, ...refusal.params }
    if (refusal.code === 'broken') this.#parts.log.error({ ...line, err: cause }, 'LTI failed')
    else this.#parts.log.info({ ...line, cause }, 'LTI refused')
    const page = refusalPage(locale ?? localeOf(req.headers), refusal, reference)
    await this.#page(res, refusals[refusal.code].status, page, may)
  }

  async failed(error: unknown, req: LtiRequest, res: LtiResponse): Promise<void> {
    const isTheirs = hasStatus(error) && error.status >= 400 && error.status < 500
    const unreadable = req.path === '/lti/launch' ? 'token-unreadable' : 'login-incomplete'
    const code = isTheirs ? unreadable : 'broken'
    if (res.headersSent) res.destroy()
    else await this.refuse(req, res, { code }, undefined, error)
  }

  async #page(res: LtiResponse, status: number, page: string, may: May = {}): Promise<void> {
    const frameOrigins = may.frameOrigins ?? (await this.#frameOrigins())
    const headers = pageHeaders(this.#parts.config, { ...may, frameOrigins })
    res.writeHead(status, headers)
    res.end(page)
  }

  /** Registered LMSs, active or not: "not activated yet" has to be readable in their frame too. */
  async #frameOrigins(): Promise<string[]> {
    return platformOrigins(this.#parts.pool, everyState).catch(() => [])
  }
}

const isOneOf = (req: LtiRequest, ...methods: string[]): boolean =>
  methods.includes(req.method ?? '')

/** Cookies that live in an LMS's frame (CHIPS), and none of helmet's headers that get in an LMS's way. */
function prepare(res: LtiResponse): void {
  const cookie = res.cookie.bind(res)
  res.cookie = (name, value, options) =>
    cookie(name, value, { ...options, path: '/lti', partitioned: true })
  // Cut the window that has to hear that a registration is over, and pinned HTTPS on plain-HTTP trials.
  res.removeHeader('cross-origin-opener-policy')
  res.removeHeader('strict-transport-security')
  res.setHeader('cache-control', 'no-store')
}

function seeOther(res: LtiResponse, location: string): void {
  res.statusCode = 303
  res.setHeader('location', location)
  res.end()
}

/** The language the launch asks for, also when it was not accepted. */
function scopeLocale(): Locale | undefined {
  const payload = scope.getStore()?.payload
  return typeof payload === 'object' && payload !== null
    ? peekLocale(payload as Record<string, unknown>)
    : undefined
}

const hasStatus = (error: unknown): error is { status: number } =>
  typeof error === 'object' &&
  error !== null &&
  'status' in error &&
  typeof error.status === 'number'
