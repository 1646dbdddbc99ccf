/**
 * What the bench of volumes needs of each backend: an agent that has nothing yet, and the same calls as a shell would make
 * them. One round is one of the two sides; what it made is gone before the next begins.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pool } from '../../api/data/db.ts'
import {
  type Cluster,
  keyCommand,
  makeCommand,
  makeGroupCommand,
  mountCommand as cephMountCommand,
  pathCommand,
} from '../../workers/storage/ceph-command.ts'
import { formatCommand, mountCommand, run } from '../../workers/storage/command.ts'
import { cephBed } from '../../test/beds/ceph.ts'
import { whyNoCephNow } from '../../test/beds/cluster/install.ts'
import { whyNoLimits } from '../steps/storage.ts'
import { agentHere } from './agent-here.ts'
import { manilaShares } from './manila-volumes.ts'
import { nfsServer } from './nfs-volumes.ts'

export const BENCH_BACKENDS = ['local', 'nfs', 'cephfs', 'manila'] as const

/** `key` is no other round's, eight letters and digits: an installation of its own. Names are those of seats 1 and on of the course. */
export type Round = {
  key: string
  course: string
  folder: string
  names: string[]
  limitMb: number
}

export type BenchAgent = { socket: string; stop(): Promise<void> }

export type BenchBackend = {
  /** Where it cannot be what the others have. */
  limitMb?: number
  /** Starts an agent; it may not answer yet. */
  startAgent(round: Round): Promise<BenchAgent>
  /**
   * Where Terraform makes what the agent finds: has it do so, as the worker does, before the agent is told; its time is ours. Its run
   * ends with `record`, of what was applied.
   */
  apply?(round: Round, pool: Pool, record: () => Promise<void>): Promise<void>
  /** Makes the round's volumes by a shell, so many at once; answers the milliseconds. */
  byHand(round: Round, atOnce: number): Promise<number>
  /** What else there is to say of the round that has just ended. */
  words?(round: Round): Promise<string>
  /** Removes what the round made elsewhere than in its folder. */
  clear?(round: Round): Promise<void>
  down(): Promise<void>
}

/** Or why it cannot be measured here. */
export async function benchBackend(
  kind: (typeof BENCH_BACKENDS)[number],
): Promise<BenchBackend | string> {
  if (kind === 'nfs') return nfsServer()
  if (kind === 'manila') return manilaShares()
  return kind === 'local' ? localFiles() : ceph()
}

function localFiles(): BenchBackend | string {
  const why = whyNoLimits({ dockerHost: 'unix:///var/run/docker.sock', choices: {} })
  if (why) return why
  return {
    startAgent: (round) => agentHere(round, {}),
    byHand: (round, atOnce) => shellHere(round, atOnce, localScript(round.limitMb)),
    down: async () => {},
  }
}

function localScript(limitMb: number): string[] {
  const bytes = Math.ceil((limitMb * 1.068 + 5) * 256) * 4096
  const format = formatCommand('$1.ext4', 0).slice(0, -1).join(' ')
  return [
    ...[`truncate -s ${bytes} $1.ext4`, `${format} $1.ext4`, 'mkdir $1'],
    ...[mountCommand('$1.ext4', '$1').join(' '), 'mkdir $1/home'],
  ]
}

async function ceph(): Promise<BenchBackend | string> {
  const why = whyNoCephNow()
  if (why) return why
  const bed = await cephBed()
  // An agent mounts all of its group when it starts: each round has one of its own.
  const clusterOf = ({ key }: Round): Cluster => ({
    ...{ configFile: bed.configFile, group: `bench-${key}`, client: 'labplan' },
    fileSystem: 'cephfs',
  })
  return {
    startAgent: (round) =>
      agentHere(round, { ...bed.env, LABPLAN_CEPH_GROUP: clusterOf(round).group }),
    async byHand(round, atOnce) {
      await run(makeGroupCommand(clusterOf(round)))
      return shellHere(round, atOnce, cephScript(clusterOf(round), round.limitMb))
    },
    down: bed.down,
  }
}

function cephScript(cluster: Cluster, limitMb: number): string[] {
  const { fileSystem } = cluster
  const files = { keyring: '$1.keyring', lock: '$1.lock', folder: '$1', snapFolder: '.snap' }
  const mount = { name: '$1', path: '$path', fileSystem, ...files }
  return [
    makeCommand(cluster, '$1', limitMb).join(' '),
    `key=$(${keyCommand(cluster, '$1').join(' ')})`,
    `path=$(${pathCommand(cluster, '$1').join(' ')})`,
    'printf "[client.$1]\\n\\tkey = $key\\n" >$1.keyring',
    'mkdir $1',
    // It says on stderr, too, that all is well.
    `${cephMountCommand(cluster, mount).join(' ')} 2>$1.said || { cat $1.said >&2; exit 1; }`,
    'mkdir $1/uploads $1/home',
  ]
}

/** The script makes and mounts the volume `$1` in the folder where it runs. */
async function shellHere(
  { folder, names }: Round,
  atOnce: number,
  script: string[],
): Promise<number> {
  writeFileSync(join(folder, 'make'), `set -e\ncd ${folder}\n${script.join('\n')}\n`)
  const argv = ['-P', String(atOnce), '-I', '{}', 'sh', join(folder, 'make'), '{}']
  const child = spawn('xargs', argv, { stdio: ['pipe', 'ignore', 'inherit'] })
  const begun = performance.now()
  child.stdin?.end(names.join('\n'))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`By hand failed with ${code}.`)
  return performance.now() - begun
}
