/** What the record says should exist in the Swarm, for comparing with what does; and the last look's counts. */
import type { SeatTemplate } from '../../../stacks/blueprint.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { AlteredRecord } from '../changes/seal.ts'
import type { KeyRing } from '../key-ring.ts'
import { seatTemplate } from '../seats/seat-template.ts'
import { findState } from './state.ts'
import type { SeatState } from '../seats/seat.ts'

export type StackFacts = {
  key: string
  kind: 'seats' | 'volumes'
  /** Nobody is at it, and what was applied is what is wanted: what differs now differs for no good reason. */
  isSettled: boolean
  /** What its Terraform state holds: id → address. */
  recorded: Map<string, string>
}

export type SeatFacts = {
  course8: string
  number: number
  generation: number
  appliedGeneration: number | null
  state: SeatState
  held: boolean
  serviceId: string | null
  template: SeatTemplate | null
}

export type InventoryRecord = {
  stacks: StackFacts[]
  seats: SeatFacts[]
  /** Names of versions of courses' data whose files are gone. */
  purgedData: Set<string>
  /** Stacks whose state cannot be read: what is theirs nobody can say. */
  unread: { key: string; message: string }[]
}

/** Reads a state into id → address; given by the worker, which knows Terraform's format. */
type ReadState = (bytes: Buffer) => Map<string, string>

/** Reads the record again and again; a state is opened once for each serial, a template read once. */
export function inventoryReader(
  ring: KeyRing,
  readState: ReadState,
): (db: Db, now: Date) => Promise<InventoryRecord> {
  const known = new Map<string, { serial: string; recorded: Map<string, string> }>()
  const templates = new Map<string, SeatTemplate>()
  const recordedOf = async (db: Db, { id, serial }: StackRow): Promise<Map<string, string>> => {
    const before = known.get(id)
    if (serial === null || before?.serial === serial) return before?.recorded ?? new Map()
    const found = await findState(db, ring, id)
    const recorded = found ? readState(found.bytes) : new Map<string, string>()
    known.set(id, { serial, recorded })
    return recorded
  }
  return async (db, now) => {
    const stacks: StackFacts[] = []
    const unread: InventoryRecord['unread'] = []
    for (const row of await stackRows(db, now)) {
      const { key, kind, is_settled: isSettled } = row
      try {
        stacks.push({ key, kind, isSettled, recorded: await recordedOf(db, row) })
      } catch (error) {
        // The others are looked at all the same.
        if (!(error instanceof AlteredRecord)) throw error
        unread.push({ key, message: error.message })
        stacks.push({ key, kind, isSettled: false, recorded: new Map() })
      }
    }
    const purged = await many<{ name: string }>(
      db,
      sql`select name from course_data where state = 'purged'`,
    )
    const purgedData = new Set(purged.map(({ name }) => name))
    return { stacks, seats: await seatsWith(db, templates), purgedData, unread }
  }
}

type StackRow = {
  id: string
  key: string
  kind: 'seats' | 'volumes'
  is_settled: boolean
  serial: string | null
}

async function stackRows(db: Db, now: Date): Promise<StackRow[]> {
  return many<StackRow>(
    db,
    sql`select id, key, kind, (select max(serial)::text from state_version where stack_id = stack.id) as serial,
          (lease_until is null or lease_until <= ${now}) and wanted_digest is not distinct from applied_digest
            and state in ('absent', 'applied') as is_settled
        from stack where kind in ('seats', 'volumes') order by key`,
  )
}

/** Every seat: also one that does not exist may have left a volume or a secret. */
async function seatsWith(db: Db, templates: Map<string, SeatTemplate>): Promise<SeatFacts[]> {
  const rows = await many<Omit<SeatFacts, 'template'> & { digest: string | null }>(
    db,
    sql`select course.code as course8, seat.number, seat.generation, seat.applied_generation as "appliedGeneration",
          seat.state, seat.held, seat.service_id as "serviceId", seat.template_digest as digest
        from seat join course on course.id = seat.course_id order by course.code, seat.number`,
  )
  for (const digest of new Set(rows.flatMap((row) => row.digest ?? [])))
    if (!templates.has(digest)) templates.set(digest, await seatTemplate(db, digest))
  return rows.map(({ digest, ...row }) => ({
    ...row,
    template: templates.get(digest ?? '') ?? null,
  }))
}

/** How many of each kind exist: `{ service: { all: 30, on: 12 } }`. */
export type InventoryCounts = Record<string, { all: number; on?: number }>

export async function saveInventory(
  tx: Db,
  look: { counts: InventoryCounts; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`insert into inventory (looked_at, counts) values (${look.now}, ${JSON.stringify(look.counts)})
        on conflict (installation_id) do update set looked_at = excluded.looked_at, counts = excluded.counts`,
  )
}

/** The last look; undefined before the first. */
export async function lastInventory(
  db: Db,
): Promise<{ looked_at: Date; counts: InventoryCounts } | undefined> {
  return findOne(db, sql`select looked_at, counts from inventory`)
}
