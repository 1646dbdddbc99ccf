import { once } from 'node:events'
import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { diskProblem, portProblem, portsStep, whyTaken } from '../../scripts/steps/checks.ts'
import { isOurs } from '../../scripts/steps/docker-sweep.ts'
import { swarmProblem, whyNotOurs } from '../../scripts/steps/engine.ts'
import { labplanVariables } from '../../scripts/steps/environment.ts'
import { ensureEngineWay, requireSeatNetwork } from '../../scripts/steps/far-engine.ts'
import { practiceText } from '../../scripts/steps/practice.ts'
import { mirrorStep, mirrored, providers } from '../../scripts/steps/provider-mirror.ts'
import { parsePorts, readSettings, rememberChoices } from '../../scripts/steps/settings.ts'
import { lastWords } from '../../scripts/steps/shell.ts'
import { ageOf } from '../../scripts/steps/status.ts'
import { whyNoLimits } from '../../scripts/steps/storage.ts'
import { CannotGoOn, runSteps } from '../../scripts/steps/step.ts'

const home = mkdtempSync(join(tmpdir(), 'labplan-test-up-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('ports', () => {
  it('are five in a row, from one number or a range', () => {
    const ports = { api: 7180, gateway: 7181, lms: 7182, registry: 7183, postgres: 7184 }
    expect(parsePorts('7180')).toEqual(ports)
    expect(parsePorts('7180-7184')).toEqual(ports)
    expect(parsePorts('7180,7181,7182,7183,7184')).toEqual(ports)
  })

  it.each(['7180-7190', '1,2,3', 'many', '65533', '5,5,5,5,5'])(
    'refuses %s in a sentence',
    (text) => {
      expect(() => parsePorts(text)).toThrow(
        `LABPLAN_PORTS=${text} is not five ports: write a range`,
      )
    },
  )

  it('says which part wants a port that another program holds, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const taken = typeof address === 'object' && address ? address.port : 0
    const rest = [taken + 1, taken + 2, taken + 3, taken + 4].map(
      (port) => ((port - 1024) % 60_000) + 1024,
    )
    const settings = readSettings({ LABPLAN_HOME: home, LABPLAN_PORTS: [taken, ...rest].join() })
    expect(await whyTaken(taken)).toBe('EADDRINUSE')
    await expect(portsStep(settings).ensure(() => {})).rejects.toThrow(
      new RegExp(`^port ${taken} \\(api\\) is taken.*LABPLAN_PORTS=7180-7184 scripts/up\\.$`),
    )
    other.close()
    await once(other, 'close')
    expect(await whyTaken(taken)).toBeUndefined()
  })

  it('says that low ports need root', () => {
    expect(portProblem('gateway', 443, 'EACCES', undefined)).toBe(
      'port 443 (gateway) needs root: choose ports above 1023, for example LABPLAN_PORTS=7180-7184.',
    )
  })
})

describe('choices', () => {
  it('are remembered, and what is given again wins', () => {
    const first = readSettings({
      LABPLAN_HOME: home,
      LABPLAN_PORTS: '7180',
      LABPLAN_LOG_LEVEL: 'debug',
    })
    rememberChoices(first, 'all')
    const second = readSettings({ LABPLAN_HOME: home, LABPLAN_PORTS: '7280' })
    expect(second.ports.api).toBe(7280)
    expect(second.publicUrl).toBe('http://labplan.localhost:7280')
    expect(second.choices.LABPLAN_LOG_LEVEL).toBe('debug')
  })

  it('are taken back by an empty value', () => {
    const settings = readSettings({ LABPLAN_HOME: home, LABPLAN_LOG_LEVEL: '' })
    expect(settings.choices).toEqual({ LABPLAN_PORTS: '7180' })
  })

  it('are remembered before they have worked only where they say where things are', () => {
    const folder = join(home, 'half')
    const places = { LABPLAN_CACHE: '/c', LABPLAN_MANAGERS: 'ssh://lab@10.0.0.7' }
    const wrong = { LABPLAN_HOME: folder, DATABASE_URL: 'postgres://nowhere', ...places }
    rememberChoices(readSettings(wrong), 'places')
    expect(readSettings({ LABPLAN_HOME: folder }).choices).toEqual(places)
  })

  it('of one address moves that port only', () => {
    const settings = readSettings({
      LABPLAN_HOME: join(home, 'none'),
      LABPLAN_API_LISTEN: '127.0.0.1:9000',
    })
    expect(settings.ports).toMatchObject({ api: 9000, gateway: 7081 })
  })
})

