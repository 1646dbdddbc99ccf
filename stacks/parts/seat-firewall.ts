/**
 * The firewall of a seat network as a value: what seats may reach, and who may enter them. It stands in
 * the `mangle` table, which is asked before Docker's own rules and which no restart of the engine touches.
 */
export type SeatFirewall = {
  installation: string
  /** `internet`: public addresses (the default). `none`: nothing but what `allow` names. */
  outbound?: 'internet' | 'none'
  /** Private networks that seats may reach all the same (a course's data server), as CIDR. Never this node. */
  allow?: string[]
  /** Public addresses that seats must not reach: those of nodes and of the control plane, as CIDR. */
  deny?: string[]
  /** Name servers the engine hands on to; seats may ask them on port 53 and nothing else. */
  nameservers?: string[]
  /** Who else than this node enters seats: addresses of gateways and workers on other machines. */
  gateways?: string[]
  /** Ports of seats that are open to everybody, since they ask for the password themselves. */
  openPorts?: number[]
}

/** What a seat would not find on the internet, and might find in the house (RFC 6890). */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  // Metadata services of clouds, which tell who asks the secrets of the node.
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
]
const SSH_PORT = 22
const ANSWERS = '-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN'

/** Name of the bridge: at most 15 characters. */
export const seatBridge = (installation: string): string => `lp-${installation}`

const chains = (installation: string) => ({
  from: `labplan-${installation}-from`,
  to: `labplan-${installation}-to`,
})

/** Where the chains are asked: `[chain that asks, condition, chain]`. */
export function seatFirewallHooks(installation: string): [string, string[], string][] {
  const { from, to } = chains(installation)
  return [
    ['PREROUTING', ['-i', seatBridge(installation)], from],
    ['FORWARD', ['-o', seatBridge(installation)], to],
  ]
}

/**
 * The chains as `iptables-restore --noflush` reads them: both are replaced in one step, with no moment in
 * between at which a seat could do more.
 */
export function seatFirewallRules(firewall: SeatFirewall): string {
  const { from, to } = chains(firewall.installation)
  return table(firewall.installation, [
    ...fromSeats(firewall).map((rule) => `-A ${from} ${rule}`),
    ...toSeats(firewall).map((rule) => `-A ${to} ${rule}`),
  ])
}

/** The same for IPv6, which seats do not have. */
export function seatFirewallRulesV6(firewall: SeatFirewall): string {
  const { from, to } = chains(firewall.installation)
  return table(firewall.installation, [`-A ${from} -j DROP`, `-A ${to} -j DROP`])
}

function fromSeats(firewall: SeatFirewall): string[] {
  const { allow = [], deny = [], nameservers = [], outbound = 'internet' } = firewall
  const closed = outbound === 'internet' ? PRIVATE.map((net) => `-d ${net}`) : ['']
  return [
    // Seats answer who came to them.
    ANSWERS,
    ...nameservers
      .map(address)
      .flatMap((server) => [
        `-d ${server} -p udp --dport 53 -j RETURN`,
        `-d ${server} -p tcp --dport 53 -j RETURN`,
      ]),
    // The node itself by any of its addresses, so also every port that another seat publishes there.
    '-m addrtype ! --dst-type UNICAST -j DROP',
    ...deny.map((net) => `-d ${address(net)} -j DROP`),
    ...allow.map((net) => `-d ${address(net)} -j RETURN`),
    ...closed.map((condition) => `${condition} -j DROP`.trim()),
  ]
}

function toSeats(firewall: SeatFirewall): string[] {
  const { installation, gateways = [], openPorts = [SSH_PORT] } = firewall
  return [
    ANSWERS,
    `-i ${seatBridge(installation)} -j DROP`,
    ...gateways.map((gateway) => `-s ${address(gateway)} -j RETURN`),
    ...openPorts.map((port) => `-p tcp --dport ${port} -j RETURN`),
    '-j DROP',
  ]
}

function table(installation: string, rules: string[]): string {
  const { from, to } = chains(installation)
  return [`*mangle`, `:${from} - [0:0]`, `:${to} - [0:0]`, ...rules, 'COMMIT', ''].join('\n')
}

/** What ends in a rule is an address and nothing else. Throws TypeError on anything else. */
function address(text: string): string {
  if (!/^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/.test(text))
    throw new TypeError(`${text} is not an IPv4 address or network such as 10.1.2.0/24`)
  return text
}
