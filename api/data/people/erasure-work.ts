/** The rest of an erasure, as the worker does it: what is still to go, seats that are given back, and the receipt. */
import { canonicalJson, sha256 } from '../../../stacks/blueprint.ts'
import type { Text } from '../../../stacks/terms.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { laterLine, type LedgerLine } from './erasure-ledger.ts'
import { newId } from '../ids.ts'
import type { KeyRing } from '../key-ring.ts'
import { beginGeneration, sealNewCredential } from '../seats/seat.ts'
import { stopWorkspace } from '../workspaces/workspace-act.ts'

/** Stops what could not be stopped when it was ordered. */
export async function stopErased(tx: Db, now: Date): Promise<void> {
  const rows = await many<{ id: string }>(
    tx,
    sql`select workspace.id from workspace join erasure on erasure.person_id = workspace.person_id
        where workspace.state not in ('stopping', 'stopped', 'resetting') order by 1`,
  )
  const actor = { name: 'erasure', role: 'labplan' } as const
  for (const { id: workspaceId } of rows)
    await stopWorkspace(tx, { workspaceId, actor, now, reason: 'erasure' })
}

type Later = { ring: KeyRing; now: Date }

/** Volumes that came after it was ordered: a reset was under way. They go with the rest. Answers how many. */
export async function orderLateVolumes(tx: Db, { ring, now }: Later): Promise<number> {
  const rows = await many<{ id: string; name: string; erasure: string }>(
    tx,
    sql`update volume set state = 'purging', state_at = ${now}, erased_at = ${now}
        from erasure join workspace on workspace.person_id = erasure.person_id join seat on seat.id = workspace.seat_id
        where volume.seat_id = seat.id and volume.erased_at is null and volume.state <> 'purged'
          and workspace.state = 'stopped' and seat.state in ('absent', 'cold')
        returning volume.id, volume.name, erasure.id as erasure`,
  )
  for (const { id, name, erasure } of rows) {
    await execute(
      tx,
      sql`insert into purge (id, volume_id, ordered_at, reason) values (${newId()}, ${id}, ${now}, 'erasure')
          on conflict do nothing`,
    )
    await execute(
      tx,
      sql`insert into erasure_item (id, erasure_id, kind, name, course, number, state)
          select ${newId()}, ${erasure}, 'volume', ${name}, course.key, seat.number, 'wanted'
          from volume join seat on seat.id = volume.seat_id join course on course.id = seat.course_id
          where volume.id = ${id} on conflict do nothing`,
    )
    await noteLater(tx, { erasure, ring, now, volumes: [name] })
  }
  return rows.length
}

/** For the ledger, which has what was known when it was ordered. */
async function noteLater(
  tx: Db,
  more: Later & { erasure: string; volumes?: string[]; submissions?: string[] },
): Promise<void> {
  const { line: first } = await one<{ line: LedgerLine }>(
    tx,
    sql`select line from erasure where id = ${more.erasure}`,
  )
  const line = laterLine(more.ring, first, { ...more, id: newId() })
  await execute(
    tx,
    sql`insert into erasure_line (id, erasure_id, line, created_at)
        values (${line.id}, ${more.erasure}, ${JSON.stringify(line)}, ${more.now})`,
  )
}

/** A duty that is over holds nothing any more. Answers of how many submissions. */
export async function endDuties(tx: Db, { ring, now }: Later): Promise<number> {
  const rows = await many<{ name: string; erasure_id: string }>(
    tx,
    sql`update erasure_item set state = 'wanted' where state = 'kept' and kept_until <= ${now} returning name, erasure_id`,
  )
  const ids = (of: 'name' | 'erasure_id') => rows.map((row) => row[of])
  await execute(tx, sql`delete from submission where id = any(${ids('name')}::uuid[])`)
  await execute(
    tx,
    sql`update erasure set state = 'open', state_at = ${now} where id = any(${ids('erasure_id')}::uuid[])`,
  )
  for (const erasure of new Set(ids('erasure_id'))) {
    const submissions = rows.filter((row) => row.erasure_id === erasure).map(({ name }) => name)
    await noteLater(tx, { erasure, ring, now, submissions })
  }
  return rows.length
}

/** Ids of what was handed in and has to go from the disk. */
export async function submissionsToForget(db: Db): Promise<{ item: string; id: string }[]> {
  return many(
    db,
    sql`select id as item, name as id from erasure_item where kind = 'submission' and state = 'wanted' order by id`,
  )
}

export async function markForgotten(tx: Db, item: string, now: Date): Promise<void> {
  await execute(
    tx,
    sql`update erasure_item set state = 'gone', gone_at = ${now} where id = ${item}`,
  )
}

/** Volumes whose purge has its receipt. */
export async function settleVolumes(tx: Db, now: Date): Promise<void> {
  await execute(
    tx,
    sql`update erasure_item set state = 'gone', gone_at = ${now} from volume
        where kind = 'volume' and erasure_item.state = 'wanted' and volume.name = erasure_item.name and volume.state = 'purged'`,
  )
}

/**
 * Gives back the seats of who was erased, once nothing of theirs is in them: the next generation begins, with another
 * credential and other host names, and somebody else may take the number.
 */
export async function releaseSeats(tx: Db, ring: KeyRing): Promise<void> {
  const rows = await many<{ workspace: string; seat: string }>(
    tx,
    sql`select workspace.id as workspace, seat.id as seat from erasure join workspace on workspace.person_id = erasure.person_id
          join seat on seat.id = workspace.seat_id
        where workspace.state = 'stopped' and seat.state in ('absent', 'cold') and not seat.held
          and not exists (select from volume where volume.seat_id = seat.id and volume.state = 'purging')
        for update of seat`,
  )
  for (const { workspace, seat } of rows) {
    const { keyId, bytes } = sealNewCredential(ring, seat)
    await execute(
      tx,
      sql`update seat set taken = false, wanted_on = false, wanted_generation = generation + 1, credential_key_id = ${keyId},
            credential = ${bytes}, start_failures = 0, start_after = null where id = ${seat}`,
    )
    await execute(tx, sql`update workspace set seat_id = null where id = ${workspace}`)
    await beginGeneration(tx, { id: seat })
  }
}