describe('an engine elsewhere', () => {
  const given = { LABPLAN_HOME: home, DOCKER_HOST: 'ssh://lab@10.0.0.9' }

  it('is spoken to through a socket here, by SSH or by TLS as docker itself is told', () => {
    const here = `unix://${join(home, 'run', 'engine.sock')}`
    expect(readSettings(given)).toMatchObject({
      dockerHost: here,
      farEngine: { dockerHost: 'ssh://lab@10.0.0.9' },
    })
    const tls = {
      DOCKER_HOST: 'tcp://10.0.0.9:2376',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/c',
    }
    const settings = readSettings({ LABPLAN_HOME: home, ...tls })
    expect(settings).toMatchObject({
      dockerHost: here,
      farEngine: { dockerHost: 'tcp://10.0.0.9:2376', certs: '/c' },
    })
    const passedOn = labplanVariables(settings)
    expect(passedOn.DOCKER_HOST).toBe(here)
    expect(passedOn).not.toHaveProperty('DOCKER_TLS_VERIFY')
    expect(passedOn).not.toHaveProperty('DOCKER_CERT_PATH')
    const plain = readSettings({ LABPLAN_HOME: home, DOCKER_HOST: 'tcp://10.0.0.9:2375' })
    expect(plain.dockerHost).toBe('tcp://10.0.0.9:2375')
    expect(plain.farEngine).toBeUndefined()
  })

  it('needs a registry that it reaches, and the network of seats made over there; both are said', async () => {
    const settings = readSettings(given)
    const nobody = async () => ({ status: 404, body: undefined })
    await expect(ensureEngineWay(settings, settings.farEngine!, nobody)).rejects.toThrow(
      'set LABPLAN_REGISTRY to an address',
    )
    await expect(requireSeatNetwork(nobody, 'ab12', settings.farEngine!)).rejects.toThrow(
      `'sudo scripts/network up --installation ab12 --gateway ADDRESS'`,
    )
    expect(whyNoLimits(settings)).toBe('the engine at ssh://lab@10.0.0.9 is not on this machine')
  })
})

describe('what a person can put right is one sentence', () => {
  it('no disk', () => {
    expect(diskProblem('/data', 1.25e9, 5e9)).toBe(
      '/data has 1.3 GB free and 5.0 GB are needed: free some, or put LABPLAN_HOME and LABPLAN_CACHE on a larger disk.',
    )
    expect(diskProblem('/data', 5e9, 5e9)).toBeUndefined()
  })

  it('an engine that may not be used, or is elsewhere and silent, or needs root to start', () => {
    const socket = 'unix:///var/run/docker.sock'
    expect(whyNotOurs(socket, 'forbidden', false)).toContain(`add yourself to the group 'docker'`)
    expect(whyNotOurs('tcp://10.0.0.9:2375', 'nothing', true)).toContain(
      'nothing answers at DOCKER_HOST=tcp://10.0.0.9:2375',
    )
    expect(whyNotOurs(socket, 'nothing', false)).toContain('sudo systemctl start docker')
    expect(whyNotOurs(socket, 'nothing', true)).toBeUndefined()
  })

  it('a Swarm that is led elsewhere or broken', () => {
    expect(swarmProblem('active')).toContain('set DOCKER_HOST to one of its managers')
    expect(swarmProblem('inactive')).toContain('docker swarm init --advertise-addr')
    expect(swarmProblem('locked')).toContain(`this engine's Swarm is 'locked'`)
  })

  it('a command that failed, by its own last words', () => {
    expect(lastWords('╷\n│ Error: no route to host.\n╵\n\n')).toBe('Error: no route to host')
    expect(lastWords('')).toBe('it said nothing')
  })
})

describe('steps', () => {
  it('are quiet when there is nothing to do, and name what they did', async () => {
    const written: string[] = []
    const out = { isTTY: false, write: (text: string) => written.push(text) > 0 }
    const worked = await runSteps(
      [
        { name: 'Quiet', ensure: async () => undefined },
        { name: 'Busy', ensure: async (say) => (say('half way'), 'all done') },
      ],
      out as never,
    )
    expect(worked).toBe(1)
    expect(written.join('')).toMatch(/^ {2}Busy +half way\n {2}Busy +\d\.\d s {2}all done\n$/)
  })

  it('stop at the first that cannot go on, with its name before its sentence', async () => {
    const out = { isTTY: false, write: () => true }
    const steps = [
      { name: 'Disk', ensure: () => Promise.reject(new CannotGoOn('it is full.')) },
      { name: 'Never', ensure: () => Promise.reject(new Error('reached')) },
    ]
    await expect(runSteps(steps, out as never)).rejects.toThrow(new CannotGoOn('Disk: it is full.'))
  })
})

