/** The environment image `terminal` as seats of a real Swarm: what a student finds, and what a seat may not do. */
import { execFile } from 'node:child_process'
import { on } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectEngine } from '../../workers/swarm/engine.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import { findService } from '../../workers/swarm/service.ts'
import type { Counters } from '../../stacks/rules/idle.ts'
import { IDENTITY_PORT } from '../../workers/swarm/probe.ts'
import { countersOf } from '../../workers/swarm/sample.ts'
import { listTasks } from '../../workers/swarm/task.ts'
import { terminalOn } from '../beds/image.ts'
import { makeSeat } from '../beds/seat.ts'
import type { Place, Seat } from '../beds/seat.ts'
import { swarmBed } from '../beds/swarm.ts'
import type { SwarmBed } from '../beds/swarm.ts'
import { openWebShell } from '../beds/web-shell.ts'

const WEB = 8080
const SSH = 22
const folder = mkdtempSync(join(tmpdir(), 'labplan-test-image-'))

let bed: SwarmBed
let engine: Engine
let seats: [Seat, Seat]
let place: Place

beforeAll(async () => {
  bed = await swarmBed({ nodes: 1 })
  engine = connectEngine(bed.dockerHost)
  const image = await terminalOn(bed)
  seats = [
    await makeSeat(engine, { name: 's1', image }),
    await makeSeat(engine, { name: 's2', image }),
  ]
  ;[place] = (await Promise.all(seats.map((seat) => seat.untilReady()))) as [Place, Place]
})
afterAll(async () => {
  engine?.close()
  await bed?.down()
  rmSync(folder, { recursive: true })
})

describe('web terminal', () => {
  it('runs commands as the login user, who may nothing more than that', async () => {
    const shell = await openWebShell(at(place, WEB))
    expect(await shell.run('id')).toBe(
      'uid=1000(student-s1) gid=1000(student-s1) groups=1000(student-s1)',
    )
    expect(await shell.run('echo $((6*7)); pwd; tput cols; locale charmap')).toBe(
      '42\n/home/student-s1\n100\nUTF-8',
    )
    expect(await shell.run('grep CapEff /proc/self/status')).toMatch(/CapEff:\s+0+$/)
    expect(await shell.run('cat /run/secrets/labplan')).toContain('Permission denied')
    expect(await shell.run('echo $LABPLAN_LOGIN $MYDOCKER_USERNAME $MYDOCKER_PASSWORD')).toBe(
      `student-s1 student-s1 ${seats[0].password}`,
    )
    shell.type('exit\n')
  })

  it('keeps what runs when the connection breaks, and gives it back', async () => {
    const first = await openWebShell(at(place, WEB))
    await first.run('answer=still-here')
    first.type('sleep 0.5; echo later-$answer\n')
    first.cut()
    const again = await openWebShell(at(place, WEB), { shell: first.id })
    expect(again.id).toBe(first.id)
    await again.untilPrinted('later-still-here')
    // A second page beside it has a shell of its own; one that comes after it was left gets it back.
    const beside = await openWebShell(at(place, WEB))
    expect(beside.id).not.toBe(first.id)
    beside.type('exit\n')
    again.cut()
    await expect.poll(() => idOfShellLeft(first.id)).toBe(first.id)
  })

  it('can be stopped while it prints without end', async () => {
    const shell = await openWebShell(at(place, WEB))
    shell.type('yes\n')
    await shell.untilPrinted('y\r\ny\r\n')
    shell.type('\u0003')
    expect(await shell.run('echo stopped')).toContain('stopped')
  })

  it('is not for pages of other sites', async () => {
    const headers = { origin: 'http://elsewhere.example' }
    await expect(openWebShell(at(place, WEB), { headers })).rejects.toThrow('403')
    const behindGateway = {
      origin: 'http://x.seats.localhost',
      'x-forwarded-host': 'x.seats.localhost',
    }
    const shell = await openWebShell(at(place, WEB), { headers: behindGateway })
    shell.type('exit\n')
  })

  it('serves its page, compressed and once', async () => {
    const page = await fetch(`http://${at(place, WEB)}/`)
    expect(await page.text()).toContain('terminal.js')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const script = await fetch(`http://${at(place, WEB)}/xterm.mjs`)
    expect(script.headers.get('content-encoding')).toBe('gzip')
    const headers = { 'if-none-match': script.headers.get('etag') ?? '' }
    expect((await fetch(`http://${at(place, WEB)}/xterm.mjs`, { headers })).status).toBe(304)
  })
})

