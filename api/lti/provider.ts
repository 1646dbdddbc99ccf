/**
 * LTI 1.3 for Labplan, and the only file that runs ltijs: everything under /lti/, answered before Koa.
 *
 *   /lti/login     the LMS announces somebody  → redirect to the LMS with state and nonce
 *   /lti/launch    the LMS says who it is      → one transaction (launch.ts) → 303 /lti/enter
 *   /lti/enter     the one-time code           → our login cookie → 303 to the page
 *   /lti/keys      our public keys
 *   /lti/register  dynamic registration, behind a one-time link
 *
 * ltijs does the handshake: state, redirect, signature, claims, key set, signed messages. Around it stand our
 * guards. Not used: deploy() (ends the process on SIGINT), its dynamic registration (anybody may), and its
 * `ltik` session: with `ltiaas` a verified launch is handed to us in the same request, and no token is ever
 * in an address.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import ltijs, { type ErrorHandler, type IdToken, type LtiRequest, type LtiResponse } from 'ltijs'
import type { Config } from '../config.ts'
import type { Pool } from '../data/db.ts'
import type { DeepLinkRequest } from '../data/lms/deep-link.ts'
import type { KeyRing } from '../data/key-ring.ts'
import type { Log } from '../log.ts'
import { Answers } from './answers.ts'
import { openKeySets } from './key-sets.ts'
import type { Launch, Outcome } from './launch.ts'
import { reachFrom } from '../reach.ts'
import { type RosterOutcome, readRoster } from './roster.ts'
import { LtiStore } from './store.ts'

/** An id_token older than this is refused, whatever it says of itself: Moodle's live a minute. */
const TOKEN_SECONDS = 120

export type LtiParts = {
  config: Pick<Config, 'publicUrl' | 'lmsNetworks' | 'notices'>
  pool: Pool
  ring: KeyRing
  now(): Date
  log: Log
  /** What a verified launch becomes; launch.ts answers unless said otherwise. */
  onLaunch?: (launch: Launch) => Promise<Outcome>
  onDeepLinking?: (launch: Launch) => Promise<Outcome>
}

export type Lti = {
  /** Answers requests whose address begins with /lti/; nothing may have read the body before. */
  app(req: IncomingMessage, res: ServerResponse): void
  /** The signed message that puts items into an LMS course (Deep Linking 2.0 §4.4.3). */
  signDeepLink(request: DeepLinkRequest, items: Record<string, unknown>[]): Promise<string>
  /** Reads the list of an LMS course, by our id of it, and keeps what it says. */
  readRoster(lmsContextId: string): Promise<RosterOutcome>
}

export function createLti(parts: LtiParts): Lti {
  // The package's own export is one shared instance; tests and restarts want their own.
  const provider = new (ltijs.Provider.constructor as new () => typeof ltijs.Provider)()
  const reach = reachFrom({ ...parts.config, networks: parts.config.lmsNetworks })
  const keySets = openKeySets({ reach, now: parts.now })
  const answers = new Answers({ ...parts, reach, keySets })
  provider.setup(
    parts.ring.derive('lti cookies').toString('base64url'),
    { plugin: new LtiStore(parts) },
    {
      ...{ loginRoute: '/lti/login', appRoute: '/lti/launch' },
      ...{ keysetRoute: '/lti/keys', dynRegRoute: '/lti/register' },
      cookies: { secure: true, sameSite: 'None' },
      cors: false,
      devMode: false,
      ltiaas: true,
      tokenMaxAge: TOKEN_SECONDS,
      serverAddon(app) {
        app.disable('x-powered-by')
        app.use((req, res, next) => answers.before(req, res, next))
      },
    },
  )
  provider.onConnect((_, req, res) => answers.launched(req, res))
  provider.onDeepLinking((_, req, res) => answers.launched(req, res))
  const rejected = (req: LtiRequest, res: LtiResponse) => answers.rejected(req, res)
  provider.onInvalidToken(rejected)
  provider.onSessionTimeout(rejected)
  provider.onUnregisteredPlatform(rejected)
  provider.onInactivePlatform(rejected)
  const failed: ErrorHandler = (error, req, res, _next) => answers.failed(error, req, res)
  provider.app.use(failed)
  return {
    app: provider.app,
    async signDeepLink(request, items) {
      return provider.DeepLinking.createDeepLinkingMessage(idTokenOf(request), items)
    },
    readRoster: (lmsContextId) => readRoster({ ...parts, reach }, lmsContextId),
  }
}

/** A deep linking launch as ltijs's services want it. */
function idTokenOf(request: DeepLinkRequest): IdToken {
  return {
    iss: request.issuer,
    clientId: request.clientId,
    deploymentId: request.deploymentId,
    platformContext: {
      deepLinkingSettings: {
        deep_link_return_url: request.returnUrl,
        accept_types: request.acceptTypes,
        accept_multiple: true,
        data: request.data,
      },
    },
  }
}
