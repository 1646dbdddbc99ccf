/** `test/beds/swarm`: beds by hand. See README.md beside. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { bedPlace, bedSpecSchema, knownBeds, livingKeeper } from './place.ts'
import type { BedPlace } from './place.ts'
import { removeBed, sweepBeds } from './removal.ts'
import { bedOf, startKeeper } from './swarm.ts'

const USAGE = `Usage: test/beds/swarm COMMAND

  up [--nodes N] [--gpus N] [--no-swarm]   make a bed, print it as JSON, leave it running
  list                                     beds of this machine
  down [ID...]                             remove these beds; all of them without ID
  reset                                    remove what killed runs left behind`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      nodes: { type: 'string', default: '3' },
      gpus: { type: 'string', default: '0' },
      swarm: { type: 'boolean', default: true },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [command, ...ids] = positionals
  if (values.help) return say(USAGE)
  switch (command) {
    case 'up':
      return up(Number(values.nodes), Number(values.gpus), values.swarm)
    case 'list':
      return list()
    case 'down':
      return down(ids.length > 0 ? ids.map(bedPlace) : knownBeds().filter(wasStartedByHand))
    case 'reset':
      return say(`Removed ${(await sweepBeds()).length} left-over beds.`)
    default:
      process.stderr.write(`${USAGE}\n`)
      return 2
  }
}

async function up(nodes: number, gpusPerNode: number, swarm: boolean): Promise<number> {
  const keeper = startKeeper(bedSpecSchema.parse({ nodes, gpusPerNode, swarm }), 'by hand')
  const record = await bedOf(keeper)
  return say(JSON.stringify(record, null, 2))
}

function list(): number {
  for (const place of knownBeds()) {
    const state = livingKeeper(place) === undefined ? 'left over' : 'running'
    say(`${place.id}  ${place.subnet}.0/24  ${state}${wasStartedByHand(place) ? ', by hand' : ''}`)
  }
  return 0
}

async function down(places: BedPlace[]): Promise<number> {
  for (const place of places) {
    const keeper = livingKeeper(place)
    if (keeper === undefined) {
      await removeBed(place)
    } else {
      process.kill(keeper, 'SIGTERM')
      while (livingKeeper(place) !== undefined) await sleep(50)
    }
    say(`Removed bed ${place.id}.`)
  }
  return 0
}

/** Beds of tests are tied to their test by a pipe, and are not ours to remove unless named. */
function wasStartedByHand(place: BedPlace): boolean {
  return existsSync(join(place.folder, 'by-hand'))
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

process.exit(await main())
