/**
 * Lists of LMS courses as they are read: who comes, who left, what went wrong (roster-view.ts counts them). Of who was
 * never here only the LMS's identifier is kept: a name comes with its person's own launch.
 */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, notify, sql } from '../db.ts'
import { newId } from '../ids.ts'
import { newPseudonym } from '../people/person.ts'

/** A list that is being read belongs to one reader for so long. */
const TAKEN_MS = 5 * 60_000
/** Who was here so recently is a student, whatever a list says: an LMS may list people late, or never. */
const HERE_MS = 24 * 3_600_000

/** A list to read, with the activities of ours in its LMS course. */
export type RosterToRead = {
  id: string
  platform_id: string
  roster_url: string
  activities: { id: string; resourceLinkId: string }[]
}

/** Takes the right to read a list; undefined when there is none to read, or somebody reads it. */
export async function takeRoster(
  db: Db,
  of: { lmsContextId: string; now: Date },
): Promise<RosterToRead | undefined> {
  const until = new Date(of.now.getTime() + TAKEN_MS)
  return findOne<RosterToRead>(
    db,
    sql`update lms_context here set roster_taken_until = ${until}, roster_tried_at = ${of.now}
        where id = ${of.lmsContextId} and roster_url is not null
          and (roster_taken_until is null or roster_taken_until <= ${of.now})
        returning id, platform_id, roster_url,
          (select coalesce(json_agg(json_build_object('id', resource.id, 'resourceLinkId', resource.resource_link_id)
              order by resource.id), '[]')
            from lms_resource resource where resource.lms_context_id = here.id and resource.course_id is not null) as activities`,
  )
}

