// A tiny LTI 1.3 tool that follows the specifications and nothing else: it proves the practice LMS, and it
// shares no code with it or with Labplan.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import type { AddressInfo } from 'node:net'
import type { CryptoKey, JSONWebKeySet, JWK, JWTPayload } from 'jose'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

type Json = Record<string, unknown>

export type ReferenceToolOptions = {
  /** What it asks for when it registers. */
  scope?: string
  claims?: string[]
  custom?: Record<string, string>
  /** What the teacher finds to choose in deep linking: content items. */
  items?: object[]
  /** Changes what is posted to the registration endpoint. */
  spoil?: (registration: Json) => Json
}

const lti = 'https://purl.imsglobal.org/spec/lti/claim'
const deepLinking = 'https://purl.imsglobal.org/spec/lti-dl/claim'
const toolConfiguration = 'https://purl.imsglobal.org/spec/lti-tool-configuration'
const ags = 'https://purl.imsglobal.org/spec/lti-ags/scope'

export const everyScope = [
  `${ags}/lineitem`,
  `${ags}/lineitem.readonly`,
  `${ags}/result.readonly`,
  `${ags}/score`,
  'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly',
].join(' ')

const closingPage = `<p>Registered.</p><script>
  (window.opener || window.parent).postMessage({ subject: 'org.imsglobal.lti.close' }, '*')
</script>`

export async function startReferenceTool(
  options: ReferenceToolOptions = {},
): Promise<ReferenceTool> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'tool-key', alg: 'RS256' }
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new ReferenceTool(server, publicJwk, privateKey, options)
}

export class ReferenceTool {
  readonly url: string
  /** Claims of the launches it let in, oldest first. */
  readonly accepted: JWTPayload[] = []
  /** What the platform answered to its registration. */
  registration: Json = {}
  private platform: Json = {}
  private readonly nonceOfState = new Map<string, string>()
  private readonly server: Server
  private readonly publicJwk: JWK
  private readonly privateKey: CryptoKey
  private readonly options: ReferenceToolOptions

