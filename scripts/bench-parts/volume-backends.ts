/** What the bench of volumes needs of each backend: what its agent is told, and the same calls as a shell would make them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import {
  type Cluster,
  keyCommand,
  makeCommand,
  mountCommand as cephMountCommand,
  pathCommand,
} from '../../workers/storage/ceph-command.ts'
import { formatCommand, mountCommand } from '../../workers/storage/command.ts'
import { cephBed } from '../../test/beds/ceph.ts'
import { whyNoCephNow } from '../../test/beds/cluster/install.ts'
import { whyNoLimits } from '../steps/storage.ts'

export const BENCH_BACKENDS = ['local', 'cephfs'] as const
export type BenchBackend = {
  kind: (typeof BENCH_BACKENDS)[number]
  /** Of its agent. */
  env: Record<string, string>
  /** Makes and mounts the volume `$1` in the folder where it runs. */
  script: string
  down(): Promise<void>
}

/** Or why it cannot be measured here. */
export async function benchBackend(
  kind: BenchBackend['kind'],
  limitMb: number,
): Promise<BenchBackend | string> {
  return kind === 'local' ? localFiles(limitMb) : ceph(limitMb)
}

function localFiles(limitMb: number): BenchBackend | string {
  const why = whyNoLimits({ dockerHost: 'unix:///var/run/docker.sock', choices: {} })
  if (why) return why
  const bytes = Math.ceil((limitMb * 1.068 + 5) * 256) * 4096
  const format = formatCommand('$1.ext4', 0).slice(0, -1).join(' ')
  const script = [
    ...[`truncate -s ${bytes} $1.ext4`, `${format} $1.ext4`, 'mkdir $1'],
    ...[mountCommand('$1.ext4', '$1').join(' '), 'mkdir $1/home'],
  ]
  return { kind: 'local', env: {}, script: script.join('\n'), down: async () => {} }
}

async function ceph(limitMb: number): Promise<BenchBackend | string> {
  const why = whyNoCephNow()
  if (why) return why
  const bed = await cephBed()
  const { configFile, group, env } = bed
  const cluster: Cluster = { configFile, group, client: 'labplan', fileSystem: 'cephfs' }
  const mount = { name: '$1', keyring: '$1.keyring', lock: '$1.lock', path: '$path', folder: '$1' }
  const script = [
    makeCommand(cluster, '$1', limitMb).join(' '),
    `key=$(${keyCommand(cluster, '$1').join(' ')})`,
    `path=$(${pathCommand(cluster, '$1').join(' ')})`,
    'printf "[client.$1]\\n\\tkey = $key\\n" >$1.keyring',
    'mkdir $1',
    // It says on stderr, too, that all is well.
    `${cephMountCommand(cluster, mount).join(' ')} 2>$1.said || { cat $1.said >&2; exit 1; }`,
    'mkdir $1/uploads $1/home',
  ]
  return { kind: 'cephfs', env, script: script.join('\n'), down: bed.down }
}

/** Of whatever is mounted below a folder. */
export function unmountBelow(folder: string): void {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const points = lines
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((at) => at.startsWith(`${folder}/`))
  if (points.length > 0) execFileSync('umount', ['--lazy', ...points])
}
