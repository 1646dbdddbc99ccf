/** The same launch over TLS, behind a proxy that ends TLS, and in the clear on *.localhost: same cookies, same way in. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { type Server, createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { ask } from '../lms/http.ts'
import {
  type Scene,
  type SceneOptions,
  chosenActivity,
  launchAndEnter,
  openScene,
  plannedCourse,
  registerAndActivate,
} from './lti-scene.ts'
import { freePort } from '../free-port.ts'

const folder = mkdtempSync(join(tmpdir(), 'labplan-tls-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const certFile = join(folder, 'cert.pem')
const keyFile = join(folder, 'key.pem')
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'],
    ...['-addext', 'subjectAltName=DNS:labplan.localhost', '-out', certFile, '-keyout', keyFile],
  ],
  { stdio: 'ignore' },
)
setDefaultCACertificates([...getCACertificates('default'), readFileSync(certFile, 'utf8')])

/** A reverse proxy as a school runs one: ends TLS, names the client, changes the Host it passes on. */
async function proxyTo(port: number, api: number): Promise<Server> {
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const proxy = createServer(tls, (incoming, answer) => {
    const headers = {
      ...incoming.headers,
      host: `127.0.0.1:${api}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': incoming.headers.host,
      'x-forwarded-for': '192.0.2.7',
    }
    const { method, url: path } = incoming
    const onward = request({ host: '127.0.0.1', port: api, method, path, headers }, (inner) => {
      answer.writeHead(inner.statusCode ?? 502, inner.headers)
      inner.pipe(answer)
    })
    incoming.pipe(onward)
  })
  proxy.listen(port, '127.0.0.1')
  await once(proxy, 'listening')
  return proxy
}

type Way = { scene: Scene; close(): Promise<void> }

const ways: Record<string, () => Promise<Way>> = {
  'in the clear on *.localhost': () => opened({}),
  'over TLS': () =>
    opened({
      env: { LABPLAN_TLS_CERT: certFile, LABPLAN_TLS_KEY: keyFile },
      publicUrl: (port) => `https://labplan.localhost:${port}`,
    }),
  'behind a proxy': async () => {
    const port = await freePort()
    const way = await opened({
      env: { LABPLAN_TRUST_PROXY: '1' },
      publicUrl: () => `https://labplan.localhost:${port}`,
    })
    const proxy = await proxyTo(port, way.scene.config.apiListen.port)
    const close = async (): Promise<void> => {
      proxy.close()
      proxy.closeAllConnections()
      await way.close()
    }
    return { scene: way.scene, close }
  },
}

async function opened(options: SceneOptions): Promise<Way> {
  const scene = await openScene(options)
  return { scene, close: () => scene.close() }
}

describe.each(Object.entries(ways))('%s', async (_, open) => {
  const { scene, close } = await open()
  afterAll(close)
  const { publicUrl } = scene.config
  const isTls = publicUrl.startsWith('https:')
  const platformId = await registerAndActivate(scene)
  await plannedCourse(scene, 'networks')
  const activity = chosenActivity(scene, {
    ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: 'networks' },
  })

  it('a launch ends on the workspace, with the same cookies', async () => {
    const { launched, entered, page } = await launchAndEnter(scene, {
      ...{ person: 'student1', activity },
    })
    expect(launched.headers['location']).toMatch(/^\/lti\/enter\?code=[\w-]{43}$/)
    expect(page).toMatch(/^\/workspaces\//)
    const [cookie = ''] = entered.headers['set-cookie'] ?? []
    expect(cookie.replace(/=[\w-]{43};/, '=…;')).toBe(
      '__Host-labplan=…; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=None; Partitioned',
    )
    const shown = await ask(publicUrl + page, { headers: { cookie: entered.cookies.join('; ') } })
    expect(shown.status).toBe(200)
    expect(shown.headers['strict-transport-security'] !== undefined).toBe(isTls)
  })

  it('a refusal says nothing about transport that is not so', async () => {
    const refused = await ask(`${publicUrl}/lti/launch`)
    expect(refused.status).toBe(405)
    expect(refused.headers['strict-transport-security'] !== undefined).toBe(isTls)
  })

  it('a form of ours is accepted, and a foreign one is not', async () => {
    const { entered, page } = await launchAndEnter(scene, { person: 'student1', activity })
    const cookie = entered.cookies.join('; ')
    const { text } = await ask(publicUrl + page, { headers: { cookie } })
    const csrf = /name="csrf" value="([\w-]+)"/.exec(text)?.[1] ?? ''
    const leave = (origin: string) =>
      ask(`${publicUrl}/login/end`, { form: { csrf }, headers: { cookie, origin } })
    expect((await leave('https://evil.example')).status).toBe(403)
    expect((await leave(publicUrl)).status).toBe(303)
    expect((await ask(publicUrl + page, { headers: { cookie } })).status).toBe(401)
  })
})
