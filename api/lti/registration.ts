/**
 * Dynamic registration (LTI Dynamic Registration 1.0), behind a one-time link. Not ltijs's, which lets anybody
 * register, believes any issuer, follows any address, and makes its RSA key with the event loop stopped.
 *
 * What a configuration says is believed only for the site it comes from: issuer and configuration have one origin,
 * or somebody could register themselves in another LMS's name.
 */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { audit } from '../data/audit.ts'
import { type Pool, withTransaction } from '../data/db.ts'
import type { KeyRing } from '../data/key-ring.ts'
import {
  type KeyPair,
  type Registration,
  keepLtiPlatform,
  ltiPlatformsOf,
} from '../data/lms/lti-store.ts'
import { keepDeployment } from '../data/lms/platform.ts'
import {
  type RegistrationLink,
  closeRegistrationLink,
  giveBackRegistrationLink,
  registrationLinkState,
  takeRegistrationLink,
} from '../data/lms/registration-link.ts'
import { type Reach, refusedUrl } from '../reach.ts'
import { type Answer, askLms } from './lms-fetch.ts'
import type { Refusal } from './refusals.ts'

const TOOL = 'https://purl.imsglobal.org/spec/lti-tool-configuration'
const PLATFORM = 'https://purl.imsglobal.org/spec/lti-platform-configuration'
/** 128 bits of strength (NIST SP 800-57 part 1, table 2). */
const KEY_BITS = 3072

