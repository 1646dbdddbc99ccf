/**
 * Erasure: a person is forgotten at once. Their workspaces stop, their rows lose whose they were or go, their volumes and
 * submissions are ordered away; what a declared duty keeps stays, with its reason and date. What is ordered here the worker
 * does (erasure-work.ts), and proves.
 */
import { type LedgerLine, ledgerHash } from './erasure-ledger.ts'
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, one, sql } from '../db.ts'
import { type ErasurePlan, erasurePlan } from './erasure-plan.ts'
import { newId, newToken, tokenHash } from '../ids.ts'
import type { KeyRing } from '../key-ring.ts'
import { stopWorkspace } from '../workspaces/workspace-act.ts'

export type OrderedBy = 'person' | 'administrator' | 'operator' | 'replay'

type Order = {
  personId: string
  by: OrderedBy
  actor: Actor
  ring: KeyRing
  now: Date
  /** Of a ledger that this record does not know: the same erasure once more. */
  line?: LedgerLine
}

/** `token` opens the page that says what became of it: it names nobody, and is stored nowhere. */
export type Ordered = { id: string; token: string }

/** Undefined when there is nobody to erase: already gone, or an administrator, who is none of an LMS. */
export async function orderErasure(tx: Db, order: Order): Promise<Ordered | undefined> {
  const person = await findOne<{ key: string; name: string | null }>(
    tx,
    sql`select ${personKey} as key, display_name as name from person left join platform on platform.id = platform_id
        where person.id = ${order.personId} and erased_at is null and not administrator for update of person`,
  )
  if (!person) return undefined
  const plan = await erasurePlan(tx, { personId: order.personId, now: order.now })
  const line = order.line ?? lineOf(order, person.key, plan)
  const token = newToken()
  const keepsSome = plan.submissions.some(({ duty }) => duty !== null)
  await execute(
    tx,
    sql`insert into erasure (id, person_id, line, ordered_by, ordered_at, token_hash, kept_name, state, state_at)
        values (${line.id}, ${order.personId}, ${JSON.stringify(line)}, ${order.by}, ${order.now}, ${tokenHash(token)},
          ${keepsSome ? person.name : null}, 'open', ${order.now})`,
  )
  await noteItems(tx, line.id, plan)
  await stopAll(tx, order)
  await orderVolumes(tx, plan, order.now)
  await forgetPerson(tx, order)
  await audit(tx, {
    ...{ actor: order.actor, action: 'person.erase', subject: { kind: 'erasure', id: line.id } },
    ...{ detail: { by: order.by, ...countsOf(plan) }, now: order.now },
  })
  await notify(tx, 'erasure')
  return { id: line.id, token }
}

// As the LMS names them, whatever ids a database has that was made anew. An administrator has no platform.
const personKey = sql`coalesce(platform.issuer || ' ' || platform.client_id || ' ' || person.sub, person.id::text)`

const countsOf = ({ volumes, submissions }: ErasurePlan) => ({
  volumes: volumes.length,
  submissions: submissions.length,
})

function lineOf({ ring, now }: Order, person: string, plan: ErasurePlan): LedgerLine {
  const keyId = ring.current
  const goes = plan.submissions.filter(({ duty }) => duty === null)
  return {
    ...{ id: newId(), at: now.toISOString(), keyId },
    person: ledgerHash(ring, keyId, 'person', person),
    volumes: plan.volumes.map(({ name }) => ledgerHash(ring, keyId, 'volume', name)),
    submissions: goes.map(({ id }) => ledgerHash(ring, keyId, 'submission', id)),
  }
}

async function noteItems(tx: Db, erasureId: string, plan: ErasurePlan): Promise<void> {
  for (const { name, course, seat, bytes } of plan.volumes)
    await execute(
      tx,
      sql`insert into erasure_item (id, erasure_id, kind, name, course, number, bytes, state)
          values (${newId()}, ${erasureId}, 'volume', ${name}, ${course}, ${seat}, ${bytes}, 'wanted')`,
    )
  for (const { id, course, number, bytes, duty, duty_until: until } of plan.submissions) {
    await execute(
      tx,
      sql`insert into erasure_item (id, erasure_id, kind, name, course, number, bytes, state, reason, kept_until)
          values (${newId()}, ${erasureId}, 'submission', ${id}, ${course}, ${number}, ${bytes},
            ${duty === null ? 'wanted' : 'kept'}, ${duty && JSON.stringify(duty)}, ${until})`,
    )
    // Its file follows: what is in no row is asked for by nobody.
    if (duty === null) await execute(tx, sql`delete from submission where id = ${id}`)
  }
}

