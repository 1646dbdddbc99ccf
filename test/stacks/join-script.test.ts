/**
 * Parts of what an idle machine runs to join, by its own shell: whether it may, and its engine's settings. The engine and
 * systemd are stand-ins that answer as Docker 20.10 does; on a real machine it runs in test/workers/machines/join-machine.real.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinScript } from '../../stacks/parts/join-script.ts'

const home = mkdtempSync(join(tmpdir(), 'labplan-test-script-'))
const bin = join(home, 'bin')
const script = joinScript(
  {
    ...{ installation: 'abcd1234', pool: 'hall', ticket: '0197-ticket', gpuKind: null },
    cloud: { gateways: ['10.1.2.5/32'], dns: null, insecureRegistries: ['registry.example:5000'] },
  },
  'SWMTKN-1-x 10.1.2.5:2377',
)
const body = script.slice(script.indexOf('# Makes this machine'))
const [head = ''] = body.split('\n\nif ! command -v dockerd')

beforeAll(() => {
  mkdirSync(bin)
  stand('systemctl', 'exit 0')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const stand = (name: string, does: string) =>
  writeFileSync(join(bin, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 })

/** Of the machine that runs the tests nothing is looked at or changed. */
function run(part: string) {
  const here = part.replaceAll('/run/systemd/system', home).replaceAll('/etc/docker', `${home}/etc`)
  const env = { PATH: `${bin}:${process.env['PATH']}` }
  const { status, stderr } = spawnSync('sh', { input: here, encoding: 'utf8', env })
  return { status, said: stderr }
}

/** Name and installation of each network that `docker network ls` prints with the format that is asked for. */
const networks = (...lines: string[]) =>
  stand(
    'docker',
    `case "$1 $2" in
  'network ls') printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} ;;
  info*) echo inactive ;;
esac`,
  )

it('tries again on a machine where a first try, or a Swarm that it left, has made networks', () => {
  networks('docker_gwbridge ', 'lp-abcd1234-seats-node abcd1234')
  expect(run(head)).toEqual({ status: 0, said: '' })
})

it('leaves a machine alone whose engine has networks of somebody else, and says which', () => {
  networks('docker_gwbridge ', 'shop_default ', 'blog ')
  const { status, said } = run(head)
  expect(status).toBe(1)
  expect(said).toContain('docker network rm shop_default blog')
})

it('keeps the settings of an engine as they were written, also when it is tried again', () => {
  const settings = body.slice(
    body.indexOf('mkdir -p /etc/docker\ngpus='),
    body.indexOf('# Read at its start only'),
  )
  mkdirSync(join(home, 'etc'))
  const config = join(home, 'etc', 'daemon.json')
  const own = { 'cgroup-parent': 'a\\b "\n', 'log-opts': { tag: 'room' }, labels: ['room=12'] }
  writeFileSync(config, JSON.stringify(own))
  for (const ticket of ['0197-ticket', '0198-second']) {
    const tried = settings.replaceAll(/echo ([\w+/=]{100,})/g, (_, encoded: string) => {
      const text = Buffer.from(encoded, 'base64').toString().replace('0197-ticket', ticket)
      return `echo ${Buffer.from(text).toString('base64')}`
    })
    expect(run(`set -eu\nsay() { :; }\n${tried}`)).toEqual({ status: 0, said: '' })
    const both = JSON.parse(readFileSync(config, 'utf8'))
    expect(both['cgroup-parent']).toBe(own['cgroup-parent'])
    expect(both.labels).toContain(`labplan.machine=${ticket}`)
    expect(both.labels.filter((one: string) => !one.startsWith('labplan.'))).toEqual(['room=12'])
    expect(JSON.parse(readFileSync(`${config}.before-labplan`, 'utf8'))).toEqual(own)
  }
})
