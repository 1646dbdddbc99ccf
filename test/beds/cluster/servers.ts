/**
 * One monitor, manager, disk and metadata server of a real Ceph, on loopback, with all they keep in one folder; as
 * docs.ceph.com/en/pacific/install/manual-deployment has it, and nothing kept twice.
 */
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePorts } from '../../free-port.ts'
import { attachFuse, shapeGroup } from './group.ts'

const execute = promisify(execFile)
const CALL_MS = 60_000
const READY_MS = 120_000
const AGAIN_MS = 500
export const FILE_SYSTEM = 'cephfs'

export type Cluster = {
  folder: string
  configFile: string
  /** `ceph` with these words, as its administrator; answers what it printed. */
  ceph(...words: string[]): Promise<string>
  /** From now on a server that ends is not started again. */
  stop(): void
}

/** Starts it in an empty folder; answers when a file system can be used. `address` is one of this machine's. */
export async function startCluster(folder: string, address: string): Promise<Cluster> {
  for (const name of ['mon', 'mgr', 'osd', 'mds', 'run', 'log', 'crash'])
    mkdirSync(join(folder, name))
  const configFile = join(folder, 'ceph.conf')
  const [v2 = 0, v1 = 0] = await freePorts(2)
  const monitor = `[v2:${address}:${v2},v1:${address}:${v1}]`
  const fsid = randomUUID()
  writeFileSync(configFile, configuration(folder, { fsid, monitor, address }))
  const tool = async (program: string, ...args: string[]) =>
    (await execute(program, args, { timeout: CALL_MS })).stdout.trim()
  const ceph = (...words: string[]) =>
    tool('ceph', '--conf', configFile, '--connect-timeout', '30', ...words)
  const stopping = new AbortController()
  const daemon = (program: string, id: string) => startDaemon(folder, program, id, stopping.signal)
  await makeKeys(folder, tool)
  const map = join(folder, 'monmap')
  await tool('monmaptool', '--create', '--addv', 'a', monitor, '--fsid', fsid, map)
  const all = join(folder, 'all.keyring')
  await tool(
    ...(['ceph-mon', '--conf', configFile, '--mkfs', '-i', 'a'] as const),
    ...['--monmap', map, '--keyring', all],
  )
  daemon('ceph-mon', 'a')
  daemon('ceph-mgr', 'x')
  const disk = randomUUID()
  await Promise.all([
    ceph('osd', 'new', disk),
    tool('ceph-osd', '--conf', configFile, '-i', '0', '--mkfs', '--osd-uuid', disk),
  ])
  daemon('ceph-osd', '0')
  daemon('ceph-mds', 'a')
  await Promise.all(['meta', 'data'].map((pool) => ceph('osd', 'pool', 'create', pool, '8')))
  await ceph('fs', 'new', FILE_SYSTEM, 'meta', 'data')
  await untilReady(folder, ceph)
  return { folder, configFile, ceph, stop: () => stopping.abort() }
}

/** Nothing of it is kept twice, and a disk of this machine that is nearly full stops nothing. */
function configuration(
  folder: string,
  of: { fsid: string; monitor: string; address: string },
): string {
  return `[global]
fsid = ${of.fsid}
mon initial members = a
mon host = ${of.monitor}
public addr = ${of.address}
cluster addr = ${of.address}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
log file = ${folder}/log/$name.log
crash dir = ${folder}/crash
keyring = ${folder}/$name.keyring
mon data = ${folder}/mon
mgr data = ${folder}/mgr
osd data = ${folder}/osd
mds data = ${folder}/mds
mgr initial modules = volumes
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = bluestore
osd memory target = 939524096
bluestore block size = 8589934592
`
}

