/**
 * What every machine of a pool starts from: Debian with the engine, NFS's client, and the part of cloud-init that reads how
 * the machine joins its Swarm. The same packages and files whether it becomes a cloud's image or a test's machine.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { debianSources, mmdebstrap } from '../images/base.ts'
import { ensurePrograms } from '../steps/debian.ts'
import { isRoot, mustRun } from '../steps/shell.ts'
import { CannotGoOn, type Say } from '../steps/step.ts'

/** What one kind of image adds to, or takes from, the system. */
export type Additions = {
  packages: string[]
  /** By absolute path; `→ /target` is a link. */
  files: Record<string, string>
  /** Shell, in the finished system's folder `$1`. */
  hooks: string[]
  /** What hooks find in their environment: where things are on this machine, which shapes nothing. */
  env?: Record<string, string>
}

/** Raise it when something else than what is below shapes the system. */
const VERSION = 1

/** What `user_data` names (stacks/parts/user-data.ts), and what it takes to be told. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'systemd-resolved', 'udev', 'dbus', 'kmod', 'netbase'],
  ...['cloud-init', 'cloud-guest-utils', 'openssh-server', 'ca-certificates'],
  ...['docker.io', 'iptables', 'iproute2', 'nfs-common', 'e2fsprogs'],
]

/**
 * `datasource_list`: nobody else may tell the machine what to do. Of cloud-init's modules those that user_data uses; not the
 * one that installs packages, which are here already.
 */
const CLOUD_INIT = `# Labplan: scripts/node-image-parts/system.ts
datasource_list: [ ConfigDrive, OpenStack, NoCloud, None ]
system_info:
  network:
    renderers: [networkd]
ssh_genkeytypes: [ed25519, ecdsa]
cloud_init_modules: [write-files, growpart, resizefs, disk_setup, mounts, set_hostname, update_etc_hosts, users-groups, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
`

const FILES = {
  '/etc/cloud/cloud.cfg.d/90_labplan.cfg': CLOUD_INIT,
  '/etc/fstab': '',
  '/etc/resolv.conf': '→ /run/systemd/resolve/resolv.conf',
}

/**
 * The engine is started by `labplan-node`, at each start, after the firewall of seats: never before it is configured.
 * Nobody upgrades a machine that lives for a day; nfs-common needs its daemons for NFS 3 only.
 */
const NOT_STARTED = [
  ...['docker.service', 'docker.socket', 'containerd.service', 'rpcbind.service', 'rpcbind.socket'],
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer'],
]
const IN_IT = 'chroot "$1" systemctl --quiet'

/** What shapes the system, as a name for what is made of it. */
export function systemDigest({ env: _env, ...more }: Additions): string {
  const { suite } = debianSources()
  const shaped = JSON.stringify([VERSION, suite, PACKAGES, FILES, NOT_STARTED, more])
  return createHash('sha256').update(shaped).digest('hex').slice(0, 12)
}

/** Makes the system in a folder that is not there yet: a minute or two. Needs root. Throws CannotGoOn. */
export async function makeSystem(folder: string, more: Additions, say: Say): Promise<void> {
  if (!isRoot())
    throw new CannotGoOn(
      "a machine's system is made of Debian packages as root: run this with sudo -E",
    )
  await ensurePrograms({ mmdebstrap: 'mmdebstrap' }, say)
  const { suite, sources } = debianSources()
  const overlay = mkdtempSync(join(tmpdir(), 'labplan-node-files-'))
  writeOverlay(overlay, { ...FILES, ...more.files })
  const hooks = [
    `${IN_IT} enable systemd-networkd systemd-resolved`,
    `${IN_IT} disable ${NOT_STARTED.join(' ')}`,
    `cp -a ${overlay}/. "$1"/`,
    ...more.hooks,
  ]
  say('Debian with engine and cloud-init (a minute or two, then kept)')
  const packages = [...PACKAGES, ...more.packages]
  try {
    await mustRun(
      mmdebstrap({ suite, sources, packages, to: folder, format: 'directory', hooks }),
      `mmdebstrap could not make a Debian ${suite} from this machine's package sources; does 'apt-get update' work here?`,
      { env: { ...process.env, ...more.env } },
    )
  } finally {
    rmSync(overlay, { recursive: true, force: true })
  }
}

function writeOverlay(overlay: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(overlay, path)
    mkdirSync(dirname(file), { recursive: true })
    if (text.startsWith('→ ')) symlinkSync(text.slice(2), file)
    else writeFileSync(file, text)
  }
}
