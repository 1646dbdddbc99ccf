/** `test/beds/swarm`: beds by hand. See README.md beside. */
import { parseArgs } from 'node:util'
import { manage, say } from './by-hand.ts'
import { bedSpecSchema } from './place.ts'
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
    case 'down':
    case 'reset':
      return manage(command, ids)
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

process.exit(await main())
