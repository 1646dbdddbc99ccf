/** `scripts/network`: the network and firewall of seats on one node, by hand. docs/isolation.md explains them. */
import { parseArgs } from 'node:util'
import { firewallRules } from './firewall.ts'
import { findInstallationId } from './identity.ts'
import { ensureSeatNetwork, removeSeatNetwork } from './network.ts'
import { readSettings } from './settings.ts'
import { CannotGoOn } from './step.ts'

const USAGE = `Usage: sudo -E scripts/network COMMAND [options]

  up      make the network of seats and its firewall on this node, or make sure of them
  show    print the firewall's rules
  down    remove both

  --installation ID    default: the one of this checkout's scripts/up
  --docker-host URL    default: DOCKER_HOST, else this machine's engine
  --outbound WHAT      internet (default) or none
  --allow NETWORK      a private network that seats may reach all the same     (may be repeated)
  --deny NETWORK       a public network that seats must not reach             (may be repeated)
  --gateway ADDRESS    a gateway or worker on another machine                 (may be repeated)
  --keep-rules         leave a firewall that stands as it is`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      installation: { type: 'string' },
      'docker-host': { type: 'string' },
      outbound: { type: 'string', default: 'internet' },
      allow: { type: 'string', multiple: true, default: [] },
      deny: { type: 'string', multiple: true, default: [] },
      gateway: { type: 'string', multiple: true, default: [] },
      'keep-rules': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { allow, deny, outbound } = values
  if (values.help) return print(USAGE)
  if (outbound !== 'internet' && outbound !== 'none') return refuse()
  const settings = readSettings()
  const installation = values.installation ?? findInstallationId(settings.home)
  if (installation === undefined)
    throw new CannotGoOn(`which installation? scripts/up was not run here: give --installation ID.`)
  const dockerHost = values['docker-host'] ?? settings.dockerHost
  const place = { installation, dockerHost }
  switch (positionals.join(' ')) {
    case 'up': {
      const rules = { allow, deny, outbound, gateways: values.gateway } as const
      const options = { ...place, ...rules, keepsRules: values['keep-rules'] }
      const { name, bridge, address } = await ensureSeatNetwork(options)
      return print(`Network ${name} stands: bridge ${bridge}, seats' ports on ${address}.`)
    }
    case 'show':
      return print(await firewallRules(place))
    case 'down':
      await removeSeatNetwork(place)
      return print(`Network and firewall of ${installation} are gone from this node.`)
    default:
      return refuse()
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function refuse(): number {
  process.stderr.write(`${USAGE}\n`)
  return 2
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof CannotGoOn)) throw error
  process.stderr.write(`scripts/network: ${error.message}\n`)
  process.exitCode = 1
}