type Finishable = { id: string; person_id: string; ordered_by: string; ordered_at: Date }

const nothingLeft = sql`state = 'open'
  and not exists (select from erasure_item where erasure_id = erasure.id and state = 'wanted')
  and not exists (select from workspace where person_id = erasure.person_id
    and (seat_id is not null or state <> 'stopped'))`

/** Those that have nothing left to go, and no receipt yet. */
export async function finishable(db: Db): Promise<string[]> {
  const rows = await many<{ id: string }>(
    db,
    sql`select id from erasure where ${nothingLeft} order by id`,
  )
  return rows.map(({ id }) => id)
}

/** Writes its receipt and answers the number; undefined where something of it came meanwhile, or it has one. */
export async function finishErasure(
  tx: Db,
  of: { id: string; installation: string; now: Date },
): Promise<number | undefined> {
  const erasure = await findOne<Finishable>(
    tx,
    sql`select id, person_id, ordered_by, ordered_at from erasure where id = ${of.id} and ${nothingLeft} for update`,
  )
  return erasure && finish(tx, erasure, of)
}

async function finish(
  tx: Db,
  erasure: Finishable,
  { installation, now }: { installation: string; now: Date },
): Promise<number> {
  // One at a time, so that the chain has no fork.
  await execute(tx, sql`lock table erasure_receipt in share row exclusive mode`)
  const last = await findOne<{ number: number; hash: string }>(
    tx,
    sql`select number, hash from erasure_receipt order by number desc limit 1`,
  )
  const number = (last?.number ?? 0) + 1
  const { gone, kept } = await proofOf(tx, erasure.id)
  const body = canonicalJson({
    ...{ apiVersion: 'labplan/v1', kind: 'ErasureReceipt', installation },
    ...{ number, previous: last?.hash ?? null, erasure: erasure.id, orderedBy: erasure.ordered_by },
    times: { orderedAt: erasure.ordered_at.toISOString(), doneAt: now.toISOString() },
    ...{ left: await leftOf(tx, erasure.person_id), gone, kept },
  })
  await execute(
    tx,
    sql`insert into erasure_receipt (number, erasure_id, body, hash, created_at)
        values (${number}, ${erasure.id}, ${body}, ${sha256(body)}, ${now})`,
  )
  const isDone = kept.length === 0
  await execute(
    tx,
    sql`update erasure set state = ${isDone ? 'done' : 'kept'}, state_at = ${now},
          kept_name = case when ${isDone} then null else kept_name end,
          person_id = case when ${isDone} then null else person_id end where id = ${erasure.id}`,
  )
  return number
}

/** Looked at now, and not remembered: what of a person the record still has. */
async function leftOf(tx: Db, personId: string): Promise<Record<string, boolean | number>> {
  return one(
    tx,
    sql`select display_name is not null as name, email is not null as address, sub is not null as "lmsIdentity",
          (select count(*)::int from login where person_id = person.id) as logins,
          (select count(*)::int from membership where person_id = person.id) as memberships,
          (select count(*)::int from workspace where person_id = person.id and seat_id is not null) as seats
        from person where id = ${personId}`,
  )
}

type ItemRow = {
  kind: 'volume' | 'submission'
  name: string
  course: string
  number: number
  state: 'kept' | 'gone'
  reason: Text | null
  kept_until: Date | null
  gone_at: Date | null
  purge: number | null
}

/** Of each volume the number of its purge's receipt, which has the agent's word. */
async function proofOf(tx: Db, erasureId: string): Promise<{ gone: object[]; kept: object[] }> {
  const rows = await many<ItemRow>(
    tx,
    sql`select kind, item.name, item.course, item.number, item.state, item.reason, kept_until, gone_at,
          (select max(purge.number) from purge join volume on volume.id = volume_id where volume.name = item.name) as purge
        from erasure_item item where erasure_id = ${erasureId} order by kind, item.course, item.number, item.name`,
  )
  const plain = ({ kind, name, course, number }: ItemRow) => ({ kind, name, course, number })
  const gone = rows
    .filter(({ state }) => state === 'gone')
    .map((row) => ({
      ...plain(row),
      goneAt: row.gone_at?.toISOString() ?? null,
      ...(row.kind === 'volume' ? { purgeReceipt: row.purge } : { file: false, row: false }),
    }))
  const kept = rows
    .filter(({ state }) => state === 'kept')
    .map((row) => ({
      ...{ ...plain(row), reason: row.reason, until: row.kept_until?.toISOString() ?? null },
    }))
  return { gone, kept }
}

/** Names that a disk has and that were erased, as the record knows them: what is to go once more. */
export async function volumesByName(
  db: Db,
  names: string[],
): Promise<Map<string, { id: string; state: string }>> {
  const rows = await many<{ name: string; id: string; state: string }>(
    db,
    sql`select name, id, state from volume where name = any(${names}::text[])`,
  )
  return new Map(rows.map((row) => [row.name, row]))
}

export async function knownSubmissions(db: Db, ids: string[]): Promise<Set<string>> {
  const rows = await many<{ id: string }>(
    db,
    sql`select id from submission where id = any(${ids}::uuid[])`,
  )
  return new Set(rows.map(({ id }) => id))
}
