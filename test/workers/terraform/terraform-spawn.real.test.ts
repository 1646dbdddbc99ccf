/** Commands that may not outlive us. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { cageKind, runCommand } from '../../../workers/terraform/spawn.ts'

const shell = (script: string, env: Record<string, string> = {}) => ({
  argv: ['sh', '-c', script],
  env: { PATH: process.env.PATH ?? '', ...env },
  secret: [],
  cwd: '/',
})

it('gives lines, exit code and the end of stderr', async () => {
  const lines: string[] = []
  const exit = await runCommand(shell('echo one; echo two; echo trouble >&2; exit 3'), {
    onLine: (line) => lines.push(line),
  })
  expect(lines).toEqual(['one', 'two'])
  expect(exit).toMatchObject({ code: 3, stderr: 'trouble' })
})

it('hands down no environment of ours', async () => {
  const lines: string[] = []
  await runCommand(shell('env', { ONLY: 'this' }), { onLine: (line) => lines.push(line) })
  const names = lines.map((line) => line.split('=')[0])
  expect(
    names.filter((name) => !['PATH', 'ONLY', 'PWD', 'SHLVL', '_', 'OLDPWD'].includes(name!)),
  ).toEqual([])
})

it('says what to do when there is no such program', async () => {
  const missing = { ...shell(''), argv: ['no-such-engine'] }
  const exit = runCommand(missing, { onLine: () => {} })
  await expect(exit).rejects.toThrow(
    'Could not start no-such-engine: install it, or set TERRAFORM_BINARY_NAME.',
  )
})

it('interrupts first, so that a state can be saved', async () => {
  const stop = new AbortController()
  const lines: string[] = []
  const exit = await runCommand(
    shell('trap "echo saved; exit 0" INT; echo ready; while :; do sleep 0.05; done'),
    {
      onLine: (line) => {
        lines.push(line)
        if (line === 'ready') stop.abort()
      },
      stop: stop.signal,
    },
  )
  expect(lines).toEqual(['ready', 'saved'])
  expect(exit.code).toBe(0)
})

it('kills what does not listen, once its grace is over', async () => {
  const stop = new AbortController()
  const exit = await runCommand(shell('trap "" INT; echo ready; while :; do sleep 0.05; done'), {
    onLine: () => stop.abort(),
    stop: stop.signal,
    graceMs: 200,
  })
  expect(exit.code === 0).toBe(false)
})

it('kills everything at once when nothing may go on', async () => {
  const kill = new AbortController()
  const mark = `mark${process.pid}`
  await runCommand(shell(`sleep 300 & echo ready; exec sleep 301 ${''}`, { MARK: mark }), {
    onLine: () => kill.abort(),
    kill: kill.signal,
  })
  await untilNone(mark)
})

it('ends with its worker, and with it all that it started', async () => {
  const mark = `mark-worker-${process.pid}`
  const program = `import { runCommand } from '${import.meta.dirname}/../../../workers/terraform/spawn.ts'
    await runCommand({ argv: ['sh', '-c', 'setsid sleep 300 & echo ready; sleep 301'], cwd: '/', secret: [],
      env: { PATH: process.env.PATH, MARK: '${mark}' } }, { onLine: (line) => console.log(line) })`
  const worker = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(createInterface({ input: worker.stdout }), 'line')
  expect(processesWith(mark).length).toBeGreaterThanOrEqual(2)
  worker.kill('SIGKILL')
  await untilNone(mark)
})

it('says how it holds commands on this machine', () => {
  const kinds = process.getuid?.() === 0 ? ['pid-namespace'] : ['user-namespace', 'death-signal']
  expect(kinds).toContain(cageKind())
})

function processesWith(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`MARK=${mark}`)
      } catch {
        return false
      }
    })
}

async function untilNone(mark: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (processesWith(mark).length > 0) {
    if (Date.now() > deadline) throw new Error(`Still at work: ${processesWith(mark).join(', ')}`)
    await sleep(50)
  }
}
