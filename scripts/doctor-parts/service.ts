/** Who answers where: api, gateway, practice LMS, registry; and whether it is ours that does. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { imageReference } from '../../stacks/parts/text.ts'
import { holderOf } from '../steps/checks.ts'
import { type Settings, hostOf } from '../steps/settings.ts'
import { type Look, type Looks, bad, good, listed } from './look.ts'

const WAIT_MS = 3_000
const START = 'Start Labplan: scripts/up. If it starts and ends, its log in .labplan/log says why.'

type Asked = { host: string; port: number; path: string; name: string; tls: boolean }

export async function serviceLooks(settings: Settings): Promise<Looks> {
  const { ports, choices, publicUrl, seatUrl, lmsUrl } = settings
  const tls = choices.LABPLAN_TLS_CERT !== undefined
  const api = {
    ...{ host: hostOf(choices.LABPLAN_API_LISTEN), port: ports.api, path: '/healthz' },
    ...{ name: new URL(publicUrl).host, tls },
  }
  const gateway = {
    ...{ host: hostOf(choices.LABPLAN_GATEWAY_LISTEN), port: ports.gateway, tls },
    ...{ path: '/.labplan/healthz', name: new URL(seatUrl).host },
  }
  const lms = {
    host: '127.0.0.1',
    port: ports.lms,
    path: '/',
    name: new URL(lmsUrl).host,
    tls: false,
  }
  return [
    ['API', await answerLook(api, (body) => /"state":"(ok|down)"/.test(body))],
    ['Gateway', await answerLook(gateway, (body) => body.includes('"routes"'))],
    ...(settings.practice
      ? ([['Practice LMS', await answerLook(lms, () => true)]] satisfies Looks)
      : []),
    ['Registry', await registryLook(settings.registry)],
  ]
}

/** Whose answer it is shows in its body: a port may be another program's by now. */
async function answerLook(asked: Asked, isOurs: (body: string) => boolean): Promise<Look> {
  const answer = await get(asked)
  if (!answer) return bad(`nobody answers at ${asked.host}:${asked.port}`, START)
  if (!isOurs(answer.body)) return takenLook(asked.port)
  if (answer.status >= 500)
    return bad(`answers ${answer.status}: ${answer.body.slice(0, 80)}`, START)
  return good('answers')
}

async function takenLook(port: number): Promise<Look> {
  const holder = await holderOf(port)
  return bad(
    `port ${port} is taken by another program${holder ? `: ${holder}` : ''}`,
    'Stop that program, or move Labplan: LABPLAN_PORTS=7180-7184 scripts/up.',
  )
}

function get(asked: Asked): Promise<{ status: number; body: string } | undefined> {
  const { host, port, path, name, tls } = asked
  const ask = tls ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    // Whether the certificate is right is looked at by itself.
    const options = { host, port, path, headers: { host: name }, timeout: WAIT_MS }
    const call = ask({ ...options, ...(tls && { rejectUnauthorized: false }) }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (part: string) => (body += part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.on('error', () => resolve(undefined))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(undefined))
    call.end()
  })
}

async function registryLook(registry: string): Promise<Look> {
  const status = await statusOf(`http://${registry}/v2/`)
  if (status === 200 || status === 401) return good('answers')
  return bad(
    status ? `${registry} answers ${status}` : `${registry} does not answer`,
    'Start it: scripts/up. Nodes pull the images of seats from there.',
  )
}

/** Whether our registry has the images that courses in force are made of; others' registries are not asked. */
export async function imagesLook(registry: string, images: string[]): Promise<Look> {
  const ours = images.filter((image) => imageReference(image, registry) === `${registry}/${image}`)
  const missing: string[] = []
  for (const image of ours) {
    const [name, digest] = image.split('@')
    const status = await statusOf(`http://${registry}/v2/${name}/manifests/${digest ?? 'latest'}`)
    if (status === 404) missing.push(image)
  }
  if (missing.length === 0) return good(`${ours.length} in use, all there`)
  return bad(
    `not in the registry: ${listed(missing)}`,
    'Build it again: scripts/image NAME (scripts/up does), then import the course again.',
  )
}

const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ')

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(WAIT_MS)
    return (await fetch(url, { method: 'GET', headers: { accept: MANIFESTS }, signal })).status
  } catch {
    return undefined
  }
}
