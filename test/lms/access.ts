// The OAuth 2 token endpoint and the check of its tokens.
// https://www.imsglobal.org/spec/security/v1p0/#using-json-web-tokens-with-oauth-2-0-client-credentials-grant
import { randomBytes } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { Refusal } from './body.ts'
import { ask } from './http.ts'
import { toolNumbered } from './platform.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import type { Platform } from './platform.ts'
import type { Tool } from './state.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const tokenLifetimeSeconds = 3600
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export type TokenAnswer = {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  scope: string
}

export async function grantToken(platform: Platform, form: URLSearchParams): Promise<TokenAnswer> {
  const says = (name: string) => form.get(name) ?? ''
  if (!says('client_assertion') || !says('scope'))
    throw new Refusal(400, 'invalid_request', 'client_assertion and scope are needed.')
  if (
    says('client_assertion_type') !== assertionType ||
    says('grant_type') !== 'client_credentials'
  )
    throw new Refusal(400, 'unsupported_grant_type', 'Only client_credentials with a signed JWT.')
  const tool = await clientOf(platform, says('client_assertion'))
  const scopes = says('scope')
    .split(' ')
    .filter((scope) => tool.scopes.includes(scope))
  if (scopes.length === 0)
    throw new Refusal(400, 'invalid_scope', 'None of these scopes is permitted.')
  forgetExpiredTokens(platform)
  const token = randomBytes(16).toString('hex')
  const expiresAtMs = platform.now() + tokenLifetimeSeconds * 1000
  platform.accessTokens.set(token, { toolId: tool.id, scopes, expiresAtMs })
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: tokenLifetimeSeconds,
    scope: scopes.join(' '),
  }
}

function forgetExpiredTokens({ accessTokens, now }: Platform): void {
  for (const [token, { expiresAtMs }] of accessTokens)
    if (expiresAtMs <= now()) accessTokens.delete(token)
}

async function clientOf(platform: Platform, assertion: string): Promise<Tool> {
  const tool = platform.state.tools.find(({ clientId }) => clientId === subjectOf(assertion))
  if (!tool) throw new Refusal(400, 'invalid_client', 'No tool has this client id.')
  const audience = [`${platform.url}/lti/token`, platform.url]
  const claims = await verifyToolJwt(platform, tool, assertion, audience)
  if (claims.exp === undefined || claims.jti === undefined)
    throw new Refusal(400, 'invalid_client', 'The assertion needs exp and jti.')
  return tool
}

function subjectOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).sub
  } catch (cause) {
    throw new Refusal(400, 'invalid_request', 'client_assertion is not a JWT.', { cause })
  }
}

/** Checks a JWT a tool signed, against the key set it registered (fetched each time, as Moodle does on a miss). */
export async function verifyToolJwt(
  platform: Platform,
  tool: Tool,
  jwt: string,
  audience: string[],
): Promise<JWTPayload> {
  const keySet = await fetchKeySet(tool)
  try {
    const { payload } = await jwtVerify(jwt, createLocalJWKSet(keySet), {
      algorithms: ['RS256'],
      issuer: tool.clientId,
      audience,
      clockTolerance: 5,
      currentDate: new Date(platform.now()),
    })
    return payload
  } catch (cause) {
    const reason = whyOf(cause)
    throw new Refusal(400, 'invalid_client', `The tool’s JWT is refused: ${reason}.`, { cause })
  }
}

async function fetchKeySet(tool: Tool): Promise<JSONWebKeySet> {
  try {
    const { text } = await ask(tool.keySetUrl, { headers: { accept: 'application/json' } })
    return JSON.parse(text) as JSONWebKeySet
  } catch (cause) {
    const message = `No key set at ${tool.keySetUrl}; is the tool running?`
    throw new Refusal(400, 'invalid_client', message, { cause })
  }
}

/** The tool behind a bearer token that carries one of `scopes`. */
export function toolWithScope(
  platform: Platform,
  headers: IncomingHttpHeaders,
  ...scopes: string[]
): Tool {
  const [scheme, token = ''] = (headers.authorization ?? '').split(' ')
  const access = platform.accessTokens.get(token)
  if (scheme !== 'Bearer' || !access || access.expiresAtMs <= platform.now())
    throw new Refusal(401, 'invalid_token', 'A bearer token of this LMS is needed.')
  if (!scopes.some((scope) => access.scopes.includes(scope)))
    throw new Refusal(
      403,
      'insufficient_scope',
      `One of these scopes is needed: ${scopes.join(', ')}.`,
    )
  return toolNumbered(platform, access.toolId)
}
