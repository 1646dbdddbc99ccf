/** A course with one session 8:00–10:00, its people and its seats, where the test plays the worker. */
import { type Db, type Pool, one, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { keyRing } from '../../api/data/key-ring.ts'
import {
  markCold,
  markMade,
  markReady,
  markStarting,
  markStopping,
} from '../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { ensureSeats, seatsOfCourse } from '../../api/data/seats/seat.ts'
import { claimWorkspace } from '../../api/data/workspaces/workspace-begin.ts'

export const ring = keyRing({ current: 'k1', keys: { k1: Buffer.alloc(32, 7).toString('base64') } })
export const at = (minutes: number) =>
  new Date(Date.parse('2026-11-23T08:00:00Z') + minutes * 60_000)
export const actor = { name: 'p-test', role: 'student' } as const

export type ClassCourse = { id: string; key: string; poolId: string }

/** `seats` numbers, a session of `atOnce` places that opens at −10 and ends, grace included, at 135; `ready` seats run. */
export async function plannedCourse(
  pool: Pool,
  plan: {
    seats: number
    atOnce: number
    ready: number
    outside?: number
    kind?: string
    gpus?: number
    lifecycle?: Record<string, number>
  },
): Promise<ClassCourse> {
  const id = newId()
  const poolId = newId()
  const key = `course-${id.slice(-6)}`
  await withTransaction(pool, async (tx) => {
    const zone = await one<{ id: string }>(tx, sql`select id from zone where key = 'default'`)
    await tx.query('insert into pool (id, zone_id, key, created_at) values ($1, $2, $3, $4)', [
      poolId,
      zone.id,
      `pool-${key}`,
      at(-600),
    ])
    await tx.query(
      `insert into course (id, zone_id, key, code, state, state_at, document, created_at, allowance_seats, places_outside, gpus)
       values ($1, $2, $3, $4, 'ready', $5, '', $5, $6, $7, $8)`,
      [
        id,
        zone.id,
        key,
        id.replaceAll('-', '').slice(-8),
        at(-600),
        plan.seats,
        plan.outside ?? 0,
        plan.gpus ?? 0,
      ],
    )
    await tx.query('update course set lifecycle = lifecycle || $2 where id = $1', [
      id,
      JSON.stringify(plan.lifecycle ?? {}),
    ])
    await addSession(tx, { id, key, poolId }, { from: 0, to: 120, grace: 15, ...plan })
    await ensureSeats(tx, ring, { id, poolId, seats: plan.seats, ports: [webPort], now: at(-600) })
    await rememberTemplate(tx, { digest: 'tpl', body: { pidsLimit: 99 } })
    const seats = (await seatsOfCourse(tx, id)).slice(0, plan.ready)
    await markMade(tx, {
      seats: seats.map((seat) => ({
        ...{ id: seat.id, serviceId: `svc-${seat.number}` },
        ...{ generation: 1, templateDigest: 'tpl' },
      })),
      now: at(-30),
    })
    for (const seat of seats) await bringUp(tx, seat.id, -20)
  })
  return { id, key, poolId }
}

/** Opens ten minutes before `from`; all in minutes after 8:00. */
export async function addSession(
  db: Db,
  course: ClassCourse,
  session: { from: number; to: number; grace: number; atOnce: number; kind?: string },
): Promise<string> {
  const { from, to, grace, atOnce } = session
  const id = newId()
  await db.query(
    `insert into session (id, course_id, pool_id, key, starts_at, ends_at, opens_at, lead_starts_at, grace_ends_at, students, at_once, kind, state, state_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, 'planned', $8)`,
    [
      ...[id, course.id, course.poolId, `${course.key}/${from}`, at(from), at(to), at(from - 10)],
      ...[at(from - 40), at(to + grace), atOnce, session.kind ?? 'class'],
    ],
  )
  return id
}

const webPort = {
  number: 8080,
  name: 'terminal',
  kind: 'web' as const,
  required: true,
  title: { en: 'Terminal', fr: 'Terminal' },
}

export async function bringUp(tx: Db, id: string, minute: number): Promise<void> {
  const now = at(minute)
  await markStarting(tx, { seats: [{ id, started: 0 }], now })
  const task = { taskId: `task-${id}`, nodeAddress: '127.0.0.1', identityPort: 40_000 }
  await markReady(tx, { seats: [{ id, ...task, ports: new Map([[8080, 40_001]]) }], now })
}

export async function newPerson(pool: Pool): Promise<string> {
  const id = newId()
  const zone = await one<{ id: string }>(pool, sql`select id from zone where key = 'default'`)
  await pool.query(
    'insert into person (id, zone_id, pseudonym, created_at, seen_at) values ($1, $2, $3, $4, $4)',
    [id, zone.id, `p-${id.slice(-12)}`, at(-600)],
  )
  return id
}

export const launchAt = (pool: Pool, course: ClassCourse, personId: string, minute: number) =>
  withTransaction(pool, (tx) =>
    claimWorkspace(tx, { courseId: course.id, personId, now: at(minute) }),
  )

export async function seatOf(pool: Pool, workspaceId: string) {
  return one<{ id: string; state: string; wanted_on: boolean }>(
    pool,
    sql`select seat.id, seat.state, seat.wanted_on from seat join workspace on seat_id = seat.id where workspace.id = ${workspaceId}`,
  )
}

/** What the worker does when a seat was asked to stop. */
export async function coolDown(pool: Pool, workspaceId: string, minute: number): Promise<void> {
  const seat = await seatOf(pool, workspaceId)
  await withTransaction(pool, async (tx) => {
    await markStopping(tx, { ids: [seat.id], now: at(minute) })
    await markCold(tx, { ids: [seat.id], now: at(minute) })
  })
}

/** Until somebody waits for a lock of somebody else's. */
export async function untilSomebodyWaits(pool: Pool): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const { waiting } = await one<{ waiting: number }>(
      pool,
      sql`select count(*) as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (waiting > 0) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('Nobody waited.')
}
