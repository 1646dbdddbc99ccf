/**
 * People: by platform and `sub`, never by e-mail; and their role in an LMS course, which holds there only.
 */
import { audit } from '../audit.ts'
import { type Db, findOne, one, sql } from '../db.ts'
import { newId, randomLabel } from '../ids.ts'

export type Role = 'student' | 'teacher'

/** What infrastructure, Git, logs and audit call a person. */
export const newPseudonym = (): string => `p-${randomLabel(10)}`

/**
 * Who launched, and their role in the LMS course they came from. Names are optional, and what the LMS says now
 * holds: when it stops sending names, we forget them. `editsPlans` is proven by deep linking or the LMS's list
 * (roster.ts); an ordinary launch keeps what was proven, as long as it is still a teacher's. Teachers are written
 * to (notice.ts), so a teacher's launch leaves an address; a student's only while they wait (turn-mail.ts). Who comes is no longer dormant; a student who is new,
 * or back, may change how many a course is for.
 *
 * One statement, because it is on the way of every launch.
 */
export async function keepMember(
  tx: Db,
  member: {
    platformId: string
    zoneId: string
    sub: string
    displayName: string | null
    email: string | null
    locale: 'en' | 'fr'
    lmsContextId: string
    role: Role
    editsPlans: boolean
    now: Date
  },
): Promise<{ id: string; pseudonym: string }> {
  const teaches = member.role === 'teacher'
  return one(
    tx,
    sql`with kept as (
          insert into person (id, zone_id, platform_id, sub, pseudonym, display_name, email, locale, created_at, seen_at)
          values (${newId()}, ${member.zoneId}, ${member.platformId}, ${member.sub}, ${newPseudonym()},
            ${member.displayName}, ${teaches ? member.email : null}, ${member.locale}, ${member.now}, ${member.now})
          on conflict (platform_id, sub) do update set display_name = excluded.display_name,
            email = case when ${teaches}::boolean then excluded.email else person.email end,
            locale = excluded.locale, seen_at = excluded.seen_at, erased_at = null
          returning id, pseudonym
        ), membership_kept as (
          insert into membership (id, person_id, lms_context_id, role, edits_plans, state, state_at, seen_at)
          select ${newId()}, kept.id, ${member.lmsContextId}, ${member.role}, ${member.editsPlans}, 'active', ${member.now},
            ${member.now} from kept
          on conflict (person_id, lms_context_id) do update set role = excluded.role, seen_at = excluded.seen_at,
            edits_plans = excluded.role = 'teacher' and (membership.edits_plans or excluded.edits_plans), state = 'active',
            state_at = case when membership.state = 'active' and not membership.is_absent then membership.state_at
              else excluded.state_at end, is_absent = false
          returning role = 'student' and state_at = ${member.now} as is_news
        )
        select id, pseudonym, (select pg_notify('roster', '') from membership_kept where is_news) as told from kept`,
  )
}

/** Somebody of the infra team, who came by an invite and not from an LMS. */
export async function makeAdministrator(
  tx: Db,
  person: { locale: 'en' | 'fr'; now: Date },
): Promise<string> {
  const made = await one<{ id: string; pseudonym: string }>(
    tx,
    sql`insert into person (id, zone_id, pseudonym, locale, administrator, created_at, seen_at)
        select ${newId()}, id, ${newPseudonym()}, ${person.locale}, true, ${person.now}, ${person.now}
        from zone where key = 'default'
        returning id, pseudonym`,
  )
  await audit(tx, {
    actor: { name: made.pseudonym, role: 'administrator' },
    action: 'person.make-administrator',
    subject: { kind: 'person', id: made.id },
    now: person.now,
  })
  return made.id
}

export async function findMembership(
  db: Db,
  member: { personId: string; lmsContextId: string },
): Promise<{ role: Role; edits_plans: boolean } | undefined> {
  return findOne(
    db,
    sql`select role, edits_plans from membership
        where person_id = ${member.personId} and lms_context_id = ${member.lmsContextId}`,
  )
}

/** Whether somebody was seen editing one of these LMS courses (see keepMember). */
export async function editsPlansIn(
  db: Db,
  who: { personId: string; lmsContextIds: string[] },
): Promise<boolean> {
  const found = await findOne(
    db,
    sql`select 1 as edits from membership where person_id = ${who.personId} and edits_plans
        and lms_context_id = any(${who.lmsContextIds})`,
  )
  return found !== undefined
}
