/** `test/beds/openstack`: clouds by hand. See README.md beside. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '../../scripts/steps/step.ts'
import { makeTenant } from './cloud/tenant.ts'
import {
  type CloudPlace,
  cloudPlace,
  cloudRecord,
  forgetCloud,
  knownClouds,
  livingKeeper,
  sweepClouds,
} from './cloud/place.ts'
import { whyNoCloud } from './cloud/install.ts'
import { cloudOf, startCloudKeeper } from './openstack.ts'

const USAGE = `Usage: test/beds/openstack COMMAND

  up            start a cloud, print how to enter it as JSON, leave it running
  list          clouds of this machine
  tenant        a new project with an ordinary member, as the lines of an openrc file
  down [N...]   end these clouds; all that were started by hand without N
  reset         remove what killed runs left behind`

async function main(argv: string[]): Promise<number> {
  const [command, ...rest] = argv
  if (command === '--help' || command === '-h') return say(USAGE)
  if (command === 'up') return up()
  if (command === 'list') return list()
  if (command === 'tenant') return tenant()
  if (command === 'down')
    return down(rest.length > 0 ? rest.map((n) => cloudPlace(Number(n))) : byHand())
  if (command === 'reset') return say(`Removed ${sweepClouds().length} left-over clouds.`)
  process.stderr.write(`${USAGE}\n`)
  return 2
}

async function up(): Promise<number> {
  const why = whyNoCloud()
  if (why) {
    process.stderr.write(`No OpenStack here: ${why}.\n`)
    return 2
  }
  const started = performance.now()
  const record = await cloudOf(startCloudKeeper('by hand'), (text) => process.stderr.write(text))
  process.stderr.write(`ready after ${seconds(performance.now() - started)}\n`)
  return say(JSON.stringify(record, null, 2))
}

function list(): number {
  for (const place of knownClouds()) {
    const state = livingKeeper(place) === undefined ? 'left over' : 'running'
    const record = cloudRecord(place)
    say(
      `${place.number}  ${record?.authUrl ?? place.address}  ${state}${record?.byHand ? ', by hand' : ''}`,
    )
  }
  return 0
}

const byHand = (): CloudPlace[] => knownClouds().filter((place) => cloudRecord(place)?.byHand)

async function tenant(): Promise<number> {
  const record = byHand().flatMap((place) => cloudRecord(place) ?? [])[0]
  if (!record) {
    process.stderr.write('No cloud runs: start one with test/beds/openstack up.\n')
    return 1
  }
  const { access } = await makeTenant(record)
  const lines = Object.entries(access).map(([name, value]) => [
    `OS_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
    value,
  ])
  return say(
    [...lines, ['OS_REGION_NAME', record.region]]
      .map(([name, value]) => `export ${name}=${value}`)
      .join('\n'),
  )
}

async function down(places: CloudPlace[]): Promise<number> {
  for (const place of places) {
    const keeper = livingKeeper(place)
    if (keeper !== undefined) process.kill(keeper, 'SIGTERM')
    while (livingKeeper(place) !== undefined) await sleep(50)
    forgetCloud(place)
    say(`Ended cloud ${place.number}.`)
  }
  return 0
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

process.exit(await main(process.argv.slice(2)))
