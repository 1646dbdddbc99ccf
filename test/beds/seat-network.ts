import { ensureSeatNetwork } from '../../scripts/steps/network.ts'
import type { SeatNetwork, SeatNetworkOptions } from '../../scripts/steps/network.ts'
import type { SwarmBed } from './swarm.ts'

/**
 * The network and firewall of seats on every node of a bed, entered from this machine as from a gateway.
 * Answers the manager's network; its id is what services join.
 */
export async function seatNetworkOn(
  bed: Pick<SwarmBed, 'nodes' | 'hostAddress' | 'outsideAddress'>,
  installation: string,
  more: Partial<SeatNetworkOptions> = {},
): Promise<SeatNetwork & { id: string }> {
  const made: SeatNetwork[] = []
  for (const node of bed.nodes) {
    made.push(
      await ensureSeatNetwork({
        installation,
        dockerHost: node.dockerHost,
        enterNamespace: node.namespace,
        gateways: [bed.hostAddress],
        nameservers: [bed.outsideAddress],
        ...more,
      }),
    )
  }
  const [first] = made
  if (first?.id === undefined) throw new Error('The first node of a bed is its manager')
  return { ...first, id: first.id }
}
