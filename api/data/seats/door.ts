/** A door: one port of the seat on which a workspace sits. */
import { type Db, findOne, sql } from '../db.ts'

export type Door = {
  kind: 'web' | 'ssh' | 'vnc' | 'tcp'
  seatId: string
  generation: number
  hostLabel: string
}

export async function doorOf(
  db: Db,
  door: { workspaceId: string; containerPort: number },
): Promise<Door | undefined> {
  if (!Number.isInteger(door.containerPort) || door.containerPort > 65_535) return undefined
  return findOne<Door>(
    db,
    sql`select seat_port.kind, seat.id as "seatId", seat.generation, seat_port.host_label as "hostLabel"
        from workspace join seat on seat.id = workspace.seat_id join seat_port on seat_port.seat_id = seat.id
        where workspace.id = ${door.workspaceId} and seat_port.container_port = ${door.containerPort}`,
  )
}