describe('SSH', () => {
  it('lets in with login and password, with files by sftp', async () => {
    const { stdout } = await ssh(seats[0], place, ['id -un; hostname; tty'], ['-tt'])
    expect(stdout).toMatch(/^student-s1\r\n.*\r\n\/dev\/pts\/\d+/s)
    writeFileSync(join(folder, 'batch'), `put ${join(folder, 'batch')} sent\nls -l sent\n`)
    const sftp = await run(
      'sftp',
      [...sshOptions(place), '-oBatchMode=no', '-b', join(folder, 'batch')],
      seats[0],
      place,
    )
    expect(sftp.stdout).toMatch(/sent/)
  })

  it('lets nobody in with another password, nor root', async () => {
    await expect(ssh({ ...seats[0], password: 'guess' }, place, ['id'])).rejects.toThrow(
      'Permission denied',
    )
    await expect(ssh({ ...seats[0], login: 'root' }, place, ['id'])).rejects.toThrow(
      'Permission denied',
    )
  })
})

it('counts what is done in it, never what, and tells who has its key', async () => {
  const identityPort = place.ports.get(IDENTITY_PORT) ?? 0
  const where = { task_id: place.task, node_address: place.address, identity_port: identityPort }
  const counters = async () => {
    const told = await countersOf(seats[0].key, where)
    if (!told) throw new Error('The seat told no counters.')
    return told
  }
  expect(await countersOf(seats[1].key, where)).toBeUndefined()
  const shell = await openWebShell(at(place, WEB))
  await shell.run('true')
  expect((await counters()).inputSecondsAgo).toBeLessThan(30)
  // A page that is only open, and the looks themselves, use next to nothing.
  const [idle, then] = [await counters(), Date.now()]
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const still = await counters()
  const cpuShare = (from: Counters, to: Counters, since: number) =>
    ((to.cpuMicros ?? NaN) - (from.cpuMicros ?? NaN)) / 1000 / (Date.now() - since)
  expect(cpuShare(idle, still, then)).toBeLessThan(0.02)
  expect((still.networkBytes ?? NaN) - (idle.networkBytes ?? NaN)).toBeLessThan(10_000)
  expect(still.inputSecondsAgo).toBeGreaterThanOrEqual(2)
  // Work is seen, and so is what comes over the network.
  await shell.run('sh -c "ulimit -t 1; while :; do :; done"')
  const after = await counters()
  expect((after.cpuMicros ?? NaN) - (still.cpuMicros ?? NaN)).toBeGreaterThan(800_000)
  await shell.run('head -c 300000 /dev/zero | tr "\\0" x')
  expect((await counters()).networkBytes).toBeGreaterThan((after.networkBytes ?? NaN) + 300_000)
  expect(after.gpuPercent).toBeNull()
  shell.type('exit\n')
})

it('gives each seat its own user and identity', async () => {
  const other = await seats[1].untilReady()
  expect(other.task).not.toBe(place.task)
  const { stdout } = await ssh(seats[1], other, ['id -un'])
  expect(stdout.trim()).toBe('student-s2')
  await expect(ssh({ ...seats[1], login: 'student-s1' }, other, ['id'])).rejects.toThrow('denied')
})

it('finds its files and its host key again after a stop and a start', async () => {
  const before = await hostKey(place)
  await ssh(seats[0], place, ['echo mine > notes; chmod 600 .profile; rm .bash_logout'])
  place = await seats[0].restart()
  const { stdout } = await ssh(seats[0], place, ['cat notes; stat -c %U:%a .profile; ls -a'])
  expect(stdout).toMatch(/^mine\nstudent-s1:600\n/)
  expect(stdout).not.toContain('.bash_logout')
  expect(await hostKey(place)).toBe(before)
})

it('has the processes that its limit says, given in the call that starts it', async () => {
  const limit = await ssh(seats[0], place, [
    'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max',
  ])
  expect(limit.stdout.trim()).toBe('256')
  // A student who starts too many still has a seat that answers, and a way to stop them.
  const bomb = 'for i in $(seq 400); do sleep 60 & done'
  const shell = await openWebShell(at(place, WEB))
  shell.type(`bash -c '${bomb}'\n`)
  await shell.untilPrinted('retry')
  await seats[0].untilReady()
  place = await seats[0].restart()
})

