/** The Docker engine, its Swarm, and the network and firewall of seats. */
import { z } from 'zod'
import { networkName } from '../../stacks/parts/names.ts'
import { callEngine } from '../steps/engine-api.ts'
import { findInstallationId } from '../steps/identity.ts'
import type { Settings } from '../steps/settings.ts'
import { findProcess } from '../steps/supervised.ts'
import type { World } from './world.ts'
import { type Look, type Looks, bad, doubtful, good, listed, reason, unknown } from './look.ts'

// A login by SSH comes first where the engine is elsewhere.
const WAIT_MS = 10_000
/** Tickets live 30 s and leases 15 s: machines that disagree by seconds refuse each other. */
const CLOCK_DRIFT_MS = 2_000

const infoSchema = z.object({
  ServerVersion: z.string(),
  SystemTime: z.string(),
  SecurityOptions: z.array(z.string()).nullish(),
  Swarm: z.object({
    LocalNodeState: z.string(),
    ControlAvailable: z.boolean().default(false),
  }),
})
type Info = z.infer<typeof infoSchema>

const nodesSchema = z.array(
  z.object({
    ID: z.string(),
    Description: z.object({ Hostname: z.string() }),
    Spec: z.object({ Availability: z.string() }),
    Status: z.object({ State: z.string() }),
  }),
)
const tasksSchema = z.array(
  z.object({
    NodeID: z.string().default(''),
    Status: z.object({ Timestamp: z.string(), Err: z.string().default('') }),
  }),
)
const networkSchema = z.object({ Options: z.record(z.string(), z.string()).nullish() })

/** `driftMs`: how far the engine's clock is ahead of ours, at most the call's own length wrong. */
type Engine = { info: Info; driftMs: number }

export async function engineLooks(settings: Settings, world: World): Promise<Looks> {
  let engine: Engine
  try {
    engine = await readEngine(settings.dockerHost, world)
  } catch (error) {
    const todo = 'Start it (systemctl start docker), or set DOCKER_HOST.'
    return [
      ['Docker engine', bad(`does not answer (${reason(error)})`, todo)],
      ...['Swarm', 'Seat network'].map((part): Looks[number] => [
        part,
        unknown('the engine does not answer'),
      ]),
    ]
  }
  return [
    ['Docker engine', good(`version ${engine.info.ServerVersion}`)],
    ['No new privileges', privilegesLook(engine.info, settings)],
    ['Clock of the engine', clockLook(engine)],
    ['Swarm', swarmLook(engine.info)],
    ...(engine.info.Swarm.ControlAvailable ? await managerLooks(settings, world) : []),
  ]
}

async function readEngine(dockerHost: string, world: World): Promise<Engine> {
  const before = world.now().getTime()
  const info = infoSchema.parse(await ask(dockerHost, '/info'))
  const between = (before + world.now().getTime()) / 2
  return { info, driftMs: Date.parse(info.SystemTime) - between }
}

async function ask(dockerHost: string, path: string): Promise<unknown> {
  const { status, body } = await callEngine(dockerHost, 'GET', path, undefined, WAIT_MS)
  if (status >= 300) throw new Error(`${path} answered ${status}`)
  return body
}

/** Engines before 25 drop `NoNewPrivileges` of services without a word; the daemon's own default still holds. */
function privilegesLook({ ServerVersion, SecurityOptions }: Info, { home }: Settings): Look {
  // An engine this old does not tell; the one of scripts/up has it in its configuration.
  if (findProcess(home, 'dockerd'))
    return good('set for every container by the engine of scripts/up')
  if (SecurityOptions?.some((option) => option.startsWith('name=no-new-privileges')))
    return good('set for every container by the engine')
  if (Number.parseInt(ServerVersion, 10) >= 25) return good('set for each seat')
  return doubtful(
    `not enforced: engine ${ServerVersion} ignores it for services`,
    'Upgrade to Docker 25 or later, or put "no-new-privileges": true into /etc/docker/daemon.json.',
  )
}

function clockLook({ driftMs }: Engine): Look {
  if (Math.abs(driftMs) <= CLOCK_DRIFT_MS) return good('agrees with ours')
  return bad(
    `${Math.round(Math.abs(driftMs) / 1000)} s ${driftMs > 0 ? 'ahead of' : 'behind'} ours`,
    'Let both machines keep time (chrony, systemd-timesyncd).',
  )
}

