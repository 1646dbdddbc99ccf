/** The databases of a fresh cloud: made once (minutes), then copied (a second) and told their new address. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../../../scripts/steps/shell.ts'
import type { Say } from '../../../scripts/steps/step.ts'
import type { CloudPlace } from './place.ts'
import { REGION } from './place.ts'
import { databaseSocket, pythonEnvironment } from './processes.ts'
import { DATABASES, databaseUrl, PASSWORD, PORTS, queueUrl, settingsFolder } from './settings.ts'

/** The address that fresh databases hold; no cloud is ever there. */
const NOWHERE = { address: '127.77.0.1', folder: '/nowhere/cloud' }

/** A database server that has nothing yet. Before it is started. */
export async function prepareDatabase({ folder }: CloudPlace): Promise<void> {
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  const argv = ['mariadb-install-db', '--no-defaults', '--user=root', '--skip-test-db']
  await mustRun(
    [...argv, '--auth-root-authentication-method=normal', `--datadir=${join(data, 'mysql')}`],
    'MariaDB could not make its folder',
  )
}

export function query({ folder }: Pick<CloudPlace, 'folder'>, text: string): void {
  execFileSync('mariadb', ['--no-defaults', `--socket=${databaseSocket(folder)}`, '-u', 'root'], {
    input: text,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** Tables, keys, the administrator and nova's cells. The database runs. */
export async function fillDatabases(place: CloudPlace, venv: string, say: Say): Promise<void> {
  query(
    place,
    `${DATABASES.map((name) => `create database ${name} character set utf8mb3;`).join('\n')}
     create user bed@'%' identified by '${PASSWORD}'; grant all on *.* to bed@'%';`,
  )
  say('making the databases of a fresh cloud (once for this machine)')
  const manage = (service: string, ...args: string[]) => runManage(place, venv, service, args)
  await Promise.all([
    manage('keystone', 'db_sync').then(() => bootstrap(place, manage)),
    manage('glance', 'db_sync').then(() => manage('placement', 'db', 'sync')),
    manage('cinder', 'db', 'sync'),
    makeCells(place, manage),
    manage('neutron', 'upgrade', 'heads'),
  ])
}

type Manage = (service: string, ...args: string[]) => Promise<string>

const PROGRAMS: Record<string, string> = { neutron: 'neutron-db-manage' }

function runManage(place: CloudPlace, venv: string, service: string, args: string[]) {
  const name = service === 'glance' ? 'glance-api' : service
  const file = join(settingsFolder(place), service, `${name}.conf`)
  const program = join(venv, 'bin', PROGRAMS[service] ?? `${service}-manage`)
  return mustRun([program, '--config-file', file, ...args], `${service} could not prepare itself`, {
    env: { ...process.env, ...pythonEnvironment(place, venv) },
  })
}

async function bootstrap({ address, folder }: CloudPlace, manage: Manage): Promise<void> {
  for (const keys of ['fernet', 'credential'])
    mkdirSync(join(folder, 'data', keys), { recursive: true, mode: 0o700 })
  const owner = ['--keystone-user', 'root', '--keystone-group', 'root']
  await manage('keystone', 'fernet_setup', ...owner)
  await manage('keystone', 'credential_setup', ...owner)
  const url = `http://${address}:${PORTS.identity}/v3`
  await manage(
    ...(['keystone', 'bootstrap', '--bootstrap-password', PASSWORD] as const),
    ...['--bootstrap-public-url', url, '--bootstrap-internal-url', url],
    ...['--bootstrap-region-id', REGION],
  )
}

async function makeCells(place: CloudPlace, manage: Manage): Promise<void> {
  await manage('nova', 'api_db', 'sync')
  const cell0 = databaseUrl(place, 'nova_cell0')
  await manage('nova', 'cell_v2', 'map_cell0', '--database_connection', cell0)
  await manage('nova', 'db', 'sync')
  await manage(
    ...(['nova', 'cell_v2', 'create_cell', '--name', 'cell1'] as const),
    ...['--database_connection', databaseUrl(place, 'nova'), '--transport-url', queueUrl(place)],
  )
}

/** From where they are to nowhere, before they are kept; from nowhere to where they are, once copied. */
export function moveAddress(place: CloudPlace, to: 'nowhere' | 'here'): void {
  const [from, now] = to === 'here' ? [NOWHERE, place] : [place, NOWHERE]
  const replaced = (column: string): string =>
    `${column} = replace(replace(${column}, '//${from.address}:', '//${now.address}:'), '@${from.address}:', '@${now.address}:')`
  query(
    place,
    `update keystone.endpoint set ${replaced('url')};
     update nova_api.cell_mappings set ${replaced('database_connection')}, ${replaced('transport_url')};
     update glance.image_locations set value = replace(value, '${from.folder}/', '${now.folder}/');`,
  )
}