  constructor(
    server: Server,
    publicJwk: JWK,
    privateKey: CryptoKey,
    options: ReferenceToolOptions,
  ) {
    this.server = server
    this.publicJwk = publicJwk
    this.privateKey = privateKey
    this.options = options
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        response.writeHead(401, { 'content-type': 'text/plain' })
        response.end(error instanceof Error ? error.message : String(error))
      })
    })
  }

  get clientId(): string {
    return String(this.registration['client_id'])
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    if (pathname === '/keys') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ keys: [this.publicJwk] }))
      return
    }
    if (pathname === '/register') return this.register(searchParams, response)
    const form = new URLSearchParams(await bodyOf(request))
    if (pathname === '/login') return this.login(form, response)
    if (pathname === '/launch') return this.launch(form, request, response)
    response.writeHead(404).end()
  }

  private async register(query: URLSearchParams, response: ServerResponse): Promise<void> {
    this.platform = await fetchJson(query.get('openid_configuration') ?? '')
    const { spoil = (same) => same } = this.options
    const answer = await fetch(String(this.platform['registration_endpoint']), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${query.get('registration_token')}`,
      },
      body: JSON.stringify(spoil(this.description())),
    })
    const body = await answer.text()
    if (answer.ok) this.registration = JSON.parse(body) as Json
    response.writeHead(answer.status, { 'content-type': 'text/html' })
    response.end(answer.ok ? closingPage : body)
  }

  private description(): Json {
    const { scope = everyScope, claims = ['name', 'email'], custom = {} } = this.options
    return {
      application_type: 'web',
      response_types: ['id_token'],
      grant_types: ['implicit', 'client_credentials'],
      initiate_login_uri: `${this.url}/login`,
      redirect_uris: [`${this.url}/launch`],
      client_name: 'Reference tool',
      jwks_uri: `${this.url}/keys`,
      token_endpoint_auth_method: 'private_key_jwt',
      scope,
      [toolConfiguration]: {
        domain: new URL(this.url).host,
        target_link_uri: `${this.url}/launch`,
        claims: ['iss', 'sub', ...claims],
        custom_parameters: custom,
        messages: [{ type: 'LtiResourceLinkRequest' }, { type: 'LtiDeepLinkingRequest' }],
      },
    }
  }

  private login(form: URLSearchParams, response: ServerResponse): void {
    const state = randomBytes(8).toString('hex')
    const nonce = randomBytes(8).toString('hex')
    this.nonceOfState.set(state, nonce)
    const to = new URL(String(this.platform['authorization_endpoint']))
    to.search = new URLSearchParams({
      scope: 'openid',
      response_type: 'id_token',
      response_mode: 'form_post',
      prompt: 'none',
      client_id: form.get('client_id') ?? '',
      redirect_uri: `${this.url}/launch`,
      login_hint: form.get('login_hint') ?? '',
      lti_message_hint: form.get('lti_message_hint') ?? '',
      state,
      nonce,
    }).toString()
    // As a tool must, to be let back in from an LMS's frame or by its cross-site post.
    const cookie = `tool_state=${state}; HttpOnly; SameSite=None; Secure; Partitioned`
    response.writeHead(302, { location: to.href, 'set-cookie': cookie }).end()
  }

  private async launch(
    form: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const state = form.get('state') ?? ''
    if (!state || !request.headers.cookie?.includes(`tool_state=${state}`)) throw new Error('state')
    const keySet = (await fetchJson(String(this.platform['jwks_uri']))) as unknown as JSONWebKeySet
    const { payload } = await jwtVerify(form.get('id_token') ?? '', createLocalJWKSet(keySet), {
      algorithms: ['RS256'],
      issuer: String(this.platform['issuer']),
      audience: this.clientId,
      maxTokenAge: 60,
      requiredClaims: ['sub', 'iat', 'exp'],
    })
    if (payload['nonce'] !== this.nonceOfState.get(state)) throw new Error('nonce')
    this.nonceOfState.delete(state)
    this.checkMessage(payload)
    this.accepted.push(payload)
    const settings = payload[`${deepLinking}/deep_linking_settings`]
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(settings ? await this.choicePage(settings as Json) : '<h1>Reference tool</h1>')
  }

  private checkMessage(payload: JWTPayload): void {
    const type = payload[`${lti}/message_type`]
    const isLink = type === 'LtiResourceLinkRequest'
    if (!isLink && type !== 'LtiDeepLinkingRequest') throw new Error('message_type')
    if (payload[`${lti}/version`] !== '1.3.0') throw new Error('version')
    if (!payload[`${lti}/roles`]) throw new Error('roles')
    if (payload[`${lti}/deployment_id`] !== this.deploymentId) throw new Error('deployment_id')
    if (isLink && !payload[`${lti}/resource_link`]) throw new Error('resource_link')
  }

  private get deploymentId(): unknown {
    return (this.registration[toolConfiguration] as Json)['deployment_id']
  }

  private async choicePage(settings: Json): Promise<string> {
    const jwt = await this.signChoice()
    const action = String(settings['deep_link_return_url']).replaceAll('&', '&amp;')
    return `<h1>Reference tool</h1><form method="post" action="${action}">
      <input type="hidden" name="JWT" value="${jwt}"><button>Choose this</button></form>`
  }

  /** A deep linking response with the tool's items; `changes` make it another one. */
  signChoice(changes: JWTPayload = {}): Promise<string> {
    const claims = {
      nonce: randomBytes(8).toString('hex'),
      [`${lti}/message_type`]: 'LtiDeepLinkingResponse',
      [`${lti}/version`]: '1.3.0',
      [`${lti}/deployment_id`]: this.deploymentId,
      [`${deepLinking}/content_items`]: this.options.items ?? [],
    }
    return this.sign({ ...claims, ...changes }, String(this.platform['issuer']))
  }

  sign(payload: JWTPayload, audience: string): Promise<string> {
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', kid: 'tool-key' })
      .setIssuer(this.clientId)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1 minute')
      .setJti(randomBytes(8).toString('hex'))
      .sign(this.privateKey)
  }

  async accessToken(scope: string): Promise<{ status: number; body: Json }> {
    const endpoint = String(this.platform['token_endpoint'])
    const answer = await fetch(endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await this.sign({ sub: this.clientId }, endpoint),
        scope,
      }),
    })
    return { status: answer.status, body: (await answer.json()) as Json }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }
}

async function fetchJson(address: string): Promise<Json> {
  return (await (await fetch(address)).json()) as Json
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