function swarmLook({ Swarm }: Info): Look {
  if (Swarm.LocalNodeState !== 'active')
    return bad('this engine is in no swarm', 'Run scripts/up, or docker swarm init.')
  if (!Swarm.ControlAvailable)
    return bad('this engine is a worker of its swarm', 'Point DOCKER_HOST at a manager.')
  return good('a manager answers')
}

async function managerLooks(settings: Settings, world: World): Promise<Looks> {
  const installation = findInstallationId(settings.home) ?? ''
  const nodes = nodesSchema.parse(await ask(settings.dockerHost, '/nodes'))
  const refusing = await refusingNodes(settings.dockerHost, installation, world.now())
  return [
    ['Nodes', nodesLook(nodes, refusing)],
    ['Seat network', await networkLook(settings.dockerHost, installation)],
    settings.farEngine
      ? [
          'Seat firewall',
          unknown('the engine is on another machine: there, sudo scripts/network show'),
        ]
      : ['Seat firewall', await firewallLook(installation, world)],
  ]
}

const REFUSED_WITHIN_MS = 5 * 60_000

/** Ids of nodes whose engine was cut off with a seat running and has refused every seat since (docs/chaos.md). */
async function refusingNodes(
  dockerHost: string,
  installation: string,
  now: Date,
): Promise<Set<string>> {
  const filters = JSON.stringify({ label: [`labplan.installation=${installation}`] })
  const path = `/tasks?filters=${encodeURIComponent(filters)}`
  const tasks = tasksSchema.parse(await ask(dockerHost, path))
  const refused = tasks.filter(
    ({ Status }) =>
      /^network \S+ exists$/.test(Status.Err) &&
      now.getTime() - Date.parse(Status.Timestamp) < REFUSED_WITHIN_MS,
  )
  return new Set(refused.map((task) => task.NodeID))
}

function nodesLook(nodes: z.infer<typeof nodesSchema>, refusing: Set<string>): Look {
  const names = (some: typeof nodes) => listed(some.map((node) => node.Description.Hostname))
  const down = nodes.filter((node) => node.Status.State !== 'ready')
  if (down.length > 0)
    return bad(
      `${names(down)}: not ready`,
      'Start the machine or its engine, or remove it: docker node rm. Seats move by themselves.',
    )
  const stuck = nodes.filter((node) => refusing.has(node.ID))
  if (stuck.length > 0)
    return bad(
      `${names(stuck)}: refuses every seat since its engine was cut off`,
      'There: stop the engine, remove network/files/local-kv.db below its data-root, start it, scripts/network up. The engine of scripts/up: scripts/up --stop, then scripts/up.',
    )
  const away = nodes.filter((node) => node.Spec.Availability !== 'active')
  if (away.length > 0)
    return doubtful(
      `${names(away)}: drained or paused, no seat starts there`,
      'When its maintenance is over: docker node update --availability active.',
    )
  return good(`${nodes.length} ready`)
}

const ICC = 'com.docker.network.bridge.enable_icc'

/** The Swarm's network, and this node's part of it, which says whether seats see each other. */
async function networkLook(dockerHost: string, installation: string): Promise<Look> {
  const make = 'Make it: scripts/up, or scripts/network up on each node.'
  for (const key of ['seats', 'seats-node']) {
    const name = networkName(installation, key)
    const { status, body } = await callEngine(
      dockerHost,
      'GET',
      `/networks/${name}`,
      undefined,
      WAIT_MS,
    )
    if (status === 404) return bad(`there is no network ${name}`, make)
    if (key === 'seats') continue
    const { Options } = networkSchema.parse(body)
    if (Options?.[ICC] !== 'false')
      return bad(
        `seats on ${name} reach each other (${ICC} is not false)`,
        `Stop its seats, docker network rm ${networkName(installation, 'seats')} ${name}, then scripts/up.`,
      )
  }
  return good('there, and seats on it do not see each other')
}

async function firewallLook(installation: string, world: World): Promise<Look> {
  if (await world.firewallStands(installation)) return good('stands on this node')
  return bad(
    'its rules are not set on this node: seats reach private networks and each other',
    'sudo -E scripts/network up (scripts/up does): the kernel forgets rules when it restarts.',
  )
}
