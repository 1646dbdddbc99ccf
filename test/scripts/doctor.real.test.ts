/** What the doctor says of a real engine, its Swarm, and the network and firewall of seats. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { engineLooks } from '../../scripts/doctor-parts/engine.ts'
import { thisMachine } from '../../scripts/doctor-parts/world.ts'
import { askEngine } from '../../scripts/steps/engine-api.ts'
import { firewallStands, removeFirewall } from '../../scripts/steps/firewall.ts'
import { removeSeatNetwork } from '../../scripts/steps/network.ts'
import { readSettings } from '../../scripts/steps/settings.ts'
import { seatNetworkOn } from '../beds/seat-network.ts'
import { type SwarmBed, swarmBed } from '../beds/swarm.ts'

const INSTALLATION = 'd0ct0r00'
const home = mkdtempSync(join(tmpdir(), 'labplan-test-doctor-'))
writeFileSync(join(home, 'installation'), INSTALLATION)
let bed: SwarmBed

beforeAll(async () => {
  bed = await swarmBed({ nodes: 2 })
  await seatNetworkOn(bed, INSTALLATION)
})
afterAll(async () => {
  await bed?.down()
  rmSync(home, { recursive: true, force: true })
})

const place = (node = 0) => ({
  installation: INSTALLATION,
  enterNamespace: bed.nodes[node]!.namespace,
  dockerHost: bed.nodes[node]!.dockerHost,
})

/** What is named of this node's engine. Debian's engine is one that ignores no-new-privileges. */
async function named(node = 0): Promise<string[]> {
  const { dockerHost } = bed.nodes[node]!
  const settings = readSettings({ LABPLAN_HOME: home, DOCKER_HOST: dockerHost })
  const world = { ...thisMachine, firewallStands: () => firewallStands(place(node)) }
  const looks = await engineLooks(settings, world)
  return looks
    .filter(
      ([part, { state }]) => part !== 'No new privileges' && ['bad', 'doubtful'].includes(state),
    )
    .map(([part, look]) => `${part}: ${look.says}`)
}

it('names nothing of a healthy Swarm', async () => {
  expect(await named()).toEqual([])
})

it('names an engine that is a worker, or is not there', async () => {
  expect(await named(1)).toEqual(['Swarm: this engine is a worker of its swarm'])
  const settings = readSettings({ LABPLAN_HOME: home, DOCKER_HOST: `unix://${home}/none.sock` })
  const [first] = await engineLooks(settings, thisMachine)
  expect(first).toMatchObject(['Docker engine', { state: 'bad' }])
})

it('names a node that is drained', async () => {
  const docker = (method: 'GET' | 'POST', path: string, body?: object) =>
    askEngine(bed.dockerHost, method, path, body)
  const nodes = (await docker('GET', '/nodes')) as {
    ID: string
    Version: { Index: number }
    Spec: { Role: string }
    Description: { Hostname: string }
  }[]
  const worker = nodes.find((node) => node.Spec.Role === 'worker')!
  await docker('POST', `/nodes/${worker.ID}/update?version=${worker.Version.Index}`, {
    ...{ ...worker.Spec, Availability: 'drain' },
  })
  expect(await named()).toEqual([
    `Nodes: ${worker.Description.Hostname}: drained or paused, no seat starts there`,
  ])
  const again = ((await docker('GET', '/nodes')) as typeof nodes).find((n) => n.ID === worker.ID)!
  await docker('POST', `/nodes/${worker.ID}/update?version=${again.Version.Index}`, {
    ...{ ...worker.Spec, Availability: 'active' },
  })
})

it('names a firewall that is gone, a network that is gone, and one on which seats see each other', async () => {
  await removeFirewall(place())
  expect(await named()).toEqual([expect.stringMatching(/^Seat firewall: its rules are not set/)])
  await removeSeatNetwork(place())
  expect(await named()).toEqual([
    `Seat network: there is no network lp-${INSTALLATION}-seats`,
    expect.stringMatching(/^Seat firewall/),
  ])
  const create = (body: object) => askEngine(bed.dockerHost, 'POST', '/networks/create', body)
  const node = `lp-${INSTALLATION}-seats-node`
  await create({ Name: node, ConfigOnly: true, Options: {} })
  await create({
    ...{ Name: `lp-${INSTALLATION}-seats`, Driver: 'bridge', Scope: 'swarm' },
    ConfigFrom: { Network: node },
  })
  expect(await named()).toEqual([
    expect.stringMatching(/^Seat network: seats on .* reach each other/),
    expect.stringMatching(/^Seat firewall/),
  ])
})
