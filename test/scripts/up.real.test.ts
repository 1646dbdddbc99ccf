/** scripts/up on a machine that has nothing running, and on one that has its own Docker Engine. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { type FreshMachine, freshMachine } from './fresh-machine.ts'

const root = join(import.meta.dirname, '..', '..')
const SECOND_START_MS = 15_000

const up = (machine: FreshMachine, ...args: string[]) =>
  machine.run([join(root, 'scripts', 'up'), ...args], {
    LABPLAN_HOME: join(machine.folder, 'home'),
  })

/** Of the practice class: everyone's seat is warm while it is on. */
const CLASS_SEATS = 30
const BACK_MS = 90_000
const SEATS = ['ps', '--quiet', '--filter', 'label=labplan.seat']

const docker = async (machine: FreshMachine, ...args: string[]): Promise<string> =>
  (await machine.run(['docker', ...args])).output.trim()
const seats = async (machine: FreshMachine): Promise<string[]> =>
  (await docker(machine, ...SEATS)).split('\n').filter((id) => /^[0-9a-f]+$/.test(id))
const seatOf = (machine: FreshMachine, id: string): Promise<string> =>
  docker(machine, 'inspect', id, '--format', '{{ index .Config.Labels "labplan.seat" }}')
const shell = (text: string): string[] => ['sh', '-c', text]

type Finding = { part: string; state: string; says: string }
/** What `labplan doctor` finds wrong there. */
async function sickParts(machine: FreshMachine): Promise<Finding[]> {
  const { output } = await machine.run([join(root, 'scripts', 'labplan'), 'doctor', '--json'], {
    LABPLAN_HOME: join(machine.folder, 'home'),
  })
  const { findings } = JSON.parse(output) as { findings: Finding[] }
  return findings.filter(({ state }) => state === 'bad')
}

type Row = { name: string; pid?: number }
const running = (machine: FreshMachine): Row[] =>
  JSON.parse(readFileSync(join(machine.folder, 'home', 'run', 'running.json'), 'utf8'))
const pidOf = (machine: FreshMachine, name: string): number | undefined =>
  running(machine).find((row) => row.name === name)?.pid

describe('a machine with no Docker Engine', async () => {
  const machine = await freshMachine()
  afterAll(() => machine.end())
  const parts = ['dockerd', 'registry', 'postgres', 'storage', 'api', 'worker', 'gateway', 'lms']

  it(
    'comes up with one command that ends by saying what to open',
    { timeout: 300_000 },
    async () => {
      const { status, output } = await up(machine, '--detach')
      expect(output).toMatch(/Docker Engine +\d+\.\d s {2}started/)
      expect(output).toContain('a student   http://lms.localhost:7082/login/student1')
      expect(output).toContain('a teacher   http://lms.localhost:7082/login/teacher1')
      expect(status).toBe(0)
      expect(running(machine).map(({ name }) => name)).toEqual(parts)
    },
  )

  it('has a class that a student can open now', async () => {
    const { output } = await machine.run(
      [join(root, 'scripts', 'labplan'), 'session', 'list', '--json'],
      { LABPLAN_HOME: join(machine.folder, 'home') },
    )
    const { sessions } = JSON.parse(output) as {
      sessions: { course: string; startsAt: string; endsAt: string }[]
    }
    const now = new Date().toISOString()
    const open = sessions.filter(({ startsAt, endsAt }) => startsAt <= now && endsAt > now)
    // The examples' own classes may be on, too: that is up to the day.
    expect(open.map(({ course }) => course)).toContain('networks-101')
  })

  it('does nothing when run again, and says what runs', async () => {
    const before = running(machine)
    const { status, output } = await up(machine, '--detach')
    expect([status, output.trimStart().split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^Labplan runs at/),
    ])
    expect(running(machine)).toEqual(before)
    const table = await up(machine, '--status')
    expect(table.status).toBe(0)
    for (const name of parts) expect(table.output).toMatch(new RegExp(`^  ${name} +running`, 'm'))
  })

  it('survives the loss of its supervisor without stopping anything', async () => {
    const pids = running(machine).map(({ pid }) => pid)
    const { pid } = JSON.parse(
      readFileSync(join(machine.folder, 'home', 'run', 'supervisor.json'), 'utf8'),
    ) as { pid: number }
    await machine.run(['kill', '-KILL', String(pid)])
    expect((await up(machine, '--status')).output).toContain('The supervisor is gone')
    expect((await up(machine, '--detach')).status).toBe(0)
    expect(running(machine).map((row) => row.pid)).toEqual(pids)
  })

  it('brings a killed part back by itself', async () => {
    const killed = pidOf(machine, 'api')
    await machine.run(['kill', '-KILL', String(killed)])
    await expect.poll(() => pidOf(machine, 'api') ?? killed).not.toBe(killed)
  })

  it(
    'has every seat again, with its files, after its engine was killed',
    { timeout: 300_000 },
    async () => {
      await expect.poll(() => seats(machine), { timeout: 120_000 }).toHaveLength(CLASS_SEATS)
      const before = await seats(machine)
      const one = await seatOf(machine, before[0] ?? '')
      await docker(
        machine,
        'exec',
        before[0] ?? '',
        ...shell('echo kept > /home/kept; sync /home/kept'),
      )
      await machine.run(['kill', '-KILL', String(pidOf(machine, 'dockerd'))])
      const others = async (): Promise<string[]> =>
        (await seats(machine)).filter((id) => !before.includes(id))
      const back = { timeout: BACK_MS, interval: 500 }
      await expect.poll(others, back).toHaveLength(CLASS_SEATS)
      expect(await seats(machine)).toHaveLength(CLASS_SEATS)
      const again = await docker(machine, ...SEATS, '--filter', `label=labplan.seat=${one}`)
      expect(await docker(machine, 'exec', again, ...shell('cat /home/kept'))).toBe('kept')
      await expect.poll(() => sickParts(machine), back).toEqual([])
    },
  )

  it('stops, and starts a second time within 15 s', async () => {
    expect((await up(machine, '--stop')).output).toBe('Stopped.\n')
    expect(await machine.processes()).toEqual([])
    const allowedMs = SECOND_START_MS * (1 + (await runnableElsewhere()) / availableParallelism())
    const started = performance.now()
    const { status, output } = await up(machine, '--detach')
    expect([status, output]).toEqual([0, expect.stringContaining('Labplan runs at')])
    expect(performance.now() - started).toBeLessThan(allowedMs)
  })

  it('is gone after a wipe', async () => {
    const { status, output } = await up(machine, '--wipe', '--yes')
    expect([status, output]).toEqual([
      0,
      expect.stringContaining('Nothing of this installation is left.'),
    ])
    expect(await machine.processes()).toEqual([])
    expect((await machine.run(['iptables', '-t', 'mangle', '-S'])).output).not.toContain('labplan')
    expect((await machine.run(['ls', machine.folder])).output).toBe('')
  })
})

