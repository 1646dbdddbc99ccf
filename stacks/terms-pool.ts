/** The nouns of a pool: machines that are there or are bought, the cloud they are made in, and what keeps its volumes. */
import type { Gpu, Resources, Text } from './terms.ts'

/** One machine of a pool that is always there. Sizes absent here come from the inventory. */
export interface FixedNode {
  key: string
  cpu?: number | undefined
  memoryMb?: number | undefined
  diskMb?: number | undefined
  gpu?: Gpu | undefined
}

/** A size of machine that can be bought by the hour. */
export interface Flavour extends Resources {
  key: string
  pricePerHour: number
  bootMinutes: number
  /** At most so many at once. */
  quota: number
  /** Its name in the cloud, when that is not its key. */
  name?: string | undefined
  /** Where in the cloud; the pool's first region when absent. */
  region?: string | undefined
}

/** A part of a cloud with machines and networks of its own. */
export interface CloudRegion {
  name: string
  /** Name of the image that nodes boot. */
  image: string
  /** Name of the network that leads out of the cloud. */
  externalNetwork: string
  /** Of the network that Labplan makes for nodes there, CIDR. */
  subnet: string
  /** Nodes are spread over them; the cloud chooses when there is none. */
  availabilityZones: string[]
}

/** Where on OpenStack a pool's nodes are made. Credentials are the worker's, never here. */
export interface Cloud {
  regions: CloudRegion[]
  /** Sizes that name no region are made in the next one while the first is down or full, or wait for it. */
  whenRegionRefuses: 'next' | 'wait'
  /** A manager of the Swarm that Labplan works with, as nodes reach it: `10.0.0.2:2377`. */
  manager: string
  /** More managers of the same Swarm, made in the first region; `flavour` is the cloud's name of it. */
  managers?: { count: 2 | 3; flavour: string } | undefined
  /** From where seats may be entered: the gateway's and the worker's networks, CIDR. */
  gateways: string[]
  /** Name servers of nodes and seats. */
  dns: string[]
  /** Public key that may sign in to nodes, from where gateways are. */
  sshKey?: string | undefined
  /** A volume of its own for what the engine keeps; the root disk when absent. */
  engineVolumeGb?: number | undefined
  /** Registries of images that are served without TLS. */
  insecureRegistries: string[]
}

/**
 * `local`: a file system in a file for each volume, on the pool's one machine. `nfs`: a folder with a quota for each, on
 * a server (an IPv4 address) that every node of the pool reaches. `cephfs`: a subvolume of a Ceph for each, which the
 * storage agent of every node mounts. `manila`: the same, as a share of this type in this region of the pool's cloud.
 */
export type Storage =
  | { backend: 'local' | 'cephfs' }
  | { backend: 'nfs'; server: string }
  | { backend: 'manila'; region: string; shareType: string }

/** What may be bought beyond the plan: so many nodes at once, at so much an hour together, and how long one stays unused. */
export interface Live {
  maximum: number
  budgetPerHour?: number | undefined
  graceMinutes: number
}

/** Where seats run: machines of one's own, flavours to buy, or both (own machines first). */
export interface Pool {
  key: string
  zone: string
  title: Text
  nodes: FixedNode[]
  flavours: Flavour[]
  /** Where flavours are bought; without it they are only planned. */
  openstack?: Cloud | undefined
  /** What keeps volumes and holds them to their limit; without it they are the engine's own, with none. */
  storage?: Storage | undefined
  currency: string
  /** Bought nodes kept on all the time. */
  minimumIdle: number
  /** Bought nodes at most, all flavours together. */
  maximum: number
  /** Bought beyond the plan, for who waits for room; without it nothing is. */
  live?: Live | undefined
  /** What the system keeps of each node. */
  reserve: { cpu: number; memoryMb: number; diskMb: number }
}
