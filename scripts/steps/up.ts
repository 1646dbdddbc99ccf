/** scripts/up: brings a whole Labplan up on this machine, keeps it running, takes it down. */
import { appendFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { inspect, parseArgs } from 'node:util'
import { toolsAdvice } from './approved-tools.ts'
import { diskStep, makeWritable, portsStep } from './checks.ts'
import { compileCache, sweepCompileCache } from './compile-cache.ts'
import { ensurePrograms } from './debian.ts'
import { engineStep, swarmStep } from './engine.ts'
import { writeEnvironmentFile } from './environment.ts'
import { follow } from './foreground.ts'
import { findInstallationId, identityStep } from './identity.ts'
import { imageStep, migrationStep, processStep, seatNetworkStep, storageStep } from './own-parts.ts'
import { postgresStep } from './postgres.ts'
import { practiceSteps } from './practice.ts'
import { isAlive, readRunning, startTicks } from './process-table.ts'
import { mirrorStep, providers } from './provider-mirror.ts'
import { registryStep } from './registry.ts'
import { type Settings, readJson, readSettings, rememberChoices, writeJson } from './settings.ts'
import { status } from './status.ts'
import { CannotGoOn, type Step, runSteps, seconds } from './step.ts'
import { STORAGE_PROGRAMS } from './storage.ts'
import { ensureSupervisor, stopEverything } from './supervised.ts'
import { findEngine, terraformStep } from './terraform-engine.ts'
import { wipeSteps } from './wipe.ts'

const USAGE = `scripts/up [--detach | --stop | --status | --wipe [--yes]]

Brings Labplan up on this machine: Docker Engine and a Swarm of one node when
there are none, an image registry, Terraform with its providers, PostgreSQL, the
environment image, Labplan itself, and a practice LMS to try it from. Can be run
again at any point.

  (nothing)   bring up, and stay: Ctrl-C stops everything
  --detach    bring up, and return
  --stop      stop everything that runs; data stays
  --status    what runs; exit code 0 when everything does
  --wipe      remove everything: data, containers, volumes, and the engine and
              the Swarm if they were made here
  --yes       wipe without asking

LABPLAN_HOME (default .labplan) holds all state. LABPLAN_PORTS=7180-7184 moves
the five ports, so that several can run side by side. LABPLAN_PRACTICE=0 leaves
the practice LMS out. What is given once is remembered. docs/configuration.md
lists all variables.
`

const PROGRAMS = {
  mmdebstrap: 'mmdebstrap',
  iptables: 'iptables',
  ip: 'iproute2',
  setpriv: 'util-linux',
  ...STORAGE_PROGRAMS,
}

function upSteps(settings: Settings): Step[] {
  return [
    diskStep(settings),
    portsStep(settings),
    { name: 'Programs', ensure: (say) => ensurePrograms(PROGRAMS, say) },
    engineStep(settings),
    swarmStep(settings),
    { name: 'Choices', ensure: async () => void rememberChoices(settings, 'places') },
    identityStep(settings),
    seatNetworkStep(settings),
    registryStep(settings),
    terraformStep(settings),
    mirrorStep(settings, () => findEngine(settings) ?? 'terraform', providers(false)),
    postgresStep(settings),
    migrationStep(settings),
    imageStep(settings),
    storageStep(settings),
    processStep(settings),
    ...practiceSteps(settings),
  ]
}

async function bringUp(settings: Settings, stay: boolean): Promise<void> {
  const started = performance.now()
  const steps = upSteps(settings)
  makeWritable(settings.home)
  const release = claim(settings.home)
  await ensureSupervisor(settings.home)
  try {
    const worked = await runSteps(steps)
    if (worked) process.stdout.write('\n')
  } catch (error) {
    // What runs stays, so that the next try goes on from there; a supervisor of nothing need not.
    if (!readRunning(settings.home).some(isAlive)) await stopEverything(settings.home)
    throw error
  } finally {
    release()
  }
  rememberChoices(settings, 'all')
  writeEnvironmentFile(settings)
  sweepCompileCache(compileCache(settings), Date.now())
  process.stdout.write(welcome(settings, seconds(performance.now() - started), stay))
  const advice = await toolsAdvice(settings)
  if (advice) process.stdout.write(`\n${advice}\n`)
  if (stay) await follow(settings)
}

/** Two at once would write over each other's wishes; one that was killed holds nothing. */
function claim(home: string): () => void {
  const file = join(home, 'run', 'up.json')
  const other = readJson(file) as { pid?: number; startTicks?: string } | undefined
  if (other && isAlive(other))
    throw new CannotGoOn(
      `Another scripts/up is at work on ${home} (process ${other.pid}): wait for it.`,
    )
  writeJson(file, { pid: process.pid, startTicks: startTicks(process.pid) })
  return () => rmSync(file, { force: true })
}

function welcome(settings: Settings, took: string, stay: boolean): string {
  return `Labplan runs at ${settings.publicUrl} (${took}). ${settings.practice ? practiceDoors(settings) : firstDoor}
${stay ? 'Ctrl-C stops everything.' : 'scripts/up --stop stops everything, --status says what runs.'}
`
}

const practiceDoors = ({ lmsUrl }: Settings): string => `Try it from the practice LMS:
  a student   ${lmsUrl}/login/student1
  a teacher   ${lmsUrl}/login/teacher1`

const firstDoor = `Next:
  an administrator   scripts/labplan admin invite
  your LMS           scripts/labplan registration-link create`

async function stop(settings: Settings): Promise<void> {
  const stopped = await stopEverything(settings.home)
  process.stdout.write(stopped ? 'Stopped.\n' : 'Nothing ran.\n')
}

async function wipe(settings: Settings, sure: boolean): Promise<void> {
  if (!sure && !(await confirmed(settings)))
    throw new CannotGoOn('Nothing was removed. To remove everything: scripts/up --wipe --yes')
  await runSteps(wipeSteps(settings, engineStep(settings)))
  process.stdout.write('Nothing of this installation is left.\n')
}

async function confirmed({ home }: Settings): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  const what = findInstallationId(home) ?? 'no installation yet'
  const answer = await prompt.question(
    `Remove ${home} (${what}) and everything it made, students' files included? Type yes: `,
  )
  prompt.close()
  return answer.trim() === 'yes'
}

async function main(): Promise<void> {
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    options: {
      detach: flag,
      stop: flag,
      status: flag,
      wipe: flag,
      yes: flag,
      help: { ...flag, short: 'h' },
    },
  })
  if (values.help) return void process.stdout.write(USAGE)
  const settings = readSettings()
  if (values.stop) return await stop(settings)
  if (values.wipe) return await wipe(settings, values.yes ?? false)
  if (values.status) {
    const { lines, running } = status(settings, new Date())
    process.stdout.write(`${lines.join('\n')}\n`)
    process.exitCode = running ? 0 : 1
    return
  }
  await bringUp(settings, !values.detach)
}

/** A sentence for what a person can put right; anything else is a bug, and its trace goes to a file. */
function explain(error: unknown): string {
  if (error instanceof CannotGoOn) return error.message
  if (error instanceof TypeError && 'code' in error) return `${error.message}\n\n${USAGE}`
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const what = root instanceof Error ? root.message.split('\n')[0] : String(root)
  const { home } = readSettings()
  const file = join(home, 'up-error.log')
  if (!existsSync(home)) return `Something unexpected: ${inspect(error)}`
  appendFileSync(file, `${new Date().toISOString()} ${inspect(error)}\n`)
  return `Something unexpected: ${what}\nRun it again; if it stays, ${file} has the details.`
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\n${explain(error)}\n`)
  process.exitCode = 1
}
