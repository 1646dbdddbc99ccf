/**
 * Holds a Ceph: starts it, says so on stdout, and ends it when stdin ends or a signal comes. Being a process of its own in
 * its own session, it outlives whoever asked by the moment that takes. Arguments: its address; `by hand` to ignore stdin.
 */
import { untilToldToStop } from '../told-to-stop.ts'
import { claimFolder, removeCluster, sweepClusters } from './place.ts'
import { makeGroup, startCluster } from './servers.ts'
import { whyOf } from '../../../stacks/parts/thrown.ts'

const GROUP = 'labplan'

async function keep(address: string, isByHand: boolean): Promise<void> {
  const told = untilToldToStop(isByHand)
  await sweepClusters()
  const folder = claimFolder(isByHand)
  let stop = (): void => {}
  try {
    const started = startCluster(folder, address).then(async (cluster) => {
      stop = cluster.stop
      await makeGroup(cluster, GROUP)
      return { folder, configFile: cluster.configFile, group: GROUP }
    })
    const record = await Promise.race([started, told])
    if (record === undefined) return
    process.stdout.write(`${JSON.stringify(record)}\n`)
    await told
  } finally {
    stop()
    await removeCluster(folder)
  }
}

// Whoever reads stdout may be gone; the Ceph must still end.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
try {
  await keep(process.argv[2] ?? '127.0.0.1', process.argv[3] === 'by hand')
  process.exit(0)
} catch (error) {
  process.stderr.write(`${whyOf(error)}\n`)
  process.exit(1)
}
