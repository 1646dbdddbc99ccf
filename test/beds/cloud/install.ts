/**
 * What a cloud is started from, made once for a machine: OpenStack's services in a Python environment with every
 * version pinned, and the databases of a fresh cloud that has its users, endpoints, flavours, image and outer network.
 */
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ensurePrograms } from '../../../scripts/steps/debian.ts'
import { findProgram, isRoot, mustRun, run } from '../../../scripts/steps/shell.ts'
import { CannotGoOn, type Say } from '../../../scripts/steps/step.ts'
import type { CloudPlace } from './place.ts'

const HERE = import.meta.dirname
const INSTALL_LIMIT_MS = 20 * 60_000
const requirements = readFileSync(join(HERE, 'requirements.txt'), 'utf8')

/** Another version of anything that shapes the databases is another set of them. */
const digest = (...files: string[]): string => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(HERE, file)))
  return hash.digest('hex').slice(0, 12)
}

const cache = (): string => process.env.LABPLAN_CACHE ?? join(homedir(), '.cache', 'labplan')
export const venvFolder = (): string => join(cache(), `openstack-${digest('requirements.txt')}`)
const freshFolder = (): string =>
  join(
    cache(),
    `openstack-data-${digest('requirements.txt', 'settings.ts', 'fresh.ts', 'seed.ts')}`,
  )

/** Undefined when a cloud can be started here; else why not. */
export function whyNoCloud(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'the services are built for Linux on x86-64'
  if (!isRoot()) return 'its processes are kept in PID namespaces, which needs root'
  if (!findProgram('apt-get') && !findProgram('mariadbd'))
    return 'there is neither MariaDB nor apt-get'
  return undefined
}

/** Whether everything is there that takes minutes to make. */
export const isInstalled = (): boolean =>
  existsSync(join(venvFolder(), 'complete')) && existsSync(freshFolder())

/** Makes sure of Debian's packages and the Python environment; answers its folder. */
export async function ensureServices(say: Say): Promise<string> {
  const programs = {
    mariadbd: 'mariadb-server',
    'rabbitmq-server': 'rabbitmq-server',
    unshare: 'util-linux',
  }
  await ensurePrograms(programs, say)
  const venv = venvFolder()
  if (existsSync(join(venv, 'complete'))) return venv
  const count = requirements.trim().split('\n').length
  say(`installing OpenStack, ${count} Python packages (once for this machine)`)
  rmSync(venv, { recursive: true, force: true })
  mkdirSync(cache(), { recursive: true })
  const python = await findPython()
  await mustRun([python, '-m', 'venv', venv], 'No Python environment could be made')
  const pip = [
    join(venv, 'bin', 'pip'),
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
  ]
  await mustRun(
    [...pip, '-r', join(HERE, 'requirements.txt')],
    'OpenStack could not be installed',
    {
      timeoutMs: INSTALL_LIMIT_MS,
    },
  )
  await mustRun([join(venv, 'bin', 'pip'), 'check'], 'Packages of OpenStack do not fit together')
  writeFileSync(join(venv, 'complete'), '')
  return venv
}

/** nova and its like need 3.11, and their versions here are not yet for much newer ones. */
async function findPython(): Promise<string> {
  for (const name of ['python3.11', 'python3.12', 'python3']) {
    const program = findProgram(name)
    if (!program) continue
    const check = 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 13))'
    if ((await run([program, '-c', check])).status === 0) return program
  }
  throw new CannotGoOn("There is no Python 3.11 or 3.12 with venv: install Debian's python3-venv.")
}

/** Puts the databases and keys of a fresh cloud in place; false when nobody has made them yet. */
export function copyFresh(place: CloudPlace): boolean {
  if (!existsSync(freshFolder())) return false
  cpSync(freshFolder(), join(place.folder, 'data'), { recursive: true })
  return true
}

/** Keeps what a cloud has become as what others start from. Its database must have stopped. */
export function keepFresh(place: CloudPlace): void {
  const scratch = mkdtempSync(`${freshFolder()}.`)
  cpSync(join(place.folder, 'data'), scratch, { recursive: true })
  if (existsSync(freshFolder())) rmSync(scratch, { recursive: true })
  else renameSync(scratch, freshFolder())
}
