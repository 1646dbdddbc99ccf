/** Who stands before the gate, and where the way leads. Decided anew for every request, from memory if it lets in. */
import type { IncomingMessage } from 'node:http'
import type { Route } from '../data/seats/route.ts'
import type { Pass } from '../data/seats/ticket.ts'
import type { Log } from '../log.ts'
import { type Outside, passesIn } from './headers.ts'
import type { Keys } from './keys.ts'
import type { OpenWork } from './open-work.ts'
import type { RouteTable } from './route-table.ts'
import { type Running, type Upstreams, isRunning } from './upstream.ts'

export type Gate = {
  routes: RouteTable
  upstreams: Upstreams
  work: OpenWork
  keys: Keys
  log: Log
  now: () => Date
  /** Host name under which the seats' own are, without port. */
  seatDomain: string
  publicUrl: string
  trustProxy: boolean
  tls: boolean
}

/** `in` may pass; `away` could, if the seat ran; `stranger` has no pass for this seat; `nowhere` is no seat. */
export type Visit =
  | { kind: 'nowhere' }
  | { kind: 'stranger'; route: Route }
  | { kind: 'away'; route: Route; pass: Pass }
  | Admitted
export type Admitted = { kind: 'in'; route: Running; pass: Pass }

const HOST = /^[a-z0-9.-]{1,253}(:\d{1,5})?$/

/** Host and scheme as the browser sees them; undefined when no honest client says it like this. */
export function outsideOf(gate: Gate, request: IncomingMessage): Outside | undefined {
  const { headers } = request
  if (hostHeaders(request.rawHeaders) > 1) return undefined
  const forwarded = gate.trustProxy ? first(headers['x-forwarded-host']) : undefined
  const host = (forwarded ?? headers.host ?? '').toLowerCase()
  if (!HOST.test(host)) return undefined
  const proxied = gate.trustProxy && first(headers['x-forwarded-proto']) === 'https'
  return { host, scheme: gate.tls || proxied ? 'https' : 'http' }
}

function hostHeaders(raw: string[]): number {
  let count = 0
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]!.length === 4 && raw[i]!.toLowerCase() === 'host') count++
  return count
}

const first = (value: string | string[] | undefined): string | undefined =>
  (Array.isArray(value) ? value[0] : value)?.split(',')[0]?.trim()

/** The label before the seats' domain: 26 characters when it can be a seat's. */
export function labelOf(gate: Gate, host: string): string | undefined {
  const label = host.slice(0, 26)
  const rest = host.slice(26).replace(/:\d+$/, '')
  return rest === `.${gate.seatDomain}` ? label : undefined
}

export function visitOf(gate: Gate, request: IncomingMessage, outside: Outside): Visit {
  const label = labelOf(gate, outside.host)
  const route = label && gate.routes.find(label)
  if (!route || route.kind !== 'web') return { kind: 'nowhere' }
  const pass = passesIn(request.headers.cookie)
    .map((text) => gate.keys.pass(text, gate.now()))
    .find((read) => read && isHolder(route, read))
  return pass ? visitWith(route, pass) : { kind: 'stranger', route }
}

/**
 * The visit, and before anybody is told that their seat is away, its route read anew: the page that shows a door may be
 * faster than the notice that it opened.
 */
export async function freshVisit(
  gate: Gate,
  request: IncomingMessage,
  outside: Outside,
): Promise<Visit> {
  const visit = visitOf(gate, request, outside)
  if (visit.kind !== 'away' || !gate.routes.fresh) return visit
  await gate.routes.refresh(visit.route.seatId)
  return visitAgain(gate, visit)
}

/** The same visit after the routes were read anew. */
export function visitAgain(gate: Gate, { route, pass }: { route: Route; pass: Pass }): Visit {
  const fresh = gate.routes.find(route.hostLabel)
  if (!fresh) return { kind: 'nowhere' }
  return isHolder(fresh, pass) ? visitWith(fresh, pass) : { kind: 'stranger', route: fresh }
}

function visitWith(route: Route, pass: Pass): Visit {
  return route.open && isRunning(route)
    ? { kind: 'in', route, pass }
    : { kind: 'away', route, pass }
}

/** What a pass says is held against what is so now: seat, generation, host name, and whose the seat is. */
export function isHolder(route: Route, pass: Omit<Pass, 'expiresAt'>): boolean {
  return (
    pass.seatId === route.seatId &&
    pass.generation === route.generation &&
    pass.hostLabel === route.hostLabel &&
    route.holders.includes(pass.personId)
  )
}

/** An Origin that is this host name, or another port of the same seat. */
export function isOwnOrigin(gate: Gate, visit: Admitted, outside: Outside) {
  return (origin: string): boolean => {
    const host = origin.replace(/^https?:\/\//, '').toLowerCase()
    if (host === outside.host) return true
    const label = labelOf(gate, host)
    const other = label ? gate.routes.find(label) : undefined
    return other?.seatId === visit.route.seatId
  }
}
