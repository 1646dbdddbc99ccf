// LTI dynamic registration. The administrator opens the tool's registration page with the address of our OpenID
// configuration and a token; the tool posts itself to the registration endpoint and waits, pending.
// https://www.imsglobal.org/spec/lti-dr/v1p0
import { randomBytes } from 'node:crypto'
import { jwtVerify } from 'jose'
import { z } from 'zod'
import { agsScopes, rosterScope } from './service-urls.ts'
import { parsed } from './grades.ts'
import { Refusal } from './body.ts'
import { signRs256 } from './keys.ts'
import { takeId } from './state.ts'
import { variableNames } from './variables.ts'
import type { Platform } from './platform.ts'
import type { Tool } from './state.ts'

const toolConfiguration = 'https://purl.imsglobal.org/spec/lti-tool-configuration'
const platformConfiguration = 'https://purl.imsglobal.org/spec/lti-platform-configuration'
const tokenLifetimeSeconds = 3600
const supportedScopes = [...agsScopes, rosterScope]

/**
 * Ways in which the OpenID configuration can mislead: it speaks for another issuer, or comes from another origin
 * than its issuer. Endpoints on another origin are what some honest LMSs have too (Canvas): a tool may accept them.
 */
export const registrationFaults = [
  'issuer-other',
  'endpoints-other',
  'configuration-other',
] as const
export type RegistrationFault = (typeof registrationFaults)[number]

export function openIdConfiguration(platform: Platform, fault?: RegistrationFault): object {
  const endpoints = fault === 'endpoints-other' ? otherOrigin(platform) : platform.url
  return {
    issuer: fault === 'issuer-other' ? 'https://moodle.elsewhere.example' : platform.url,
    token_endpoint: `${endpoints}/lti/token`,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    jwks_uri: `${endpoints}/lti/keys`,
    authorization_endpoint: `${endpoints}/lti/auth`,
    registration_endpoint: `${endpoints}/lti/registration`,
    scopes_supported: [...supportedScopes, 'openid'],
    response_types_supported: ['id_token'],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'iss', 'name', 'given_name', 'family_name', 'email'],
    [platformConfiguration]: {
      product_family_code: 'moodle',
      version: '4.5.6 (practice LMS)',
      messages_supported: ['LtiResourceLinkRequest', 'LtiDeepLinkingRequest'],
      placements: ['AddContentMenu'],
      variables: variableNames,
    },
  }
}

/** The same listener under another name: for a browser, and for the rules of the protocol, another origin. */
export function otherOrigin(platform: Platform): string {
  const url = new URL(platform.url)
  url.hostname = url.hostname === '127.0.0.1' ? 'localhost' : '127.0.0.1'
  return url.origin
}

/** What the administrator's browser opens. `update` keeps the client id of a tool that is already here. */
export async function registrationAddress(
  platform: Platform,
  toolAddress: string,
  options: { update?: Tool; fault?: RegistrationFault } = {},
): Promise<string> {
  const { update, fault } = options
  const issuedAt = Math.floor(platform.now() / 1000)
  const token = await signRs256(platform.key, {
    sub: update?.clientId ?? randomBytes(8).toString('base64url'),
    scope: update ? 'reg-update' : 'reg',
    aud: `${platform.url}/lti/registration`,
    iat: issuedAt,
    exp: issuedAt + tokenLifetimeSeconds,
  })
  const origin = fault === 'configuration-other' ? otherOrigin(platform) : platform.url
  const configuration = new URL('/lti/openid-configuration', origin)
  if (fault && fault !== 'configuration-other') configuration.searchParams.set('fault', fault)
  const address = new URL(toolAddress)
  address.searchParams.set('openid_configuration', configuration.href)
  address.searchParams.set('registration_token', token)
  return address.href
}

const url = z.url({ protocol: /^https?$/u })

const registrationShape = z.object({
  application_type: z.literal('web').optional(),
  response_types: z.array(z.string()).refine((types) => types.includes('id_token')),
  initiate_login_uri: url,
  redirect_uris: z.array(url).min(1),
  client_name: z.string().min(1),
  jwks_uri: url,
  token_endpoint_auth_method: z.literal('private_key_jwt'),
  scope: z.string().default(''),
  [toolConfiguration]: z.object({
    domain: z.string().min(1),
    target_link_uri: url,
    description: z.string().default(''),
    custom_parameters: z.record(z.string(), z.string()).default({}),
    claims: z.array(z.string()).default([]),
    messages: z
      .array(z.object({ type: z.string(), target_link_uri: z.string().optional() }))
      .default([]),
  }),
})