describe('the provider mirror', () => {
  const settings = readSettings({
    LABPLAN_HOME: home,
    LABPLAN_PROVIDER_MIRROR: join(home, 'mirror'),
  })
  const [docker] = providers(false)

  it('shows OpenTofu the same files, linked at the last folder: it searches through no link above', async () => {
    const folder = mirrored(settings.mirror, docker!)
    mkdirSync(folder, { recursive: true })
    const step = mirrorStep(settings, () => 'never run', providers(false))
    expect(await step.ensure(() => {})).toBeUndefined()
    const link = folder.replace('registry.terraform.io', 'registry.opentofu.org')
    expect([lstatSync(link).isSymbolicLink(), lstatSync(dirname(link)).isDirectory()]).toEqual([
      true,
      true,
    ])
    expect(realpathSync(link)).toBe(realpathSync(folder))
  })
})

describe('what belongs to an installation in Docker', () => {
  it('is told by its label, or by its name where no label was kept', () => {
    const ours = 'labplan.installation'
    expect(isOurs({ Name: 'x', Labels: { [ours]: 'abcd1234' } }, 'abcd1234')).toBe(true)
    expect(isOurs({ Spec: { Name: 'x', Labels: { [ours]: 'abcd1234' } } }, 'abcd1234')).toBe(true)
    expect(isOurs({ Name: 'lp-abcd1234-c0ffee00-s001-g1' }, 'abcd1234')).toBe(true)
    expect(
      isOurs({ Name: 'lp-abcd1234-c0ffee00-s001-g1', Labels: { [ours]: 'other000' } }, 'abcd1234'),
    ).toBe(false)
    expect(isOurs({ Name: 'postgres-data', Labels: null }, 'abcd1234')).toBe(false)
  })
})

describe('the practice class', () => {
  const practice = {
    image: '127.0.0.1:7083/labplan/terminal@sha256:aa',
    machine: { cpu: 4, memoryMb: 8000 },
    now: Temporal.Instant.from('2026-12-24T09:13:20Z'),
    hasLimits: true,
  }
  const changed = (text: string): Record<string, unknown>[] =>
    [parseAllDocuments(practiceText(text, practice))].flat().map((one) => one.toJS())

  it('starts now, in the course’s own time, for three hours, holiday or not', () => {
    const text =
      'kind: Course\nkey: networks-101\ntimeZone: Europe/Paris\nsessions:\n  - start: 2026-11-23T08:00\n    minutes: 120\n'
    expect(changed(text)[0]?.['sessions']).toEqual([
      { start: '2026-11-23T08:00', minutes: 120 },
      { start: '2026-12-24T10:10', minutes: 180, holidays: 'keep' },
    ])
  })

  it('runs the image that was built, on a machine as large as this one', () => {
    const text =
      'kind: Pool\nkey: local\nnodes:\n  - key: this-machine\n    cpu: 2\n---\nkind: Environment\nkey: terminal\n'
    expect(changed(text)).toMatchObject([
      { nodes: [{ key: 'this-machine', cpu: 2, memoryMb: 8000 }] },
      { image: 'labplan/terminal@sha256:aa' },
    ])
  })

  it('says nothing of limits on volumes where there can be none', () => {
    const text =
      'kind: Pool\nkey: local\nstorage: { backend: local }\n---\nkind: Pool\nkey: cloud\n'
    expect(changed(text)[0]).toHaveProperty('storage')
    expect(practiceText(text, { ...practice, hasLimits: false })).not.toContain('storage')
  })

  it('leaves the other courses as their authors wrote them', () => {
    const text = 'kind: Course # a comment\nkey: ml-lab\nsessions: []\n'
    expect(practiceText(text, practice)).toBe(text)
  })
})

it('tells the age of a process in one unit', () => {
  const now = new Date('2026-12-01T12:00:00Z')
  expect(ageOf('2026-12-01T11:59:30Z', now)).toBe('< 1 min')
  expect(ageOf('2026-12-01T11:18:30Z', now)).toBe('41 min')
  expect(ageOf('2026-11-30T11:00:00Z', now)).toBe('25 h')
  expect(ageOf('2026-11-20T11:00:00Z', now)).toBe('11 days')
})
