/**
 * What a real-kernel machine is started from, made once for this computer: User Mode Linux's kernel, and an image of the
 * system that scripts/node-image makes, with what only that kernel needs.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import {
  type Additions,
  makeSystem,
  systemDigest,
} from '../../../scripts/node-image-parts/system.ts'
import { ensurePrograms, unpackPackage } from '../../../scripts/steps/debian.ts'
import { findProgram, isRoot, lastWords, mustRun, run } from '../../../scripts/steps/shell.ts'
import type { Say } from '../../../scripts/steps/step.ts'

const SIZE = '4G'
const BANNER_LIMIT_MS = 20_000

/** What the machine's own network is called by this kernel. */
const LINK = 'vec0'

const masked = (...units: string[]): Record<string, string> =>
  Object.fromEntries(units.map((unit) => [`/etc/systemd/system/${unit}`, '→ /dev/null']))
const noGenerators = (...names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [`/etc/systemd/system-generators/${name}-generator`, '→ /dev/null']),
  )

/** Each process costs a hundred times what it does elsewhere: what the machine can do without is not started. */
const FILES: Additions['files'] = {
  ...masked(
    ...['modprobe@.service', 'systemd-binfmt.service', 'proc-sys-fs-binfmt_misc.automount'],
    ...['systemd-journal-flush.service', 'systemd-update-utmp.service', 'systemd-sysusers.service'],
    ...['systemd-update-utmp-runlevel.service', 'systemd-random-seed.service', 'getty.target'],
    ...['systemd-logind.service', 'systemd-user-sessions.service', 'kmod-static-nodes.service'],
    ...['systemd-tmpfiles-clean.timer', 'cloud-init-hotplugd.socket', 'ssh.service'],
    ...['systemd-ask-password-console.path', 'systemd-ask-password-wall.path'],
    ...['systemd-network-generator.service', 'nfs-server.service', 'fstrim.timer'],
  ),
  ...noGenerators(
    ...['rpc-pipefs', 'nfs-server', 'systemd-cryptsetup', 'systemd-debug', 'systemd-getty'],
    ...['systemd-gpt-auto', 'systemd-hibernate-resume', 'systemd-integritysetup', 'systemd-run'],
    ...['systemd-rc-local', 'systemd-system-update', 'systemd-sysv', 'systemd-veritysetup'],
  ),
  // Nobody answers router solicitations in a bed, and networkd waits twelve seconds for it.
  [`/etc/systemd/network/10-cloud-init-${LINK}.network.d/labplan.conf`]:
    '[Network]\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n',
  // networkd waits for udev to have seen its link, and for nothing else.
  '/etc/systemd/system/systemd-udev-trigger.service.d/labplan.conf':
    '[Service]\nExecStart=\nExecStart=udevadm trigger --type=devices --action=add --subsystem-match=net\n',
  '/etc/systemd/journald.conf.d/labplan.conf': '[Journal]\nStorage=volatile\n',
}

/** This kernel's nftables know no IPv4. */
const LEGACY = ['iptables', 'ip6tables'].map(
  (name) => `chroot "$1" update-alternatives --quiet --set ${name} /usr/sbin/${name}-legacy`,
)
const ADDITIONS: Additions = {
  packages: ['xfsprogs', 'nfs-kernel-server'],
  files: FILES,
  hooks: LEGACY,
}

const cache = (): string => process.env.LABPLAN_CACHE ?? join(homedir(), '.cache', 'labplan')
const kernelFolder = (): string => join(cache(), 'uml-kernel')
const kernel = (): string => join(kernelFolder(), 'usr', 'bin', 'linux.uml')
const imageFile = (): string => {
  const shaped = createHash('sha256')
    .update(`${systemDigest(ADDITIONS)} ${SIZE}`)
    .digest('hex')
  return join(cache(), 'machines', `node-${shaped.slice(0, 12)}.img`)
}

/** `preload`: a library for the kernel, where this processor needs one. */
export type MachineParts = { kernel: string; image: string; preload?: string }

