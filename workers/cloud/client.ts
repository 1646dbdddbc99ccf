/**
 * The few calls of OpenStack's APIs that Labplan makes itself: one token for each cloud, the catalogue it brings, and
 * JSON. Terraform makes what exists; this looks at it, and takes away what a killed run left.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { CloudAccess } from '../../api/data/pools/pool-credential.ts'

/** As the catalogue of Keystone names them. */
export type CloudService =
  | 'compute'
  | 'network'
  | 'image'
  | 'block-storage'
  | 'identity'
  | 'shared-file-system'

export type CloudCall = {
  region: string
  body?: unknown
  query?: Record<string, string>
  /** Of compute and shares: what the call needs (`OpenStack-API-Version`, and Manila's own header). */
  microversion?: string
}

export type Cloud = {
  /** Answers the body, or undefined where there is none. Throws CloudError. */
  call(service: CloudService, method: string, path: string, call: CloudCall): Promise<unknown>
  /** The project that the credential is of. */
  project(): Promise<string>
  /** Of now, for what is not JSON. */
  token(): Promise<string>
}

/** The cloud said no, or did not answer (status 0). */
export class CloudError extends Error {
  readonly status: number
  readonly service: string

  constructor(service: string, status: number, message: string, cause?: unknown) {
    super(message, { cause })
    this.service = service
    this.status = status
  }
}

const CALL_LIMIT_MS = 30_000
const TRIES = 4
const LONGEST_WAIT_MS = 20_000
/** A token is asked for anew so long before it ends. */
const TOKEN_MARGIN_MS = 60_000

const token = z.looseObject({
  token: z.looseObject({
    expires_at: z.string(),
    project: z.looseObject({ id: z.string() }).optional(),
    catalog: z
      .array(
        z.looseObject({
          type: z.string(),
          endpoints: z.array(
            z.looseObject({ interface: z.string(), region: z.string().nullish(), url: z.string() }),
          ),
        }),
      )
      .default([]),
  }),
})

type Entry = { id: string; until: number; project: string; catalog: Catalog }
type Catalog = z.infer<typeof token>['token']['catalog']

/** Older catalogues name block storage and shares by their version. */
const ALSO_NAMED: Partial<Record<CloudService, string[]>> = {
  'block-storage': ['volumev3', 'block-store'],
  'shared-file-system': ['sharev2', 'shared-file-systems'],
}

export function connectCloud(access: CloudAccess, now: () => Date): Cloud {
  let known: Promise<Entry> | undefined
  const enter = async (): Promise<Entry> => {
    const entry = await known?.catch(() => undefined)
    if (entry && entry.until > now().getTime()) return entry
    known = signIn(access)
    return known
  }
  return {
    project: async () => (await enter()).project,
    token: async () => (await enter()).id,
    async call(service, method, path, call) {
      for (let attempt = 1; ; attempt++) {
        const entry = await enter()
        const url = addressOf(entry.catalog, service, call.region) + path + queryOf(call.query)
        const response = await ask(`${service} did not answer in region ${call.region}`, url, {
          method,
          headers: headersOf(service, entry.id, call.microversion),
          ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
        })
        if (response.ok) return bodyOf(response)
        if (response.status === 401 && attempt === 1) known = undefined
        else if (!isBusy(response.status) || attempt >= TRIES)
          throw await errorOf(service, response)
        else await sleep(pauseOf(response, attempt))
      }
    },
  }
}

async function signIn(access: CloudAccess): Promise<Entry> {
  const address = access.authUrl.replace(/\/+$/, '')
  const base = /\/v3$/.test(address) ? address : `${address}/v3`
  const response = await ask('identity did not answer', `${base}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: identityOf(access) }),
  })
  if (!response.ok) throw await errorOf('identity', response)
  const body = token.parse(await response.json()).token
  return {
    id: response.headers.get('x-subject-token') ?? '',
    until: Date.parse(body.expires_at) - TOKEN_MARGIN_MS,
    project: body.project?.id ?? '',
    catalog: body.catalog,
  }
}

function identityOf(access: CloudAccess) {
  if ('applicationCredentialId' in access)
    return {
      identity: {
        methods: ['application_credential'],
        application_credential: {
          id: access.applicationCredentialId,
          secret: access.applicationCredentialSecret,
        },
      },
    }
  const { username, password, userDomainName, projectName, projectDomainName } = access
  return {
    identity: {
      methods: ['password'],
      password: { user: { name: username, password, domain: { name: userDomainName } } },
    },
    scope: { project: { name: projectName, domain: { name: projectDomainName } } },
  }
}

function addressOf(catalog: Catalog, service: CloudService, region: string): string {
  const names = [service, ...(ALSO_NAMED[service] ?? [])]
  const endpoint = catalog
    .filter(({ type }) => names.includes(type))
    .flatMap(({ endpoints }) => endpoints)
    .find((one) => one.interface === 'public' && one.region === region)
  if (!endpoint)
    throw new CloudError(service, 404, `The cloud offers no ${service} in region ${region}.`)
  const url = endpoint.url.replace(/\/+$/, '')
  return service === 'network' && !url.endsWith('/v2.0') ? `${url}/v2.0` : url
}

function headersOf(service: CloudService, id: string, microversion: string | undefined) {
  return {
    'content-type': 'application/json',
    accept: 'application/json',
    'x-auth-token': id,
    ...(microversion !== undefined &&
      (service === 'shared-file-system'
        ? { 'x-openstack-manila-api-version': microversion }
        : { 'openstack-api-version': `${service} ${microversion}` })),
  }
}

const queryOf = (query: Record<string, string> | undefined): string =>
  query ? `?${new URLSearchParams(query).toString()}` : ''

/** @param silence what is said when nobody answers: the service first */
async function ask(silence: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(CALL_LIMIT_MS) })
  } catch (cause) {
    throw new CloudError(silence.split(' ')[0]!, 0, `The cloud's ${silence}.`, cause)
  }
}

/** Asked too often, or for a moment not there. */
const isBusy = (status: number): boolean => status === 429 || status === 503

function pauseOf(response: Response, attempt: number): number {
  const asked = Number(response.headers.get('retry-after'))
  const pause = Number.isFinite(asked) && asked > 0 ? asked * 1000 : 500 * 2 ** attempt
  return Math.min(pause, LONGEST_WAIT_MS)
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}

async function errorOf(service: string, response: Response): Promise<CloudError> {
  const said = (await response.text()).slice(0, 500).trim()
  const wait = response.headers.get('retry-after')
  const patience = wait ? ` (Retry-After: ${wait})` : ''
  return new CloudError(
    ...([service, response.status, `${service} ${response.status}: ${said}${patience}`] as const),
  )
}
