/**
 * Engine and providers: found once, locked by hash, and made ready so that a run needs no `init`.
 * Provider builds are not the same bytes on every machine, so the lock file is not committed: it is written
 * for the mirror that is there, and its digest goes into the record of each run. A mirror that was
 * locked when it was made (`.terraform.lock.hcl` in it) is taken read-only.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, globSync, statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import type { Config } from '../../api/config.ts'
import { type Bench, initCommand, versionCommand } from './command.ts'
import { type CageKind, cageKind, runCommand } from './spawn.ts'

export type Toolchain = {
  /** `terraform 1.11.4 linux_amd64` */
  engine: string
  /** sha256 of the lock file: engine and providers, by hash. */
  lock: string
  cage: CageKind
}

/** A folder that has `.terraform` and the lock file, to be copied into each work folder. */
export type Prepared = { folder: string; cliConfig: string; toolchain: Toolchain }

type Tools = Pick<
  Config,
  'home' | 'terraformBinary' | 'providerMirror' | 'searchPath' | 'dockerHost'
>

const LOCK_FILE = '.terraform.lock.hcl'
const version = z.looseObject({ terraform_version: z.string(), platform: z.string() })
/** By everything it depends on; a failed one is tried again. */
const prepared = new Map<string, Promise<Prepared>>()

/** `required` is the configuration's `terraform.required_providers`: one preparation per set. */
export async function prepareTools(tools: Tools, required: unknown): Promise<Prepared> {
  const content = mirrorContent(tools.providerMirror)
  const key = JSON.stringify([tools.terraformBinary, tools.home, required, content])
  const known = await prepared.get(key)
  if (known && existsSync(join(known.folder, LOCK_FILE))) return known
  const fresh = prepare(
    tools,
    required,
    createHash('sha256').update(key).digest('hex').slice(0, 16),
  )
  prepared.set(key, fresh)
  fresh.catch(() => prepared.delete(key))
  return fresh
}

/** Names, sizes and times of the mirror's programs: cheap, and different after any rebuild. */
function mirrorContent(mirror: string): string[] {
  const programs = globSync('*/*/*/*/*/terraform-provider-*', { cwd: mirror }).toSorted()
  if (programs.length === 0)
    throw new Error(`There is no Terraform provider in ${mirror}: run scripts/providers.`)
  return programs.map((path) => {
    const { size, mtimeMs } = statSync(join(mirror, path))
    return `${path} ${size} ${mtimeMs}`
  })
}

async function prepare(tools: Tools, required: unknown, key: string): Promise<Prepared> {
  const root = join(tools.home, 'terraform', 'tools')
  const folder = join(root, key)
  await mkdir(root, { recursive: true })
  const cliConfig = await writeCliConfig(root, tools.providerMirror)
  const scratch = await mkdtemp(join(root, '.new-'))
  try {
    const bench: Bench = {
      engine: tools.terraformBinary,
      searchPath: tools.searchPath,
      workdir: scratch,
      cliConfig,
      dockerHost: tools.dockerHost,
      variables: {},
    }
    const engine = await engineName(bench)
    if (!existsSync(join(folder, LOCK_FILE))) {
      await initialise(bench, required, tools.providerMirror)
      await putInPlace(scratch, folder)
    }
    const lock = createHash('sha256')
      .update(await readFile(join(folder, LOCK_FILE)))
      .digest('hex')
    return { folder, cliConfig, toolchain: { engine, lock, cage: cageKind() } }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Another worker may have made the same at the same time: either will do. */
async function putInPlace(scratch: string, folder: string): Promise<void> {
  await rename(scratch, folder).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error
  })
}

/** Providers come from the mirror and from nowhere else. */
async function writeCliConfig(folder: string, mirror: string): Promise<string> {
  const file = join(folder, 'cli.tfrc')
  const text = `disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(mirror)}
    include = ["*/*/*"]
  }
}
`
  await writeFile(`${file}.${process.pid}`, text)
  await rename(`${file}.${process.pid}`, file)
  return file
}

async function engineName(bench: Bench): Promise<string> {
  const { text } = await outputOf(bench, versionCommand(bench))
  const { terraform_version, platform } = version.parse(JSON.parse(text))
  const name = /tofu/.test(bench.engine) ? 'opentofu' : 'terraform'
  return `${name} ${terraform_version} ${platform}`
}

/** `init` asks the backend for a state; a run's own is not there yet, so an empty one answers. */
async function initialise(bench: Bench, required: unknown, mirror: string): Promise<void> {
  const config = { terraform: { backend: { http: {} }, required_providers: required } }
  await writeFile(join(bench.workdir, 'providers.tf.json'), JSON.stringify(config))
  const locked = existsSync(join(mirror, LOCK_FILE))
  if (locked) await cp(join(mirror, LOCK_FILE), join(bench.workdir, LOCK_FILE))
  const empty = createServer((_, res) => res.writeHead(204).end()).listen(0, '127.0.0.1')
  await once(empty, 'listening')
  try {
    const { port } = empty.address() as AddressInfo
    const backend = { address: `http://127.0.0.1:${port}/`, username: '', password: '' }
    await outputOf(bench, initCommand({ ...bench, backend }, locked ? 'readonly' : 'write'))
  } finally {
    empty.close()
    empty.closeAllConnections()
  }
  await rm(join(bench.workdir, 'providers.tf.json'))
}

async function outputOf(
  bench: Bench,
  command: ReturnType<typeof versionCommand>,
): Promise<{ text: string }> {
  const lines: string[] = []
  const exit = await runCommand(command, { onLine: (line) => lines.push(line) })
  if (exit.code !== 0)
    throw new Error(
      `${[bench.engine, command.argv[1]].join(' ')} failed: ${exit.stderr || lines.join('\n')}. Run scripts/providers.`,
    )
  return { text: lines.join('\n') }
}
