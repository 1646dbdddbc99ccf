/**
 * An engine behind TLS, and one behind SSH: a real engine, OpenSSH's own server and client. TLS is ended by a door of this
 * test that asks for a certificate, as `dockerd --tlsverify` does, since a bed's engine listens on a socket.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, connectEngine } from '../../../workers/swarm/engine.ts'
import { type EngineWay, type FarEngine, openEngineWay } from '../../../workers/swarm/engine-way.ts'
import { type SshServer, startSshServer, whyNoSshServer } from '../../beds/ssh-server.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'

let bed: SwarmBed
let folder: string
let way: EngineWay | undefined
let engine: Engine | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-way-'))
  bed = await swarmBed({ nodes: 1 })
})
afterEach(async () => {
  engine?.close()
  await way?.close()
  way = undefined
})
afterAll(async () => {
  await bed?.down()
  rmSync(folder, { recursive: true, force: true })
})

async function through(far: FarEngine): Promise<Engine> {
  const socket = join(folder, 'run', 'engine.sock')
  way = await openEngineWay(far, socket)
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  engine = connectEngine(`unix://${socket}`)
  return engine
}

const nodesOf = async (one: Engine): Promise<string[]> =>
  ((await one.call('GET', '/nodes')) as { ID: string }[]).map(({ ID }) => ID)

async function nodesDirectly(): Promise<string[]> {
  const direct = connectEngine(bed.dockerHost)
  const nodes = await nodesOf(direct)
  direct.close()
  return nodes
}

describe('behind TLS', () => {
  let door: Server
  let certs: string

  beforeAll(async () => {
    certs = makeCertificates(join(folder, 'tls'))
    const file = (name: string) => readFileSync(join(certs, name))
    const options = { ca: file('ca.pem'), cert: file('server.pem'), key: file('server-key.pem') }
    door = createTlsServer(
      { ...options, requestCert: true, rejectUnauthorized: true },
      (client) => {
        const socket = connect(bed.dockerHost.slice('unix://'.length))
        client.on('error', () => socket.destroy())
        socket.on('error', () => client.destroy())
        client.pipe(socket).pipe(client)
      },
    )
    door.on('tlsClientError', () => {}) // One of the tests comes with a certificate of its own.
    door.listen(0, '127.0.0.1')
    await once(door, 'listening')
  })
  afterAll(() => void door?.close())

  const at = (host: string): string => `tcp://${host}:${(door.address() as AddressInfo).port}`

  it('is spoken to with the certificate of this installation, by its name and by its address', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const far = await through({ dockerHost: at(host), certs })
      expect(await nodesOf(far)).toEqual(await nodesDirectly())
      await way!.close()
    }
  })

  it('is not spoken to when it is another, or takes this installation for another; says why', async () => {
    const others = makeCertificates(join(folder, 'others'))
    const far = await through({ dockerHost: at('127.0.0.1'), certs: others })
    await expect(nodesOf(far)).rejects.toThrow(
      /No Docker engine answers at tcp:\/\/127\.0\.0\.1:\d+: .*(certificate|signature)/i,
    )
  })

  it('says which file is missing', async () => {
    const far = await through({ dockerHost: at('127.0.0.1'), certs: join(folder, 'nowhere') })
    await expect(nodesOf(far)).rejects.toThrow(/ENOENT.*nowhere\/ca\.pem/)
  })
})

describe('behind SSH', () => {
  const why = whyNoSshServer()
  let server: SshServer
  let home: string

  beforeAll(async () => {
    if (why !== undefined) return
    home = join(folder, 'ssh')
    mkdirSync(home)
    const variables = { DOCKER_HOST: bed.dockerHost, PATH: process.env.PATH ?? '/usr/bin:/bin' }
    server = await startSshServer(home, variables)
  })
  afterAll(async () => server?.end())

  it('is spoken to as docker itself does, many questions at a time, with one login', async ({
    skip,
  }) => {
    skip(why !== undefined, why)
    const dockerHost = `ssh://root@127.0.0.1:${server.port}`
    const far = await through({ dockerHost, certs: '', sshConfig: server.clientConfig })
    const expected = await nodesDirectly()
    expect(await nodesOf(far)).toEqual(expected)
    const answers = await Promise.all(Array.from({ length: 8 }, () => nodesOf(far)))
    expect(answers).toEqual(Array.from({ length: 8 }, () => expected))
    const log = readFileSync(join(home, 'sshd.log'), 'utf8')
    expect(log.match(/Accepted publickey/g) ?? []).toHaveLength(1)
  })

  it('says what ssh said when there is no way, and goes on when there is one again', async ({
    skip,
  }) => {
    skip(why !== undefined, why)
    const { port } = server
    const dockerHost = `ssh://root@127.0.0.1:${port}`
    const away = `ssh://root@127.0.0.1:${port === 65_535 ? 1 : port + 1}`
    const far = await through({ dockerHost: away, certs: '', sshConfig: server.clientConfig })
    await expect(nodesOf(far)).rejects.toThrow(
      /No Docker engine answers at ssh:.*Connection refused/,
    )
    await way!.close()
    const back = await through({ dockerHost, certs: '', sshConfig: server.clientConfig })
    expect(await nodesOf(back)).toEqual(await nodesDirectly())
  })
})

/** A CA of its own, a server's certificate for 127.0.0.1 and localhost, a client's: as Docker's documentation asks for. */
function makeCertificates(at: string): string {
  mkdirSync(at)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: at, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=ca',
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
  )
  const sign = (name: string, extension: string) =>
    openssl(
      ...['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, '-addext', extension],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem'],
      ...['-keyout', name === 'client' ? 'key.pem' : 'server-key.pem'],
      ...['-out', name === 'client' ? 'cert.pem' : 'server.pem'],
    )
  sign('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  sign('client', 'extendedKeyUsage=clientAuth')
  return at
}