/** Whether somebody comes because a list said so. */
export async function hasListed(db: Db, lmsContextId: string): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 as listed from membership where lms_context_id = ${lmsContextId} and state = 'active'
        and listed_at is not null limit 1`,
  )
  return found !== undefined
}

/** One of a list. `isTeacher` as the list says it, which calls assistants students. */
export type Listed = { sub: string; isTeacher: boolean }

export type RosterRead = {
  lmsContextId: string
  members: Listed[]
  /** Activities that only some of them see: their subs, by the activity's id. */
  restricted: Map<string, string[]>
  now: Date
}

export type RosterDifference = { students: number; joined: number; left: number }

/** What the list says holds from now on. Answers how it differs from before; in the same transaction it is written down. */
export async function keepRoster(tx: Db, read: RosterRead): Promise<RosterDifference> {
  const { lmsContextId, now } = read
  // Two readings of one list, or a list and a decision about it, one after the other.
  await tx.query('select 1 from lms_context where id = $1 for no key update', [lmsContextId])
  const before = await coming(tx, lmsContextId)
  await keepListed(tx, read)
  await letGo(tx, read)
  await keepRestrictions(tx, read)
  const after = await coming(tx, lmsContextId)
  const [was, is] = [new Set(before), new Set(after)]
  const difference = {
    students: after.length,
    joined: after.filter((id) => !was.has(id)).length,
    left: before.filter((id) => !is.has(id)).length,
  }
  await execute(
    tx,
    sql`update lms_context set roster_read_at = ${now}, roster_failures = 0, roster_code = null,
          roster_params = '{}', roster_taken_until = null where id = ${lmsContextId}`,
  )
  if (difference.joined + difference.left > 0)
    await audit(tx, {
      ...{ actor: reader, action: READ, now, detail: difference },
      subject: { kind: 'lms_context', id: lmsContextId },
    })
  await notify(tx, 'roster')
  await notify(tx, 'workspace')
  return difference
}

/** In the audit log. */
export const READ = 'roster.read'
const reader: Actor = { name: 'roster', role: 'labplan' }

async function coming(tx: Db, lmsContextId: string): Promise<string[]> {
  const rows = await many<{ person_id: string }>(
    tx,
    sql`select person_id from membership where lms_context_id = ${lmsContextId} and role = 'student' and state = 'active'`,
  )
  return rows.map((row) => row.person_id)
}

/**
 * Who is listed comes. A list calls an assistant a student (Moodle): who launched as a teacher stays one, and edits
 * plans only where the list says so.
 */
async function keepListed(tx: Db, { lmsContextId, members, now }: RosterRead): Promise<void> {
  const people = members.map(() => newId())
  const pseudonyms = members.map(newPseudonym)
  const rows = members.map(() => newId())
  await execute(
    tx,
    sql`with listed as (
          select * from unnest(${people}::uuid[], ${pseudonyms}::text[], ${rows}::uuid[],
            ${members.map((one) => one.sub)}::text[], ${members.map((one) => one.isTeacher)}::boolean[])
            as listed (person_id, pseudonym, row_id, sub, teaches)
        ), made as (
          insert into person (id, zone_id, platform_id, sub, pseudonym, locale, created_at, seen_at)
          select listed.person_id, platform.zone_id, platform.id, listed.sub, listed.pseudonym, zone.locale, ${now}, ${now}
          from listed, lms_context join platform on platform.id = lms_context.platform_id
            join zone on zone.id = platform.zone_id
          where lms_context.id = ${lmsContextId}
          on conflict (platform_id, sub) do nothing returning id, sub
        ), known as (
          select id, sub from made union all
          select person.id, person.sub from person join lms_context on lms_context.platform_id = person.platform_id
          where lms_context.id = ${lmsContextId} and person.sub in (select sub from listed)
        )
        insert into membership (id, person_id, lms_context_id, role, edits_plans, state, state_at, listed_at)
        select listed.row_id, known.id, ${lmsContextId}, case when teaches then 'teacher' else 'student' end, teaches,
          'active', ${now}, ${now}
        from listed join known on known.sub = listed.sub
        on conflict (person_id, lms_context_id) do update set listed_at = excluded.listed_at, state = 'active',
          state_at = case when membership.state = 'active' then membership.state_at else excluded.state_at end,
          role = case when excluded.role = 'teacher' then 'teacher' else membership.role end,
          edits_plans = excluded.edits_plans`,
  )
}

/** Who is no longer listed is dormant, unless they were just here; and edits no plan, unless just proven otherwise. */
async function letGo(tx: Db, { lmsContextId, now }: RosterRead): Promise<void> {
  const since = new Date(now.getTime() - HERE_MS)
  await execute(
    tx,
    sql`update membership set state = 'dormant', state_at = ${now}, edits_plans = false
        where lms_context_id = ${lmsContextId} and state = 'active' and listed_at is distinct from ${now}
          and (seen_at is null or seen_at <= ${since})`,
  )
}

async function keepRestrictions(tx: Db, read: RosterRead): Promise<void> {
  const ids = [...read.restricted.keys()]
  await execute(
    tx,
    sql`delete from lms_resource_member using lms_resource
        where resource_id = lms_resource.id and lms_context_id = ${read.lmsContextId}`,
  )
  for (const [id, subs] of read.restricted)
    await execute(
      tx,
      sql`insert into lms_resource_member (resource_id, person_id)
          select ${id}, person.id from person join lms_context on lms_context.platform_id = person.platform_id
          where lms_context.id = ${read.lmsContextId} and person.sub = any(${subs}::text[])`,
    )
  // One that no student sees is hidden for now, from all of them: it is shown when the class begins.
  await execute(
    tx,
    sql`update lms_resource here set is_restricted = id = any(${ids}::uuid[]) and exists (
          select from lms_resource_member one join membership on membership.person_id = one.person_id
            and membership.lms_context_id = here.lms_context_id
          where one.resource_id = here.id and membership.role = 'student')
        where lms_context_id = ${read.lmsContextId}`,
  )
}

/** Who enters by an activity that only some see is one of them, before any list says so. */
export async function admitToActivity(
  tx: Db,
  entry: { resourceId: string; personId: string },
): Promise<void> {
  await execute(
    tx,
    sql`insert into lms_resource_member (resource_id, person_id) values (${entry.resourceId}, ${entry.personId})
        on conflict do nothing`,
  )
}

/** A code of the catalogue, `roster.…`, with its parameters. */
export type RosterFailure = { code: string; params: Record<string, string | number> }

/** What it said last still holds; it is tried again later and later. */
export async function keepRosterFailure(
  db: Db,
  failed: { lmsContextId: string; failure: RosterFailure },
): Promise<void> {
  const { code, params } = failed.failure
  await execute(
    db,
    sql`with failed as (
          update lms_context set roster_failures = roster_failures + 1, roster_code = ${code},
            roster_params = ${JSON.stringify(params)}, roster_taken_until = null
          where id = ${failed.lmsContextId} returning id)
        select pg_notify('workspace', '') from failed`,
  )
}

/** A teacher is here: what they see should be of today. */
export async function askForRoster(
  tx: Db,
  asked: { lmsContextId: string; now: Date },
): Promise<void> {
  await execute(
    tx,
    sql`with asked as (
          update lms_context set roster_asked_at = ${asked.now}
          where id = ${asked.lmsContextId} and roster_url is not null returning id)
        select pg_notify('roster-due', '') from asked`,
  )
}
