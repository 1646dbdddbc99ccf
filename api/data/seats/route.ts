/**
 * What the gateway must know of each seat: where its host names lead, and who may go there. Whoever changes
 * a seat's task, ports, generation or holder sends `notify(tx, 'route', seatId)` in the same transaction.
 */
import { type Db, many, sql } from '../db.ts'

export type Route = {
  hostLabel: string
  kind: 'web' | 'ssh' | 'vnc' | 'tcp'
  seatId: string
  generation: number
  /** Of the key ring: what the seat's identity key derives from. */
  keyId: string
  /** The running task and its IPv4 ports; each null while the seat does not run. */
  taskId: string | null
  nodeAddress: string | null
  identityPort: number | null
  publishedPort: number | null
  /** Person ids: the holder of the seat's workspace. */
  holders: string[]
  workspaceId: string | null
  /** The workspace may be used: neither closed until a session opens, nor waiting for a place. */
  open: boolean
}

/** The routes of these seats, or of all. A seat that does not come back has none any more. */
export async function routes(db: Db, seatIds?: string[]): Promise<Route[]> {
  const chosen = seatIds ? sql`where seat.id = any(${seatIds}::uuid[])` : sql``
  return many<Route>(
    db,
    sql`select seat_port.host_label as "hostLabel", seat_port.kind, seat.id as "seatId", seat.generation,
               seat.credential_key_id as "keyId", seat.task_id as "taskId", seat.node_address as "nodeAddress", seat.identity_port as "identityPort",
               seat_port.published_port as "publishedPort",
               array_remove(array[workspace.person_id], null) as holders,
               workspace.id as "workspaceId", coalesce(workspace.state not in ('closed', 'queued'), false) as open
        from seat_port join seat on seat.id = seat_port.seat_id
        left join workspace on workspace.seat_id = seat.id ${chosen}`,
  )
}
