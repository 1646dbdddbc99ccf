/** GPUs that seats were given, by node: each has one holder at most, until no container of that one can see it any more. */
import { type Db, execute, many, sql } from '../db.ts'

/** What a seat with GPUs needs of its node, as it was last made. */
export type DeviceNeeds = {
  gpu: { kind: string; count: number }
  cpuMillis: number
  memoryMb: number
  constraints: string[]
}

export type HeldDevice = {
  /** In the Swarm. */
  node_id: string
  device: number
  seat_id: string
  left_at: Date | null
  seat_state: string
  service_id: string | null
  /** What its seat takes beside. */
  cpu_millis: number
  memory_mb: number
}

/** From here on nobody else is given any, until the caller's transaction ends: what is free stays so. */
export async function lockDevices(tx: Db): Promise<void> {
  await tx.query('lock table seat_device in share row exclusive mode')
}

export async function heldDevices(db: Db): Promise<HeldDevice[]> {
  return many<HeldDevice>(
    db,
    sql`select node_id, device, seat_id, left_at, seat.state as seat_state, seat.service_id,
          coalesce((template.body ->> 'cpuMillis')::int, 0) as cpu_millis, coalesce((template.body ->> 'memoryMb')::int, 0) as memory_mb
        from seat_device join seat on seat.id = seat_id left join seat_template template on template.digest = seat.template_digest
        order by node_id, device`,
  )
}

/**
 * Takes `count` GPUs of a node that has `of` of them, the lowest free numbers: all or none. Undefined when so many are not
 * free, or somebody else was quicker.
 */
export async function takeDevices(
  tx: Db,
  wish: { seatId: string; nodeId: string; of: number; count: number; now: Date },
): Promise<number[] | undefined> {
  const { seatId, nodeId, count } = wish
  const taken = await many<{ device: number }>(
    tx,
    sql`with free as (select number as device from generate_series(0, ${wish.of}::int - 1) as number
          where not exists (select from seat_device where node_id = ${nodeId} and device = number)
          order by number limit ${count})
        insert into seat_device (node_id, device, seat_id, taken_at)
        select ${nodeId}, device, ${seatId}, ${wish.now} from free where (select count(*) from free) = ${count}
        on conflict do nothing returning device`,
  )
  if (taken.length === count) return taken.map(({ device }) => device).toSorted((a, b) => a - b)
  await execute(
    tx,
    sql`delete from seat_device where node_id = ${nodeId} and seat_id = ${seatId}
        and device = any(${taken.map(({ device }) => device)}::int[])`,
  )
  return undefined
}

/** Its seat goes elsewhere; they are free once nothing of it runs there. */
export async function leaveDevices(db: Db, leave: { seatId: string; now: Date }): Promise<void> {
  await execute(
    db,
    sql`update seat_device set left_at = ${leave.now} where seat_id = ${leave.seatId} and left_at is null`,
  )
}

/** Nothing of the seat runs on that node. */
export async function freeDevices(
  db: Db,
  devices: Pick<HeldDevice, 'node_id' | 'device' | 'seat_id'>[],
): Promise<void> {
  await execute(
    db,
    sql`delete from seat_device using unnest(${devices.map((one) => one.node_id)}::text[],
          ${devices.map((one) => one.device)}::int[], ${devices.map((one) => one.seat_id)}::uuid[]) as free (node, number, seat)
        where node_id = free.node and device = free.number and seat_id = free.seat`,
  )
}