describe('a machine with its own Docker Engine', async () => {
  const machine = await freshMachine()
  afterAll(() => machine.end())
  const count = async (...list: string[]): Promise<number> =>
    (await docker(machine, ...list, '--quiet', '--filter', 'label=labplan.installation'))
      .split('\n')
      .filter(Boolean).length

  it(
    'keeps its engine, and has nothing labelled ours after a wipe',
    { timeout: 300_000 },
    async () => {
      await startEngine(machine)
      expect(await docker(machine, 'volume', 'create', 'somebody-elses')).toBe('somebody-elses')
      expect((await up(machine, '--detach')).output).not.toMatch(/Docker Engine .*started/)
      await expect
        .poll(() => count('service', 'ls'), { timeout: 120_000, interval: 1000 })
        .toBeGreaterThan(0)

      const { status, output } = await up(machine, '--wipe', '--yes')
      expect([status, output]).toEqual([
        0,
        expect.stringMatching(/Docker +\d+\.\d s {2}\d+ services/),
      ])
      for (const list of [
        ['ps', '--all'],
        ['network', 'ls'],
        ['volume', 'ls'],
        ['image', 'ls'],
      ])
        expect([list, await count(...list)]).toEqual([list, 0])
      expect(await docker(machine, 'info', '--format', '{{.Swarm.LocalNodeState}}')).toBe(
        'inactive',
      )
      expect(await docker(machine, 'volume', 'ls', '--quiet')).toBe('somebody-elses')
      expect(await docker(machine, 'network', 'ls', '--format', '{{.Name}}')).not.toContain('lp-')
      expect(await docker(machine, 'image', 'ls', '--quiet')).toBe('')
    },
  )
})

async function startEngine(machine: FreshMachine): Promise<void> {
  const folder = join(machine.folder, 'engine')
  mkdirSync(folder)
  const start = join(folder, 'start')
  writeFileSync(
    start,
    `#!/bin/sh\nsetsid dockerd --data-root ${folder}/data >${folder}/log 2>&1 &\n`,
    { mode: 0o755 },
  )
  await machine.run([start])
  const answers = async (): Promise<number> => (await machine.run(['docker', 'version'])).status
  await expect.poll(answers, { timeout: 30_000, interval: 250 }).toBe(0)
}

/** How many threads of other programs want a core just now: on a machine of its own, about none. */
async function runnableElsewhere(): Promise<number> {
  const samples: number[] = []
  while (samples.length < 20) {
    await sleep(50)
    // proc(5): the fourth field of loadavg is runnable/existing; the reader itself is one of them.
    const runnable = /(\d+)\/\d+/.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1]
    samples.push(Number(runnable) - 1)
  }
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length
}
