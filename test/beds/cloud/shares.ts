/**
 * OpenStack's Manila beside a cloud that runs, with its native driver for CephFS on the Ceph of a test: a share is a subvolume with
 * a quota, and a rule of access a user with a key that opens it. Ends with this process, or when told.
 */
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { lastWords, mustRun } from '../../../scripts/steps/shell.ts'
import type { Say } from '../../../scripts/steps/step.ts'
import { type Cloud, CloudError } from '../../../workers/cloud/client.ts'
import type { CephBed } from '../ceph.ts'
import { whyNoCephNow } from '../cluster/install.ts'
import { query } from './fresh.ts'
import { isInstalled, venvFolder } from './install.ts'
import { type CloudRecord, REGION } from './place.ts'
import {
  databaseSocket,
  lastWords as lastWordsOf,
  pythonEnvironment,
  type Running,
  startService,
  stopService,
  untilListening,
} from './processes.ts'
import { administrator } from './seed.ts'
import { settingsFolder } from './settings.ts'
import { sharesSettings } from './shares-settings.ts'

/** Where Manila listens, as usual. */
const PORT = 8786
/** The only type of shares that it has. */
export const SHARE_TYPE = 'bed-cephfs'

export type SharesBed = {
  /** Ends its API as a power cut does, with whatever was being asked; it is started again in a moment, or then. */
  killApi(then?: Promise<unknown>): Promise<void>
  down(): Promise<void>
}

const HERE = import.meta.dirname
const INSTALL_LIMIT_MS = 300_000
const WORKERS_LIMIT_MS = 120_000
const AGAIN_MS = 500
const requirements = readFileSync(join(HERE, 'requirements-shares.txt'), 'utf8')

/** Beside the environment of the other services, and of its own: clouds without shares need none of it. */
function packagesFolder(): string {
  const digest = createHash('sha256').update(requirements).digest('hex').slice(0, 12)
  return `${venvFolder()}-shares-${digest}`
}
const tablesFile = (): string => join(packagesFolder(), 'tables.sql')

/** Undefined when `addShares` can do its work; else a reason for people. */
export function whyNoSharesNow(): string | undefined {
  const why = whyNoCephNow()
  if (why) return why
  if (!isInstalled() || !existsSync(packagesFolder()))
    return 'Manila is not installed yet: scripts/test does so'
  return undefined
}

/** Installs what Manila needs beyond the other services, once for this machine: seconds. Where that cannot be, says why. */
export async function prepareShares(_say: Say): Promise<string | undefined> {
  const why = whyNoCephNow()
  if (why) return `no shares for tests: ${why}`
  if (!isInstalled()) return 'no shares for tests: OpenStack is not installed'
  const folder = packagesFolder()
  if (existsSync(folder)) return undefined
  try {
    await install(folder)
    return 'installed'
  } catch (error) {
    return `no shares for tests: ${lastWords(String(error))}`
  }
}

async function install(folder: string): Promise<void> {
  const scratch = `${folder}.${process.pid}`
  const pip = [join(venvFolder(), 'bin', 'pip'), 'install', '--quiet', '--no-deps']
  const what = ['--target', scratch, '-r', join(HERE, 'requirements-shares.txt')]
  await mustRun([...pip, '--disable-pip-version-check', ...what], 'Manila could not be installed', {
    timeoutMs: INSTALL_LIMIT_MS,
  })
  linkCephModules(join(scratch, 'ceph'))
  const env = { ...process.env, PYTHONPATH: join(scratch, 'ceph') }
  await mustRun(
    [python(), '-c', 'import rados, ceph_argparse'],
    'Ceph’s modules are not for its Python',
    { env },
  )
  if (existsSync(folder)) rmSync(scratch, { recursive: true })
  else renameSync(scratch, folder)
}

/** They come with Debian's Ceph, built for its Python; the rest of that folder is not for the services. */
function linkCephModules(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const file of globSync('/usr/lib/python3/dist-packages/{rados.cpython-*,ceph_argparse.py}'))
    symlinkSync(file, join(folder, basename(file)))
}

type Making = {
  record: CloudRecord
  env: Record<string, string>
  program(name: string): string[]
  file: string[]
}

/** A quarter of a minute on two idle cores, and 0.4 GB. Throws with the last words of what does not come up. */
export async function addShares(record: CloudRecord, ceph: CephBed): Promise<SharesBed> {
  const making = await settle(record, ceph)
  await makeTables(making)
  await announce(record)
  const { env, program } = making
  const services = [
    { name: 'shared-file-system', argv: apiOf(making), env },
    ...['manila-scheduler', 'manila-share'].map((name) => ({ name, argv: program(name), env })),
  ]
  const running = services.map((one) => startService(record, one))
  await untilListening(record, running[0]!, PORT)
  const admin = administrator(record.address)
  await untilWorking(admin, running)
  await makeType(admin)
  let isDown = false
  const startAgain = async (then: Promise<unknown>): Promise<void> => {
    await then
    if (!isDown) running[0] = startService(record, services[0]!)
  }
  return {
    async killApi(then = sleep(AGAIN_MS)) {
      await stopService(running[0]!, 'SIGKILL')
      void startAgain(then)
    },
    async down() {
      isDown = true
      for (const one of running) await stopService(one, 'SIGKILL')
    },
  }
}

