/**
 * The capabilities that examples/environments.yaml gives `terminal` are enough, and each is needed: the
 * shortest list there is. In the strictest container we ever run: nothing else, no new privileges.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askEngine } from '../../scripts/steps/engine-api.ts'
import { pullImage } from '../../scripts/images/build.ts'
import { terminalOn } from '../beds/image.ts'
import { terminalEnvironment } from '../beds/seat.ts'
import { swarmBed } from '../beds/swarm.ts'
import type { SwarmBed } from '../beds/swarm.ts'

const { capabilities } = terminalEnvironment()
const PASSWORD = 'a-password'
const SECRET = { login: 'student1', password: PASSWORD, identityKey: 'A'.repeat(43) }
const SETTLED_MS = 20_000
/** Not merely slow: the kernel said no. */
const REFUSED = expect.stringMatching(/operation not permitted/i)

const folder = mkdtempSync(join(tmpdir(), 'labplan-test-capabilities-'))
let bed: SwarmBed
let image: string

beforeAll(async () => {
  writeFileSync(join(folder, 'secret'), JSON.stringify(SECRET), { mode: 0o400 })
  writeFileSync(join(folder, 'ask'), `#!/bin/sh\necho ${PASSWORD}\n`, { mode: 0o700 })
  bed = await swarmBed({ nodes: 1, swarm: false })
  image = await terminalOn(bed)
  await pullImage(bed.dockerHost, image)
})
afterAll(async () => {
  await bed?.down()
  rmSync(folder, { recursive: true })
})

it('has all that its environment gives it', async () => {
  expect(capabilities).not.toEqual([])
  const container = await start('all', capabilities)
  await expect.poll(() => lacking(container), { timeout: SETTLED_MS }).toEqual([])
})

it.each(capabilities)('needs %s', async (left) => {
  const others = capabilities.filter((one) => one !== left)
  const container = await start(`no-${left.toLowerCase()}`, others)
  const failure = async () => ({ lacks: await lacking(container), says: await log(container.id) })
  await expect
    .poll(failure, { timeout: SETTLED_MS })
    .toEqual({ lacks: expect.arrayContaining([expect.any(String)]), says: REFUSED })
})

it('says what it is, when it is run without a seat’s secret', async () => {
  const { Id } = (await askEngine(bed.dockerHost, 'POST', '/containers/create?name=by-hand', {
    Image: image,
    Tty: true,
  })) as { Id: string }
  await askEngine(bed.dockerHost, 'POST', `/containers/${Id}/start`)
  const ended = (await askEngine(bed.dockerHost, 'POST', `/containers/${Id}/wait`)) as {
    StatusCode: number
  }
  expect(ended.StatusCode).toBe(78)
  expect(await log(Id)).toMatch(/an environment of Labplan.*\/run\/secrets\/labplan.*docker run/s)
})

async function log(id: string): Promise<unknown> {
  return await askEngine(bed.dockerHost, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`)
}

type Container = { id: string; ports: Record<string, number> }

async function start(name: string, given: string[]): Promise<Container> {
  const { Id } = (await askEngine(bed.dockerHost, 'POST', `/containers/create?name=${name}`, {
    Image: image,
    HostConfig: {
      CapDrop: ['ALL'],
      CapAdd: given,
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 256,
      PublishAllPorts: true,
      Binds: [`${folder}/secret:/run/secrets/labplan:ro`, `home-${name}:/home`],
    },
  })) as { Id: string }
  await askEngine(bed.dockerHost, 'POST', `/containers/${Id}/start`)
  const found = (await askEngine(bed.dockerHost, 'GET', `/containers/${Id}/json`)) as {
    NetworkSettings: { Ports: Record<string, { HostPort: string }[] | null> | null }
  }
  const ports = Object.entries(found.NetworkSettings.Ports ?? {}).map(([port, bound]) => [
    port.replace('/tcp', ''),
    Number(bound?.[0]?.HostPort ?? 0),
  ])
  return { id: Id, ports: Object.fromEntries(ports) as Record<string, number> }
}

/** What a student would miss, if anything. */
async function lacking({ ports }: Container): Promise<string[]> {
  const works = {
    identity: await answers(ports['1907'], '/identity?nonce=0123456789abcdef'),
    'web terminal': await answers(ports['8080'], '/'),
    'a shell over SSH, on a terminal of its own': await shellAnswers(ports['22']),
  }
  return Object.entries(works).flatMap(([what, does]) => (does ? [] : [what]))
}

async function answers(port: number | undefined, path: string): Promise<boolean> {
  const url = `http://${bed.nodes[0]?.address}:${port}${path}`
  return await fetch(url, { signal: AbortSignal.timeout(3000) }).then(
    (answer) => answer.ok,
    () => false,
  )
}

async function shellAnswers(port: number | undefined): Promise<boolean> {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'NumberOfPasswordPrompts=1',
  ]
  const env = { ...process.env, SSH_ASKPASS: join(folder, 'ask'), SSH_ASKPASS_REQUIRE: 'force' }
  const args = [...options.flatMap((one) => ['-o', one]), '-tt', '-p', String(port)]
  const target = `${SECRET.login}@${bed.nodes[0]?.address}`
  const command =
    'test "$(stat -c %U $(tty))" = student1 && touch here && rm here && echo "all ""well"'
  return await promisify(execFile)('ssh', [...args, target, command], { env, timeout: 8000 }).then(
    ({ stdout }) => stdout.includes('all well'),
    () => false,
  )
}
