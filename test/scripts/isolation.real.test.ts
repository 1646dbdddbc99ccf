/**
 * Seats are kept from each other and from the machines they run on, on three real nodes. Each address that
 * a seat must not reach is first reached from where it may be: a door that is shut anyway proves nothing.
 */
import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureSeatNetwork, removeSeatNetwork } from '../../scripts/steps/network.ts'
import { firewallStands } from '../../scripts/steps/firewall.ts'
import { askEngine, callEngine } from '../../scripts/steps/engine-api.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import {
  containerAddress,
  type Door,
  listen,
  probeFrom,
  probeInside,
  serveScript,
} from '../beds/doors.ts'
import { terminalOn } from '../beds/image.ts'
import { makeSeat } from '../beds/seat.ts'
import type { Place } from '../beds/seat.ts'
import { seatNetworkOn } from '../beds/seat-network.ts'
import { swarmBed } from '../beds/swarm.ts'
import type { BedNode, SwarmBed } from '../beds/swarm.ts'
import { openWebShell } from '../beds/web-shell.ts'
import type { WebShell } from '../beds/web-shell.ts'
import { METADATA_ADDRESS, PUBLIC_ADDRESS } from '../beds/wires.ts'

const INSTALLATION = 'test0001'
/** A service that listens on every address of a machine, as a database or an api of ours would. */
const LISTENED = 4321

let bed: SwarmBed
let engine: Engine
let listeners: ChildProcess[] = []
let image: string
/** One and two are neighbours on the first node; three is on the second. */
let one: Place
let two: Place
let three: Place
let inside: WebShell

beforeAll(async () => {
  bed = await swarmBed({ nodes: 3 })
  engine = connectEngine(bed.dockerHost)
  listeners = await Promise.all([
    listen(undefined, bed.hostAddress, LISTENED),
    listen(undefined, bed.hostAddressV6, LISTENED),
    listen(node(0).namespace, '::', LISTENED),
    listen(node(1).namespace, '::', LISTENED),
    listen(bed.outsideNamespace, '0.0.0.0', LISTENED),
    listen(bed.outsideNamespace, '0.0.0.0', 53),
    listen(bed.outsideNamespace, '0.0.0.0', 80),
    answerNames(bed.outsideNamespace),
  ])
  image = await terminalOn(bed)
  const { id: networkId } = await seatNetworkOn(bed, INSTALLATION)
  const seats = await Promise.all([
    makeSeat(engine, { name: 's1', image, networkId, node: node(0).name }),
    makeSeat(engine, { name: 's2', image, networkId, node: node(0).name }),
    makeSeat(engine, { name: 's3', image, networkId, node: node(1).name }),
  ])
  const places = await Promise.all(seats.map((seat) => seat.untilReady()))
  ;[one, two, three] = places as [Place, Place, Place]
  inside = await openWebShell(`${one.address}:${one.ports.get(8080)}`)
})
afterAll(async () => {
  engine?.close()
  for (const listener of listeners) listener.kill()
  await bed?.down()
})

describe('a seat does not reach', () => {
  it('its neighbour, by the address of its container', async () => {
    const address = await containerAddress(node(0), INSTALLATION, 's2')
    const doors = [8080, 22, 1907].map((port): Door => [address, port])
    expect(await tried(doors, node(0).namespace)).toEqual(shutForSeats(doors))
  })

  it('other seats, by their node and published port', async () => {
    const doors = [two, three].flatMap((seat) =>
      [...seat.ports.values()].map((port): Door => [seat.address, port]),
    )
    expect(doors).toHaveLength(6)
    expect(await tried(doors, undefined)).toEqual(shutForSeats(doors))
  })

  it('its own node, by any of its addresses', async () => {
    const gateway = await bridgeAddress(node(0))
    const addresses = [node(0).address, gateway, node(0).addressV6, '172.17.0.1']
    const doors = [...addresses.map((address): Door => [address, LISTENED]), managerPort(node(0))]
    expect(await tried(doors, node(0).namespace)).toEqual(shutForSeats(doors))
  })

  it('other nodes and the control plane', async () => {
    const addresses = [node(1).address, node(1).addressV6, bed.hostAddress, bed.hostAddressV6]
    const doors = [...addresses.map((address): Door => [address, LISTENED]), registry()]
    expect(await tried(doors, undefined)).toEqual(shutForSeats(doors))
  })

  it('the metadata service of a cloud, nor more of a name server than names', async () => {
    const doors: Door[] = [
      [METADATA_ADDRESS, 80],
      [bed.outsideAddress, LISTENED],
    ]
    expect(await tried(doors, node(0).namespace)).toEqual(shutForSeats(doors))
    expect(await probeInside(inside, [[bed.outsideAddress, 53]])).toEqual(['open'])
  })

  it('anything by IPv6, which it does not have', async () => {
    expect(await inside.run('cat /proc/net/if_inet6')).toBe('')
  })
})

it('finds names by the name server of its node', async () => {
  expect(await inside.run('getent ahostsv4 www.example.org | head -n 1')).toMatch(
    new RegExp(`^${PUBLIC_ADDRESS} `),
  )
})

