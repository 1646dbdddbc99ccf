/**
 * Before ltijs's login (OIDC third-party initiated login): says clearly what is missing, gives the login a
 * nonce of ours, and finds out early whether a frame can keep cookies, while the LMS's launch is not used up.
 */
import type { LtiRequest, LtiResponse } from 'ltijs'
import { z } from 'zod'
import type { Pool } from '../data/db.ts'
import { type LtiPlatform, ltiPlatformsOf } from '../data/lms/lti-store.ts'
import { issueNonce } from './nonce.ts'
import type { Refusal } from './refusals.ts'
import { scope } from './scope.ts'

const text = z.string().min(1).max(4000)
const loginRequest = z.object({
  iss: text,
  login_hint: text,
  target_link_uri: text,
  client_id: text.optional(),
  lti_message_hint: text.optional(),
  lti_deployment_id: text.optional(),
})
type Login = Record<string, string>

export type LoginParts = { pool: Pool; nonceKey: Buffer; launchUrl: string; now(): Date }

export type LoginAnswer =
  | { refused: Refusal }
  | { breakout: Login; platform: LtiPlatform }
  | { redirected: true }
  | { goOn: true }

const PROBE = 'labplan-framed'
const PROBE_MS = 10 * 60_000

/** Lets ltijs go on inside `next`, or answers what to show instead. */
export async function guardLogin(
  parts: LoginParts,
  req: LtiRequest,
  res: LtiResponse,
  next: () => void,
): Promise<LoginAnswer> {
  const parsed = loginRequest.safeParse({ ...req.query, ...req.body })
  if (!parsed.success) return { refused: { code: 'login-incomplete' } }
  const platform = await namedPlatform(parts.pool, parsed.data)
  if ('refused' in platform) return platform
  const login = withoutAbsent({ ...parsed.data, client_id: platform.client_id })
  if (isFramed(req) && !req.cookies[PROBE]) return probeCookies(req, res, login, platform)
  // The redirect URI is compared as a whole string by the platform: it is our launch address, whatever
  // target the activity names. The course travels in the custom parameters.
  req.query = {}
  req.body = { ...login, target_link_uri: parts.launchUrl }
  redirectWithOurNonce(parts, res, platform)
  scope.run({ platform }, next)
  return { goOn: true }
}

function withoutAbsent(login: Record<string, string | undefined>): Login {
  return Object.fromEntries(
    Object.entries(login).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

async function namedPlatform(
  pool: Pool,
  login: z.infer<typeof loginRequest>,
): Promise<LtiPlatform | { refused: Refusal }> {
  const ofIssuer = await ltiPlatformsOf(pool, login.iss)
  const named = ofIssuer.filter((one) => !login.client_id || one.client_id === login.client_id)
  const [platform, another] = named
  if (!platform) return { refused: { code: 'platform-unknown' } }
  if (another) return { refused: { code: 'login-ambiguous' } }
  if (platform.state !== 'active') return { refused: { code: `platform-${platform.state}` } }
  return platform
}

const isFramed = (req: LtiRequest): boolean =>
  ['iframe', 'frame', 'embed', 'object'].includes(String(req.headers['sec-fetch-dest']))

/**
 * A browser that blocks cookies in frames would fail only after the LMS answered, and an LMS answers once. So a
 * framed login first takes a short turn: set a cookie, come back, see whether it is there.
 */
function probeCookies(
  req: LtiRequest,
  res: LtiResponse,
  login: Login,
  platform: LtiPlatform,
): LoginAnswer {
  if (req.query['probed'] === '1') return { breakout: login, platform }
  const again = new URLSearchParams({ ...login, probed: '1' })
  res.cookie(PROBE, '1', { maxAge: PROBE_MS, secure: true, httpOnly: true, sameSite: 'None' })
  res.statusCode = 303
  res.setHeader('location', `/lti/login?${again}`)
  res.end()
  return { redirected: true }
}

/** ltijs makes its nonce with Math.random and forgets it; ours proves at launch which login it was made for. */
function redirectWithOurNonce(parts: LoginParts, res: LtiResponse, platform: LtiPlatform): void {
  const redirect = res.redirect.bind(res)
  res.redirect = (location) => {
    const query = new URL(location).searchParams
    const login = {
      state: query.get('state') ?? '',
      issuer: platform.issuer,
      clientId: platform.client_id,
    }
    query.set('nonce', issueNonce(parts.nonceKey, login, parts.now()))
    const target = new URL(platform.auth_url)
    for (const [name, value] of query) target.searchParams.set(name, value)
    redirect(target.href)
  }
}
