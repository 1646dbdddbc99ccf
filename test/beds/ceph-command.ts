/** `test/beds/ceph`: a Ceph by hand. See README.md beside. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '../../scripts/steps/step.ts'
import { cephOf, startCephKeeper } from './ceph.ts'
import { whyNoCephNow } from './cluster/install.ts'
import { knownFolders, livingKeeper, removeCluster, sweepClusters } from './cluster/place.ts'

const USAGE = `Usage: test/beds/ceph COMMAND

  up             start a Ceph, print how to reach it as JSON, leave it running
  list           those of this machine
  down           end all that were started by hand
  reset          remove what killed runs left behind`

async function main([command]: string[]): Promise<number> {
  if (command === '--help' || command === '-h') return say(USAGE)
  if (command === 'up') return up()
  if (command === 'list') return list()
  if (command === 'down') return down()
  if (command === 'reset') return say(`Removed ${await sweepClusters()} left-over Cephs.`)
  process.stderr.write(`${USAGE}\n`)
  return 2
}

async function up(): Promise<number> {
  const why = whyNoCephNow()
  if (why) {
    process.stderr.write(`No Ceph here: ${why}.\n`)
    return 2
  }
  const started = performance.now()
  const record = await cephOf(startCephKeeper('by hand'))
  process.stderr.write(`ready after ${seconds(performance.now() - started)}\n`)
  return say(JSON.stringify(record, null, 2))
}

function list(): number {
  for (const folder of knownFolders()) {
    const keeper = livingKeeper(folder)
    say(`${folder}  ${keeper ? 'running' : 'left over'}${keeper?.isByHand ? ', by hand' : ''}`)
  }
  return 0
}

async function down(): Promise<number> {
  for (const folder of knownFolders()) {
    const keeper = livingKeeper(folder)
    if (keeper && !keeper.isByHand) continue
    if (keeper) process.kill(keeper.pid, 'SIGTERM')
    while (livingKeeper(folder)) await sleep(50)
    await removeCluster(folder)
    say(`Ended ${folder}.`)
  }
  return 0
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

process.exit(await main(process.argv.slice(2)))