/** Also who waits in a queue. One that is being reset is stopped by the worker, once it can be. */
async function stopAll(tx: Db, order: Order): Promise<void> {
  const rows = await many<{ id: string }>(
    tx,
    sql`select id from workspace where person_id = ${order.personId} order by id`,
  )
  for (const { id: workspaceId } of rows)
    await stopWorkspace(tx, {
      ...{ workspaceId, actor: order.actor, now: order.now, reason: 'erasure' },
    })
}

async function orderVolumes(tx: Db, { volumes }: ErasurePlan, now: Date): Promise<void> {
  const ids = volumes.map(({ id }) => id)
  await execute(
    tx,
    sql`update volume set state = 'purging', state_at = ${now}, erased_at = ${now} where id = any(${ids}::uuid[])`,
  )
  await execute(
    tx,
    sql`insert into purge (id, volume_id, ordered_at, reason) select id, volume_id, ${now}, 'erasure'
        from unnest(${ids.map(newId)}::uuid[], ${ids}::uuid[]) as p (id, volume_id)
        on conflict (volume_id) where done_at is null do update set reason = 'erasure'`,
  )
}

/** What is left is a pseudonym that leads to nobody: who launches again is somebody new. */
async function forgetPerson(tx: Db, { personId, now }: Order): Promise<void> {
  await execute(
    tx,
    sql`update person set platform_id = null, sub = null, display_name = null, email = null, erased_at = ${now}
        where id = ${personId}`,
  )
  await execute(
    tx,
    sql`update workspace set turn_mail = null, open_path = null where person_id = ${personId}`,
  )
  await execute(
    tx,
    sql`with logins as (delete from login where person_id = ${personId}),
          codes as (delete from login_code where person_id = ${personId}),
          links as (delete from deep_link where person_id = ${personId}),
          shares as (delete from course_share where person_id = ${personId}),
          teams as (delete from reviewer where person_id = ${personId}),
          groups as (delete from lms_resource_member where person_id = ${personId})
        delete from membership where person_id = ${personId}`,
  )
}

/**
 * A line of the ledger that this record does not know: a database from before it was brought back. Answers whether somebody
 * had to be erased once more.
 */
export async function replayErasure(
  tx: Db,
  of: { line: LedgerLine; ring: KeyRing; now: Date },
): Promise<boolean> {
  const { line, ring, now } = of
  if (line.of !== undefined) {
    // Who it was of is erased by the line before it; of what it names disks are looked through.
    const known = await execute(
      tx,
      sql`insert into erasure_line (id, erasure_id, line, created_at)
          select ${line.id}, id, ${JSON.stringify(line)}, ${now} from erasure where id = ${line.of} on conflict do nothing`,
    )
    if (known > 0) return false
  }
  const rows = await many<{ id: string; key: string }>(
    tx,
    // Who came after it is there by their own will.
    sql`select person.id, ${personKey} as key from person left join platform on platform.id = platform_id
        where erased_at is null and person.created_at <= ${line.at}::timestamptz`,
  )
  const found = rows.find(({ key }) => ledgerHash(ring, line.keyId, 'person', key) === line.person)
  const actor: Actor = { name: 'ledger', role: 'labplan' }
  const order = { by: 'replay', actor, ring, now, line } as const
  if (found && (await orderErasure(tx, { ...order, personId: found.id }))) return true
  await execute(
    tx,
    sql`insert into erasure (id, line, ordered_by, ordered_at, state, state_at)
        values (${line.id}, ${JSON.stringify(line)}, 'replay', ${line.at}, 'done', ${now}) on conflict do nothing`,
  )
  return false
}

export async function ledgerLines(db: Db): Promise<LedgerLine[]> {
  const rows = await many<{ line: LedgerLine }>(
    db,
    sql`select line from (
          select line, ordered_at as at, id, 1 as rank from erasure
          union all select line, created_at, id, 2 from erasure_line) as ledger order by rank, at, id`,
  )
  return rows.map(({ line }) => line)
}

/** How many are still to be finished, those that only a duty keeps open left out. */
export async function openErasures(db: Db): Promise<number> {
  const { count } = await one<{ count: number }>(
    db,
    sql`select count(*)::int as count from erasure where state = 'open'`,
  )
  return count
}
