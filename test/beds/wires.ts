import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeName } from './place.ts'
import type { BedPlace } from './place.ts'

/** Host number of each part on the bed's subnet. */
const HOST = 1
const FIRST_NODE = 11
const OUTSIDE = 254

/** What students must never reach from a seat, and stands in `outside` so that a test can prove it. */
export const METADATA_ADDRESS = '169.254.169.254'
/** A documentation address that plays a public server. */
export const PUBLIC_ADDRESS = '203.0.113.80'

export const hostAddress = (place: BedPlace) => addressOn(place, HOST)
export const nodeAddress = (place: BedPlace, index: number) => addressOn(place, FIRST_NODE + index)
export const outsideAddress = (place: BedPlace) => addressOn(place, OUTSIDE)

/** Whether this machine already has a route into the /24 `subnet` (its first three numbers). */
export function subnetIsRouted(subnet: string): boolean {
  return (
    execFileSync('ip', ['route', 'show', 'root', `${subnet}.0/24`], { encoding: 'utf8' }) !== ''
  )
}

/**
 * Lays the bed's wires: a switch in a namespace of its own (a bridge beside this machine's engine
 * would fall under that engine's forwarding rules), one leg to each node, one here, one outside.
 */
export function layWires(place: BedPlace, nodes: number): void {
  const legs = Array.from({ length: nodes }, (_, index) => nodeName(place, index))
  const names = [place.switchName, place.outsideName, ...legs]
  batch(undefined, [
    ...names.map((name) => `netns add ${name}`),
    `link add ${place.hostLink} type veth peer name host netns ${place.switchName}`,
  ])
  batch(place.switchName, [
    'link add br0 type bridge forward_delay 0 mcast_snooping 0',
    `link add outside type veth peer name eth0 netns ${place.outsideName}`,
    ...legs.map((name, index) => `link add n${index + 1} type veth peer name eth0 netns ${name}`),
    ...['host', 'outside', ...legs.map((_, index) => `n${index + 1}`)].flatMap((leg) => [
      `link set ${leg} master br0`,
      `link set ${leg} up`,
    ]),
    'link set br0 up',
  ])
  batch(undefined, addressLines(place, place.hostLink, HOST))
  legs.forEach((name, index) =>
    batch(name, [
      'link set lo up',
      ...addressLines(place, 'eth0', FIRST_NODE + index),
      `route add default via ${outsideAddress(place)}`,
    ]),
  )
  batch(place.outsideName, [
    'link set lo up',
    `addr add ${METADATA_ADDRESS}/32 dev lo`,
    `addr add ${PUBLIC_ADDRESS}/32 dev lo`,
    ...addressLines(place, 'eth0', OUTSIDE),
  ])
}

/** Removes namespaces and links; processes inside must be gone. Nothing to remove is fine. */
export function cutWires(place: BedPlace): void {
  for (const name of namespacesOf(place)) quietly('ip', ['netns', 'del', name])
  // A veth goes with the namespace of its other end, but only after the kernel got round to it.
  quietly('ip', ['link', 'del', place.hostLink])
}

export function namespacesOf(place: BedPlace): string[] {
  const folder = '/run/netns'
  try {
    return readdirSync(folder).filter((name) => name.startsWith(`lpbed-${place.id}-`))
  } catch {
    return []
  }
}

/** What an engine sees as /etc/resolv.conf: the outside, where a test may answer. */
export function writeResolver(place: BedPlace): void {
  const folder = join(place.folder, 'etc')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'resolv.conf'),
    `nameserver ${outsideAddress(place)}\noptions timeout:1\n`,
  )
}

function addressLines(place: BedPlace, link: string, number: number): string[] {
  return [
    `link set ${link} up`,
    `addr add ${addressOn(place, number)}/24 dev ${link}`,
    `addr add ${place.subnetV6}${number.toString(16)}/64 dev ${link} nodad`,
  ]
}

export const addressV6On = (place: BedPlace, number: number) =>
  `${place.subnetV6}${number.toString(16)}`
export const nodeAddressV6 = (place: BedPlace, index: number) =>
  addressV6On(place, FIRST_NODE + index)
export const hostAddressV6 = (place: BedPlace) => addressV6On(place, HOST)

function addressOn(place: BedPlace, number: number): string {
  return `${place.subnet}.${number}`
}

function batch(namespace: string | undefined, lines: string[]): void {
  const inside = namespace === undefined ? [] : ['-n', namespace]
  execFileSync('ip', [...inside, '-batch', '-'], { input: lines.join('\n'), stdio: 'pipe' })
}

function quietly(command: string, args: string[]): void {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
  } catch {
    // Not there: what was asked for.
  }
}
