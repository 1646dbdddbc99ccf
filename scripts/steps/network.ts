/**
 * The network of an installation's seats, on one engine: a bridge on which seats do not see each other,
 * and a firewall that keeps them from this node and from private networks. The engine's own configuration
 * is not touched. docs/isolation.md says what is open and what is not.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { networkName } from '../../stacks/parts/names.ts'
import { type Docker, ask, dockerApi } from './docker-api.ts'
import { messageOf } from './engine-api.ts'
import { type Place, ensureFirewall, firewallStands, removeFirewall } from './firewall.ts'
import { type SeatFirewall, seatBridge } from '../../stacks/parts/seat-firewall.ts'
import { CannotGoOn } from './step.ts'

export type SeatNetworkOptions = SeatFirewall &
  Place & {
    dockerHost: string
    /** Rules that stand are left as somebody set them. */
    keepsRules?: boolean
  }

export type SeatNetwork = {
  /** `lp-<installation>-seats`, of which services are members. */
  name: string
  /** Of the Swarm's network; undefined on a worker node, which learns of it with its first seat. */
  id: string | undefined
  bridge: string
  /** The node's only address on which ports of seats listen. */
  address: string
}

const BRIDGE = 'com.docker.network.bridge'
const REMOVED_MS = 20_000

const infoSchema = z.object({
  Swarm: z.object({
    LocalNodeState: z.string(),
    ControlAvailable: z.boolean().default(false),
    NodeAddr: z.string().default(''),
  }),
})
const networkSchema = z.object({
  Id: z.string(),
  ConfigOnly: z.boolean(),
  Options: z.record(z.string(), z.string()).nullish(),
})

/**
 * Makes sure of the network and its firewall on this engine; on every node of a pool, managers first.
 * Can be run again at any time, and must be after a restart of the machine, which forgets the rules.
 * Throws CannotGoOn where that cannot be: no Swarm, not root, another network of that name.
 */
export async function ensureSeatNetwork(options: SeatNetworkOptions): Promise<SeatNetwork> {
  const docker = dockerApi(options.dockerHost)
  const { Swarm } = await ask(docker('GET', '/info'), 'Docker Engine did not answer', infoSchema)
  if (Swarm.LocalNodeState !== 'active')
    throw new CannotGoOn(
      `the engine at ${options.dockerHost} is in no Swarm: run 'docker swarm init' or join one.`,
    )
  // Rules first: a seat that starts now starts inside them.
  if (!options.keepsRules || !(await firewallStands(options))) await ensureFirewall(options)
  const name = networkName(options.installation, 'seats')
  const bridge = seatBridge(options.installation)
  const settings = { bridge, address: Swarm.NodeAddr }
  await ensureNodeNetwork(docker, options.installation, settings)
  const id = Swarm.ControlAvailable
    ? await ensureSwarmNetwork(docker, options.installation)
    : undefined
  return { name, id, ...settings }
}

/** Removes network and firewall from this engine; on workers before managers. Throws while a seat uses it. */
export async function removeSeatNetwork(
  options: Pick<SeatNetworkOptions, 'dockerHost' | 'installation' | 'enterNamespace'>,
): Promise<void> {
  const docker = dockerApi(options.dockerHost)
  const name = networkName(options.installation, 'seats')
  const { Swarm } = await ask(docker('GET', '/info'), 'Docker Engine did not answer', infoSchema)
  if (Swarm.ControlAvailable) await removeNetwork(docker, name)
  await removeNetwork(docker, nodeNetworkName(options.installation))
  await removeFirewall(options)
}

const nodeNetworkName = (installation: string) => networkName(installation, 'seats-node')

/** What the Swarm's network is made of on this node; each node has its own. */
async function ensureNodeNetwork(
  docker: Docker,
  installation: string,
  { bridge, address }: { bridge: string; address: string },
): Promise<void> {
  const name = nodeNetworkName(installation)
  const wanted = {
    [`${BRIDGE}.name`]: bridge,
    [`${BRIDGE}.enable_icc`]: 'false',
    // Ports of seats listen there and nowhere else: not on IPv6, where this firewall could not tell
    // who enters, nor, with a Swarm that lives on loopback, on any address others can reach.
    [`${BRIDGE}.host_binding_ipv4`]: address,
  }
  const found = await findNetwork(docker, name)
  if (found) {
    const differs = Object.entries(wanted).find(([key, value]) => found.Options?.[key] !== value)
    if (!found.ConfigOnly || differs)
      throw new CannotGoOn(
        `network ${name} has ${differs?.[0]}=${found.Options?.[differs?.[0] ?? '']} where ${differs?.[1]} is needed (did the node's address change?): stop its seats, remove it, run this again.`,
      )
    return
  }
  const labels = { 'labplan.installation': installation }
  const body = { Name: name, ConfigOnly: true, Options: wanted, Labels: labels }
  await create(docker, name, body)
}

async function ensureSwarmNetwork(docker: Docker, installation: string): Promise<string> {
  const name = networkName(installation, 'seats')
  const found = await findNetwork(docker, name)
  if (found) return found.Id
  return await create(docker, name, {
    Name: name,
    Driver: 'bridge',
    Scope: 'swarm',
    // It takes everything from there, its labels too; the engine refuses any said here.
    ConfigFrom: { Network: nodeNetworkName(installation) },
  })
}

async function findNetwork(docker: Docker, name: string) {
  const { status, body } = await docker('GET', `/networks/${name}`)
  return status === 404 ? undefined : networkSchema.parse(body)
}

async function create(docker: Docker, name: string, body: object): Promise<string> {
  const answer = docker('POST', '/networks/create', body)
  const problem = `network ${name} could not be made`
  return (await ask(answer, problem, z.object({ Id: z.string() }))).Id
}

/** A network stays in use for a moment after the last seat on it. */
async function removeNetwork(docker: Docker, name: string): Promise<void> {
  const deadline = Date.now() + REMOVED_MS
  for (;;) {
    const { status, body } = await docker('DELETE', `/networks/${name}`)
    if (status === 404 || status < 300) return
    if (Date.now() > deadline)
      throw new CannotGoOn(`network ${name} could not be removed (${messageOf(body)}).`)
    await sleep(250)
  }
}
