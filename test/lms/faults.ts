// Bad behaviour on demand: each fault makes one launch wrong in exactly one way, so that a tool's refusal of it
// can be seen by itself.
import { createHmac, randomBytes } from 'node:crypto'
import { Refusal } from './body.ts'
import { lti } from './claims.ts'
import { signRs256, signingInput } from './keys.ts'
import type { Claims } from './claims.ts'
import type { Platform } from './platform.ts'

export const launchFaults = [
  'nonce-replayed',
  'nonce-not-issued',
  'nonce-missing',
  'audience-other',
  'issuer-other',
  'expired',
  'issued-in-future',
  'key-unknown',
  'signature-bad',
  'alg-none',
  'alg-hs256',
  'names-missing',
  'email-missing',
  'sub-missing',
  'roles-missing',
  'deployment-other',
  'deployment-missing',
  'message-type-other',
  'version-other',
  'resource-link-missing',
  'state-missing',
  'state-changed',
] as const

export type LaunchFault = (typeof launchFaults)[number]

/** A tool must still let people in with these: names are a courtesy of the LMS. */
export const harmlessFaults: readonly LaunchFault[] = ['names-missing', 'email-missing']

const hourSeconds = 3600

export function isLaunchFault(name: string): name is LaunchFault {
  return (launchFaults as readonly string[]).includes(name)
}

type Spoil = (claims: Claims, replayedNonce: string | undefined) => Claims

const spoils: Partial<Record<LaunchFault, Spoil>> = {
  'nonce-replayed': (claims, nonce) => ({ ...claims, nonce: nonceToReplay(nonce) }),
  'nonce-not-issued': (claims) => ({ ...claims, nonce: randomBytes(16).toString('hex') }),
  'nonce-missing': (claims) => without(claims, 'nonce'),
  'audience-other': (claims) => ({ ...claims, aud: 'somebody-else' }),
  'issuer-other': (claims) => ({ ...claims, iss: 'https://moodle.elsewhere.example' }),
  expired: (claims) => shifted(claims, -hourSeconds),
  'issued-in-future': (claims) => shifted(claims, hourSeconds),
  'names-missing': (claims) => without(claims, 'name', 'given_name', 'family_name', `${lti}/ext`),
  'email-missing': (claims) => without(claims, 'email'),
  'sub-missing': (claims) => without(claims, 'sub'),
  'roles-missing': (claims) => without(claims, `${lti}/roles`),
  'deployment-other': (claims) => ({ ...claims, [`${lti}/deployment_id`]: '999' }),
  'deployment-missing': (claims) => without(claims, `${lti}/deployment_id`),
  'message-type-other': (claims) => ({ ...claims, [`${lti}/message_type`]: 'LtiSomethingElse' }),
  'version-other': (claims) => ({ ...claims, [`${lti}/version`]: '1.1.0' }),
  'resource-link-missing': (claims) => without(claims, `${lti}/resource_link`),
}

export function spoilClaims(
  claims: Claims,
  faults: readonly LaunchFault[],
  replayedNonce: string | undefined,
): Claims {
  return faults.reduce((spoilt, fault) => spoils[fault]?.(spoilt, replayedNonce) ?? spoilt, claims)
}

function nonceToReplay(nonce: string | undefined): string {
  if (nonce !== undefined) return nonce
  throw new Refusal(409, 'no_nonce', 'Nothing to replay yet: launch this tool once without faults.')
}

function without(claims: Claims, ...names: string[]): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)))
}

function shifted(claims: Claims, seconds: number): Claims {
  return { ...claims, iat: Number(claims['iat']) + seconds, exp: Number(claims['exp']) + seconds }
}

/** Signs the id_token, wrongly where a fault says so. */
export function signLaunch(
  platform: Platform,
  claims: Claims,
  faults: readonly LaunchFault[],
): Promise<string> | string {
  const { key, strangerKey } = platform
  if (faults.includes('alg-none'))
    return `${signingInput({ typ: 'JWT', alg: 'none', kid: key.kid }, claims)}.`
  if (faults.includes('alg-hs256')) return signWithPublicKey(platform, claims)
  if (faults.includes('key-unknown')) return signRs256(strangerKey, claims)
  if (faults.includes('signature-bad')) return signRs256(strangerKey, claims, key.kid)
  return signRs256(key, claims)
}

/** The classic confusion: the public key, which everybody has, used as a shared secret. */
function signWithPublicKey({ key }: Platform, claims: Claims): string {
  const input = signingInput({ typ: 'JWT', alg: 'HS256', kid: key.kid }, claims)
  const secret = key.publicKey.export({ type: 'spki', format: 'pem' })
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

export function spoilState(
  state: string | undefined,
  faults: readonly LaunchFault[],
): string | undefined {
  if (faults.includes('state-missing')) return undefined
  if (faults.includes('state-changed')) return randomBytes(16).toString('hex')
  return state
}
