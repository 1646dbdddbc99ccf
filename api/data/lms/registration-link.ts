/** One-time links that let an LMS administrator register their platform: made by ours, kept as a hash. */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { newId, newToken, tokenHash } from '../ids.ts'

const LINK_HOURS = 1

export type RegistrationLink = {
  id: string
  zone_id: string
  name: string
  created_at: Date
  expires_at: Date
  used_at: Date | null
  platform_id: string | null
}

const columns = sql`id, zone_id, name, created_at, expires_at, used_at, platform_id`

/** `token` is the secret part of `/lti/register?token=`; it is shown once. */
export async function issueRegistrationLink(
  tx: Db,
  link: { name: string; zoneKey?: string; actor: Actor; now: Date },
): Promise<RegistrationLink & { token: string }> {
  const token = newToken()
  const expiresAt = new Date(link.now.getTime() + LINK_HOURS * 3_600_000)
  const made = await one<RegistrationLink>(
    tx,
    sql`insert into registration_link (id, zone_id, name, token_hash, created_at, expires_at)
        select ${newId()}, id, ${link.name}, ${tokenHash(token)}, ${link.now}, ${expiresAt}
        from zone where key = ${link.zoneKey ?? 'default'}
        returning ${columns}`,
  )
  await audit(tx, {
    actor: link.actor,
    action: 'registration-link.issue',
    subject: { kind: 'registration_link', id: made.id },
    now: link.now,
  })
  return { ...made, token }
}

export async function listRegistrationLinks(db: Db): Promise<RegistrationLink[]> {
  return many<RegistrationLink>(
    db,
    sql`select ${columns} from registration_link order by created_at desc, id desc`,
  )
}

/** Withdraws a link nobody has used yet; answers whether there was one. */
export async function withdrawRegistrationLink(
  tx: Db,
  link: { id: string; actor: Actor; now: Date },
): Promise<boolean> {
  const gone = await execute(
    tx,
    sql`delete from registration_link where id = ${link.id} and used_at is null`,
  )
  if (gone === 0) return false
  await audit(tx, {
    actor: link.actor,
    action: 'registration-link.withdraw',
    subject: { kind: 'registration_link', id: link.id },
    now: link.now,
  })
  return true
}

export type LinkState = 'open' | 'used' | 'expired' | 'unknown'

export async function registrationLinkState(
  db: Db,
  link: { token: string; now: Date },
): Promise<LinkState> {
  const found = await findOne<RegistrationLink>(
    db,
    sql`select ${columns} from registration_link where token_hash = ${tokenHash(link.token)}`,
  )
  if (!found) return 'unknown'
  if (found.used_at) return 'used'
  return found.expires_at > link.now ? 'open' : 'expired'
}

/** Takes the link for one registration: of two at the same moment, one gets it. */
export async function takeRegistrationLink(
  db: Db,
  link: { token: string; now: Date },
): Promise<RegistrationLink | undefined> {
  return findOne<RegistrationLink>(
    db,
    sql`update registration_link set used_at = ${link.now}
        where token_hash = ${tokenHash(link.token)} and used_at is null and expires_at > ${link.now}
        returning ${columns}`,
  )
}

/** The registration failed before anything came of it: its link may be tried again while it lives. */
export async function giveBackRegistrationLink(db: Db, id: string): Promise<void> {
  await execute(
    db,
    sql`update registration_link set used_at = null where id = ${id} and platform_id is null`,
  )
}

export async function closeRegistrationLink(
  tx: Db,
  link: { id: string; platformId: string },
): Promise<void> {
  await execute(
    tx,
    sql`update registration_link set platform_id = ${link.platformId} where id = ${link.id}`,
  )
}