const CAPS: Record<string, string[]> = {
  'mon.': ['mon', 'allow *'],
  'client.admin': ['mon', 'allow *', 'mgr', 'allow *', 'osd', 'allow *', 'mds', 'allow *'],
  'mgr.x': ['mon', 'allow profile mgr', 'osd', 'allow *', 'mds', 'allow *'],
  'osd.0': ['mon', 'allow profile osd', 'mgr', 'allow profile osd', 'osd', 'allow *'],
  'mds.a': [
    ...['mon', 'allow profile mds', 'mgr', 'allow profile mds'],
    ...['osd', 'allow *', 'mds', 'allow *'],
  ],
}

async function makeKeys(
  folder: string,
  tool: (program: string, ...args: string[]) => Promise<string>,
): Promise<void> {
  const made = Object.entries(CAPS).map(async ([name, caps]) => {
    const file = join(folder, `${name.replace(/\.$/, '')}.keyring`)
    const pairs = caps.flatMap((word, i) => (i % 2 === 0 ? ['--cap', word] : [word]))
    await tool('ceph-authtool', '--create-keyring', file, '--gen-key', '-n', name, ...pairs)
    return readFileSync(file, 'utf8')
  })
  writeFileSync(join(folder, 'all.keyring'), (await Promise.all(made)).join('\n'), { mode: 0o600 })
}

/**
 * In the foreground, and gone with this process however that ends; started again when it was killed, as by a server's init. A
 * manager that is a daemon cannot make keys.
 */
function startDaemon(folder: string, program: string, id: string, stopping: AbortSignal): void {
  if (stopping.aborted) return
  const output = openSync(join(folder, 'log', `${program}.out`), 'a')
  const argv = [program, '--conf', join(folder, 'ceph.conf'), '-f', '-i', id]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  child.once('exit', () => {
    setTimeout(startDaemon, AGAIN_MS, folder, program, id, stopping)
  })
}

async function untilReady(folder: string, ceph: Cluster['ceph']): Promise<void> {
  const deadline = performance.now() + READY_MS
  for (;;) {
    const state = await ceph('mds', 'stat').catch(String)
    // The manager takes its modules up one after another.
    const volumes = () => ceph('fs', 'subvolumegroup', 'ls', FILE_SYSTEM)
    const isKnown = (): Promise<boolean> =>
      volumes().then(
        () => true,
        () => false,
      )
    if (state.includes('up:active') && (await isKnown())) break
    if (performance.now() > deadline)
      throw new Error(
        `Ceph did not come up: ${state}\n${['ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph-mds']
          .map((one) => readFileSync(join(folder, 'log', `${one}.out`), 'utf8').slice(-500))
          .join('\n')}`,
      )
    await sleep(200)
  }
}

/** Of an agent that is told nothing: may find and open every volume, and neither size nor remove one. */
const NODE_CAPS = ['ls', 'info', 'getpath', 'authorize']
  .map((word) => `allow command "fs subvolume ${word}"`)
  .concat('allow command "fs subvolumegroup create"')
  .join(', ')

/** A group of volumes whose quotas are exact, and who may make volumes in it: as docs/storage-backends.md has it done once. */
export async function makeGroup(
  { folder, configFile, ceph }: Cluster,
  group: string,
): Promise<void> {
  await ceph('fs', 'subvolumegroup', 'create', FILE_SYSTEM, group)
  await ceph('config', 'set', 'mds', 'mds_dirstat_min_interval', '0')
  await ceph('config', 'set', 'mds', 'mds_client_writeable_range_max_inc_objs', '1')
  await ceph('fs', 'set', FILE_SYSTEM, 'session_autoclose', '86400')
  const makeUser = (user: string, mgr: string) => {
    const caps = ['mon', 'allow r', 'mgr', mgr]
    const keyring = join(folder, `client.${user}.keyring`)
    return ceph('auth', 'get-or-create', `client.${user}`, ...caps, '-o', keyring)
  }
  await makeUser('labplan', 'allow rw')
  await makeUser('labplan-node', NODE_CAPS)
  const root = join(folder, 'root')
  mkdirSync(root)
  await attachFuse({ configFile, folder: root })
  await shapeGroup(join(root, 'volumes', group))
}
