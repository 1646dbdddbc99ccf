import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startLms } from './lms.ts'
import { startReferenceTool } from './reference-tool.ts'
import { tmpdir } from 'node:os'
import type { Lms, LmsOptions } from './lms.ts'
import type { RegistrationFault } from './registration.ts'
import type { ReferenceTool } from './reference-tool.ts'

const toolConfiguration = 'https://purl.imsglobal.org/spec/lti-tool-configuration'
const weeklyLab = 'networks-101/weekly-lab'

let closing: { close: () => Promise<void> }[] = []

afterEach(async () => {
  for (const one of closing) await one.close()
  closing = []
})

async function lmsFor(options: LmsOptions = {}): Promise<Lms> {
  const lms = await startLms(options)
  closing.push(lms)
  return lms
}

async function toolFor(
  options: Parameters<typeof startReferenceTool>[0] = {},
): Promise<ReferenceTool> {
  const tool = await startReferenceTool(options)
  closing.push(tool)
  return tool
}

describe('dynamic registration', () => {
  test('publishes where everything is, all on the issuer’s origin', async () => {
    const lms = await lmsFor()
    const answer = await fetch(`${lms.url}/lti/openid-configuration`)
    const configuration = (await answer.json()) as Record<string, unknown>
    expect(configuration['issuer']).toBe(lms.url)
    for (const name of ['authorization', 'token', 'registration'])
      expect(configuration[`${name}_endpoint`]).toMatch(`${lms.url}/`)
    expect(configuration['jwks_uri']).toMatch(`${lms.url}/`)
    expect(configuration['id_token_signing_alg_values_supported']).toEqual(['RS256'])
  })

  test('the key set holds the public half only', async () => {
    const lms = await lmsFor()
    const { keys } = (await (await fetch(`${lms.url}/lti/keys`)).json()) as { keys: object[] }
    expect(keys).toHaveLength(1)
    expect(Object.keys(keys[0] ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  test('leaves the tool pending until the administrator activates it', async () => {
    const [lms, tool] = [await lmsFor(), await toolFor()]
    const { tool: pending } = await lms.registerTool(`${tool.url}/register`)
    expect(pending).toMatchObject({ state: 'pending', name: 'Reference tool', deepLinking: true })
    expect(tool.registration).toMatchObject({
      client_id: pending?.clientId,
      [toolConfiguration]: { deployment_id: pending?.id },
    })
    const launch = { person: 'student1', activity: weeklyLab }
    await expect(lms.launchForm(launch)).rejects.toThrow('No tool')
    lms.activateTool(pending?.id ?? '')
    expect((await lms.launch(launch)).status).toBe(200)
  })

  test('keeps the query of the tool’s registration address', async () => {
    const [lms, tool] = [await lmsFor(), await toolFor()]
    await lms.registerTool(`${tool.url}/register?link=one-time-secret`)
    expect(lms.tools()).toHaveLength(1)
  })

  test('sends what the tool asked for and nothing more', async () => {
    const [lms, tool] = [await lmsFor(), await toolFor({ claims: [], scope: '' })]
    await lms.registerTool(`${tool.url}/register`, { activate: true })
    await lms.launch({ person: 'student1', activity: weeklyLab })
    const claims = tool.accepted.at(-1) ?? {}
    expect(claims).not.toHaveProperty('name')
    expect(claims).not.toHaveProperty('email')
    expect(Object.keys(claims).join(' ')).not.toMatch(/nrps|ags/u)
  })

  test('updating keeps client id and deployment', async () => {
    const [lms, tool] = [await lmsFor(), await toolFor()]
    const first = await lms.registerTool(`${tool.url}/register`, { activate: true })
    const id = first.tool?.id ?? ''
    const again = await lms.registerTool(`${tool.url}/register`, { update: id })
    expect(again.tool).toMatchObject({ id, clientId: first.tool?.clientId, state: 'active' })
    expect(lms.tools()).toHaveLength(1)
  })

  test.each<[string, (sent: Record<string, unknown>) => Record<string, unknown>]>([
    ['no redirect URI', (sent) => ({ ...sent, redirect_uris: [] })],
    ['no id_token', (sent) => ({ ...sent, response_types: ['code'] })],
    ['a shared secret', (sent) => ({ ...sent, token_endpoint_auth_method: 'client_secret_basic' })],
    [
      'a domain that is not the target’s',
      (sent) => ({
        ...sent,
        [toolConfiguration]: { ...(sent[toolConfiguration] as object), domain: 'other.example' },
      }),
    ],
  ])('refuses a registration with %s', async (_, spoil) => {
    const [lms, tool] = [await lmsFor(), await toolFor({ spoil })]
    const { tool: registered, answer } = await lms.registerTool(`${tool.url}/register`)
    expect(registered).toBeUndefined()
    expect(answer.status).toBe(400)
  })

  test('takes a token once and only its own', async () => {
    const [lms, tool] = [await lmsFor(), await toolFor()]
    const register = (token?: string) =>
      fetch(`${lms.url}/lti/registration`, {
        method: 'POST',
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        body: '{}',
      })
    expect((await register()).status).toBe(401)
    expect((await register('made.up.token')).status).toBe(401)
    const address = await lms.registrationAddress(`${tool.url}/register`)
    expect((await fetch(address)).status).toBe(200)
    expect((await fetch(address)).status).toBe(401)
    expect(lms.tools()).toHaveLength(1)
  })

  test.each([
    ['issuer-other', 'issuer', 'https://moodle.elsewhere.example'],
    ['endpoints-other', 'jwks_uri', expect.stringContaining('//localhost:')],
  ] as const)('can lie: %s', async (fault, name, value) => {
    const lms = await lmsFor()
    const configuration = await configurationFor(lms, fault)
    expect(configuration).toMatch(lms.url)
    expect(await (await fetch(configuration)).json()).toMatchObject({ [name]: value })
  })

  test('can lie: configuration-other', async () => {
    const lms = await lmsFor()
    const configuration = await configurationFor(lms, 'configuration-other')
    expect(configuration).not.toMatch(lms.url)
    expect(await (await fetch(configuration)).json()).toMatchObject({ issuer: lms.url })
  })
})

/** The address of the OpenID configuration that the tool is told. */
async function configurationFor(lms: Lms, fault: RegistrationFault): Promise<string> {
  const address = new URL(await lms.registrationAddress('http://tool.example/register', fault))
  return address.searchParams.get('openid_configuration') ?? ''
}

describe('state', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'practice-lms-'))
    return () => rmSync(folder, { recursive: true })
  })

  test('registrations, key and courses survive a restart', async () => {
    const stateFile = join(folder, 'lms.json')
    const tool = await toolFor()
    const before = await startLms({ stateFile })
    await before.registerTool(`${tool.url}/register`, { activate: true })
    before.copyCourse('networks-101')
    const keys = await (await fetch(`${before.url}/lti/keys`)).text()
    const { url } = before
    await before.close()
    expect(statSync(stateFile).mode & 0o777).toBe(0o600)
    const after = await lmsFor({ stateFile, port: Number(new URL(url).port) })
    expect(await (await fetch(`${after.url}/lti/keys`)).text()).toBe(keys)
    expect(after.courses()).toHaveLength(3)
    expect((await after.launch({ person: 'student1', activity: weeklyLab })).status).toBe(200)
  })

  test('a broken file is named, not overwritten', async () => {
    const stateFile = join(folder, 'lms.json')
    writeFileSync(stateFile, '{ half')
    await expect(startLms({ stateFile })).rejects.toThrow(stateFile)
    expect(readFileSync(stateFile, 'utf8')).toBe('{ half')
  })
})
