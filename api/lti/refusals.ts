/**
 * Every reason to refuse, with its HTTP status and what the reader can do. The code stands on the page, for
 * the teacher to pass on; the sentence behind it is `lti.refused.CODE` in messages/lti.ts.
 */
import type { lti } from '../messages/lti.ts'

type Next =
  | 'again'
  | 'teacher'
  | 'administrator'
  | 'window'
  | 'link'
  | 'retry-link'
  | 'choose'
  | 'wait'

export const refusals = {
  'login-incomplete': { status: 400, next: 'again' },
  'login-ambiguous': { status: 400, next: 'teacher' },
  'platform-unknown': { status: 403, next: 'administrator' },
  'platform-pending': { status: 403, next: 'administrator' },
  'platform-disabled': { status: 403, next: 'administrator' },

  'not-from-lms': { status: 405, next: 'again' },
  'lms-said-no': { status: 403, next: 'again' },
  'token-unreadable': { status: 400, next: 'again' },
  'state-missing': { status: 400, next: 'again' },
  'state-changed': { status: 403, next: 'again' },
  'cookies-blocked': { status: 403, next: 'window' },
  'issuer-changed': { status: 403, next: 'teacher' },
  'audience-other': { status: 403, next: 'teacher' },
  algorithm: { status: 403, next: 'teacher' },
  'key-unknown': { status: 403, next: 'teacher' },
  'keys-unreachable': { status: 502, next: 'again' },
  signature: { status: 403, next: 'teacher' },
  'nonce-missing': { status: 400, next: 'teacher' },
  'nonce-unknown': { status: 403, next: 'again' },
  'nonce-other-login': { status: 403, next: 'again' },
  'nonce-used': { status: 403, next: 'again' },
  'login-late': { status: 403, next: 'again' },
  expired: { status: 403, next: 'again' },
  future: { status: 403, next: 'teacher' },
  'message-type': { status: 400, next: 'teacher' },
  version: { status: 400, next: 'teacher' },
  'subject-missing': { status: 400, next: 'teacher' },
  'roles-missing': { status: 400, next: 'teacher' },
  'deployment-missing': { status: 400, next: 'teacher' },
  'resource-missing': { status: 400, next: 'teacher' },
  'context-missing': { status: 400, next: 'teacher' },
  'claim-wrong': { status: 400, next: 'teacher' },
  'deployment-pending': { status: 403, next: 'administrator' },
  'deployment-disabled': { status: 403, next: 'administrator' },
  'deep-link-role': { status: 403, next: 'teacher' },
  'deep-link-types': { status: 400, next: 'teacher' },

  'activity-unlinked': { status: 403, next: 'teacher' },
  'activity-unlinked-teacher': { status: 403, next: 'choose' },
  'activity-copied': { status: 403, next: 'wait' },
  'course-not-open': { status: 403, next: 'wait' },

  'registration-no-link': { status: 403, next: 'link' },
  'registration-link-unknown': { status: 403, next: 'link' },
  'registration-link-used': { status: 403, next: 'link' },
  'registration-link-expired': { status: 403, next: 'link' },
  'registration-address': { status: 400, next: 'retry-link' },
  'registration-unreachable': { status: 502, next: 'retry-link' },
  'registration-unreadable': { status: 502, next: 'retry-link' },
  'registration-issuer': { status: 403, next: 'retry-link' },
  'registration-said-no': { status: 502, next: 'retry-link' },

  'code-used': { status: 410, next: 'again' },
  'not-here': { status: 404, next: 'again' },
  broken: { status: 500, next: 'again' },
} as const satisfies Record<string, { status: number; next: Next }>

export type RefusalCode = keyof typeof refusals

// A refusal without its sentence does not compile, nor a sentence without its refusal.
type Said = keyof typeof lti extends infer Key
  ? Key extends `lti.refused.${infer Code}`
    ? Code
    : never
  : never
true satisfies [Said, RefusalCode] extends [RefusalCode, Said] ? true : false

export type Refusal = { code: RefusalCode; params?: Record<string, string> }

/** What ltijs throws, as our codes. Everything else it throws is a bug or an outage: "broken". */
const fromLtijs: Record<string, RefusalCode> = {
  NO_LTIK_OR_IDTOKEN_FOUND: 'not-from-lms',
  INVALID_JWT_RECEIVED: 'token-unreadable',
  MISSING_VALIDATION_COOKIE: 'state-changed',
  ISS_CLAIM_DOES_NOT_MATCH: 'issuer-changed',
  UNREGISTERED_PLATFORM: 'platform-unknown',
  PLATFORM_NOT_ACTIVATED: 'platform-pending',
  ALG_NOT_RS256: 'algorithm',
  AZP_DOES_NOT_MATCH_CLIENTID: 'audience-other',
  TOKEN_TOO_OLD: 'expired',
  NONCE_ALREADY_RECEIVED: 'nonce-used',
  NO_MESSAGE_TYPE_CLAIM: 'message-type',
  NO_TARGET_LINK_URI_CLAIM: 'claim-wrong',
  NO_RESOURCE_LINK_ID_CLAIM: 'resource-missing',
  NO_LTI_VERSION_CLAIM: 'version',
  WRONG_LTI_VERSION_CLAIM: 'version',
  NO_DEPLOYMENT_ID_CLAIM: 'deployment-missing',
  NO_SUB_CLAIM: 'subject-missing',
  NO_ROLES_CLAIM: 'roles-missing',
  // jsonwebtoken's own words
  'invalid signature': 'signature',
  'jwt signature is required': 'signature',
  'invalid algorithm': 'algorithm',
  'jwt expired': 'expired',
  'jwt not active': 'future',
}

export function refusalOf(ltijsMessage: string | undefined): Refusal {
  const code = fromLtijs[ltijsMessage ?? ''] ?? 'broken'
  return code === 'claim-wrong' ? { code, params: { claim: 'target_link_uri' } } : { code }
}

const claimCodes: Record<string, RefusalCode> = {
  sub: 'subject-missing',
  'https://purl.imsglobal.org/spec/lti/claim/roles': 'roles-missing',
  'https://purl.imsglobal.org/spec/lti/claim/deployment_id': 'deployment-missing',
  'https://purl.imsglobal.org/spec/lti/claim/message_type': 'message-type',
  'https://purl.imsglobal.org/spec/lti/claim/version': 'version',
}

export function refusalOfClaim(claim: string): Refusal {
  const code = claimCodes[claim]
  return code ? { code } : { code: 'claim-wrong', params: { claim: claim.split('/').at(-1) ?? '' } }
}
