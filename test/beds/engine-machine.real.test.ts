/** A machine that is an engine in namespaces: it joins by the joining part of its user_data, and ends with its bed. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import { connectEngine, type Engine } from '../../workers/swarm/engine.ts'
import { listNodes, workerToken } from '../../workers/swarm/node.ts'
import type { Machine } from './machines/boot.ts'
import { engineMachines } from './machines/engine.ts'
import { firstStart } from './machines/first-start.ts'
import { bedPlace } from './place.ts'
import { type SwarmBed, swarmBed } from './swarm.ts'
import { namespacesOf } from './wires.ts'

const OWNER = { installation: 'test0000', pool: 'cloud' }
const KEYS = ['m-large-1', 'm-large-2']
let bed: SwarmBed
let engine: Engine
let machines: Machine[]

beforeAll(async () => {
  bed = await swarmBed({ nodes: 1 })
  engine = connectEngine(bed.dockerHost)
  const manager = `${bed.nodes[0]!.address}:2377`
  const owner = { ...OWNER, cloud: cloudOf(manager) }
  const texts = firstStart(owner, KEYS, `${await workerToken(engine)} ${manager}`)
  const boot = engineMachines(bed, 1)
  machines = KEYS.map((name, i) => boot({ name, number: i + 1, userData: texts[name]! }))
})
afterAll(async () => {
  engine?.close()
  await bed?.down()
})

const cloudOf = (manager: string): BlueprintCloud => ({
  regions: [
    {
      ...{ name: 'RegionOne', image: 'labplan-node', externalNetwork: 'public' },
      ...{ subnet: '10.64.0.0/20', availabilityZones: [] },
    },
  ],
  flavours: [{ key: 'm-large', name: 'm1.large', region: 'RegionOne', gpu: null }],
  ...{ manager, managers: null, gateways: [`${bed.hostAddress}/32`], dns: [bed.outsideAddress] },
  ...{ sshKey: null, engineVolumeGb: null, insecureRegistries: [] },
})

it('joins as the machine it is, one after another, behind the firewall of seats', async () => {
  const joined = async () =>
    (await listNodes(engine))
      .flatMap(({ key, isUp }) => (key !== null && isUp ? [key] : []))
      .toSorted()
  await expect.poll(joined, { timeout: 60_000 }).toEqual(KEYS)
  const rules = execFileSync('nsenter', [
    ...[`--net=/run/netns/lpbed-${bed.id}-e1`, 'iptables', '-t', 'mangle', '-S'],
  ]).toString()
  expect(rules).toContain('-A labplan-test0000-from -d 169.254.0.0/16 -j DROP')
  const own = (await listNodes(engine)).find(({ key }) => key === KEYS[0])
  expect(own).toMatchObject({ ...OWNER, address: machines[0]!.address })
})

it('ends when its power is cut, and leaves nothing when its bed does', async () => {
  await machines[0]!.kill()
  expect(machines.map((one) => one.isRunning())).toEqual([false, true])
  const [first, second] = [1, 2].map((number) => `lpbed-${bed.id}-e${number}`)
  await expect.poll(() => processesIn(first!)).toEqual([])
  expect(processesIn(second!)).not.toEqual([])
  await bed.down()
  expect(namespacesOf(bedPlace(bed.id))).toEqual([])
  await expect.poll(() => machines[1]!.isRunning()).toBe(false)
})

const processesIn = (namespace: string): string[] =>
  execFileSync('ip', ['netns', 'pids', namespace]).toString().split('\n').filter(Boolean)
