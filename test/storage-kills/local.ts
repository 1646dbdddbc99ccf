/** Volumes in files of one machine: its agent, its engine, and all of it at once. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import { killableNode } from '../chaos/node.ts'
import { mountsBelow } from '../../scripts/steps/mounts.ts'
import { loopFiles } from '../workers/storage/storage-scene.ts'
import { seatsIn } from './containers.ts'
import { classOn, type Ground, healing, type Storage, type World, worldOf } from './world.ts'

const execute = promisify(execFile)
const CALL_MS = 30_000

export async function localWorld(ground: Ground): Promise<World> {
  const practice = await classOn(ground, {
    ...{ backend: 'local', nodes: 1, poolStorage: '{ backend: local }' },
  })
  const { bed, inst } = practice
  const { volumes } = bed
  const agent = storageAgent({ socket: join(inst.home, 'run', 'storage.sock') })
  const node = killableNode(bed, 0, inst.id)
  const healed = healing()
  const killAgent = () => inst.stop('storage', 'SIGKILL')
  const storage: Storage = {
    sh: async (script) => (await execute('sh', ['-c', script], { timeout: CALL_MS })).stdout,
    async kept() {
      const script = `cd ${join(volumes, 'images')} && ls`
      const files = (await execute('sh', ['-c', script])).stdout.split('\n').filter(Boolean)
      const limits = new Map((await agent.list()).volumes.map((one) => [one.name, one.limitBytes]))
      const names = files.filter((file) => file.endsWith('.ext4')).map((file) => file.slice(0, -5))
      return names.map((name) => ({
        ...{ name, folder: join(volumes, 'mounts', name), limitBytes: limits.get(name) ?? 0 },
      }))
    },
    containers: async () => seatsIn([bed.nodes[0]!.dockerHost]),
    async wrongMounts() {
      const loops = loopFiles(join(volumes, 'images'))
      const points = mountsBelow(join(volumes, 'mounts'))
      return [
        ...twice(loops).map((file) => `${file} has two loop devices`),
        ...twice(points).map((point) => `${point} is mounted twice`),
      ]
    },
    async kill({ victim }) {
      const isAll = victim === 'storage'
      if (victim === 'agent' || isAll) await killAgent()
      if (victim === 'agent') return true
      await node.kill()
      // A machine that boots has nothing mounted.
      if (isAll)
        for (const point of mountsBelow(join(volumes, 'mounts')).toReversed())
          execFileSync('umount', ['--lazy', point])
      healed.add(node.start())
      return true
    },
    halt: async () => {},
    close: async () => {},
  }
  const made = { backend: 'local', practice, storage, healing: healed } as const
  return worldOf(made, ['api', 'worker', 'gateway', 'storage'])
}

export const twice = (names: string[]): string[] => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i)),
]
