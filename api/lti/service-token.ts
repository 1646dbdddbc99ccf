/**
 * Access to a platform's services (1EdTech Security Framework 1.0 §4.1: client credentials with a signed JWT). Not
 * ltijs's own request, which follows redirects, waits for ever and knows no fence around our network.
 */
import { randomUUID } from 'node:crypto'
import { SignJWT, importPKCS8 } from 'jose'
import { z } from 'zod'
import type { Pool } from '../data/db.ts'
import type { KeyRing } from '../data/key-ring.ts'
import {
  type LtiPlatform,
  findAccessToken,
  findPrivateKey,
  keepAccessToken,
} from '../data/lms/lti-store.ts'
import type { Reach } from '../reach.ts'
import { type LmsFailure, askLms } from './lms-fetch.ts'

/** A token is not used in its last seconds: it would end on the way. */
const SPARE_SECONDS = 30
const ASSERTION_SECONDS = 60

const granted = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(3600),
})

export type TokenParts = { pool: Pool; ring: KeyRing; reach: Reach; now(): Date }

/** @param asked.isFresh not the one we have: the platform does not take it any more */
export async function serviceToken(
  parts: TokenParts,
  asked: { platform: LtiPlatform; scopes: string; isFresh?: boolean },
): Promise<{ token: string } | LmsFailure> {
  const { pool, ring, now } = parts
  const { platform, scopes } = asked
  const of = { issuer: platform.issuer, clientId: platform.client_id, scopes }
  const known = asked.isFresh ? undefined : await findAccessToken(pool, ring, { ...of, now: now() })
  const before = granted.safeParse(known?.token)
  if (before.success) return { token: before.data.access_token }
  const answer = await askLms(parts.reach, platform.token_url, {
    form: {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(parts, platform),
      scope: scopes,
    },
  })
  if ('failure' in answer) return answer
  const read = granted.safeParse(answer.json)
  if (!read.success) return { failure: 'bad-answer', detail: `${platform.token_url} gave no token` }
  const { access_token: token, expires_in: seconds } = read.data
  const at = now()
  const expiresAt = new Date(at.getTime() + Math.max(0, seconds - SPARE_SECONDS) * 1000)
  await keepAccessToken(pool, ring, { ...of, token: read.data, now: at, expiresAt })
  return { token }
}

async function assertion({ pool, ring, now }: TokenParts, platform: LtiPlatform): Promise<string> {
  const pem = await findPrivateKey(pool, ring, platform.kid)
  if (!pem) throw new Error(`The key pair ${platform.kid} of ${platform.name} is not there.`)
  const seconds = Math.floor(now().getTime() / 1000)
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: platform.kid, typ: 'JWT' })
    .setIssuer(platform.client_id)
    .setSubject(platform.client_id)
    .setAudience(platform.token_audience)
    .setJti(randomUUID())
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .sign(await importPKCS8(pem, 'RS256'))
}
