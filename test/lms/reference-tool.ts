// A tiny LTI 1.3 tool that follows the specifications and nothing else: it proves the practice LMS, and it
// shares no code with it or with Labplan.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JSONWebKeySet, JWTPayload } from 'jose'

export type ReferenceTool = {
  url: string
  clientId: () => string
  /** Claims of the launches it let in, oldest first. */
  accepted: JWTPayload[]
  /** What it answered to the last registration, as the platform told it. */
  registration: () => Record<string, unknown>
  /** Signs as the tool does, e.g. a deep linking response. */
  sign: (claims: JWTPayload, audience: string) => Promise<string>
  accessToken: (scope: string) => Promise<{ status: number; body: Record<string, unknown> }>
  close: () => Promise<void>
}

type Options = {
  scope?: string
  claims?: string[]
  custom?: Record<string, string>
  /** What the teacher finds to choose in deep linking: content items. */
  items?: object[]
  /** Changes what is posted to the registration endpoint. */
  spoil?: (registration: Record<string, unknown>) => Record<string, unknown>
}

const lti = 'https://purl.imsglobal.org/spec/lti/claim'
const deepLinking = 'https://purl.imsglobal.org/spec/lti-dl/claim'
const ags = 'https://purl.imsglobal.org/spec/lti-ags/scope'

type Settings = { deep_link_return_url: string }

const closingPage = `<p>Registered.</p>
  <script>(window.opener || window.parent).postMessage({ subject: 'org.imsglobal.lti.close' }, '*')</script>`

export const everyScope = [
  `${ags}/lineitem`,
  `${ags}/lineitem.readonly`,
  `${ags}/result.readonly`,
  `${ags}/score`,
  'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly',
].join(' ')

