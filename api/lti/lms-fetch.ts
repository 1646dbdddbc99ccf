/**
 * How we ask an LMS something over HTTP. Addresses come from outside (a registration names them), so this is
 * the fence against server-side request forgery: https only, public addresses only, no redirect, bounded in
 * time and size, and the address that was checked is the one that is dialled.
 *
 * Two exceptions: networks the operator lists (an LMS on 10.x), and a Labplan that is itself only on this
 * machine (`*.localhost`), which may talk plain HTTP to this machine.
 */
import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, type LookupFunction, isIP } from 'node:net'

const ANSWER_MS = 10_000
const ANSWER_BYTES = 512 * 1024

/** Where an LMS may be. */
export type Reach = { isLocal: boolean; networks: BlockList }

export function reachFrom(config: { publicUrl: string; lmsNetworks: readonly string[] }): Reach {
  const networks = new BlockList()
  for (const network of config.lmsNetworks) {
    const [address = '', bits] = network.split('/')
    networks.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return { isLocal: isLocalName(new URL(config.publicUrl).hostname), networks }
}

export type Answer =
  | { json: unknown }
  | { failure: 'plain-http' | 'private-address' | 'no-answer' | 'bad-answer'; detail: string }

type Question = { token?: string | undefined; json?: unknown }

/** GETs JSON, or POSTs `json` and reads JSON; every way it can fail is an answer. */
export async function askLms(reach: Reach, url: string, question: Question = {}): Promise<Answer> {
  const refused = refusedUrl(reach, url)
  if (refused) return refused
  try {
    const response = await send(reach, new URL(url), question)
    return await readAnswer(response, url)
  } catch (error) {
    if (error instanceof PrivateAddress) return privateAddress(url)
    return { failure: 'no-answer', detail: `${url}: ${String(error)}` }
  }
}

/** Why this address is never asked, whatever its name resolves to; undefined when it may be. */
export function refusedUrl(
  reach: Reach,
  url: string,
): Extract<Answer, { failure: string }> | undefined {
  if (!URL.canParse(url)) return { failure: 'bad-answer', detail: `${url} is not an address` }
  const { protocol, hostname, username } = new URL(url)
  const isPlainHere = protocol === 'http:' && reach.isLocal && isLocalName(hostname)
  if (protocol !== 'https:' && !isPlainHere) return { failure: 'plain-http', detail: url }
  if (username) return { failure: 'bad-answer', detail: 'an address with a user name' }
  // A literal address is dialled without a look-up, so it has to be judged here.
  const literal = hostname.replace(/^\[|\]$/g, '')
  return isIP(literal) && !mayReach(reach, literal) ? privateAddress(url) : undefined
}

const privateAddress = (url: string) =>
  ({ failure: 'private-address', detail: new URL(url).hostname }) as const

class PrivateAddress extends Error {}

function send(reach: Reach, url: URL, question: Question): Promise<IncomingMessage> {
  const body = question.json === undefined ? undefined : JSON.stringify(question.json)
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        'user-agent': 'labplan',
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
        ...(question.token && { authorization: `Bearer ${question.token}` }),
      },
      lookup: guardedLookup(reach),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Resolves a name, and answers only addresses that may be reached: what is checked is what is dialled. */
function guardedLookup(reach: Reach): LookupFunction {
  return (hostname, options, callback) => {
    const answer = (found: { address: string; family: number }[]): void => {
      const allowed = found.filter(({ address }) => mayReach(reach, address))
      const [first] = allowed
      if (!first) return callback(new PrivateAddress(hostname), '', 0)
      if (options.all) return callback(null, allowed)
      return callback(null, first.address, first.family)
    }
    // RFC 6761: these names are this machine, also where its resolver does not say so.
    if (isLocalName(hostname)) return answer([{ address: '127.0.0.1', family: 4 }])
    return lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      return answer(found)
    })
  }
}

const isLocalName = (hostname: string): boolean =>
  /(^|\.)localhost$/.test(hostname) || /^(127\.|\[?::1\]?$)/.test(hostname)

function mayReach(reach: Reach, address: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (reach.networks.check(address, family)) return true
  if (loopback.check(address, family)) return reach.isLocal
  return !privateNetworks.check(address, family)
}

const loopback = blockList(['127.0.0.0/8', '::1/128'])

// IANA special-purpose registries (RFC 6890 and its successors): nothing here is somebody's public LMS.
const privateNetworks = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
])

function blockList(networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}

async function readAnswer(response: IncomingMessage, url: string): Promise<Answer> {
  const text = await readText(response)
  const status = response.statusCode ?? 0
  if (text === undefined) return { failure: 'bad-answer', detail: `${url} sent too much` }
  if (status < 200 || status > 299)
    return { failure: 'bad-answer', detail: `${url} answered ${status}: ${text.slice(0, 300)}` }
  try {
    return { json: JSON.parse(text) }
  } catch {
    return { failure: 'bad-answer', detail: `${url} did not answer JSON` }
  }
}

async function readText(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
