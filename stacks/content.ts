/**
 * What a stack is made of: seat templates, numbers and generations, and the names of the installation.
 * Nothing here is secret and nothing is chosen while it runs: ids of secrets, of networks and of the
 * run arrive as variables of the Terraform configuration.
 */
import { canonicalJson, sha256 } from './blueprint.ts'
import type { BlueprintCloud, ServiceTemplate } from './blueprint.ts'

/** Raise it when the same content would be rendered differently: every stack is then planned again. */
export const RENDERER_VERSION = 3

/** A seat of a stack. Seats at work keep the template they run with, so one stack may hold several. */
export type SeatContent = { number: number; generation: number; template: ServiceTemplate }

export type SeatsContent = {
  kind: 'seats'
  /** Stack key, e.g. `seats-networks-101-0`. */
  key: string
  installation: string
  course8: string
  /** Where images without a registry of their own are, e.g. `127.0.0.1:7083`. */
  registry: string
  /** Where nodes have the volumes that a backend keeps; absent when no seat has such a one. */
  storageRoot?: string
  seats: SeatContent[]
}

/** `server` is of `nfs`. */
export type VolumeLimit = {
  backend: 'local' | 'nfs' | 'cephfs' | 'manila'
  limitMb: number
  server?: string | undefined
}

/** Whether nodes have such volumes below a folder of their own, where their storage agent mounts them. */
export const isInRoot = (backend: VolumeLimit['backend'] | undefined): boolean =>
  backend === 'local' || backend === 'cephfs' || backend === 'manila'

/** Whether a seat needs to know where that is: for its volume, its holder's own, or its course's data. */
export const needsRoot = ({ volume, personal, data }: ServiceTemplate): boolean =>
  isInRoot(volume?.backend) ||
  (personal !== undefined && personal.server === undefined) ||
  isInRoot(data?.backend)

/** One volume: every generation that is still kept is listed, not only the one in use. */
export type VolumeContent = {
  seat: number
  generation: number
  /** What keeps it and holds it to its limit; the engine itself, with none, when absent. */
  limit?: VolumeLimit
  /** Its files were purged, and nobody gets them back: a cloud has no share of it any more. */
  erased?: true
}

export type ShareKind = { region: string; shareType: string }

/** Whether a cloud has a share of it. */
export const isShared = ({ limit, erased }: VolumeContent): boolean =>
  limit?.backend === 'manila' && erased === undefined

export type VolumesContent = {
  kind: 'volumes'
  /** Stack key, e.g. `volumes-networks-101`. */
  key: string
  installation: string
  course8: string
  /** Where nodes have the volumes that a backend keeps; absent when there are none. */
  storageRoot?: string
  volumes: VolumeContent[]
  /** Where a cloud has the shares of those that its Manila keeps, and of which type they are. */
  shares?: ShareKind
  /** The version of the course's data that is in force, and how large it may be. */
  data?: { version: number; sizeMb: number }
}

/** What exists on a Swarm. */
export type StackContent = SeatsContent | VolumesContent

/** Networks, security groups and managers of a pool in a cloud. */
export type BaseContent = {
  kind: 'base'
  /** Stack key, e.g. `base-cloud`. */
  key: string
  installation: string
  pool: string
  cloud: BlueprintCloud
}

/** The nodes of a pool that are on: they find their base by its names. */
export type NodesContent = Omit<BaseContent, 'kind'> & {
  kind: 'nodes'
  nodes: { key: string; flavour: string }[]
}

/** Keys of a base's managers. They are in the pool's first region, close to each other: each change waits for most of them. */
export function managersOf(content: MachinesContent): string[] {
  const { regions, managers } = content.cloud
  if (content.kind !== 'base' || managers === null || regions.length === 0) return []
  return Array.from({ length: managers.count }, (_, i) => `manager-${i + 1}`)
}

/** What exists in a cloud. */
export type MachinesContent = BaseContent | NodesContent

export type Content = StackContent | MachinesContent

export const isOfMachines = (content: Content): content is MachinesContent =>
  content.kind === 'base' || content.kind === 'nodes'

/** sha256 of all that shapes the stack's Terraform, 64 hex digits: `stack.wanted_digest`. */
export function contentDigest(content: Content): string {
  return sha256(canonicalJson({ renderer: RENDERER_VERSION, content: inOrder(content) }))
}

/** The same content whatever order its parts came in. */
export function inOrder<Some extends Content>(content: Some): Some
export function inOrder(content: Content): Content {
  if (content.kind === 'base') return content
  if (content.kind === 'nodes')
    return { ...content, nodes: content.nodes.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
  if (content.kind === 'seats')
    return { ...content, seats: content.seats.toSorted((a, b) => a.number - b.number) }
  const volumes = content.volumes.toSorted((a, b) => a.seat - b.seat || a.generation - b.generation)
  return { ...content, volumes }
}

/** The content of a stack of which nothing should exist. */
export function emptied(content: Content): Content {
  if (content.kind === 'base') return { ...content, cloud: { ...content.cloud, regions: [] } }
  if (content.kind === 'nodes') return { ...content, nodes: [] }
  if (content.kind === 'seats') return { ...content, seats: [] }
  const { data: _data, ...rest } = content
  return { ...rest, volumes: [] }
}
