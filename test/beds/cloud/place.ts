/** Where a cloud of ours is on this machine: a loopback address of its own, so that several live side by side. */
import {
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
import { startTicks } from '../../../scripts/steps/process-table.ts'

/** Fixed, not os.tmpdir(): clouds of every test run of this machine must see each other's claims. */
const CLOUDS_FOLDER = '/tmp/labplan-clouds'
const MOST = 8

export type CloudPlace = {
  /** 1 to 8. */
  number: number
  folder: string
  /** `127.77.N.1`: every service listens there, on its usual port. */
  address: string
}

export const REGION = 'RegionOne'

/** All of its services, or only who says who somebody is, beside which a test starts what it needs. */
export const EXTENTS = ['whole', 'identity'] as const
export type CloudExtent = (typeof EXTENTS)[number]

/** Written when it is ready: all that a test, or a person, needs to enter it. */
export const cloudRecordSchema = z.object({
  number: z.int(),
  folder: z.string(),
  address: z.string(),
  authUrl: z.string(),
  region: z.string(),
  admin: z.object({ username: z.string(), password: z.string() }),
  byHand: z.boolean(),
  extent: z.enum(EXTENTS).default('whole'),
})
export type CloudRecord = z.infer<typeof cloudRecordSchema>

export const cloudPlace = (number: number): CloudPlace => ({
  number,
  folder: join(CLOUDS_FOLDER, String(number)),
  address: `127.77.${number}.1`,
})

const keeperSchema = z.object({ pid: z.int(), startTicks: z.string() })

/** Claims a free number for this process: a folder that names its keeper is renamed into place. */
export function claimCloud(): CloudPlace {
  mkdirSync(CLOUDS_FOLDER, { recursive: true, mode: 0o711 })
  const draft = mkdtempSync(join(CLOUDS_FOLDER, '.claim-'))
  const keeper = { pid: process.pid, startTicks: startTicks(process.pid) ?? '' }
  writeFileSync(join(draft, 'keeper.json'), JSON.stringify(keeper))
  for (let number = 1; number <= MOST; number++) {
    const place = cloudPlace(number)
    try {
      renameSync(draft, place.folder)
      return place
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? ''
      if (!['EEXIST', 'ENOTEMPTY'].includes(code)) throw error
    }
  }
  rmSync(draft, { recursive: true })
  throw new Error(`All ${MOST} clouds of this machine are in use: run test/beds/openstack reset.`)
}

export function knownClouds(): CloudPlace[] {
  if (!existsSync(CLOUDS_FOLDER)) return []
  return readdirSync(CLOUDS_FOLDER)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => cloudPlace(Number(name)))
}

/** The keeper if it still runs; a reused pid is told apart by its start time. */
export function livingKeeper({ folder }: CloudPlace): number | undefined {
  try {
    const keeper = keeperSchema.parse(JSON.parse(readFileSync(join(folder, 'keeper.json'), 'utf8')))
    return startTicks(keeper.pid) === keeper.startTicks ? keeper.pid : undefined
  } catch {
    return undefined
  }
}

/** Undefined until it is ready. */
export function cloudRecord({ folder }: CloudPlace): CloudRecord | undefined {
  const file = join(folder, 'cloud.json')
  if (!existsSync(file)) return undefined
  return cloudRecordSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Everything of a cloud ends with its keeper (processes.ts): what is left of a dead one is its folder. */
export function sweepClouds(): number[] {
  const dead = knownClouds().filter((place) => livingKeeper(place) === undefined)
  for (const place of dead) forgetCloud(place)
  return dead.map(({ number }) => number)
}

export function forgetCloud({ folder }: CloudPlace): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}
