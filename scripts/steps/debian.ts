/** Programs from Debian packages. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, isRoot, mustRun, run } from './shell.ts'
import { CannotGoOn, type Say } from './step.ts'

/** Program → the package that brings it. */
type Programs = Record<string, string>

/** Installs the packages of the programs that are missing; answers which, or undefined when none was. */
export async function ensurePrograms(programs: Programs, say: Say): Promise<string | undefined> {
  const missing = Object.keys(programs).filter((program) => !findProgram(program))
  const packages = [...new Set(missing.map((program) => programs[program] ?? program))]
  if (packages.length === 0) return undefined
  requireDebian(packages)
  if (!isRoot())
    throw new CannotGoOn(
      `installing ${packages.join(', ')} needs root: run 'sudo apt-get install ${packages.join(' ')}', or run this as root.`,
    )
  say(`installing ${packages.join(', ')} (Debian)`)
  await apt(['update'])
  await apt(['install', '--yes', '--no-install-recommends', ...packages])
  return `installed ${packages.join(', ')}`
}

async function apt(args: string[]): Promise<void> {
  // RUNLEVEL=1 keeps sysvinit scripts from starting what is installed; systemd starts it as it should.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await mustRun(
    ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args],
    `Debian's packages could not be installed; is this machine connected? Run 'apt-get ${args.join(' ')}' to see`,
    { env },
  )
}

function requireDebian(packages: string[]): void {
  if (!findProgram('apt-get'))
    throw new CannotGoOn(
      `this machine has no apt-get: install what Debian calls ${packages.join(', ')}, then run this again.`,
    )
}

/**
 * Unpacks one package into `folder` without installing it: needs no root, starts no service. Answers the
 * folder, which then holds usr/bin and the rest.
 */
export async function unpackPackage(name: string, folder: string, say: Say): Promise<string> {
  if (existsSync(folder)) return folder
  requireDebian([name])
  say(`fetching ${name} (Debian)`)
  mkdirSync(join(folder, '..'), { recursive: true })
  const scratch = mkdtempSync(`${folder}.`)
  try {
    const problem = `Debian's ${name} could not be fetched; is this machine connected? Try 'apt-get update' and run this again`
    const download = ['apt-get', 'download', name]
    // A fresh machine has no package lists yet, and only root may get them.
    if ((await run(download, { cwd: scratch })).status !== 0) {
      if (isRoot()) await apt(['update'])
      await mustRun(download, problem, { cwd: scratch })
    }
    const deb = readdirSync(scratch).find((file) => file.endsWith('.deb')) ?? ''
    await mustRun(['dpkg-deb', '-x', deb, 'unpacked'], `${deb} could not be unpacked`, {
      cwd: scratch,
    })
    renameSync(join(scratch, 'unpacked'), folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return folder
}
