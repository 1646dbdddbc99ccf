/** `test/beds/nodes`: real-kernel machines by hand. See README.md beside. */
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '../../scripts/steps/step.ts'
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import { connectEngine, type Engine } from '../../workers/swarm/engine.ts'
import { listNodes, workerToken } from '../../workers/swarm/node.ts'
import { manage, say } from './by-hand.ts'
import { type Machine, bootMachine } from './machines/boot.ts'
import { firstStart } from './machines/first-start.ts'
import { ensureParts, whyNoMachines } from './machines/install.ts'
import { type BedRecord, bedPlace, bedSpecSchema } from './place.ts'
import { bedOf, startKeeper } from './swarm.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const USAGE = `Usage: test/beds/nodes COMMAND

  up [--nodes N]   a Swarm's manager, and N machines with a kernel of their own that joined it by their
                   user_data (two unless said); prints it as JSON, leaves it running
  list             beds of this machine
  down [ID...]     remove these beds; all that were started by hand without ID
  reset            remove what killed runs left behind

The first start on a computer makes what machines start from: about three minutes.`

const OWNER = { installation: 'byhand00', pool: 'cloud' }
const JOIN_LIMIT_MS = 300_000

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [command, ...ids] = positionals
  if (values.help) return say(USAGE)
  if (command === 'up') return up(Number(values.nodes))
  if (command === 'list' || command === 'down' || command === 'reset') return manage(command, ids)
  process.stderr.write(`${USAGE}\n`)
  return 2
}

const tell = (text: string): void => void process.stderr.write(`${text}\n`)

async function up(count: number): Promise<number> {
  const why = whyNoMachines()
  if (why) {
    tell(`No real-kernel machines here: ${why}.`)
    return 2
  }
  const parts = await ensureParts(tell)
  const began = performance.now()
  const keeper = startKeeper(bedSpecSchema.parse({ nodes: 1 }), 'by hand')
  const bed = await bedOf(keeper)
  const engine = connectEngine(bed.managerSocket)
  const manager = `${bed.nodes[0]!.address}:2377`
  const keys = Array.from({ length: count }, (_, i) => `m-large-${i + 1}`)
  const owner = { ...OWNER, cloud: cloudOf(bed, manager) }
  const texts = firstStart(owner, keys, `${await workerToken(engine)} ${manager}`)
  const machines = keys.map((name, i) =>
    bootMachine(bed, parts, { name, number: i + 1, userData: texts[name]! }, 'by hand'),
  )
  try {
    await untilJoined(engine, machines)
  } catch (error) {
    tell(whyOf(error))
    await manage('down', [bedPlace(bed.id).id])
    return 1
  } finally {
    engine.close()
  }
  tell(`joined after ${seconds(performance.now() - began)}`)
  const said = machines.map(({ name, address, folder }) => ({ name, address, folder }))
  return say(JSON.stringify({ ...bed, machines: said }, null, 2))
}

function cloudOf(bed: BedRecord, manager: string): BlueprintCloud {
  const region = { name: 'RegionOne', image: 'labplan-node', externalNetwork: 'public' }
  return {
    regions: [{ ...region, subnet: '10.64.0.0/20', availabilityZones: [] }],
    ...{ manager, managers: null, sshKey: null, engineVolumeGb: null },
    ...{ gateways: [`${bed.hostAddress}/32`], dns: [bed.outsideAddress] },
    insecureRegistries: [bed.registry],
    flavours: [{ key: 'm-large', name: 'm1.large', region: 'RegionOne', gpu: null }],
  }
}

async function untilJoined(engine: Engine, machines: Machine[]): Promise<void> {
  const deadline = performance.now() + JOIN_LIMIT_MS
  for (;;) {
    const up = (await listNodes(engine)).filter(({ isUp }) => isUp).map(({ key }) => key)
    const missing = machines.filter(({ name }) => !up.includes(name))
    if (missing.length === 0) return
    const dead = missing.find((machine) => !machine.isRunning())
    if (dead || performance.now() > deadline)
      throw new Error(
        `${missing.map(({ name }) => name).join(', ')} did not join. A console ends with:\n${(dead ?? missing[0]!).console().slice(-2000)}`,
      )
    await sleep(500)
  }
}

process.exit(await main())