it('reaches public addresses, unless its network is closed', async () => {
  expect(await probeInside(inside, [[PUBLIC_ADDRESS, 80]])).toEqual(['open'])
  await seatNetworkOn(bed, INSTALLATION, { outbound: 'none' })
  expect(await probeInside(inside, [[PUBLIC_ADDRESS, 80]])).toEqual(['shut'])
  await seatNetworkOn(bed, INSTALLATION, { deny: [PUBLIC_ADDRESS] })
  expect(await probeInside(inside, [[PUBLIC_ADDRESS, 80]])).toEqual(['shut'])
  const allow = [`${bed.hostAddress}/32`, `${node(0).address}/32`]
  await seatNetworkOn(bed, INSTALLATION, { outbound: 'none', allow })
  const wanted: Door[] = [
    [bed.hostAddress, LISTENED],
    [node(0).address, LISTENED],
  ]
  // What is allowed is never the node itself: other seats' ports are there.
  expect(await probeInside(inside, wanted)).toEqual(['open', 'shut'])
  await seatNetworkOn(bed, INSTALLATION)
})

it('is entered by gateways, by others only where the seat asks for a password', async () => {
  const port = (number: number): Door => [one.address, one.ports.get(number) ?? 0]
  const doors = [port(8080), port(1907), port(22)]
  expect(probeFrom(undefined, doors)).toEqual(['open', 'open', 'open'])
  expect(probeFrom(bed.outsideNamespace, doors)).toEqual(['shut', 'shut', 'open'])
  expect(probeFrom(node(2).namespace, doors)).toEqual(['shut', 'shut', 'open'])
  // No way round the rules: nothing listens on IPv6.
  const { addressV6 } = node(0)
  expect(
    probeFrom(
      undefined,
      doors.map(([, number]) => [addressV6, number]),
    ),
  ).toEqual(['shut', 'shut', 'shut'])
})

it('can be asked for again, and changes nothing', async () => {
  const before = rules()
  await seatNetworkOn(bed, INSTALLATION)
  expect(rules()).toBe(before)
  // Asked once from each side, in IPv4 and IPv6.
  expect(before.match(/-j labplan-test0001-/g)).toHaveLength(4)
})

it('leaves nothing when its seats are gone', async () => {
  for (const name of ['s1', 's2', 's3']) await engine.call('DELETE', `/services/${name}`)
  for (const each of bed.nodes.toReversed()) await remove(each)
  for (const each of bed.nodes) {
    expect(await networksOf(each)).not.toContain(`lp-${INSTALLATION}`)
    expect(
      await firewallStands({ installation: INSTALLATION, enterNamespace: each.namespace }),
    ).toBe(false)
  }
  expect(rules()).not.toContain('labplan')
})

it('says what is in its way', async () => {
  const options = {
    installation: 'test0002',
    enterNamespace: node(0).namespace,
    dockerHost: bed.dockerHost,
  }
  await ensureSeatNetwork(options)
  await remove(node(0), 'test0002')
  await askEngine(bed.dockerHost, 'POST', '/networks/create', { Name: 'lp-test0002-seats-node' })
  await expect(ensureSeatNetwork(options)).rejects.toThrow(
    /lp-test0002-seats-node has .* remove it/,
  )
  const gateways = ['10.0.0.1; reboot']
  await expect(ensureSeatNetwork({ ...options, gateways })).rejects.toThrow(
    'is not an IPv4 address',
  )
})

const node = (index: number): BedNode => bed.nodes[index]!

const managerPort = (of: BedNode): Door => [of.address, 2377]

const remove = (each: BedNode, installation = INSTALLATION) =>
  removeSeatNetwork({ installation, dockerHost: each.dockerHost, enterNamespace: each.namespace })

/** What is found at each door from a namespace that may enter, and from the seat. */
async function tried(doors: Door[], from: string | undefined): Promise<string[]> {
  const outside = probeFrom(from, doors)
  const seat = await probeInside(inside, doors)
  return doors.map((door, index) => `${door.join(' ')}: ${outside[index]}, seat: ${seat[index]}`)
}

const shutForSeats = (doors: Door[]) => doors.map((door) => `${door.join(' ')}: open, seat: shut`)

/** A name server that answers every question for an address (RFC 1035) with the public one. */
function answerNames(namespace: string) {
  const bytes = PUBLIC_ADDRESS.split('.').join(',')
  return serveScript(
    namespace,
    `const server = require('node:dgram').createSocket('udp4')
    server.on('message', (asked, from) => {
      const end = asked.indexOf(0, 12) + 5
      const isA = asked.readUInt16BE(end - 4) === 1
      const head = Buffer.concat([asked.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0])])
      const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ${bytes}])
      server.send(Buffer.concat([head, asked.subarray(12, end), ...(isA ? [answer] : [])]), from.port, from.address)
    })
    server.bind(53, () => console.log('up'))`,
  )
}

async function bridgeAddress(of: BedNode): Promise<string> {
  const { body } = await callEngine(of.dockerHost, 'GET', `/networks/lp-${INSTALLATION}-seats`)
  return (body as { IPAM: { Config: { Gateway: string }[] } }).IPAM.Config[0]?.Gateway ?? ''
}

async function networksOf(of: BedNode): Promise<string> {
  return JSON.stringify(await askEngine(of.dockerHost, 'GET', '/networks'))
}

function rules(): string {
  const enter = [`--net=${node(0).namespace}`]
  return ['iptables', 'ip6tables']
    .map((program) =>
      execFileSync('nsenter', [...enter, program, '-t', 'mangle', '-S'], { encoding: 'utf8' }),
    )
    .join('')
}

function registry(): Door {
  const [host = '', port = ''] = bed.registry.split(':')
  return [host, Number(port)]
}