/** Its registers are larger than the kernel knows: uml-registers.c. */
const hasLargeRegisters = (): boolean => / amx_tile\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
const PRELOAD_SOURCE = join(import.meta.dirname, 'uml-registers.c')
const preloadFile = (): string => {
  const written = createHash('sha256').update(readFileSync(PRELOAD_SOURCE)).digest('hex')
  return join(cache(), 'machines', `uml-registers-${written.slice(0, 12)}.so`)
}
const madeParts = (): MachineParts => ({
  ...{ kernel: kernel(), image: imageFile() },
  ...(hasLargeRegisters() && { preload: preloadFile() }),
})

/** Undefined when machines can be started here once their parts are made; else why not. */
export function whyNoMachines(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'User Mode Linux is built for Linux on x86-64'
  if (!isRoot()) return 'machines are in network namespaces, which needs root'
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun'
  if (!findProgram('apt-get')) return "there is no apt-get to fetch Debian's packages with"
  return undefined
}

/** What machines are started from, if it is all there. */
export function machineParts(): MachineParts | undefined {
  const parts = madeParts()
  return Object.values(parts).every((file) => existsSync(file)) ? parts : undefined
}

/**
 * Makes what is missing, once for this computer: three minutes and 1 GB. Where that cannot be, says why, and tests that
 * need machines skip themselves with their reason.
 */
export async function prepareMachines(say: Say): Promise<string | undefined> {
  const why = whyNoMachines()
  if (why) return `no real-kernel machines for tests: ${why}`
  if (machineParts()) return undefined
  try {
    await ensureParts(say)
    return 'made'
  } catch (error) {
    return `no real-kernel machines for tests: ${lastWords(String(error))}`
  }
}

export async function ensureParts(say: Say): Promise<MachineParts> {
  await unpackPackage('user-mode-linux', kernelFolder(), say)
  await mustPrintBanner()
  const image = imageFile()
  if (!existsSync(image)) await makeImage(image, say)
  const parts = madeParts()
  if (parts.preload && !existsSync(parts.preload)) await compilePreload(parts.preload, say)
  return parts
}

async function compilePreload(file: string, say: Say): Promise<void> {
  // Debian's gcc alone comes without the headers of libc.
  await ensurePrograms({ gcc: 'g++' }, say)
  const draft = `${file}.${process.pid}`
  const compile = ['gcc', '-O2', '-shared', '-fPIC', '-o', draft, PRELOAD_SOURCE]
  await mustRun(compile, "What User Mode Linux's kernel needs on this processor was not compiled")
  renameSync(draft, file)
}

/** Some processors' state is larger than this kernel can take: then it says nothing at all. */
async function mustPrintBanner(): Promise<void> {
  const { output } = await run([kernel(), 'mem=64M', 'con=null', 'con0=null,fd:1', 'panic=-1'], {
    timeoutMs: BANNER_LIMIT_MS,
  })
  if (!output.includes('Linux version'))
    throw new Error("User Mode Linux's kernel does not start on this processor")
}

async function makeImage(image: string, say: Say): Promise<void> {
  await ensurePrograms({ mke2fs: 'e2fsprogs' }, say)
  mkdirSync(join(image, '..'), { recursive: true })
  const scratch = mkdtempSync(`${image}.`)
  try {
    const system = join(scratch, 'system')
    const modules = join(kernelFolder(), 'usr', 'lib', 'uml', 'modules')
    const hooks = [
      ...ADDITIONS.hooks,
      `mkdir -p "$1"/usr/lib/modules && cp -a ${modules}/. "$1"/usr/lib/modules/`,
    ]
    await makeSystem(system, { ...ADDITIONS, hooks }, say)
    say('writing its disk')
    const draft = join(scratch, basename(image))
    const format = ['mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-L', 'labplan-root']
    await mustRun([...format, '-d', system, draft, SIZE], "A machine's disk could not be written")
    for (const old of readdirSync(join(image, '..')).filter((name) => /^node-\w+\.img$/.test(name)))
      rmSync(join(image, '..', old))
    renameSync(draft, image)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Undefined when machines can be started at once; else a reason for people. */
export function whyNoMachinesNow(): string | undefined {
  const why = whyNoMachines()
  if (why) return why
  return machineParts() ? undefined : 'their parts are not made yet: run test/beds/nodes up once'
}
