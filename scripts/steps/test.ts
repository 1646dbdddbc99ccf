/**
 * scripts/test: proves the checkout. Installs what is missing, runs every runner, prints a table, and ends with exactly
 * one line: N passed, N failed, N skipped.
 */
import { spawn } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { ensureGo } from './go.ts'
import { type Settings, readSettings } from './settings.ts'
import { preparations } from './preparations.ts'
import { CannotGoOn, runSteps, seconds } from './step.ts'
import { type Count, type Runner, goTests, tools, vitest } from './test-runners.ts'

const USAGE = `scripts/test [--fast] [RUNNER...]

  --fast      within a minute: format, lint, types, and most tests of pure code and PostgreSQL
  RUNNER...   only these, by the names in the table

Installs what is missing first (Debian packages need root). The last line is: N passed, N failed, N skipped
`

/** What a test must not see: it would speak to an installation of the person who runs it. */
const FOREIGN =
  /^(LABPLAN_(?!CACHE|SEED|RUNS)|DATABASE_URL$|DOCKER_(HOST|TLS_VERIFY|CERT_PATH)$|LMS_)/

const FAST = ['format', 'lint', 'types', 'fast']
/** What needs nothing but the npm packages. */
const UNPREPARED = new Set([...FAST, 'dead code', 'laws', 'semester'])

type Result = Count & { runner: Runner; tookMs: number; output: string; busyShare: number }

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fast: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  for (const name of Object.keys(process.env)) if (FOREIGN.test(name)) delete process.env[name]
  const runners = await chosenRunners(values.fast ?? false, positionals)
  const those = (load: Runner['load']): Runner[] => runners.filter((one) => one.load === load)
  const results = await inLanes(those('light'), availableParallelism())
  const beside = await Promise.all([inLanes(those('waits'), 1), inLanes(those('fills'), 1)])
  results.push(...beside.flat(), ...(await inLanes(those('alone'), 1)))
  return report(results.toSorted((a, b) => runners.indexOf(a.runner) - runners.indexOf(b.runner)))
}

async function chosenRunners(fast: boolean, names: string[]): Promise<Runner[]> {
  const wanted = fast ? FAST : names
  const known = allRunners('go').map(({ name }) => name)
  const unknown = wanted.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new CannotGoOn(`there is no runner ${unknown.join(', ')}, only ${known.join(', ')}.`)
  const chosen = wanted.length > 0 ? wanted : known
  const go = chosen.every((name) => UNPREPARED.has(name)) ? 'go' : await prepare(readSettings())
  return allRunners(go).filter(({ name }) => chosen.includes(name))
}

function allRunners(go: string): Runner[] {
  const images = ['scripts/images/seat', 'scripts/images/web-terminal']
  return [
    ...Object.values(tools),
    ...images.map((folder) => goTests(go, folder)),
    vitest('fast', 10, 'fills'),
    vitest('start', 15, 'alone'),
    // Each is one file, which one processor does.
    vitest('laws', 20, 'light'),
    vitest('semester', 10, 'light'),
    vitest('real', 40, 'alone'),
    vitest('chaos', 15, 'waits'),
    vitest('flow', 20, 'fills'),
  ]
}

/** Answers the path of Go. */
async function prepare(settings: Settings): Promise<string> {
  await runSteps(preparations(settings))
  return await ensureGo(settings.cache, () => {})
}

/** So many at once. */
async function inLanes(runners: Runner[], lanes: number): Promise<Result[]> {
  // The longest first, so that none of them runs alone at the end; in their order where each waits for the one before.
  const waiting = lanes === 1 ? [...runners] : runners.toSorted((a, b) => b.minutes - a.minutes)
  const results: Result[] = []
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push(await perform(next))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}

/** From a runner's end on. */
const LAST_WORDS_MS = 5_000

/** Runs one runner to its end or its bound. It also ends when this process is killed. */
async function perform(runner: Runner): Promise<Result> {
  const started = performance.now()
  const busyBefore = busyMs()
  const argv = ['--pdeathsig', 'TERM', '--', ...runner.argv]
  const child = spawn('setpriv', argv, {
    cwd: runner.cwd,
    env: { ...process.env, ...(!process.stdout.isTTY && { NO_COLOR: '1' }), ...runner.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runner.minutes * 60_000,
    killSignal: 'SIGTERM',
  })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString()
    // A long runner shows that it moves; a light one speaks only when it fails.
    if (runner.load !== 'light') process.stdout.write(chunk)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const { promise, resolve } = Promise.withResolvers<number>()
  child.on('error', () => resolve(127))
  child.on('close', (code) => resolve(code ?? 1))
  // What a failed test left running may hold the runner's output open for good.
  child.on('exit', (code) => setTimeout(() => resolve(code ?? 1), LAST_WORDS_MS).unref())
  const code = await promise
  child.stdout.destroy()
  child.stderr.destroy()
  const counted = runner.count(code, output)
  const tookMs = performance.now() - started
  const busyShare = (busyMs() - busyBefore) / (tookMs * cpus().length)
  const ran = counted.passed + counted.failed + counted.skipped.length
  if (runner.load === 'light' && counted.failed > 0)
    process.stdout.write(`\n${runner.name}:\n${output}\n`)
  const result = { ...counted, runner, tookMs, output, busyShare }
  if (ran > 0) return result
  process.stdout.write(`\n${runner.name}: ran no test, which counts as a failure.\n`)
  return { ...result, failed: 1 }
}

/** What the processors of this machine have done so far, whoever asked for it. */
const busyMs = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)

function report(results: Result[]): number {
  const sum = (of: (result: Result) => number): number => results.reduce((n, r) => n + of(r), 0)
  const line = (passed: number, failed: number, skipped: number): string =>
    `${passed} passed, ${failed} failed, ${skipped} skipped`
  for (const { skipped } of results)
    for (const { name, reason } of skipped) process.stdout.write(`skipped: ${name} (${reason})\n`)
  process.stdout.write('\n')
  for (const { runner, passed, failed, skipped, tookMs, busyShare } of results) {
    const mark = failed > 0 ? 'FAILED' : 'ok'
    const counts = line(passed, failed, skipped.length)
    // Whether more at a time would end sooner: of all processors, with what else ran on this machine.
    const busy = `${Math.round(busyShare * 100)} % busy`
    process.stdout.write(
      `  ${mark.padEnd(7)} ${runner.name.padEnd(16)} ${seconds(tookMs).padStart(11)} ${busy.padStart(11)}   ${counts}\n`,
    )
  }
  // Last, and a line each: who reads what CI kept often sees the end alone.
  const failures = results.flatMap(({ runner, failures = [] }) =>
    failures.map((failure) => `FAILED: ${runner.name}: ${failure}\n`),
  )
  if (failures.length > 0) process.stdout.write(`\n${failures.join('')}`)
  const failed = sum((result) => result.failed)
  process.stdout.write(
    `\n${line(
      sum((result) => result.passed),
      failed,
      sum((result) => result.skipped.length),
    )}\n`,
  )
  return failed > 0 ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof CannotGoOn) && !(error instanceof TypeError)) throw error
  process.stdout.write(
    `scripts/test could not begin: ${error.message}\n0 passed, 1 failed, 0 skipped\n`,
  )
  process.exitCode = 1
}
