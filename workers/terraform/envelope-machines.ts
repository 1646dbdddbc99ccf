/**
 * Is a plan of machines what was approved? As envelope.ts asks it of seats: what a pool's base and its machines must be is said
 * anew, without the renderer. Which machines there may be, and at what price, comes from the approved plan and not from
 * the rows that follow it: neither a row nor a configuration, an engine or a state that somebody altered buys a machine. Pure.
 */
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import type { MachinesContent, NodesContent } from '../../stacks/content.ts'
import { baseMusts } from './envelope-base.ts'
import type { Facets } from './facets.ts'
import type { Refusal } from './guard.ts'
import { machineMust, type Must, portOf } from './machine-must.ts'
import type { Change } from './plan.ts'

export type Machine = { key: string; flavour: string }

export type ApprovedMachines = {
  /** Those that the approved plan has on now, boot included. */
  now: Machine[]
  /** Those that it has at any time: what stands already may be touched. */
  ever: Machine[]
  /** Price of an hour by flavour, as the pool's approved document says it. */
  prices: Record<string, number>
  currency: string
}

export type MachinesEnvelope = {
  content: MachinesContent
  approved: ApprovedMachines
  /** How each machine joins its Swarm, as the configuration gets it. */
  join: Record<string, string>
}

const SERVER = 'openstack_compute_instance_v2'

/** Every change that was not approved, and why. */
export function outsideMachines(changes: Change[], envelope: MachinesEnvelope): Refusal[] {
  const { content } = envelope
  const base = content.kind === 'base' ? baseMusts(content, envelope.join) : undefined
  return changes.flatMap((change) => {
    const { address, action } = change
    if (action === 'none') return []
    if (action === 'delete' || action === 'forget') {
      const isWanted = base?.has(address) ?? isOf(content, keyOf(address))
      return isWanted
        ? [refusal('still_approved', address, `${action} of what is approved to be there`)]
        : []
    }
    if (base) return outsideBase(change, base.get(address))
    return outsideNodes(change, { ...envelope, content: content as NodesContent })
  })
}

const refusal = (code: Refusal['code'], address: string, detail: string): Refusal => ({
  ...{ code, address, detail },
})
const keyOf = (address: string): string => address.slice(address.indexOf('.') + 1)
const isOf = (content: MachinesContent, key: string): boolean =>
  content.kind === 'nodes' && content.nodes.some((node) => node.key === key)

function outsideBase(change: Change, must: Must | undefined): Refusal[] {
  const { address, action } = change
  if (!must) return [refusal('not_approved', address, `${action} of what nobody approved`)]
  return differing(change, must)
}

function differing({ address, action, planned }: Change, { always, made }: Must): Refusal[] {
  const asked = action === 'update' ? always : { ...always, ...made }
  const names = Object.keys(asked).filter((name) => asked[name] !== planned?.[name])
  return names.length === 0
    ? []
    : [refusal('not_as_approved', address, `another ${names.join(', ')}`)]
}

function outsideNodes(
  change: Change,
  envelope: MachinesEnvelope & { content: NodesContent },
): Refusal[] {
  const { content, approved } = envelope
  const { address, action, type } = change
  const key = keyOf(address)
  const among = action === 'update' ? [...approved.now, ...approved.ever] : approved.now
  const node = among.find((one) => one.key === key)
  if (!node)
    return [
      refusal(
        'not_approved',
        address,
        `${action} of what nobody approved${surplus(change, approved, content.cloud)}`,
      ),
    ]
  const dearer = type === SERVER ? dearerThan(change, node, envelope) : undefined
  if (dearer) return [refusal('would_cost_more', address, dearer)]
  const must = type === SERVER ? serverMust(node, envelope) : portMust(node, content)
  return must ? differing(change, must) : [refusal('not_approved', address, 'no such size')]
}

/** What one machine more would cost beyond all that is approved for now; nothing for what is no machine. */
function surplus(change: Change, approved: ApprovedMachines, cloud: BlueprintCloud): string {
  if (change.type !== SERVER) return ''
  const price = priceOf(flavourNamed(cloud, change.planned), approved)
  const sum = approved.now.reduce((all, node) => all + (approved.prices[node.flavour] ?? 0), 0)
  const { currency } = approved
  const count = approved.now.length
  return `: ${amount(price)} ${currency} an hour more than the ${amount(sum)} of ${count} ${count === 1 ? 'machine' : 'machines'} that are approved for now`
}

function dearerThan(
  { planned }: Change,
  node: Machine,
  { content, approved }: MachinesEnvelope,
): string | undefined {
  const asked = flavourNamed(content.cloud, planned)
  if (asked === node.flavour) return undefined
  const [price, most] = [priceOf(asked, approved), priceOf(node.flavour, approved)]
  if (price !== undefined && most !== undefined && price <= most) return undefined
  const { currency } = approved
  return `${asked ?? 'a size that the pool does not have'} at ${amount(price)} ${currency} an hour, approved is ${node.flavour} at ${amount(most)}`
}

/** The pool's key of the size that the cloud is asked for. */
function flavourNamed(cloud: BlueprintCloud, planned: Facets | undefined): string | undefined {
  return cloud.flavours.find((one) => JSON.stringify(one.name) === planned?.['flavour'])?.key
}

const priceOf = (flavour: string | undefined, { prices }: ApprovedMachines): number | undefined =>
  flavour === undefined ? undefined : prices[flavour]
const amount = (price: number | undefined): string =>
  price === undefined ? 'an unknown price' : String(Math.round(price * 10_000) / 10_000)

function serverMust(node: Machine, { content, join }: MachinesEnvelope): Must | undefined {
  const { cloud } = content
  const flavour = cloud.flavours.find((one) => one.key === node.flavour)
  const region = cloud.regions.find((one) => one.name === flavour?.region)
  if (!flavour || !region) return undefined
  const machine = { key: node.key, role: 'node' as const, gpu: flavour.gpu }
  return machineMust(machine, content, { region, flavour: flavour.name, join })
}

function portMust(node: Machine, content: NodesContent): Must | undefined {
  const { region } = content.cloud.flavours.find((one) => one.key === node.flavour) ?? {}
  return region === undefined ? undefined : portOf(content, node.key, region)
}
