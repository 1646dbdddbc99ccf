import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Wanted, isAlive, readRunning, startTicks } from '../../scripts/steps/process-table.ts'
import {
  ensureProcess,
  ensureSupervisor,
  findProcess,
  findSupervisor,
  stopEverything,
  stopProcesses,
  until,
  wantComeback,
} from '../../scripts/steps/supervised.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'labplan-test-supervisor-'))
})
afterEach(async () => {
  await stopEverything(home)
  rmSync(home, { recursive: true, force: true })
})

const sleeper = (name: string, version = '1'): Wanted => ({
  name,
  argv: ['sleep', '600'],
  env: { PATH: process.env.PATH ?? '' },
  version,
  stop: { signal: 'SIGTERM', withinMs: 5000 },
})
const lives = (name: string) => async (): Promise<boolean> => findProcess(home, name) !== undefined
const pid = (name: string): number | undefined => findProcess(home, name)?.pid
/** Whether it runs, and not as `before`: from one look, since what was killed may die between two. */
const runsAsOther = (name: string, before: number | undefined): boolean => {
  const now = pid(name)
  return now !== undefined && now !== before
}

async function started(...names: string[]): Promise<void> {
  await ensureSupervisor(home)
  for (const name of names) await ensureProcess(home, sleeper(name), lives(name))
}

it('starts a process once, and again when what is wanted of it changes', async () => {
  await started('one')
  const first = pid('one')
  expect(await ensureProcess(home, sleeper('one'), lives('one'))).toBeUndefined()
  expect(pid('one')).toBe(first)
  expect(await ensureProcess(home, sleeper('one', '2'), lives('one'))).toBe('started again')
  expect(pid('one')).not.toBe(first)
})

it('starts again what was killed, and counts it', async () => {
  await started('one')
  const first = pid('one')
  process.kill(first ?? 0, 'SIGKILL')
  expect(await until(() => runsAsOther('one', first), 5000)).toBe(true)
  expect(findProcess(home, 'one')?.crashes).toBe(1)
})

it('adopts everything after its own death, without stopping any of it', async () => {
  await started('one', 'two')
  const before = [pid('one'), pid('two')]
  process.kill(findSupervisor(home)?.pid ?? 0, 'SIGKILL')
  await until(() => !findSupervisor(home), 5000)
  expect(await ensureSupervisor(home)).toBe(true)
  await ensureProcess(home, sleeper('three'), lives('three'))
  expect([pid('one'), pid('two')]).toEqual(before)
})

it('stops the last started first, and leaves nothing', async () => {
  await started('one', 'two', 'three')
  const all = readRunning(home)
  expect(await stopEverything(home)).toBe(true)
  expect(all.some(isAlive)).toBe(false)
  const log = readFileSync(join(home, 'log', 'supervisor.log'), 'utf8')
  expect([...log.matchAll(/(\w+) stopped/g)].map(([, name]) => name)).toEqual([
    'three',
    'two',
    'one',
  ])
  expect(await stopEverything(home)).toBe(false)
})

it('stops some and keeps the others', async () => {
  await started('one', 'two')
  await stopProcesses(home, ['one'])
  expect([pid('one'), pid('two') === undefined]).toEqual([undefined, false])
})

it('gives up on a process that keeps falling over, with the end of its log', async () => {
  await ensureSupervisor(home)
  const broken = { ...sleeper('broken'), argv: ['sh', '-c', 'echo no such luck; exit 3'] }
  await expect(ensureProcess(home, broken, async () => false)).rejects.toThrow(
    /^broken ends right after its start\. The end of .*broken\.log:\n[\s\S]*no such luck/,
  )
})

it('makes again what a killed process forgets, trying until it can', async () => {
  await started('one')
  const [stale, tries, made] = [join(home, 'stale'), join(home, 'tries'), join(home, 'made')]
  // Works at the third try, as when the process needs a while until it answers.
  const script = `echo >>${tries}; [ $(wc -l <${tries}) -ge 3 ] && touch ${made}`
  const comeback = { without: [stale], argv: ['sh', '-c', script] }
  wantComeback(home, 'one', { ...comeback, env: { PATH: process.env.PATH ?? '' } })
  writeFileSync(stale, 'yes')
  const first = pid('one')
  expect([await ensureProcess(home, sleeper('one'), lives('one')), pid('one')]).toEqual([
    undefined,
    first,
  ])
  process.kill(first ?? 0, 'SIGKILL')
  expect(await until(() => existsSync(made), 15_000)).toBe(true)
  expect([existsSync(stale), runsAsOther('one', first)]).toEqual([false, true])
})

it('tries at once when asked again, though the last tries failed', async () => {
  await ensureSupervisor(home)
  const [mended, ready] = [join(home, 'mended'), join(home, 'ready')]
  const script = `cat ${mended} && touch ${ready} && exec sleep 600`
  const fragile = { ...sleeper('fragile'), argv: ['sh', '-c', script] }
  const isReady = async (): Promise<boolean> => existsSync(ready)
  await expect(ensureProcess(home, fragile, isReady)).rejects.toThrow(/No such file/)
  writeFileSync(mended, 'yes')
  expect(await ensureProcess(home, fragile, isReady)).toBe('started')
})

it('says so when a program is not there at all', async () => {
  await ensureSupervisor(home)
  const missing = { ...sleeper('missing'), argv: ['/nowhere/at-all'] }
  await expect(ensureProcess(home, missing, async () => false)).rejects.toThrow(
    /^missing ends right/,
  )
  const log = readFileSync(join(home, 'log', 'supervisor.log'), 'utf8')
  expect(log).toContain('missing could not be started: spawn /nowhere/at-all ENOENT')
})

it('kills what does not end when asked', async () => {
  await ensureSupervisor(home)
  const stubborn: Wanted = {
    ...sleeper('stubborn'),
    argv: ['sh', '-c', `trap "" TERM; : > ${home}/deaf; while :; do sleep 1; done`],
    stop: { signal: 'SIGTERM', withinMs: 300 },
  }
  await ensureProcess(home, stubborn, async () => existsSync(join(home, 'deaf')))
  await stopProcesses(home, ['stubborn'])
  const log = readFileSync(join(home, 'log', 'supervisor.log'), 'utf8')
  expect(log).toContain('stubborn did not end in 0.3 s and is killed')
})

it('knows a process by its start, not by its number alone', async () => {
  const child = spawn('sleep', ['600'])
  const known = { pid: child.pid, startTicks: startTicks(child.pid ?? 0) }
  expect(isAlive(known)).toBe(true)
  expect(isAlive({ ...known, startTicks: '1' })).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(known)).toBe(false)
})
