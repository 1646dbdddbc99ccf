import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrograms } from '../steps/debian.ts'
import { isRoot, mustRun } from '../steps/shell.ts'
import { CannotGoOn } from '../steps/step.ts'
import type { Say } from '../steps/step.ts'
import { keptLayer } from './layer.ts'
import type { Layer } from './layer.ts'

/** Raise it when what is below makes another system of the same packages. */
const VERSION = 1
const FALLBACK_SUITE = 'bookworm'

/**
 * A minimal Debian with these packages, from this machine's package sources, kept in the cache until the
 * list changes or `isFresh` asks for today's packages. Needs root, and takes a minute or two.
 */
export async function baseLayer(
  cache: string,
  packages: string[],
  isFresh: boolean,
  say: Say,
): Promise<Layer> {
  const { suite, sources } = debianSources()
  const shaped = JSON.stringify([VERSION, suite, packages.toSorted()])
  const key = createHash('sha256').update(shaped).digest('hex').slice(0, 20)
  const folder = join(cache, 'images', `base-${suite}-${key}`)
  if (isFresh) rmSync(folder, { recursive: true, force: true })
  return await keptLayer(folder, async (tar) => {
    if (!isRoot())
      throw new CannotGoOn(
        `a system made of Debian packages needs root the first time: run 'sudo -E scripts/image …' once; what it makes is kept in ${cache}`,
      )
    await ensurePrograms({ mmdebstrap: 'mmdebstrap' }, say)
    say('a minimal Debian with its packages (a minute or two, then kept)')
    await mustRun(
      mmdebstrap({ suite, sources, packages, to: tar, format: 'tar', hooks: [] }),
      `mmdebstrap could not make a Debian ${suite} from this machine's package sources; does 'apt-get update' work here?`,
      { env: { ...process.env, SOURCE_DATE_EPOCH: '0' } },
    )
    say('compressing')
  })
}

/** What to leave out: nobody reads it in a seat or on a node, or it must not be the same in all of them. */
export function mmdebstrap(system: {
  suite: string
  sources: string[]
  packages: string[]
  /** A tar file, or a folder that is not there yet. */
  to: string
  format: 'tar' | 'directory'
  /** What else is done in the system, as its `--customize-hook`. */
  hooks: string[]
}): string[] {
  const left = [
    '/usr/share/doc/*',
    '/usr/share/locale/*',
    '/usr/share/man/??/*',
    '/usr/share/info/*',
  ]
  const removed = '"$1"/etc/ssh/ssh_host_* "$1"/etc/hostname "$1"/etc/resolv.conf'
  return [
    'mmdebstrap',
    '--variant=minbase',
    `--format=${system.format}`,
    ...left.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    `--include=${system.packages.toSorted().join(',')}`,
    `--customize-hook=rm -rf ${removed} "$1"/var/log/* "$1"/var/cache/ldconfig/*`,
    '--customize-hook=: > "$1"/etc/machine-id',
    ...system.hooks.map((hook) => `--customize-hook=${hook}`),
    system.suite,
    system.to,
    ...system.sources,
  ]
}

/** Debian's own sources of this machine; on another system, Debian's public mirror. */
export function debianSources(): { suite: string; sources: string[] } {
  const release = readFileSync('/etc/os-release', 'utf8')
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1]
  if (!/^ID=debian$/m.test(release) || suite === undefined)
    return { suite: FALLBACK_SUITE, sources: [] }
  const files = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']
  return { suite, sources: files.filter((file) => existsSync(file) && hasSource(file)).slice(0, 1) }
}

function hasSource(file: string): boolean {
  return /^\s*(deb |Types:)/m.test(readFileSync(file, 'utf8'))
}
