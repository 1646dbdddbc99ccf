/** A server for the volumes of a pool, as docs/storage-backends.md has it: a machine with a kernel of its own, whose XFS counts projects. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { machineParts, whyNoMachinesNow } from '../../test/beds/machines/install.ts'
import { ROOT, type StorageMachine, storageMachine } from '../../test/beds/machines/storage.ts'
import { type SwarmBed, swarmBed } from '../../test/beds/swarm.ts'
import { holdCommand } from '../../workers/storage/command.ts'
import type { BenchAgent, BenchBackend, Round } from './volume-backends.ts'

/** Where the machine has this checkout. */
const CHECKOUT = '/opt/labplan'
const BY_HAND_MS = 600_000
const LOOK_MS = 2_000

/** Both sides run on the machine; of ours the worker does not, as in an installation. */
export async function nfsServer(): Promise<BenchBackend | string> {
  const why = whyNoMachinesNow()
  if (why) return why
  const folder = mkdtempSync(join(tmpdir(), 'labplan-bench-nfs-'))
  const bed = await swarmBed({ nodes: 1 })
  const down = async (): Promise<void> => {
    await bed.down()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const server = await storageMachine(bed, machineParts()!, join(folder, 'storage.sock'))
    return {
      startAgent: (round) => startAgent(bed, server, round),
      byHand: (round, atOnce) => byHand(server, round, atOnce),
      clear: async (round) => void (await server.sh(`rm -rf ${rootOf(round)}`)),
      async down() {
        await server.end()
        await down()
      },
    }
  } catch (error) {
    await down()
    throw error
  }
}

const rootOf = ({ key }: Round): string => `${ROOT}/${key}`

async function startAgent(
  bed: SwarmBed,
  server: StorageMachine,
  round: Round,
): Promise<BenchAgent> {
  const home = `/var/lib/labplan-${round.key}`
  const env = `LABPLAN_HOME=${home} LABPLAN_STORAGE_ROOT=${rootOf(round)} LABPLAN_STORAGE_BACKEND=nfs`
  const program = `${CHECKOUT}/node_modules/node/bin/node ${CHECKOUT}/workers/storage/main.ts`
  const pid = await server.sh(
    `mkdir -p ${rootOf(round)}; env ${env} setsid ${program} >/var/log/${round.key} 2>&1 </dev/null & echo $!`,
  )
  const socket = join(round.folder, 'storage.sock')
  const tunnel = spawn(
    'ssh',
    [
      ...['-N', '-L', `${socket}:${home}/run/storage.sock`, '-i', join(bed.folder, 'storage-key')],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
      ...['-o', 'LogLevel=QUIET', `root@${server.address}`],
    ],
    { stdio: 'ignore' },
  )
  return {
    socket,
    async stop() {
      tunnel.kill()
      await server.sh(`kill ${pid}; while kill -0 ${pid}; do sleep 0.1; done 2>/dev/null`)
    },
  }
}

async function byHand(server: StorageMachine, round: Round, atOnce: number): Promise<number> {
  const at = `${rootOf(round)}/volumes`
  await server.sh(
    `mkdir -p ${at}; cat >/root/make <<'END'\nset -e\ncd ${at}\n${script(round)}\nEND`,
  )
  await server.sh(`cat >/root/names <<'END'\n${round.names.join('\n')}\nEND`)
  const all = `xargs -P ${atOnce} -I {} sh /root/make {} </root/names >/dev/null`
  // By the machine's own clock, so that the way to it does not count.
  const timed = `a=$(date +%s%N); ${all} && echo $(($(date +%s%N) - a)) || echo failed`
  await server.sh(
    // Nothing of it holds the connection open.
    `rm -f /root/took; { (${timed}) >/root/took.new 2>/root/said && mv /root/took.new /root/took; } </dev/null >/dev/null 2>&1 &`,
  )
  for (let waited = 0; waited < BY_HAND_MS; waited += LOOK_MS) {
    await sleep(LOOK_MS)
    const took = await server.sh('cat /root/took 2>/dev/null || true')
    if (took === 'failed') throw new Error(`By hand failed: ${await server.sh('cat /root/said')}`)
    if (took) return Number(took) / 1e6
  }
  throw new Error(`By hand took more than ${BY_HAND_MS / 1000} s.`)
}

/** A project for each, counted from a million on; its limit before there is a home that could be written to. */
function script(round: Round): string {
  const folder = `${rootOf(round)}/volumes/$1`
  const hold = holdCommand(ROOT, { folder, project: 0, limitMb: round.limitMb })
  const words = hold.map((word) => (word.includes(' ') ? `"${word.replace(/0$/, '$id')}"` : word))
  return [
    'number=${1##*-s}',
    'id=$((1000000 + 1${number%-g1}))',
    'mkdir -m 711 $1',
    words.join(' '),
    'mkdir $1/uploads $1/home',
  ].join('\n')
}
