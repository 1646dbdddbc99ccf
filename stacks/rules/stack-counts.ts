/**
 * What does a change make, change and take away, in each Terraform stack it touches? Over all that is planned: a stack's
 * objects come when their sessions do. What holds files is never taken away by a change; its date does that.
 */
import type { Blueprint, BlueprintCourse, BlueprintPool } from '../blueprint.ts'
import { canonicalJson, seatNumbers } from '../blueprint.ts'
import { machineStackKey, regionOf } from './regions.ts'
import { seatsPerStack, withBackend } from './wanted.ts'

export interface StackCounts {
  stack: string
  create: number
  update: number
  delete: number
}

/** Sorted by stack; those that stay as they are are left out. */
export function stackCounts(before: Blueprint, after: Blueprint): StackCounts[] {
  const [old, young] = [objectsOf(before), objectsOf(after)]
  const keys = [...new Set([...old.keys(), ...young.keys()])].toSorted()
  return keys.flatMap((stack) => {
    const one = compare(old.get(stack) ?? new Map(), young.get(stack) ?? new Map())
    if (stack.startsWith('volumes-')) one.delete = 0
    return one.create + one.update + one.delete > 0 ? [{ stack, ...one }] : []
  })
}

/** Object → what it is made of. */
type Objects = Map<string, string>

function compare(old: Objects, young: Objects): Omit<StackCounts, 'stack'> {
  const counts = { create: 0, update: 0, delete: 0 }
  for (const [key, made] of young) {
    const was = old.get(key)
    if (was === undefined) counts.create++
    else if (was !== made) counts.update++
  }
  for (const key of old.keys()) if (!young.has(key)) counts.delete++
  return counts
}

function objectsOf(blueprint: Blueprint): Map<string, Objects> {
  const stacks = new Map<string, Objects>()
  const put = (stack: string, key: string, made: string) => {
    const objects = stacks.get(stack) ?? new Map<string, string>()
    stacks.set(stack, objects.set(key, made))
  }
  for (const course of blueprint.courses) putCourse(withBackend(course, blueprint), put)
  for (const pool of blueprint.pools) putPool(pool, put)
  return stacks
}

type Put = (stack: string, key: string, made: string) => void

function putCourse({ key, template, seats, pool }: BlueprintCourse, put: Put): void {
  if (template === null) return
  const made = canonicalJson({ template, pool })
  const { volume } = template
  for (const number of seatNumbers(seats)) {
    put(`seats-${key}-${Math.floor((number - 1) / seatsPerStack)}`, String(number), made)
    if (volume) put(`volumes-${key}`, String(number), `${volume.backend} ${volume.quotaMb}`)
  }
}

function putPool({ key, cloud, nodes, idle }: BlueprintPool, put: Put): void {
  if (cloud === null) return
  const at = (kind: 'base' | 'nodes', region: string) =>
    machineStackKey(kind, key, { cloud, region })
  for (const [i, region] of cloud.regions.entries()) {
    const { flavours: _sizes, ...base } = { ...cloud, regions: [region] }
    const made = i === 0 ? base : { ...base, managers: null }
    put(at('base', region.name), 'base', canonicalJson(made))
  }
  for (const node of [...idle, ...nodes])
    put(at('nodes', regionOf(cloud, node)), node.key, node.flavour)
}
