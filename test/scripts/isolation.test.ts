/** The firewall of seats as text: what an infra engineer would read with `scripts/network show`. */
import { expect, it } from 'vitest'
import {
  seatBridge,
  seatFirewallRules,
  seatFirewallRulesV6,
} from '../../stacks/parts/seat-firewall.ts'

it('lets seats out to the internet, and in who may come', () => {
  const rules = seatFirewallRules({
    installation: 'k3x9q2ab',
    nameservers: ['192.168.1.1'],
    deny: ['198.51.100.0/24'],
    allow: ['10.20.0.5'],
    gateways: ['10.1.1.9'],
  })
  expect(rules).toBe(`*mangle
:labplan-k3x9q2ab-from - [0:0]
:labplan-k3x9q2ab-to - [0:0]
-A labplan-k3x9q2ab-from -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
-A labplan-k3x9q2ab-from -d 192.168.1.1 -p udp --dport 53 -j RETURN
-A labplan-k3x9q2ab-from -d 192.168.1.1 -p tcp --dport 53 -j RETURN
-A labplan-k3x9q2ab-from -m addrtype ! --dst-type UNICAST -j DROP
-A labplan-k3x9q2ab-from -d 198.51.100.0/24 -j DROP
-A labplan-k3x9q2ab-from -d 10.20.0.5 -j RETURN
-A labplan-k3x9q2ab-from -d 0.0.0.0/8 -j DROP
-A labplan-k3x9q2ab-from -d 10.0.0.0/8 -j DROP
-A labplan-k3x9q2ab-from -d 100.64.0.0/10 -j DROP
-A labplan-k3x9q2ab-from -d 127.0.0.0/8 -j DROP
-A labplan-k3x9q2ab-from -d 169.254.0.0/16 -j DROP
-A labplan-k3x9q2ab-from -d 172.16.0.0/12 -j DROP
-A labplan-k3x9q2ab-from -d 192.0.0.0/24 -j DROP
-A labplan-k3x9q2ab-from -d 192.168.0.0/16 -j DROP
-A labplan-k3x9q2ab-from -d 198.18.0.0/15 -j DROP
-A labplan-k3x9q2ab-from -d 224.0.0.0/3 -j DROP
-A labplan-k3x9q2ab-to -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
-A labplan-k3x9q2ab-to -i lp-k3x9q2ab -j DROP
-A labplan-k3x9q2ab-to -s 10.1.1.9 -j RETURN
-A labplan-k3x9q2ab-to -p tcp --dport 22 -j RETURN
-A labplan-k3x9q2ab-to -j DROP
COMMIT
`)
})

it('closes a network but for its name server and what is named', () => {
  const rules = seatFirewallRules({ installation: 'k3x9q2ab', outbound: 'none', openPorts: [] })
  expect(rules.split('\n').filter((rule) => rule.startsWith('-A'))).toEqual([
    '-A labplan-k3x9q2ab-from -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN',
    '-A labplan-k3x9q2ab-from -m addrtype ! --dst-type UNICAST -j DROP',
    '-A labplan-k3x9q2ab-from -j DROP',
    '-A labplan-k3x9q2ab-to -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN',
    '-A labplan-k3x9q2ab-to -i lp-k3x9q2ab -j DROP',
    '-A labplan-k3x9q2ab-to -j DROP',
  ])
})

it('leaves nothing of IPv6', () => {
  expect(seatFirewallRulesV6({ installation: 'k3x9q2ab' })).toMatch(
    /-from -j DROP\n.*-to -j DROP\n/,
  )
})

it('has names that fit: 15 characters for a link, 28 for a chain', () => {
  expect(seatBridge('k3x9q2ab').length).toBeLessThanOrEqual(15)
  expect('labplan-k3x9q2ab-from'.length).toBeLessThanOrEqual(28)
})

it.each(['10.0.0.1; reboot', '10.0.0.1 -j ACCEPT', 'fd00::1', 'gateway.example', ''])(
  'takes addresses and nothing else: %j',
  (text) => {
    expect(() => seatFirewallRules({ installation: 'k3x9q2ab', gateways: [text] })).toThrow(
      'is not an IPv4 address',
    )
  },
)