export async function startReferenceTool(options: Options = {}): Promise<ReferenceTool> {
  const {
    scope = everyScope,
    claims = ['name', 'email'],
    custom = {},
    items = [],
    spoil = (same) => same,
  } = options
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'tool-key', alg: 'RS256' }] }
  const accepted: JWTPayload[] = []
  const nonceOfState = new Map<string, string>()
  let platform: Record<string, unknown> = {}
  let registration: Record<string, unknown> = {}

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(401, { 'content-type': 'text/plain' })
      response.end(error instanceof Error ? error.message : String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    if (pathname === '/keys') return json(response, keySet)
    if (pathname === '/register') return register(searchParams, response)
    const form = new URLSearchParams(await bodyOf(request))
    if (pathname === '/login') return login(form, response)
    if (pathname === '/launch') return launch(form, request, response)
    response.writeHead(404).end()
  }

  async function register(query: URLSearchParams, response: ServerResponse): Promise<void> {
    platform = await fetchJson(query.get('openid_configuration') ?? '')
    const answer = await fetch(String(platform['registration_endpoint']), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${query.get('registration_token')}`,
      },
      body: JSON.stringify(spoil(describe())),
    })
    const body = await answer.text()
    if (answer.ok) registration = JSON.parse(body) as Record<string, unknown>
    response.writeHead(answer.status, { 'content-type': 'text/html' })
    response.end(answer.ok ? closingPage : body)
  }

  function describe(): Record<string, unknown> {
    return {
      application_type: 'web',
      response_types: ['id_token'],
      grant_types: ['implicit', 'client_credentials'],
      initiate_login_uri: `${url}/login`,
      redirect_uris: [`${url}/launch`],
      client_name: 'Reference tool',
      jwks_uri: `${url}/keys`,
      token_endpoint_auth_method: 'private_key_jwt',
      scope,
      'https://purl.imsglobal.org/spec/lti-tool-configuration': {
        domain: new URL(url).host,
        target_link_uri: `${url}/launch`,
        claims: ['iss', 'sub', ...claims],
        custom_parameters: custom,
        messages: [{ type: 'LtiResourceLinkRequest' }, { type: 'LtiDeepLinkingRequest' }],
      },
    }
  }

  function login(form: URLSearchParams, response: ServerResponse): void {
    const state = randomBytes(8).toString('hex')
    const nonce = randomBytes(8).toString('hex')
    nonceOfState.set(state, nonce)
    const to = new URL(String(platform['authorization_endpoint']))
    to.search = new URLSearchParams({
      scope: 'openid',
      response_type: 'id_token',
      response_mode: 'form_post',
      prompt: 'none',
      client_id: form.get('client_id') ?? '',
      redirect_uri: `${url}/launch`,
      login_hint: form.get('login_hint') ?? '',
      lti_message_hint: form.get('lti_message_hint') ?? '',
      state,
      nonce,
    }).toString()
    // As a tool must, to be let back in from an LMS's frame or by its cross-site post.
    const cookie = `tool_state=${state}; HttpOnly; SameSite=None; Secure; Partitioned`
    response.writeHead(302, { location: to.href, 'set-cookie': cookie }).end()
  }

  async function launch(
    form: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const state = form.get('state') ?? ''
    if (!state || !request.headers.cookie?.includes(`tool_state=${state}`)) throw new Error('state')
    const keys = (await fetchJson(String(platform['jwks_uri']))) as unknown as JSONWebKeySet
    const { payload } = await jwtVerify(form.get('id_token') ?? '', createLocalJWKSet(keys), {
      algorithms: ['RS256'],
      issuer: String(platform['issuer']),
      audience: String(registration['client_id']),
      maxTokenAge: 60,
      requiredClaims: ['sub', 'iat', 'exp'],
    })
    if (payload['nonce'] !== nonceOfState.get(state)) throw new Error('nonce')
    nonceOfState.delete(state)
    checkMessage(payload)
    accepted.push(payload)
    const settings = payload[`${deepLinking}/deep_linking_settings`] as Settings | undefined
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(settings ? await choicePage(payload, settings) : '<h1>Reference tool</h1>')
  }

  async function choicePage(launch: JWTPayload, settings: Settings): Promise<string> {
    const jwt = await sign(
      {
        nonce: randomBytes(8).toString('hex'),
        [`${lti}/message_type`]: 'LtiDeepLinkingResponse',
        [`${lti}/version`]: '1.3.0',
        [`${lti}/deployment_id`]: launch[`${lti}/deployment_id`],
        [`${deepLinking}/content_items`]: items,
      },
      String(platform['issuer']),
    )
    const action = settings.deep_link_return_url.replaceAll('&', '&amp;')
    return `<h1>Reference tool</h1><form method="post" action="${action}">
      <input type="hidden" name="JWT" value="${jwt}"><button>Choose this</button></form>`
  }

  function checkMessage(payload: JWTPayload): void {
    const type = payload[`${lti}/message_type`]
    if (type !== 'LtiResourceLinkRequest' && type !== 'LtiDeepLinkingRequest')
      throw new Error('message_type')
    if (payload[`${lti}/version`] !== '1.3.0') throw new Error('version')
    if (!payload[`${lti}/roles`]) throw new Error('roles')
    if (payload[`${lti}/deployment_id`] !== deploymentId()) throw new Error('deployment_id')
    if (type === 'LtiResourceLinkRequest' && !payload[`${lti}/resource_link`])
      throw new Error('resource_link')
  }

  function deploymentId(): unknown {
    const tool = registration['https://purl.imsglobal.org/spec/lti-tool-configuration']
    return tool && typeof tool === 'object' && 'deployment_id' in tool ? tool.deployment_id : ''
  }

  function sign(payload: JWTPayload, audience: string): Promise<string> {
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', kid: 'tool-key' })
      .setIssuer(String(registration['client_id']))
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1 minute')
      .setJti(randomBytes(8).toString('hex'))
      .sign(privateKey)
  }

  async function accessToken(wanted: string) {
    const endpoint = String(platform['token_endpoint'])
    const answer = await fetch(endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await sign({ sub: String(registration['client_id']) }, endpoint),
        scope: wanted,
      }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  return {
    url,
    clientId: () => String(registration['client_id']),
    accepted,
    registration: () => registration,
    sign,
    accessToken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function fetchJson(address: string): Promise<Record<string, unknown>> {
  return (await (await fetch(address)).json()) as Record<string, unknown>
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
