/**
 * What a machine of a cloud does at its first start, as cloud-init reads it: the engine with its
 * configuration, the firewall of seats before any seat, then the Swarm. On a plain Debian image it installs
 * the engine; on an image that has it, nothing is fetched. A machine that nobody bought gets the same files and the same
 * program from `join-script.ts`.
 */
import type { BlueprintCloud } from '../blueprint.ts'
import { ENGINE_NETWORKS, networkName } from './names.ts'
import {
  seatBridge,
  seatFirewallHooks,
  seatFirewallRules,
  seatFirewallRulesV6,
} from './seat-firewall.ts'
import { literal } from './text.ts'
import { TIDY_TIMER, tidyFiles } from './volume-tidy.ts'

export type Machine = {
  installation: string
  pool: string
  /** Key of the machine: `m-large-1`, `manager-1`. */
  key: string
  role: 'manager' | 'node'
  gpu: { kind: string; count: number } | null
  /** Null in the first region of its pool. */
  otherRegion: string | null
  cloud: BlueprintCloud
}

/** Where a machine finds how it joins: `<token> <address:port>`, and more of these where there are more managers. */
export const JOIN_FILE = '/etc/labplan/join'
export const ENGINE_CONFIG = '/etc/docker/daemon.json'
export const PACKAGES = ['docker.io', 'iptables']
const PROGRAM = '/usr/local/sbin/labplan-node'
/** A device of its own for what the engine keeps: the second disk. */
const ENGINE_DISK = '/dev/vdb'
const BRIDGE = 'com.docker.network.bridge'

/**
 * @param join a Terraform expression: what `labplan-node` reads to join, `<token> <address:port>…`. Secret, and of use
 *   once: the machine deletes it. A manager joins with the token of a worker too, and is promoted once it is known.
 */
export function userData(machine: Machine, join: string): string {
  const config = {
    hostname: machine.key,
    packages: PACKAGES,
    ...(machine.cloud.engineVolumeGb !== null && engineDisk()),
    write_files: machineFiles({
      ...machine,
      labels: labelsOf(machine),
    }),
    runcmd: START,
  }
  const text = literal(`#cloud-config\n${JSON.stringify(config, null, 1)}\n`)
  // The one part that is not known before the run; encoded, so that nothing in it can end the text.
  const joinFile = `{"path": "${JOIN_FILE}", "permissions": "0600", "encoding": "b64", "content": "\${base64encode(${join})}"}`
  return text.replace('"write_files": [', () => `"write_files": [\n  ${joinFile},`)
}

const labelsOf = (machine: Machine): Record<string, string> => ({
  ...{ installation: machine.installation, pool: machine.pool, node: machine.key },
  ...(machine.otherRegion !== null && { region: machine.otherRegion }),
  ...(machine.gpu && { gpu: machine.gpu.kind }),
})

/** What a machine is told, whoever it belongs to. */
export type MachineSetup = Pick<Machine, 'installation' | 'role' | 'gpu'> & {
  /** Of its engine, without their `labplan.`. */
  labels: Record<string, string>
  cloud: Pick<BlueprintCloud, 'gateways' | 'dns' | 'insecureRegistries'>
}

export type MachineFile = { path: string; permissions: string; content: string }

/** Everything but how it joins. */
export function machineFiles(machine: MachineSetup): MachineFile[] {
  return [
    file(ENGINE_CONFIG, engineConfig(machine), '0644'),
    file('/etc/labplan/firewall.v4', seatFirewallRules(firewallOf(machine)), '0644'),
    file('/etc/labplan/firewall.v6', seatFirewallRulesV6(firewallOf(machine)), '0644'),
    file(PROGRAM, program(machine), '0755'),
    file('/etc/systemd/system/labplan-node.service', unit(), '0644'),
    file('/etc/systemd/system/docker.service.d/labplan.conf', engineStart, '0644'),
    ...tidyFiles(machine.installation),
  ]
}

/** Once the files are there. */
export const START = [
  ['systemctl', 'daemon-reload'],
  ['systemctl', 'enable', '--now', TIDY_TIMER],
  ['systemctl', 'enable', '--now', 'labplan-node.service'],
]

/** The same with its join in it, as a machine gets it: what a plan of it must hold. */
export function startOf(machine: Machine, join: string): string {
  const place = '${base64encode(JOIN)}'
  const [before = '', after = ''] = userData(machine, 'JOIN').split(place)
  const unescaped = (text: string) => text.replaceAll('$${', '${').replaceAll('%%{', '%{')
  return unescaped(before) + Buffer.from(join).toString('base64') + unescaped(after)
}

