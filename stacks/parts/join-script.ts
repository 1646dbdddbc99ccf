/**
 * What a Debian machine that stands idle runs to become one of a pool: the same files and the same program as a machine that
 * a cloud makes (`user-data.ts`), written by shell instead of cloud-init. Whoever has it has the Swarm's token: it is
 * handed out once (api/handlers/join-machine.ts), and the token is rotated as soon as the machine has joined.
 */
import {
  ENGINE_CONFIG,
  GPU_RUNTIME,
  JOIN_FILE,
  type MachineFile,
  machineFiles,
  type MachineSetup,
  PACKAGES,
  START,
} from './user-data.ts'

export type OwnMachine = {
  installation: string
  pool: string
  /** Id of its ticket: by it its node is known in the Swarm. */
  ticket: string
  /** Of its GPUs; null when that is not known, or it has none. */
  gpuKind: string | null
  cloud: Omit<MachineSetup['cloud'], 'dns'> & {
    /** Null: those that the machine itself asks. */
    dns: string[] | null
  }
}

/** Stands for a name server where only the machine knows which: a documentation address (RFC 5737). */
const SOME_SERVER = '192.0.2.53'

/** @param join `<token> <address:port>` */
export function joinScript(machine: OwnMachine, join: string): string {
  const { installation, pool, ticket, gpuKind, cloud } = machine
  const labels = { installation, pool, machine: ticket, ...(gpuKind !== null && { gpu: gpuKind }) }
  const files = machineFiles({
    ...{ installation, role: 'node', gpu: null, labels },
    cloud: { ...cloud, dns: cloud.dns ?? [SOME_SERVER] },
  })
  const config = files.find(({ path }) => path === ENGINE_CONFIG)!
  const others = files.filter((one) => one !== config)
  const body = [
    HEAD,
    install,
    ...others.map(write),
    ...(cloud.dns === null ? [ownServers] : []),
    engineConfig(config),
    write({ path: JOIN_FILE, permissions: '0600', content: join }),
    `if ! { ${START.map((argv) => argv.join(' ')).join(' && ')}; }; then
  rm -f ${JOIN_FILE}
  systemctl --quiet disable --now labplan-node.service
  give_up 'it could not join: journalctl -u labplan-node says why. Then ask for a new line.'
fi`,
    tail(pool),
  ].join('\n\n')
  return `${ASROOT}\n${body}${END}\n`
}

const END = 'END_OF_LABPLAN'

/** Read from a pipe by whoever pasted the line: what follows needs root, and sudo asks on the terminal. */
const ASROOT = `#!/bin/sh
set -- sh
[ "$(id -u)" = 0 ] || set -- sudo sh
command -v "$1" >/dev/null || { echo 'labplan: become root first: there is no sudo here. Then ask for a new line.' >&2; exit 1; }
exec "$@" <<'${END}'`

const HEAD = `# Makes this machine one of a pool of Labplan. Nothing is changed when it cannot be.
set -eu
umask 022
say() { echo "labplan: $*" >&2; }
give_up() { say "$*"; exit 1; }
[ -d /run/systemd/system ] || give_up 'this machine does not run systemd, which starts the engine.'
if docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null | grep -qx active; then
  give_up 'this machine is in a Swarm already: docker swarm leave, then ask for a new line.'
fi
# What Labplan or a Swarm left here is made anew.
own=$(docker network ls --filter type=custom --filter scope=local --format '{{.Name}} {{.Label "labplan.installation"}}' 2>/dev/null |
  sed -n '/^docker_gwbridge /d; s/ $//p' | tr '\\n' ' ')
if [ -n "$own" ]; then
  give_up "its engine has networks of its own, which it would forget from now on: remove them (docker network rm $own), then ask for a new line."
fi`

/** An engine that is there is used. */
const install = `if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
  command -v apt-get >/dev/null || give_up 'neither an engine nor apt-get is here: install Docker first.'
  say 'installing ${PACKAGES.join(' and ')}'
  apt-get -q update >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends ${PACKAGES.join(' ')} >/dev/null
fi`

const encoded = (text: string): string => Buffer.from(text).toString('base64')

function write({ path, permissions, content }: MachineFile): string {
  const folder = path.replace(/\/[^/]*$/, '')
  return `mkdir -p ${folder}
(umask 077; echo ${encoded(content)} | base64 -d >${path}.new)
chmod ${permissions} ${path}.new
mv ${path}.new ${path}`
}

/** Each rule that names the stand-in, once for each server that this machine asks. */
const ownServers = `resolv=/etc/resolv.conf
[ ! -s /run/systemd/resolve/resolv.conf ] || resolv=/run/systemd/resolve/resolv.conf
servers=$(sed -n 's/^nameserver  *\\([0-9.]*\\)$/\\1/p' $resolv | grep -v '^127\\.' | tr '\\n' ' ' || true)
for rules in /etc/labplan/firewall.v4 /etc/labplan/firewall.v6; do
  while IFS= read -r line; do
    case "$line" in
      *${SOME_SERVER}*) for server in $servers; do echo "$line" | sed "s/${SOME_SERVER.replaceAll('.', '\\\\.')}/$server/"; done ;;
      *) echo "$line" ;;
    esac
  done <$rules >$rules.new
  mv $rules.new $rules
done`

/** What somebody wrote there is kept, and ours counts: seats rely on it. GPUs are those that the machine has devices of. */
const engineConfig = (config: MachineFile): string => `mkdir -p /etc/docker
gpus=$(ls /dev/nvidia[0-9]* 2>/dev/null | wc -l)
wanted=$(echo ${encoded(config.content)} | base64 -d)
if [ "$gpus" != 0 ] && ! command -v nvidia-container-runtime >/dev/null; then
  say "its $gpus GPUs are not offered: NVIDIA's container toolkit is missing"
  gpus=0
fi
if [ "$gpus" != 0 ]; then
  wanted=$(printf '%s\\n' "$wanted" | sed "s|^{|{\\n  \\"node-generic-resources\\": [\\"gpu=$gpus\\"],\\n  ${runtime}|")
fi
if [ -s ${config.path} ] && [ "$(cat ${config.path})" != "$wanted" ]; then
  command -v python3 >/dev/null || give_up '${config.path} has settings of its own, and there is no python3 here to add ours: move it away, then ask for a new line.'
  [ -e ${config.path}.before-labplan ] || cp -p ${config.path} ${config.path}.before-labplan
  wanted=$(printf '%s\\n' "$wanted" | python3 -c '
import json, sys
own = json.load(open("${config.path}"))
ours = json.load(sys.stdin)
labels = [one for one in own.get("labels", []) if not one.startswith("labplan.")]
registries = [*own.get("insecure-registries", []), *ours.get("insecure-registries", [])]
both = {**own, **ours, "labels": labels + ours["labels"]}
if registries: both["insecure-registries"] = sorted(set(registries))
print(json.dumps(both, indent=2))')
  say 'added its settings to ${config.path}; what was there before is beside it'
fi
printf '%s\\n' "$wanted" >${config.path}.new
mv ${config.path}.new ${config.path}
# Read at its start only; what runs in it now is started again by its own policy.
systemctl daemon-reload
systemctl restart docker.service`

/** As on a machine of a cloud: a container is given the GPUs that its environment names. */
const runtime = JSON.stringify(GPU_RUNTIME).slice(1, -1).replaceAll('"', '\\"') + ','

const tail = (
  pool: string,
): string => `say 'joined pool ${pool}; its page shows the machine within half a minute.'
`