const python = (): string => join(venvFolder(), 'bin', 'python')

/** By the launcher of the cloud's other APIs. */
function apiOf({ record, file }: Making): string[] {
  const name = 'shared-file-system'
  const calls = join(record.folder, 'calls', name)
  const where = [record.address, String(PORT), calls]
  return [python(), join(HERE, 'serve.py'), name, 'manila.wsgi.api', ...where, ...file]
}

async function settle(record: CloudRecord, ceph: CephBed): Promise<Making> {
  const etc = join(settingsFolder(record), 'manila')
  for (const folder of [etc, join(record.folder, 'manila', 'coordination')])
    mkdirSync(folder, { recursive: true })
  writeFileSync(join(etc, 'manila.conf'), sharesSettings(record, ceph))
  const packages = packagesFolder()
  copyFileSync(join(packages, 'etc', 'manila', 'api-paste.ini'), join(etc, 'api-paste.ini'))
  const keyring = join(ceph.folder, 'client.manila.keyring')
  const caps = ['mon', 'allow r', 'mgr', 'allow rw']
  await ceph.run('ceph', 'auth', 'get-or-create', 'client.manila', ...caps, '-o', keyring)
  const env = pythonEnvironment(record, venvFolder())
  const path = [packages, join(packages, 'ceph'), env['PYTHONPATH']].join(':')
  const file = ['--config-file', join(etc, 'manila.conf')]
  return {
    ...{ record, file, env: { ...env, PYTHONPATH: path } },
    program: (name) => [python(), join(packages, 'bin', name), ...file],
  }
}

/** Made once, by the same way as an administrator; then copied. In a cloud that somebody started by hand they begin anew. */
async function makeTables({ record, env, program }: Making): Promise<void> {
  query(record, 'drop database if exists manila; create database manila character set utf8mb3;')
  if (existsSync(tablesFile()))
    return query(record, `use manila;\n${readFileSync(tablesFile(), 'utf8')}`)
  const options = { env: { ...process.env, ...env }, timeoutMs: INSTALL_LIMIT_MS }
  await mustRun([...program('manila-manage'), 'db', 'sync'], 'Manila has no tables', options)
  const socket = `--socket=${databaseSocket(record.folder)}`
  const dump = ['mariadb-dump', '--no-defaults', socket, '-u', 'root', 'manila']
  const tables = await mustRun(dump, 'Tables of Manila could not be kept')
  writeFileSync(`${tablesFile()}.${process.pid}`, tables)
  renameSync(`${tablesFile()}.${process.pid}`, tablesFile())
}

const withId = z.looseObject({ id: z.string() })

/** As the catalogue of most clouds names it. */
async function announce(record: CloudRecord): Promise<void> {
  const admin = administrator(record.address)
  const ask = (method: string, path: string, body?: object) =>
    admin.call('identity', method, path, { region: REGION, ...(body && { body }) })
  const { services } = z
    .looseObject({ services: z.array(withId) })
    .parse(await ask('GET', '/services?type=sharev2'))
  if (services.length > 0) return
  const { service } = z
    .looseObject({ service: withId })
    .parse(await ask('POST', '/services', { service: { type: 'sharev2', name: 'manilav2' } }))
  const url = `http://${record.address}:${PORT}/v2`
  const endpoint = { service_id: service.id, interface: 'public', url, region_id: REGION }
  await ask('POST', '/endpoints', { endpoint })
}

const servicesSchema = z.looseObject({
  services: z.array(z.looseObject({ binary: z.string(), state: z.string() })),
})

const call = (cloud: Cloud, method: string, path: string, body?: object) =>
  cloud.call('shared-file-system', method, path, {
    ...{ region: REGION, microversion: '2.45', ...(body && { body }) },
  })

async function untilWorking(admin: Cloud, workers: Running[]): Promise<void> {
  const end = Date.now() + WORKERS_LIMIT_MS
  for (;;) {
    const { services } = servicesSchema.parse(await call(admin, 'GET', '/services'))
    const isUp = (name: string) =>
      services.some(({ binary, state }) => binary === name && state === 'up')
    if (isUp('manila-scheduler') && isUp('manila-share')) return
    const ended = workers.find(({ child }) => child.exitCode !== null)
    if (ended || Date.now() > end)
      throw new Error(
        `${ended?.name ?? 'Manila'} does not work:\n${lastWordsOf(ended ?? workers.at(-1)!)}`,
      )
    await sleep(300)
  }
}

async function makeType(admin: Cloud): Promise<void> {
  const type = {
    ...{ name: SHARE_TYPE, extra_specs: { driver_handles_share_servers: 'false' } },
    'share_type_access:is_public': true,
  }
  await call(admin, 'POST', '/types', { share_type: type }).catch((error: unknown) => {
    if (!(error instanceof CloudError) || error.status !== 409) throw error
  })
}
