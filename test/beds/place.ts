import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { startTicks } from '../../scripts/steps/process-table.ts'

/** Fixed, not os.tmpdir(): beds of every test run of this machine must see each other's claims. */
export const BEDS_FOLDER = '/tmp/labplan-beds'

export const bedSpecSchema = z.object({
  nodes: z.int().min(1).max(9).default(1),
  /**
   * Counted GPUs each node advertises as the generic resource `gpu` (named ones break in 20.10): harmless device nodes
   * `nvidia0` and so on that its containers get as from NVIDIA's runtime (gpu-runtime.ts).
   */
  gpusPerNode: z.int().min(0).max(4).default(0),
  /** Every engine but the first is told to be a machine of this pool, `m-large-1` and so on, as a cloud's are. */
  machinesOf: z.object({ installation: z.string(), pool: z.string() }).optional(),
  /** false: engines only, joined in no Swarm. */
  swarm: z.boolean().default(true),
})
export type BedSpec = z.infer<typeof bedSpecSchema>

const processSchema = z.object({ pid: z.int(), startTicks: z.string() })

export const bedNodeSchema = z.object({
  name: z.string(),
  /** IPv4 address, dialled from this machine. */
  address: z.string(),
  addressV6: z.string(),
  dockerHost: z.string(),
  /** Path of its network namespace, for `nsenter --net=`. */
  namespace: z.string(),
  /** Pid, seen from here, of the engine: its namespaces are under /proc/PID/ns. Killing it kills the node. */
  pid: z.int(),
})

export const bedRecordSchema = z.object({
  id: z.string(),
  folder: z.string(),
  subnet: z.string(),
  hostAddress: z.string(),
  hostAddressV6: z.string(),
  outsideAddress: z.string(),
  outsideNamespace: z.string(),
  registry: z.string(),
  /** Whatever is mounted below it here is mounted in each node, too. */
  volumes: z.string(),
  managerSocket: z.string(),
  nodes: z.array(bedNodeSchema),
})
export type BedRecord = z.infer<typeof bedRecordSchema>
export type BedNode = z.infer<typeof bedNodeSchema>

/** Names and addresses of a bed, all derived from its id: what is enough to remove it. */
export type BedPlace = {
  id: string
  folder: string
  subnet: string
  subnetV6: string
  /** Veth end in this machine's own namespace. */
  hostLink: string
  switchName: string
  outsideName: string
}

export function bedPlace(id: string): BedPlace {
  const number = Number.parseInt(id, 16)
  return {
    id,
    folder: join(BEDS_FOLDER, id),
    subnet: `10.${208 + (number >> 8)}.${number & 255}`,
    subnetV6: `fd4c:6162:${id}:1::`,
    hostLink: `lpb${id}`,
    switchName: `lpbed-${id}-switch`,
    outsideName: `lpbed-${id}-outside`,
  }
}

export const volumesFolder = (place: BedPlace): string => join(place.folder, 'volumes')

export function nodeName(place: BedPlace, index: number): string {
  return `lpbed-${place.id}-n${index + 1}`
}

/**
 * Claims a free bed for this process. A folder that already names its keeper is renamed into place,
 * so a claim is never seen half made. `isTaken` says whether this machine already routes a subnet.
 */
export function claimBed(isTaken: (subnet: string) => boolean): BedPlace {
  mkdirSync(BEDS_FOLDER, { recursive: true, mode: 0o711 })
  const draft = mkdtempSync(join(BEDS_FOLDER, '.claim-'))
  chmodSync(draft, 0o711)
  const keeper: Keeper = { pid: process.pid, startTicks: startTicks(process.pid) ?? '' }
  writeFileSync(join(draft, 'keeper.json'), JSON.stringify(keeper))
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const place = bedPlace(
      Math.floor(Math.random() * 4096)
        .toString(16)
        .padStart(3, '0'),
    )
    if (isTaken(place.subnet)) continue
    try {
      renameSync(draft, place.folder)
      return place
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? ''
      if (!['EEXIST', 'ENOTEMPTY'].includes(code)) throw error
    }
  }
  rmSync(draft, { recursive: true })
  throw new Error(`No free bed in ${BEDS_FOLDER}; run test/beds/swarm reset`)
}

export type Keeper = z.infer<typeof processSchema>

/** Every bed of this machine that has a folder, alive or left over. */
export function knownBeds(): BedPlace[] {
  if (!existsSync(BEDS_FOLDER)) return []
  return readdirSync(BEDS_FOLDER)
    .filter((name) => /^[0-9a-f]{3}$/.test(name))
    .map(bedPlace)
}

/** The keeper of a bed if it still runs; a reused pid is told apart by its start time. */
export function livingKeeper(place: BedPlace): number | undefined {
  try {
    const text = readFileSync(join(place.folder, 'keeper.json'), 'utf8')
    const keeper = processSchema.parse(JSON.parse(text))
    return startTicks(keeper.pid) === keeper.startTicks ? keeper.pid : undefined
  } catch {
    return undefined
  }
}

export function forgetBed(place: BedPlace): void {
  rmSync(place.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

export const isAlive = (pid: number) => startTicks(pid) !== undefined
