/**
 * Who is in which team of the policy. Administrators, and the operator, are in `administrators`; whoever merges in
 * Git is in `git`; the others are rows, since the policy is in Git and names nobody. They are under the head's seal.
 */
import { type Actor, audit } from '../audit.ts'
import { lockHead } from './blueprint.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import type { KeyRing } from '../key-ring.ts'
import { checkDocuments, sealHead } from './seal.ts'

export async function teamsOf(db: Db, actor: Actor): Promise<string[]> {
  if (actor.role === 'operator') return ['administrators']
  if (actor.role === 'reviewer') return ['git']
  const rows = await many<{ team: string }>(
    db,
    sql`select team from reviewer join person on person.id = person_id where pseudonym = ${actor.name} order by team`,
  )
  const teams = rows.map((row) => row.team)
  const { administrator = false } =
    (await findOne<{ administrator: boolean }>(
      db,
      sql`select administrator from person where pseudonym = ${actor.name} and erased_at is null`,
    )) ?? {}
  return administrator ? ['administrators', ...teams] : teams
}

/** How many people of these teams there are besides the actor. Who may push to Git, nobody here can count. */
export async function othersIn(db: Db, who: { teams: string[]; actor: Actor }): Promise<number> {
  const { count } = await one<{ count: number }>(
    db,
    sql`select count(*)::int as count from person
        where erased_at is null and pseudonym <> ${who.actor.name}
          and ((administrator and 'administrators' = any(${who.teams}::text[]))
            or exists (select from reviewer where person_id = person.id and team = any(${who.teams}::text[])))`,
  )
  return count
}

export type Reviewer = { pseudonym: string; name: string | null; teams: string[] }

/** Everybody who is in a team, by pseudonym. */
export async function reviewers(db: Db): Promise<Reviewer[]> {
  return many<Reviewer>(
    db,
    sql`select pseudonym, display_name as name,
          case when administrator then '{administrators}'::text[] else '{}' end ||
            coalesce((select array_agg(team order by team) from reviewer where person_id = person.id), '{}') as teams
        from person where erased_at is null
          and (administrator or exists (select from reviewer where person_id = person.id)) order by pseudonym`,
  )
}

/** False when nobody is known by this pseudonym. Throws AlteredRecord when somebody else wrote into the teams. */
export async function putInTeam(
  tx: Db,
  put: {
    pseudonym: string
    team: string
    isIn: boolean
    actor: Actor
    ring: KeyRing
    now: Date
  },
): Promise<boolean> {
  const { pseudonym, team, isIn, actor, ring, now } = put
  await lockHead(tx)
  await checkDocuments(tx, ring)
  const person = await findOne<{ id: string }>(
    tx,
    sql`select id from person where pseudonym = ${pseudonym} and erased_at is null`,
  )
  if (!person) return false
  await execute(
    tx,
    isIn
      ? sql`insert into reviewer (person_id, team, created_at) values (${person.id}, ${team}, ${now}) on conflict do nothing`
      : sql`delete from reviewer where person_id = ${person.id} and team = ${team}`,
  )
  await sealHead(tx, ring)
  await audit(tx, {
    ...{ actor, action: isIn ? 'reviewer.add' : 'reviewer.remove', now },
    ...{ subject: { kind: 'person', id: person.id }, detail: { team } },
  })
  return true
}