/** Handles the tool's POST. Returns the answer of the registration endpoint. */
export async function register(
  platform: Platform,
  bearer: string | undefined,
  body: unknown,
): Promise<object> {
  const { clientId, updates } = await registrationToken(platform, bearer)
  const { [toolConfiguration]: tool, ...client } = parsed(registrationShape, body, 'registration')
  // Moodle finds the tool of an address by this domain; with the port, or launches fail there.
  if (new URL(tool.target_link_uri).host !== tool.domain)
    throw new Refusal(400, 'invalid_client_metadata', 'domain is not that of target_link_uri.')
  const existing = platform.state.tools.find((one) => one.clientId === clientId)
  if (existing && !updates) throw new Refusal(401, 'invalid_token', 'This token was used already.')
  if (!existing && updates) throw new Refusal(404, 'not_found', 'The tool to update is gone.')
  const deepLinking = tool.messages.find(({ type }) => type === 'LtiDeepLinkingRequest')
  const registered: Tool = {
    id: existing?.id ?? takeId(platform.state),
    clientId,
    name: client.client_name,
    description: tool.description,
    state: existing?.state ?? 'pending',
    loginUrl: client.initiate_login_uri,
    redirectUris: client.redirect_uris,
    targetLinkUri: tool.target_link_uri,
    deepLinkingUri: deepLinking?.target_link_uri ?? tool.target_link_uri,
    keySetUrl: client.jwks_uri,
    domain: tool.domain,
    custom: tool.custom_parameters,
    scopes: client.scope.split(' ').filter((scope) => supportedScopes.includes(scope)),
    sendsNames: tool.claims.some((claim) => ['name', 'given_name', 'family_name'].includes(claim)),
    sendsEmail: tool.claims.includes('email'),
    deepLinking: deepLinking !== undefined,
  }
  addTool(platform, registered)
  return registrationJson(registered)
}

async function registrationToken(platform: Platform, bearer: string | undefined) {
  if (bearer === undefined)
    throw new Refusal(401, 'missing_registration_token', 'Send the registration token as bearer.')
  try {
    const { payload } = await jwtVerify(bearer, platform.key.publicKey, {
      algorithms: ['RS256'],
      audience: `${platform.url}/lti/registration`,
      currentDate: new Date(platform.now()),
    })
    return { clientId: String(payload.sub), updates: payload['scope'] === 'reg-update' }
  } catch (cause) {
    throw new Refusal(401, 'invalid_token', 'This registration token is not valid.', { cause })
  }
}

export function addTool(platform: Platform, tool: Tool): void {
  const { state } = platform
  const others = state.tools.filter(({ id }) => id !== tool.id)
  state.tools = [...others, tool].toSorted((a, b) => Number(a.id) - Number(b.id))
  platform.save()
}

function registrationJson(tool: Tool): object {
  return {
    client_id: tool.clientId,
    response_types: ['id_token'],
    jwks_uri: tool.keySetUrl,
    initiate_login_uri: tool.loginUrl,
    grant_types: ['client_credentials', 'implicit'],
    redirect_uris: tool.redirectUris,
    application_type: 'web',
    token_endpoint_auth_method: 'private_key_jwt',
    client_name: tool.name,
    scope: tool.scopes.join(' '),
    [toolConfiguration]: {
      deployment_id: tool.id,
      target_link_uri: tool.targetLinkUri,
      domain: tool.domain,
      description: tool.description,
      custom_parameters: tool.custom,
      messages: tool.deepLinking
        ? [{ type: 'LtiDeepLinkingRequest', target_link_uri: tool.deepLinkingUri }]
        : [],
      claims: [
        'sub',
        'iss',
        ...(tool.sendsNames ? ['name', 'given_name', 'family_name'] : []),
        ...(tool.sendsEmail ? ['email'] : []),
      ],
    },
  }
}

export function activateTool(platform: Platform, tool: Tool): void {
  tool.state = 'active'
  platform.save()
}

export function deleteTool(platform: Platform, tool: Tool): void {
  const { state } = platform
  state.tools = state.tools.filter(({ id }) => id !== tool.id)
  platform.save()
}