const configuration = z.object({
  issuer: z.url(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  registration_endpoint: z.url(),
  authorization_server: z.string().min(1).optional(),
  [PLATFORM]: z.looseObject({ product_family_code: z.string().max(80).optional() }).optional(),
})
type Configuration = z.infer<typeof configuration>

const registered = z.object({
  client_id: z.string().min(1).max(255),
  [TOOL]: z
    .looseObject({ deployment_id: z.union([z.string(), z.number()]).transform(String).optional() })
    .optional(),
})

export type RegistrationParts = {
  pool: Pool
  ring: KeyRing
  reach: Reach
  publicUrl: string
  now(): Date
}

export type RegistrationRequest = {
  token: string
  openidConfiguration: string
  registrationToken: string | undefined
}

export type Registered = { id: string; name: string; isActive: boolean; frameOrigin: string }

export async function register(
  parts: RegistrationParts,
  request: RegistrationRequest,
): Promise<Registered | { refused: Refusal }> {
  const { pool, now } = parts
  const link = await takeRegistrationLink(pool, { token: request.token, now: now() })
  if (!link) return { refused: await whyNoLink(parts, request.token) }
  const outcome = await registerWith(parts, request, link).catch(async (error: unknown) => {
    await giveBackRegistrationLink(pool, link.id)
    throw error
  })
  if ('refused' in outcome) await giveBackRegistrationLink(pool, link.id)
  return outcome
}

export async function whyNoLink(
  parts: Pick<RegistrationParts, 'pool' | 'now'>,
  token: string,
): Promise<Refusal> {
  const state = await registrationLinkState(parts.pool, { token, now: parts.now() })
  // Open now, but not when it was to be taken: another registration held it and gave it back.
  return { code: `registration-link-${state === 'open' ? 'used' : state}` }
}

async function registerWith(
  parts: RegistrationParts,
  request: RegistrationRequest,
  link: RegistrationLink,
): Promise<Registered | { refused: Refusal }> {
  const lms = await readConfiguration(parts.reach, request.openidConfiguration)
  if ('refused' in lms) return lms
  const answer = await askLms(parts.reach, lms.registration_endpoint, {
    token: request.registrationToken,
    json: toolConfiguration(parts.publicUrl),
  })
  if ('failure' in answer) return saidNo(answer)
  const client = registered.safeParse(answer.json)
  if (!client.success) return unreadable(client.error)
  return keep(parts, { lms, client: client.data, link })
}

async function readConfiguration(
  reach: Reach,
  url: string,
): Promise<Configuration | { refused: Refusal }> {
  const answer = await askLms(reach, url)
  if ('failure' in answer) return unreachable(answer)
  const parsed = configuration.safeParse(answer.json)
  if (!parsed.success) return unreadable(parsed.error)
  const lms = parsed.data
  if (new URL(lms.issuer).origin !== new URL(url).origin)
    return {
      refused: { code: 'registration-issuer', params: { issuer: lms.issuer.slice(0, 200) } },
    }
  const addresses = [lms.authorization_endpoint, lms.token_endpoint, lms.jwks_uri]
  const wrong = addresses.map((address) => refusedUrl(reach, address)).find(Boolean)
  return wrong ? unreachable(wrong) : lms
}

type Failed = Extract<Answer, { failure: string }>

function unreachable({ failure, detail }: Failed): { refused: Refusal } {
  if (failure === 'plain-http' || failure === 'private-address')
    return {
      refused: {
        code: 'registration-address',
        params: { reason: `${failure}: ${detail.slice(0, 200)}` },
      },
    }
  return { refused: { code: 'registration-unreachable', params: { detail: detail.slice(0, 300) } } }
}

function saidNo(answer: Failed): { refused: Refusal } {
  if (answer.failure !== 'bad-answer') return unreachable(answer)
  const params = { detail: answer.detail.slice(0, 400) }
  return { refused: { code: 'registration-said-no', params } }
}

function unreadable(error: z.ZodError): { refused: Refusal } {
  const claim = error.issues[0]?.path.map(String).join('.') || 'JSON'
  return { refused: { code: 'registration-unreadable', params: { claim } } }
}

/**
 * What we tell the LMS about ourselves. Names are asked for, and e-mail
 * addresses, of which only teachers' are kept (person.ts). New windows are what a
 * terminal needs; an LMS that embeds us nevertheless works too.
 */
function toolConfiguration(publicUrl: string): Record<string, unknown> {
  const launchUrl = `${publicUrl}/lti/launch`
  return {
    application_type: 'web',
    response_types: ['id_token'],
    grant_types: ['implicit', 'client_credentials'],
    initiate_login_uri: `${publicUrl}/lti/login`,
    redirect_uris: [launchUrl],
    client_name: 'Labplan',
    jwks_uri: `${publicUrl}/lti/keys`,
    token_endpoint_auth_method: 'private_key_jwt',
    scope: [
      'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly',
      'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem',
      'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly',
      'https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly',
      'https://purl.imsglobal.org/spec/lti-ags/scope/score',
    ].join(' '),
    [TOOL]: {
      domain: new URL(publicUrl).host,
      description: 'A running lab environment for each student, in the browser.',
      target_link_uri: launchUrl,
      custom_parameters: {},
      claims: ['iss', 'sub', 'name', 'given_name', 'family_name', 'email'],
      messages: [
        { type: 'LtiResourceLinkRequest', target_link_uri: launchUrl, label: 'Labplan' },
        { type: 'LtiDeepLinkingRequest', target_link_uri: launchUrl, label: 'Labplan' },
      ],
    },
  }
}

async function keep(
  parts: RegistrationParts,
  made: { lms: Configuration; client: z.infer<typeof registered>; link: RegistrationLink },
): Promise<Registered> {
  const { lms, client, link } = made
  const isKnown = (await ltiPlatformsOf(parts.pool, lms.issuer)).some(
    (platform) => platform.client_id === client.client_id,
  )
  const keys = isKnown ? undefined : await makeKeyPair()
  const now = parts.now()
  const registration: Registration = {
    zoneId: link.zone_id,
    issuer: lms.issuer,
    clientId: client.client_id,
    name: link.name,
    authUrl: lms.authorization_endpoint,
    tokenUrl: lms.token_endpoint,
    tokenAudience: lms.authorization_server ?? lms.token_endpoint,
    keySetUrl: lms.jwks_uri,
  }
  return withTransaction(parts.pool, async (tx) => {
    const kept = await keepLtiPlatform(tx, { registration, keys, ring: parts.ring, now })
    const deploymentId = client[TOOL]?.deployment_id
    if (deploymentId)
      await keepDeployment(tx, { platformId: kept.id, deploymentId, state: 'active', now })
    await closeRegistrationLink(tx, { id: link.id, platformId: kept.id })
    await audit(tx, {
      actor: { name: 'registration', role: 'labplan' },
      action: kept.isNew ? 'platform.register' : 'platform.register-again',
      subject: { kind: 'platform', id: kept.id },
      detail: { issuer: lms.issuer, family: lms[PLATFORM]?.product_family_code ?? null },
      now,
    })
    const isActive = kept.state === 'active'
    return { id: kept.id, name: link.name, isActive, frameOrigin: new URL(lms.issuer).origin }
  })
}

const generate = promisify(generateKeyPair)

/** In libuv's pool: seconds of work, during which everybody else is served. */
async function makeKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { kid: randomBytes(16).toString('hex'), publicKey, privateKey }
}
