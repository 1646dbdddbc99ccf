/**
 * The cast in a database: platform, LMS courses, people with logins, and a class under way, made through the
 * product's own functions wherever there is one.
 */
import { courseDocument } from '../../api/data/courses/course.ts'
import { randomBytes } from 'node:crypto'
import { type Db, type Pool, execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { proposeChange } from '../../api/data/changes/change.ts'
import { newId, newToken, tokenHash } from '../../api/data/ids.ts'
import { type KeyRing, keyRing } from '../../api/data/key-ring.ts'
import { markReady } from '../../api/data/seats/seat-life.ts'
import { claimWorkspace } from '../../api/data/workspaces/workspace-begin.ts'
import { allDocuments } from './documents.ts'

/** A Tuesday, twenty minutes into the first session of Networks 101. */
export const IN_CLASS = new Date('2026-11-24T09:20:00Z')
export const BEFORE_CLASS = new Date('2026-11-24T08:05:00Z')

export const testRing = (): KeyRing =>
  keyRing({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } })

const actor = { name: 'test', role: 'operator' } as const

export async function importDocuments(
  pool: Pool,
  ring: KeyRing,
  now: Date,
  documents = allDocuments(),
) {
  const outcome = await proposeChange(pool, { sources: documents, actor, ring, now })
  if (outcome.outcome === 'wrong') throw new Error(JSON.stringify(outcome.errors))
  return outcome
}

export async function courseId(db: Db, key: string): Promise<string> {
  return (await one<{ id: string }>(db, sql`select id from course where key = ${key}`)).id
}

/** As it is in force. */
export const documentOf = async (db: Db, key: string): Promise<string> =>
  courseDocument(db, await courseId(db, key))

/** An LMS course of its own on the practice platform, pointing at a course of Labplan. */
export async function addLmsCourse(
  db: Db,
  lms: { courseKey: string; contextId: string; now: Date },
): Promise<string> {
  const zone = await one<{ id: string }>(db, sql`select id from zone where key = 'default'`)
  const platform = await one<{ id: string }>(
    db,
    sql`insert into platform (id, zone_id, issuer, client_id, name, state, state_at, created_at)
        values (${newId()}, ${zone.id}, 'http://lms.localhost:7082', 'labplan', 'Practice LMS', 'active', ${lms.now}, ${lms.now})
        on conflict (issuer, client_id) do update set name = excluded.name returning id`,
  )
  const deployment = await one<{ id: string }>(
    db,
    sql`insert into deployment (id, platform_id, deployment_id, state, state_at, created_at)
        values (${newId()}, ${platform.id}, '1', 'active', ${lms.now}, ${lms.now})
        on conflict (platform_id, deployment_id) do update set state = 'active' returning id`,
  )
  const context = await one<{ id: string }>(
    db,
    sql`insert into lms_context (id, platform_id, context_id, title, created_at)
        values (${newId()}, ${platform.id}, ${lms.contextId}, ${lms.courseKey}, ${lms.now}) returning id`,
  )
  await execute(
    db,
    sql`insert into lms_resource (id, lms_context_id, deployment_id, resource_link_id, course_id, created_at)
        values (${newId()}, ${context.id}, ${deployment.id}, '1', ${await courseId(db, lms.courseKey)}, ${lms.now})`,
  )
  return context.id
}

export type SignedIn = { personId: string; token: string; csrf: string }

/** Somebody with a login, as after a launch. Without `contextId` they are in no course. */
export async function signIn(
  db: Db,
  person: {
    name?: string
    locale?: 'en' | 'fr'
    contextId?: string
    role?: 'student' | 'teacher'
    administrator?: boolean
    now: Date
  },
): Promise<SignedIn> {
  // Administrators came by an invite, not from an LMS.
  const isAdministrator = person.administrator ?? false
  const { id } = await one<{ id: string }>(
    db,
    sql`insert into person (id, zone_id, platform_id, sub, pseudonym, display_name, locale, administrator, created_at, seen_at)
        select ${newId()}, zone.id, (select id from platform where not ${isAdministrator} limit 1),
          case when exists (select from platform) and not ${isAdministrator} then ${newId()} end, ${`p-${newToken().slice(0, 8)}`},
          ${person.name ?? null}, ${person.locale ?? 'en'}, ${isAdministrator}, ${person.now}, ${person.now}
        from zone where zone.key = 'default' returning id`,
  )
  if (person.contextId)
    await execute(
      db,
      sql`insert into membership (id, person_id, lms_context_id, role, seen_at)
          values (${newId()}, ${id}, ${person.contextId}, ${person.role ?? 'student'}, ${person.now})`,
    )
  const login = { token: newToken(), csrf: newToken() }
  await execute(
    db,
    sql`insert into login (token_hash, person_id, lms_context_id, csrf, created_at, expires_at)
        values (${tokenHash(login.token)}, ${id}, ${person.contextId ?? null}, ${login.csrf}, ${person.now},
          ${new Date(person.now.getTime() + 12 * 3600_000)})`,
  )
  return { personId: id, ...login }
}

/** The launch: a seat and a place, or the queue. */
export async function launch(
  pool: Pool,
  who: { personId: string; courseKey: string; now: Date },
): Promise<{ id: string; state: string; seatNumber: number | null }> {
  const course = await courseId(pool, who.courseKey)
  return withTransaction(pool, (tx) =>
    claimWorkspace(tx, { courseId: course, personId: who.personId, now: who.now }),
  )
}

/** What the worker records when it has seen the seat of a workspace ready. */
export async function seatReady(pool: Pool, workspaceId: string, now: Date): Promise<void> {
  const seat = await one<{ seat_id: string }>(
    pool,
    sql`select seat_id from workspace where id = ${workspaceId}`,
  )
  await withTransaction(pool, (tx) =>
    markReady(tx, {
      seats: [
        {
          ...{ id: seat.seat_id, taskId: newId(), nodeAddress: '10.0.0.5', identityPort: 32001 },
          ports: new Map([
            [8080, 32768],
            [22, 32769],
          ]),
        },
      ],
      now,
    }),
  )
}