const file = (path: string, content: string, permissions: string): MachineFile => ({
  path,
  permissions,
  content,
})

function engineDisk() {
  return {
    fs_setup: [
      { device: ENGINE_DISK, filesystem: 'ext4', label: 'labplan-engine', overwrite: false },
    ],
    mounts: [[ENGINE_DISK, '/var/lib/docker', 'ext4', 'defaults,nofail', '0', '2']],
  }
}

/** Of the toolkit that the image of a machine with GPUs has: it gives a container those that its environment names. */
export const GPU_RUNTIME = {
  'default-runtime': 'nvidia',
  runtimes: { nvidia: { path: 'nvidia-container-runtime' } },
}

/** Counted GPUs: named generic resources are rejected at any update of the node. */
function engineConfig({ labels, gpu, cloud }: MachineSetup): string {
  const config = {
    icc: false,
    labels: Object.entries(labels).map(([name, value]) => `labplan.${name}=${value}`),
    'log-driver': 'json-file',
    'log-opts': { 'max-file': '3', 'max-size': '10m' },
    'no-new-privileges': true,
    ...(gpu && { 'node-generic-resources': [`gpu=${gpu.count}`], ...GPU_RUNTIME }),
    ...(cloud.insecureRegistries.length > 0 && {
      'insecure-registries': cloud.insecureRegistries,
    }),
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

function firewallOf({ installation, cloud }: MachineSetup) {
  return { installation, nameservers: cloud.dns, gateways: cloud.gateways }
}

/** At each start: rules first, since the kernel forgets them; the Swarm once. */
function program(machine: MachineSetup): string {
  const { installation, role } = machine
  const hooks = seatFirewallHooks(installation).map(
    ([asks, condition, chain]) => `hook ${asks} ${condition.join(' ')} -j ${chain}`,
  )
  const network = networkName(installation, 'seats-node')
  // No seat runs where the Swarm's record is kept.
  const asManager = role === 'manager' ? ' --availability drain' : ''
  return `#!/bin/sh
# Makes this machine a ${role} of its pool. Safe to run again.
set -eu
address=$(ip -4 -o route get 192.0.2.1 | sed -n 's/.* src \\([0-9.]*\\).*/\\1/p')

hook() {
  for tables in iptables ip6tables; do
    $tables -w -t mangle -C "$@" 2>/dev/null || $tables -w -t mangle -I "$@"
  done
}
iptables-restore -w --noflush </etc/labplan/firewall.v4
ip6tables-restore -w --noflush </etc/labplan/firewall.v6
${hooks.join('\n')}

systemctl start docker.service
docker network inspect ${network} >/dev/null 2>&1 ||
  docker network create --config-only --label labplan.installation=${installation} \\
    -o ${BRIDGE}.name=${seatBridge(installation)} -o ${BRIDGE}.enable_icc=false \\
    -o ${BRIDGE}.host_binding_ipv4="$address" ${network}

[ -s ${JOIN_FILE} ] || exit 0
read -r token managers <${JOIN_FILE} || [ -n "$token" ]
is_in() { [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = active ]; }
for pause in 1 2 4 8 15 30 60; do
  for manager in $managers; do
    ! is_in || break 2
    # One that did not answer is tried on and on by the engine until it is told to forget it.
    [ "$managers" = "$manager" ] || docker swarm leave --force >/dev/null 2>&1 || :
    docker swarm join${asManager} --advertise-addr "$address" --token "$token" "$manager" && break 2
  done
  sleep "$pause"
done
is_in
rm -f ${JOIN_FILE}
`
}

/**
 * An engine that was cut off with a seat running (power, SIGKILL) remembers a bridge that it no longer takes for a network
 * of its own, and refuses every seat from then on: "network … exists" (seen with 20.10). So it starts without: what
 * else is written there it makes anew, and labplan-node the seats' network.
 */
const engineStart = `[Service]
ExecStartPre=/bin/rm -f /var/lib/docker/${ENGINE_NETWORKS}
`

/** Also after a restart of the machine or of the engine; tried again when the manager is not there yet. */
function unit(): string {
  return `[Unit]
Description=Labplan: firewall of seats, and the Swarm
After=network-online.target
Wants=network-online.target
PartOf=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${PROGRAM}
Restart=on-failure
RestartSec=20

[Install]
WantedBy=multi-user.target
`
}
