/**
 * A real OpenStack for tests: its services with nova's fake hypervisor, so that servers, ports and volumes are what the
 * APIs say, and nothing boots. A test is an ordinary tenant of it. See README.md beside.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { lastWords } from '../../scripts/steps/shell.ts'
import type { Say } from '../../scripts/steps/step.ts'
import { isInstalled, whyNoCloud } from './cloud/install.ts'
import {
  cloudRecord,
  type CloudExtent,
  cloudRecordSchema,
  type CloudRecord,
  knownClouds,
  livingKeeper,
  sweepClouds,
} from './cloud/place.ts'
import { type CallCount, countCalls } from './cloud/calls.ts'
import { makeTenant, type Tenant } from './cloud/tenant.ts'

export type { Tenant }

export type CloudBed = CloudRecord & {
  /** A new project with a user who is an ordinary member of it. */
  tenant(): Promise<Tenant>
  /** How many calls its APIs have had so far. */
  calls(): CallCount
  /** Takes away what this process made: the cloud, or its tenants in one that somebody started by hand. */
  down(): Promise<void>
}

const DOWN_LIMIT_MS = 60_000

/** Undefined when a cloud can be started within two minutes; else a reason for people. */
export function whyNoCloudNow(): string | undefined {
  const why = whyNoCloud()
  if (why) return why
  return isInstalled()
    ? undefined
    : 'its services are not installed yet: run test/beds/openstack up once'
}

/**
 * Installs the services and makes a fresh cloud's databases, once for this machine: 4 to 10 minutes. Where that cannot
 * be, says why, and tests that need a cloud skip themselves with their reason.
 */
export async function prepareCloud(say: Say): Promise<string | undefined> {
  const why = whyNoCloud()
  if (why) return `no cloud for tests: ${why}`
  sweepClouds()
  if (isInstalled()) return undefined
  // Once more where it failed: half an hour of tests hangs on a minute of a machine that others use too.
  const first = await tryInstall(say)
  if (first === undefined) return 'installed'
  say(`${first}; once more`)
  const second = await tryInstall(say)
  return second === undefined ? 'installed' : `no cloud for tests: ${second}`
}

/** Answers why it could not. */
async function tryInstall(say: Say): Promise<string | undefined> {
  const keeper = startCloudKeeper('to this process')
  try {
    await endKeeper(keeper, await cloudOf(keeper, (text) => say(text.trim())))
    return undefined
  } catch (error) {
    return lastWords(String(error))
  }
}

/**
 * One that was started by hand, else one for this process alone, which takes about a minute and 2 GB; a quarter of both where
 * its identity service is enough. Needs root.
 */
export async function cloudBed(extent: CloudExtent = 'whole'): Promise<CloudBed> {
  const byHand = cloudByHand()
  if (byHand) return bedWith(byHand, async () => {})
  const keeper = startCloudKeeper('to this process', extent)
  const record = await cloudOf(keeper)
  return bedWith(record, () => endKeeper(keeper, record))
}

const cloudByHand = (): CloudRecord | undefined =>
  knownClouds()
    .filter((place) => livingKeeper(place) !== undefined)
    .flatMap((place) => cloudRecord(place) ?? [])
    .find((record) => record.byHand)

function bedWith(record: CloudRecord, end: () => Promise<void>): CloudBed {
  const tenants: Tenant[] = []
  return {
    ...record,
    async tenant() {
      const tenant = await makeTenant(record)
      tenants.push(tenant)
      return tenant
    },
    calls: () => countCalls(record),
    async down() {
      if (record.byHand) await Promise.all(tenants.map((tenant) => tenant.leave()))
      await end()
    },
  }
}

/** The process that starts and holds a cloud: until this process ends, or (by hand) until told. */
export function startCloudKeeper(
  tie: 'to this process' | 'by hand',
  extent: CloudExtent = 'whole',
): ChildProcess {
  const why = whyNoCloud()
  if (why) throw new Error(`No OpenStack here: ${why}.`)
  const program = fileURLToPath(new URL('cloud/keeper.ts', import.meta.url))
  return spawn(process.execPath, [program, tie, extent], {
    stdio: [tie === 'by hand' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C, or a kill of the test's process group, must not end the clean-up.
    detached: true,
  })
}

/** Waits for a keeper's cloud; what it says meanwhile goes to `say`. */
export async function cloudOf(
  keeper: ChildProcess,
  say: (text: string) => void = () => {},
): Promise<CloudRecord> {
  const said: string[] = []
  keeper.stderr?.on('data', (part: Buffer) => {
    said.push(part.toString())
    say(part.toString())
  })
  if (!keeper.stdout) throw new Error('A keeper is started with its stdout piped')
  for await (const line of createInterface({ input: keeper.stdout }))
    return cloudRecordSchema.parse(JSON.parse(line))
  throw new Error(`The cloud could not be started:\n${said.join('').trim()}`)
}

async function endKeeper(keeper: ChildProcess, record: CloudRecord): Promise<void> {
  if (keeper.exitCode !== null) return
  const ended = once(keeper, 'exit', { signal: AbortSignal.timeout(DOWN_LIMIT_MS) })
  keeper.stdin?.end()
  const [code] = await ended
  if (code !== 0)
    throw new Error(`Cloud ${record.number} did not end; run test/beds/openstack reset`)
}
