/**
 * The way to an engine that does not listen on this machine, or only behind TLS: a socket here, and each connection to it is
 * carried on. Whoever speaks to an engine (the worker, Terraform's provider, scripts) then needs to know of no other kind.
 * SSH is spoken as Docker's own command line does (`docker system dial-stdio` on the other side), TLS with the three files
 * of its `--tlsverify`: ca.pem, cert.pem, key.pem.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { type Socket, createServer, isIP } from 'node:net'
import { dirname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { whyOf } from '../../stacks/parts/thrown.ts'

const CONNECT_SECONDS = 10

export type FarEngine = {
  /** `ssh://[USER@]HOST[:PORT]`, or `tcp://HOST[:PORT]` for one that speaks TLS. */
  dockerHost: string
  /** Folder of ca.pem, cert.pem and key.pem; read anew for each connection, so that new ones count at once. */
  certs: string
  /** For `ssh -F`; undefined for what OpenSSH reads by itself. */
  sshConfig?: string | undefined
}

export type EngineWay = { close(): Promise<void> }

/** @param socket where engines are spoken to from now on, by this user alone; what was there before is removed */
export async function openEngineWay(far: FarEngine, socket: string): Promise<EngineWay> {
  const folder = dirname(socket)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  rmSync(socket, { force: true })
  const carry = isSsh(far) ? sshCarrier(far, folder) : tlsCarrier(far)
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    open.add(near)
    near.on('close', () => open.delete(near))
    near.on('error', () => near.destroy())
    carry(near)
  })
  server.listen(socket)
  await once(server, 'listening')
  chmodSync(socket, 0o600)
  return {
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const one of open) one.destroy()
      await closed
    },
  }
}

const isSsh = ({ dockerHost }: FarEngine): boolean => dockerHost.startsWith('ssh://')

type Carrier = (near: Socket) => void

function tlsCarrier(far: FarEngine): Carrier {
  const { hostname, port } = new URL(far.dockerHost)
  const host = hostname.replace(/^\[|\]$/g, '')
  return (near) => {
    try {
      const file = (name: string) => readFileSync(join(far.certs, name))
      const engine = connectTls({
        ...{ host, port: Number(port || 2376), timeout: CONNECT_SECONDS * 1000 },
        ...{ ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') },
        // A name in the greeting is for names only (RFC 6066 §3).
        ...(isIP(host) === 0 && { servername: host }),
      })
      engine.on('secureConnect', () => engine.setTimeout(0))
      engine.on('timeout', () => engine.destroy(new Error(`no answer in ${CONNECT_SECONDS} s`)))
      joinBoth(near, engine, far)
    } catch (error) {
      refuse(near, far, whyOf(error))
    }
  }
}

/** One login for all connections, kept for a minute after the last: each would take several hundred milliseconds. */
function sshCarrier(far: FarEngine, folder: string): Carrier {
  const { hostname, port, username } = new URL(far.dockerHost)
  const argv = [
    ...(far.sshConfig === undefined ? [] : ['-F', far.sshConfig]),
    ...['-T', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${CONNECT_SECONDS}`],
    ...['-o', 'ServerAliveInterval=10', '-o', 'ServerAliveCountMax=3'],
    ...['-o', 'ControlMaster=auto', '-o', `ControlPath=${join(folder, 'ssh-%C')}`],
    ...['-o', 'ControlPersist=60'],
    ...(port === '' ? [] : ['-p', port]),
    ...(username === '' ? [] : ['-l', decodeURIComponent(username)]),
    ...['--', hostname, 'docker', 'system', 'dial-stdio'],
  ]
  return (near) => {
    const child = spawn('ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    let isAnswered = false
    child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-2000)))
    child.stdout.once('data', () => (isAnswered = true))
    child.stdin.on('error', () => {}) // It ended; its exit says why.
    near.pipe(child.stdin)
    child.stdout.pipe(near, { end: false })
    child.on('error', (error) => refuse(near, far, error.message))
    child.on('close', (code) => {
      if (isAnswered || code === 0) near.end()
      else refuse(near, far, lastLine(said) ?? `ssh ended with ${code}`)
    })
    near.on('close', () => child.kill())
  }
}

function joinBoth(near: Socket, engine: Duplex, far: FarEngine): void {
  let isAnswered = false
  engine.once('data', () => (isAnswered = true))
  engine.on('error', (error) => (isAnswered ? near.destroy() : refuse(near, far, whyOf(error))))
  engine.on('close', () => near.end())
  near.on('close', () => engine.destroy())
  near.pipe(engine)
  engine.pipe(near)
}

/** In the words of the protocol that is spoken here, so that whoever asked reads why. */
function refuse(near: Socket, { dockerHost }: FarEngine, why: string): void {
  if (!near.writable) return
  const body = JSON.stringify({ message: `No Docker engine answers at ${dockerHost}: ${why}` })
  near.end(
    `HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const lastLine = (text: string): string | undefined =>
  text.trim().split('\n').at(-1)?.trim() || undefined