it('stays the same task when only a label changes', async () => {
  await update((spec) => ({ ...spec, Labels: { 'labplan.seat': 'course00/s1', note: 'changed' } }))
  // Whether nothing came of it is seen once something has come of a change that must have effect.
  await update((spec) => {
    const container = spec.TaskTemplate['ContainerSpec'] as { Env: string[] }
    const ContainerSpec = { ...container, Env: [...container.Env, 'CHANGED=yes'] }
    return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec } }
  })
  const before = place.task
  // The Swarm may have forgotten the tasks before it by now.
  await expect.poll(async () => (await newestTasks())[0], { timeout: 30_000 }).not.toBe(before)
  expect((await newestTasks())[1]).toBe(before)
  place = await seats[0].untilReady()
})

it('lets the student’s programs save their work before their terminals go', async () => {
  const program = (file: string) => `python3 -c "
import signal, time
def last(*_):
    time.sleep(0.5); open('${file}', 'w').write('saved'); raise SystemExit
signal.signal(signal.SIGTERM, last); print('re' + 'ady', flush=True); time.sleep(60)"`
  const shell = await openWebShell(at(place, WEB))
  shell.type(`${program('from-the-web')}\n`)
  await shell.untilPrinted('ready')
  const bySsh = ssh(seats[0], place, [program('from-ssh')], ['-tt'])
  const ended = bySsh.catch(() => 'ended by the seat')
  await untilPrinted(bySsh.child.stdout!, 'ready')
  place = await seats[0].restart()
  await ended
  const { stdout } = await ssh(seats[0], place, ['cat from-the-web from-ssh'])
  expect(stdout).toBe('savedsaved')
})

async function untilPrinted(stream: Readable, text: string): Promise<void> {
  let printed = ''
  for await (const chunk of on(stream, 'data', { signal: AbortSignal.timeout(30_000) })) {
    printed += String(chunk[0])
    if (printed.includes(text)) return
  }
}

const at = (where: Place, port: number) => `${where.address}:${where.ports.get(port)}`

/** Opens a page without an id. Asked before the seat noticed that a page went, it gives a new shell. */
async function idOfShellLeft(wanted: string): Promise<string> {
  const shell = await openWebShell(at(place, WEB))
  if (shell.id !== wanted) shell.type('exit\n')
  else shell.cut()
  return shell.id
}

function sshOptions(where: Place): string[] {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'NumberOfPasswordPrompts=1',
  ]
  return [...options.flatMap((one) => ['-o', one]), '-P', String(where.ports.get(SSH))]
}

function ssh(
  seat: Pick<Seat, 'login' | 'password'>,
  where: Place,
  command: string[],
  more: string[] = [],
) {
  const options = sshOptions(where).map((one) => (one === '-P' ? '-p' : one))
  return run('ssh', [...options, ...more], seat, where, command)
}

/** OpenSSH asks a program of ours for the password, as it does where there is no terminal. */
function run(
  program: string,
  options: string[],
  seat: Pick<Seat, 'login' | 'password'>,
  where: Place,
  command: string[] = [],
) {
  const asker = join(folder, 'password')
  writeFileSync(asker, '#!/bin/sh\nprintf "%s\\n" "$SEAT_PASSWORD"\n', { mode: 0o700 })
  const env = {
    ...process.env,
    SSH_ASKPASS: asker,
    SSH_ASKPASS_REQUIRE: 'force',
    SEAT_PASSWORD: seat.password,
  }
  return promisify(execFile)(program, [...options, `${seat.login}@${where.address}`, ...command], {
    env,
    timeout: 30_000,
  })
}

async function hostKey(where: Place): Promise<string> {
  const port = String(where.ports.get(SSH))
  const { stdout } = await promisify(execFile)('ssh-keyscan', [
    '-t',
    'ed25519',
    '-p',
    port,
    where.address,
  ])
  return stdout.split(' ').slice(1).join(' ')
}

type Spec = NonNullable<Awaited<ReturnType<typeof findService>>>['Spec']

async function update(changed: (spec: Spec) => Spec): Promise<void> {
  const { ID, Version, Spec } = (await findService(engine, seats[0].serviceId))!
  const query = { version: Version.Index }
  await engine.call('POST', `/services/${ID}/update`, { query, body: changed(Spec) })
}

async function newestTasks(): Promise<string[]> {
  const wanted = { installation: '', serviceIds: [seats[0].serviceId] }
  return (await listTasks(engine, wanted)).slice(0, 2).map((task) => task.ID)
}
