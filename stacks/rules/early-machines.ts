/**
 * Which machines of a cloud will a session stand on, and does the project's quota hold them? What stands now and by plan goes
 * before then is given back; what is no machine of the pool's in the project is taken to stay as it is. Pure.
 */
import type { Blueprint, BlueprintSession } from '../blueprint.ts'
import { machinesAt, type WantedMachines } from './machine-stacks.ts'

/** In one region, the pool's stacks as they will be when the preparation begins, whoever's the machines in them are. */
export type MachinesThen = { region: string; base: WantedMachines; nodes: WantedMachines }

/** None for a session that stands on machines of its school alone. */
export function machinesOfSession(
  blueprint: Blueprint,
  session: Pick<BlueprintSession, 'pool' | 'leadStartsAt' | 'placements'>,
): MachinesThen[] {
  const named = new Set(session.placements.map(({ node }) => node))
  const stacks = machinesAt(blueprint, session.leadStartsAt).filter(
    ({ pool }) => pool === session.pool,
  )
  return stacks.flatMap((nodes) => {
    const { region } = nodes
    const base = stacks.find((one) => one.kind === 'base' && one.region === region)
    const isOfSession = nodes.kind === 'nodes' && nodes.nodes.some(({ key }) => named.has(key))
    return base && isOfSession ? [{ region, base, nodes }] : []
  })
}

/** By what the cloud calls it: `instances`, `cores`, `ram` in MB; of disks `volumes`, `gigabytes`. */
export type Amounts = Record<string, number>

/** What of a project's quota is in use; `limit` below zero: there is none. */
export type Quota = { resource: string; used: number; limit: number }

/** What lacks, as `cloud.trouble.quota` names it. `freed`: given back before then. */
export type QuotaLack = {
  resource: string
  asked: number
  freed: number
  used: number
  limit: number
  needed: number
  missing: number
}

/** @param coming machines that are not there yet. @param going those that are, and will be no more */
export function quotaLacks(
  quotas: Quota[],
  { coming, going }: { coming: Amounts[]; going: Amounts[] },
): QuotaLack[] {
  return quotas.flatMap(({ resource, used, limit }) => {
    const asked = sumOf(coming, resource)
    const freed = sumOf(going, resource)
    const needed = used + asked - freed
    if (limit < 0 || asked === 0 || needed <= limit) return []
    return [{ resource, asked, freed, used, limit, needed, missing: needed - limit }]
  })
}

const sumOf = (all: Amounts[], resource: string): number =>
  all.reduce((sum, one) => sum + (one[resource] ?? 0), 0)
