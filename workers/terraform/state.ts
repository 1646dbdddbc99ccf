/**
 * Terraform's http state backend for one run, on loopback and in this process: a dead api costs no state.
 * Protocol (backend/remote-state/http of Terraform and OpenTofu): GET, POST ?ID=<lock>, LOCK and UNLOCK with
 * a JSON body that has `ID`; basic authentication. The password is the run's fencing token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Pool } from '../../api/data/db.ts'
import { tokenHash } from '../../api/data/ids.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import {
  findState,
  type LockInfo,
  lockState,
  saveState,
  type StateRefusal,
  type StateWriter,
  unlockState,
} from '../../api/data/runs/state.ts'
import { holdsLease } from '../../api/data/runs/stack.ts'
import { readBytes } from '../read-body.ts'

export const STATE_USER = 'run'
const BODY_LIMIT = 64 * 1024 * 1024

export type StateServer = { address: string; close(): Promise<void> }

type Means = {
  pool: Pool
  keyRing: KeyRing
  writer: Omit<StateWriter, 'now'>
  now: () => Date
  /** Hears why a write was refused. */
  onRefusal: (refusal: StateRefusal) => void
}

export async function serveState(means: Means): Promise<StateServer> {
  const server = createServer((req, res) => {
    answer(means, req).then(
      (reply) => send(res, reply),
      (error: unknown) => send(res, { status: 500, text: String(error) }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}/state`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

type Reply = { status: number; text?: string; bytes?: Buffer }

async function answer(means: Means, req: IncomingMessage): Promise<Reply> {
  if (!isAllowed(req, means.writer.tokenHash))
    return { status: 401, text: 'The password of this run is wrong.' }
  const url = new URL(req.url ?? '/', 'http://state')
  if (url.pathname !== '/state') return { status: 404 }
  const body = await readBytes(req, BODY_LIMIT)
  if (!body) return { status: 413, text: `A state of more than ${BODY_LIMIT} bytes is refused.` }
  if (req.method === 'GET') return read(means)
  if (req.method === 'POST')
    return write(means, body, url.searchParams.get('ID'), req.headers['content-md5'])
  if (req.method === 'LOCK') return lock(means, body)
  if (req.method === 'UNLOCK') return unlock(means, body)
  return { status: 405 }
}

function isAllowed(req: IncomingMessage, expected: Buffer): boolean {
  const [scheme, credentials = ''] = (req.headers.authorization ?? '').split(' ')
  const [user, ...password] = Buffer.from(credentials, 'base64').toString().split(':')
  const given = tokenHash(password.join(':'))
  return scheme === 'Basic' && user === STATE_USER && timingSafeEqual(given, expected)
}

async function read({ pool, keyRing, writer }: Means): Promise<Reply> {
  if (!(await holdsLease(pool, writer))) return refused('revoked')
  const state = await findState(pool, keyRing, writer.stackId)
  return state ? { status: 200, bytes: state.bytes } : { status: 204 }
}

async function write(
  { pool, keyRing, writer, now, onRefusal }: Means,
  bytes: Buffer,
  lockId: string | null,
  md5: string | string[] | undefined,
): Promise<Reply> {
  if (md5 && createHash('md5').update(bytes).digest('base64') !== md5)
    return { status: 400, text: 'The state was damaged on its way: its Content-MD5 differs.' }
  const saved = await saveState(pool, keyRing, {
    ...writer,
    now: now(),
    bytes,
    lockId: lockId ?? '',
  })
  if (saved.ok) return { status: 200 }
  onRefusal(saved.refusal)
  return refused(saved.refusal)
}

async function lock({ pool, writer, now }: Means, body: Buffer): Promise<Reply> {
  const info = lockInfo(body)
  if (!info) return { status: 400, text: 'A lock has an ID.' }
  const locked = await lockState(pool, { ...writer, now: now() }, info)
  if (locked.ok) return { status: 200 }
  if (locked.refusal === 'revoked') return refused('revoked')
  return { status: 423, text: JSON.stringify(locked.info) }
}

async function unlock({ pool, writer, now }: Means, body: Buffer): Promise<Reply> {
  const info = lockInfo(body)
  const freed = info && (await unlockState(pool, { ...writer, now: now() }, info.ID))
  return freed ? { status: 200 } : { status: 409, text: 'There is no lock of that ID.' }
}

function lockInfo(body: Buffer): LockInfo | undefined {
  try {
    const info = JSON.parse(body.toString()) as Record<string, unknown>
    return typeof info.ID === 'string' && info.ID ? { ...info, ID: info.ID } : undefined
  } catch {
    return undefined
  }
}

const STATUS: Record<StateRefusal, number> = {
  revoked: 403,
  unreadable: 400,
  not_locked: 409,
  wrong_lock: 409,
  other_lineage: 409,
  stale_serial: 409,
}
const WHY: Record<StateRefusal, string> = {
  revoked: 'This run no longer holds its stack: another worker took over.',
  unreadable: 'This is not a Terraform state.',
  not_locked: 'The state is not locked: lock it first.',
  wrong_lock: 'The state is locked under another ID.',
  other_lineage: 'This state is of another lineage than the one kept here.',
  stale_serial: 'A state with this serial or a newer one is kept already.',
}

const refused = (refusal: StateRefusal): Reply => ({ status: STATUS[refusal], text: WHY[refusal] })

function send(res: ServerResponse, reply: Reply): void {
  res.writeHead(reply.status, { 'content-type': reply.bytes ? 'application/json' : 'text/plain' })
  res.end(reply.bytes ?? reply.text)
}
