/**
 * Where we may send a request whose address comes from outside (an LMS's registration, a webhook): the fence
 * against server-side request forgery. https only, public addresses only, and the address that was checked is
 * the one that is dialled.
 *
 * Two exceptions: networks the operator lists (an LMS on 10.x), and a Labplan that is itself only on this
 * machine (`*.localhost`), which may talk plain HTTP to this machine.
 */
import { lookup } from 'node:dns'
import { BlockList, type LookupFunction, isIP } from 'node:net'

/** Where the other side may be. */
export type Reach = { isLocal: boolean; networks: BlockList }

export function reachFrom(config: { publicUrl: string; networks: readonly string[] }): Reach {
  const networks = new BlockList()
  for (const network of config.networks) {
    const [address = '', bits] = network.split('/')
    networks.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return { isLocal: isLocalName(new URL(config.publicUrl).hostname), networks }
}

export type Refused = { failure: 'plain-http' | 'private-address' | 'bad-answer'; detail: string }

/** Why this address is never asked, whatever its name resolves to; undefined when it may be. */
export function refusedUrl(reach: Reach, url: string): Refused | undefined {
  if (!URL.canParse(url)) return { failure: 'bad-answer', detail: `${url} is not an address` }
  const { protocol, hostname, username } = new URL(url)
  const isPlainHere = protocol === 'http:' && reach.isLocal && isLocalName(hostname)
  if (protocol !== 'https:' && !isPlainHere) return { failure: 'plain-http', detail: url }
  if (username) return { failure: 'bad-answer', detail: 'an address with a user name' }
  // A literal address is dialled without a look-up, so it has to be judged here.
  const literal = hostname.replace(/^\[|\]$/g, '')
  return isIP(literal) && !mayReach(reach, literal) ? privateAddress(url) : undefined
}

export const privateAddress = (url: string): Refused => ({
  failure: 'private-address',
  detail: new URL(url).hostname,
})

/** What the look-up of a name throws that leads to where we do not go. */
export class PrivateAddress extends Error {}

/** Resolves a name, and answers only addresses that may be reached: what is checked is what is dialled. */
export function guardedLookup(reach: Reach): LookupFunction {
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

// IANA special-purpose registries (RFC 6890 and its successors): nothing here is somebody's public server.
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
