/** `/.labplan/…`: what the gateway answers on every host name. Never forwarded. */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type Asset, findAsset } from '../assets.ts'
import { mintPass, PASS_SECONDS, type Ticket, readTicket } from '../data/seats/ticket.ts'
import { type Gate, isHolder, labelOf, visitOf } from './gate.ts'
import { type Outside, PASS_COOKIE } from './headers.ts'
import { type Exchange, OWN_HEADERS, show } from './pages.ts'
import type { UsedTickets } from './used-tickets.ts'

export const OWN_PREFIX = '/.labplan/'
const READY_WAIT_MS = 25_000

const own = (name: string, type: string) => ({
  type: `${type}; charset=utf-8`,
  bytes: readFileSync(join(import.meta.dirname, 'public', name)),
})
const ownFiles: Record<string, Pick<Asset, 'type' | 'bytes'>> = {
  'page.css': own('page.css', 'text/css'),
  'wait.js': own('wait.js', 'text/javascript'),
}

/** The gateway's own files, and those of the site its pages share. */
function findFile(name: string): Pick<Asset, 'type' | 'bytes'> | undefined {
  return Object.hasOwn(ownFiles, name) ? ownFiles[name] : findAsset(name)
}

export type Desk = { gate: Gate; used: UsedTickets; isDraining: () => boolean }

export async function answerOwn(desk: Desk, exchange: Exchange, outside: Outside): Promise<void> {
  const { request, response } = exchange
  const url = new URL(request.url!, 'http://gateway')
  const name = url.pathname.slice(OWN_PREFIX.length)
  if (request.method !== 'GET') return send(response, 405, 'Only GET is answered here.\n')
  if (name === 'enter') return enter(desk, exchange, outside, url.searchParams)
  if (name === 'ready') return answerReady(desk.gate, exchange, outside)
  if (name === 'healthz') return answerHealth(desk, response)
  const file = findFile(name)
  if (file) return sendFile(response, file)
  send(response, 404, 'There is nothing here.\n')
}

/** A ticket becomes a pass: once, for the person, seat, generation and host name it was made for. */
async function enter(
  { gate, used }: Desk,
  exchange: Exchange,
  outside: Outside,
  query: URLSearchParams,
): Promise<void> {
  const to = safePath(query.get('to'))
  const ticket = await validTicket(gate, query.get('ticket') ?? '', outside)
  if (ticket && used.use(ticket, gate.now())) {
    gate.log.info({ seat: ticket.seatId, generation: ticket.generation }, 'entered')
    return letIn(exchange.response, mintPass(gate.keys.ring, ticket, gate.now()), to)
  }
  // A reload, or the back button: who has come in already needs no ticket.
  const visit = visitOf(gate, exchange.request, outside)
  if (visit.kind === 'in' || visit.kind === 'away') return redirect(exchange.response, to)
  show(exchange, visit.kind === 'nowhere' ? 'nowhere' : 'ticket', gate)
}

async function validTicket(
  gate: Gate,
  text: string,
  outside: Outside,
): Promise<Ticket | undefined> {
  const ticket = readTicket(gate.keys.ring, text, gate.now()) ?? readWithNewKeys(gate, text)
  if (!ticket || ticket.hostLabel !== labelOf(gate, outside.host)) return undefined
  if (holds(gate, ticket)) return ticket
  // The click may be faster than the notice that the seat was taken.
  await gate.routes.refresh(ticket.seatId)
  return holds(gate, ticket) ? ticket : undefined
}

function readWithNewKeys(gate: Gate, text: string): Ticket | undefined {
  if (!text.includes('.')) return undefined
  gate.keys.reread(gate.now())
  return readTicket(gate.keys.ring, text, gate.now())
}

function holds(gate: Gate, ticket: Ticket): boolean {
  const route = gate.routes.find(ticket.hostLabel)
  return route !== undefined && isHolder(route, ticket)
}

/** A path of this host name; `/` for anything that would lead elsewhere, or back here. */
function safePath(to: string | null): string {
  if (!to?.startsWith('/')) return '/'
  const base = 'http://gateway'
  const url = URL.parse(to, base)
  if (url?.origin !== base || url.pathname.startsWith(OWN_PREFIX)) return '/'
  return url.pathname.replace(/^\/+/, '/') + url.search + url.hash
}

/** In a frame of the LMS the cookie belongs to that frame's site (Partitioned); elsewhere to this one. */
function letIn(response: ServerResponse, pass: string, to: string): void {
  const attributes = `Path=/; Max-Age=${PASS_SECONDS}; Secure; HttpOnly; SameSite=None; Partitioned`
  response.setHeader('Set-Cookie', `${PASS_COOKIE}=${pass}; ${attributes}`)
  redirect(response, to)
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { ...OWN_HEADERS, Location: to, 'Content-Length': 0 }).end()
}

/** 204 once the environment runs; 503 when it does not after a while: the page asks again at once. */
async function answerReady(gate: Gate, exchange: Exchange, outside: Outside): Promise<void> {
  const { request, response } = exchange
  const visit = visitOf(gate, request, outside)
  if (visit.kind === 'away') await routeChange(gate, visit.route.seatId, response)
  const now = visitOf(gate, request, outside)
  const status = { in: 204, away: 503, stranger: 403, nowhere: 404 }[now.kind]
  response.writeHead(status, OWN_HEADERS).end()
}

function routeChange(gate: Gate, seatId: string, response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = gate.routes.watch((changed) => changed === seatId && resolve())
  const late = setTimeout(resolve, READY_WAIT_MS)
  response.once('close', resolve)
  return promise.finally(() => {
    stop()
    clearTimeout(late)
  })
}

function answerHealth({ gate, isDraining }: Desk, response: ServerResponse): void {
  const ok = gate.routes.loaded && !isDraining()
  const health = { ok, routes: gate.routes.size, fresh: gate.routes.fresh, open: gate.work.count }
  send(response, ok ? 200 : 503, JSON.stringify(health), 'application/json')
}

function sendFile(response: ServerResponse, { type, bytes }: Pick<Asset, 'type' | 'bytes'>): void {
  response.writeHead(200, {
    ...OWN_HEADERS,
    'Cache-Control': 'max-age=300',
    'Content-Type': type,
    'Content-Length': bytes.length,
  })
  response.end(bytes)
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, {
    ...OWN_HEADERS,
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(text),
  })
  response.end(text)
}
