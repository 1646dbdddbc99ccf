import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestDatabase, testDatabase } from './postgres.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

/** As a bench does: starts a part, and ends at once when it is told to. */
const PROGRAM = `
  import { installation } from '${import.meta.dirname}/installation.ts'
  process.once('SIGTERM', () => process.exit(2))
  const inst = await installation({
    databaseUrl: process.argv[1], dockerHost: 'unix:///nowhere', registry: '127.0.0.1:1',
  })
  await inst.start('lms')
  console.log(JSON.stringify({ home: inst.home, pid: inst.pid('lms') }))
  setInterval(() => {}, 1000)`

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'leaves nothing running when who started it gets %s',
  async (signal) => {
    const argv = ['--input-type=module', '-e', PROGRAM, database.url]
    const owner = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(owner, 'exit')
    try {
      const [line] = (await Promise.race([
        once(createInterface(owner.stdout), 'line'),
        ended.then(() => Promise.reject(new Error('It ended by itself.'))),
      ])) as [string]
      const { home, pid } = JSON.parse(line) as { home: string; pid: number }
      expect(isAlive(pid)).toBe(true)
      owner.kill(signal)
      await ended
      while (isAlive(pid)) await sleep(20)
      // Nobody is left to do it after SIGKILL.
      expect(existsSync(home)).toBe(signal === 'SIGKILL')
      rmSync(home, { recursive: true, force: true })
    } finally {
      owner.kill('SIGKILL')
    }
  },
  60_000,
)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
