/**
 * Around ltijs's validation of a launch: before it, what can be refused without believing the token, each
 * with its own reason; after it, what ltijs does not look at. Between the two stands the signature.
 */
import type { LtiRequest } from 'ltijs'
import type { Pool } from '../data/db.ts'
import { type LtiPlatform, ltiPlatformsOf } from '../data/lms/lti-store.ts'
import { meetDeployment } from '../data/lms/platform.ts'
import { peekLocale, peekToken, readClaims } from './claims.ts'
import type { KeySets } from './key-sets.ts'
import type { Launch } from './launch.ts'
import { judgeNonce } from './nonce.ts'
import { type Refusal, type RefusalCode, refusalOfClaim } from './refusals.ts'
import type { Scope } from './scope.ts'

/** How far the clocks of two servers may be apart. */
const SKEW_SECONDS = 60

export type GuardParts = { pool: Pool; keySets: KeySets; nonceKey: Buffer; now(): Date }

type Refused = { refused: Refusal; locale?: 'en' | 'fr' | undefined }

/** What is known before the signature is checked: the platform the token claims to come from, and its key. */
export async function guardLaunch(
  parts: GuardParts,
  req: LtiRequest,
): Promise<Refused | Required<Scope>> {
  const form = req.body ?? {}
  const { state, error } = form
  if (req.method !== 'POST') return { refused: { code: 'not-from-lms' } }
  if (typeof error === 'string')
    return { refused: { code: 'lms-said-no', params: { error: error.slice(0, 40) } } }
  if (typeof form['id_token'] !== 'string') return { refused: { code: 'not-from-lms' } }
  const token = peekToken(form['id_token'])
  if (!token) return { refused: { code: 'token-unreadable' } }
  const refuse = (code: RefusalCode): Refused => ({
    refused: { code },
    locale: peekLocale(token.payload),
  })
  if (typeof state !== 'string' || state === '') return refuse('state-missing')
  const { iss, aud, azp, nonce } = token.payload
  const begunBy = req.signedCookies[`state${state}`]
  if (!begunBy) return refuse(hasStateCookie(req) ? 'state-changed' : 'cookies-blocked')
  if (begunBy !== iss) return refuse('issuer-changed')
  const platform = addressee(await ltiPlatformsOf(parts.pool, begunBy), { aud, azp })
  if (!platform) return refuse('audience-other')
  if (platform.state !== 'active') return refuse(`platform-${platform.state}`)
  if (token.header.alg !== 'RS256') return refuse('algorithm')
  const login = { state, issuer: platform.issuer, clientId: platform.client_id }
  const verdict = judgeNonce(parts.nonceKey, nonce, login, parts.now())
  if (verdict !== 'good') return refuse(nonceCodes[verdict])
  const found = await parts.keySets.find(platform.key_set_url, token.header.kid ?? '')
  if ('failure' in found)
    return refuse(found.failure === 'unknown' ? 'key-unknown' : 'keys-unreachable')
  return { platform, signingKey: found.key, payload: token.payload }
}

const nonceCodes = {
  missing: 'nonce-missing',
  unknown: 'nonce-unknown',
  'other-login': 'nonce-other-login',
  late: 'login-late',
} as const

const hasStateCookie = (req: LtiRequest): boolean =>
  Object.keys(req.signedCookies).some((name) => /^state[0-9a-f]{50}$/.test(name))

/** The registration a token is addressed to (OpenID Connect core §3.1.3.7, 3 to 5). */
function addressee(
  platforms: LtiPlatform[],
  token: { aud: unknown; azp: unknown },
): LtiPlatform | undefined {
  const audiences = [token.aud].flat()
  return platforms.find(
    ({ client_id }) =>
      audiences.includes(client_id) && (token.azp === undefined || token.azp === client_id),
  )
}

/** After the signature: times, claims and deployment. A deployment never seen is kept for an administrator. */
export async function acceptLaunch(
  parts: Pick<GuardParts, 'pool' | 'now'>,
  verified: Scope,
): Promise<Refused | Launch> {
  const read = readClaims(verified.payload)
  if ('wrongClaim' in read) return { refused: refusalOfClaim(read.wrongClaim) }
  const { claims } = read
  const now = parts.now()
  const { locale } = claims
  if (claims.issuedAt.getTime() > now.getTime() + SKEW_SECONDS * 1000)
    return { refused: { code: 'future' }, locale }
  const deployment = await meetDeployment(parts.pool, {
    platformId: verified.platform.id,
    deploymentId: claims.deploymentId,
    now,
  })
  if (deployment.state !== 'active') {
    const params = { deployment: claims.deploymentId.slice(0, 40) }
    return { refused: { code: `deployment-${deployment.state}`, params }, locale }
  }
  return { platform: verified.platform, deploymentId: deployment.id, claims, now }
}
