/**
 * What the LTI handshake keeps: endpoints and keys of each platform, access tokens of its services, nonces
 * that were used. Private keys and tokens are sealed; reads filter on age themselves, the purge is housekeeping.
 */
import { createHash } from 'node:crypto'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'
import type { KeyRing } from '../key-ring.ts'
import type { PlatformState } from './platform.ts'

export type LtiPlatform = {
  id: string
  zone_id: string
  issuer: string
  client_id: string
  name: string
  state: PlatformState
  auth_url: string
  token_url: string
  token_audience: string
  key_set_url: string
  kid: string
}

const platformColumns = sql`platform.id, platform.zone_id, platform.issuer, platform.client_id, platform.name,
  platform.state, lti_platform.auth_url, lti_platform.token_url, lti_platform.token_audience,
  lti_platform.key_set_url, lti_platform.kid`

/** All registrations of one issuer: usually one, two when an LMS registered as a new tool again. */
export async function ltiPlatformsOf(db: Db, issuer: string): Promise<LtiPlatform[]> {
  return many<LtiPlatform>(
    db,
    sql`select ${platformColumns} from platform join lti_platform on lti_platform.platform_id = platform.id
        where platform.issuer = ${issuer} order by platform.created_at`,
  )
}

export async function ltiPlatform(db: Db, id: string): Promise<LtiPlatform> {
  return one<LtiPlatform>(
    db,
    sql`select ${platformColumns} from platform join lti_platform on lti_platform.platform_id = platform.id
        where platform.id = ${id}`,
  )
}

export type Registration = {
  zoneId: string
  issuer: string
  clientId: string
  name: string
  authUrl: string
  tokenUrl: string
  tokenAudience: string
  keySetUrl: string
}

export type KeyPair = { kid: string; publicKey: string; privateKey: string }

/**
 * Keeps what a platform said of itself. A new one is `pending` and brings the key pair we made for it; one that
 * registers again keeps its state, its key pair and its zone, so that nothing has to be activated twice and no
 * signature is invalidated.
 */
export async function keepLtiPlatform(
  tx: Db,
  platform: { registration: Registration; keys: KeyPair | undefined; ring: KeyRing; now: Date },
): Promise<{ id: string; state: PlatformState; isNew: boolean }> {
  const { registration, now } = platform
  const id = newId()
  const kept = await one<{ id: string; state: PlatformState }>(
    tx,
    sql`insert into platform (id, zone_id, issuer, client_id, name, state, state_at, created_at)
        values (${id}, ${registration.zoneId}, ${registration.issuer}, ${registration.clientId},
          ${registration.name}, 'pending', ${now}, ${now})
        on conflict (issuer, client_id) do update set name = excluded.name
        returning id, state`,
  )
  const { keys } = platform
  if (keys) await keepEndpoints(tx, { ...platform, keys, platformId: kept.id })
  else await renewEndpoints(tx, { registration, platformId: kept.id, now })
  return { ...kept, isNew: kept.id === id }
}

type Endpoints = { platformId: string; registration: Registration; now: Date }

async function keepEndpoints(
  tx: Db,
  platform: Endpoints & { keys: KeyPair; ring: KeyRing },
): Promise<void> {
  const { registration, keys } = platform
  const sealed = platform.ring.seal(keys.privateKey, keyContext(keys.kid))
  await execute(
    tx,
    sql`insert into lti_platform (platform_id, auth_url, token_url, token_audience, key_set_url, kid, public_key,
          private_key_id, private_key, registered_at)
        values (${platform.platformId}, ${registration.authUrl}, ${registration.tokenUrl}, ${registration.tokenAudience},
          ${registration.keySetUrl}, ${keys.kid}, ${keys.publicKey}, ${sealed.keyId}, ${sealed.bytes}, ${platform.now})`,
  )
}

async function renewEndpoints(tx: Db, { platformId, registration, now }: Endpoints): Promise<void> {
  await execute(
    tx,
    sql`update lti_platform set auth_url = ${registration.authUrl}, token_url = ${registration.tokenUrl},
          token_audience = ${registration.tokenAudience}, key_set_url = ${registration.keySetUrl}, registered_at = ${now}
        where platform_id = ${platformId}`,
  )
}

const keyContext = (kid: string): string => `lti private key ${kid}`

/** Public halves of our key pairs, for `/lti/keys`. */
export async function publicKeys(db: Db): Promise<{ kid: string; key: string }[]> {
  return many(db, sql`select kid, public_key as key from lti_platform order by kid`)
}

export async function findPrivateKey(
  db: Db,
  ring: KeyRing,
  kid: string,
): Promise<string | undefined> {
  const row = await findOne<{ private_key_id: string; private_key: Buffer }>(
    db,
    sql`select private_key_id, private_key from lti_platform where kid = ${kid}`,
  )
  if (!row) return undefined
  const sealed = { keyId: row.private_key_id, bytes: row.private_key }
  return ring.open(sealed, keyContext(kid)).toString('utf8')
}

type TokenOf = { issuer: string; clientId: string; scopes: string }

/** A service token that has not expired, as the platform gave it, with the time it was kept. */
export async function findAccessToken(
  db: Db,
  ring: KeyRing,
  of: TokenOf & { now: Date },
): Promise<{ token: unknown; createdAt: number } | undefined> {
  const row = await findOne<{ key_id: string; token: Buffer; created_at: Date }>(
    db,
    sql`select key_id, token, lti_access_token.created_at from lti_access_token
        join platform on platform.id = platform_id
        where issuer = ${of.issuer} and client_id = ${of.clientId} and scopes = ${of.scopes}
          and expires_at > ${of.now}`,
  )
  if (!row) return undefined
  const plain = ring.open({ keyId: row.key_id, bytes: row.token }, tokenContext(of))
  return { token: JSON.parse(plain.toString('utf8')), createdAt: row.created_at.getTime() }
}

export async function keepAccessToken(
  db: Db,
  ring: KeyRing,
  kept: TokenOf & { token: unknown; now: Date; expiresAt: Date },
): Promise<void> {
  const sealed = ring.seal(JSON.stringify(kept.token), tokenContext(kept))
  await execute(
    db,
    sql`insert into lti_access_token (platform_id, scopes, key_id, token, created_at, expires_at)
        select id, ${kept.scopes}, ${sealed.keyId}, ${sealed.bytes}, ${kept.now}, ${kept.expiresAt} from platform
        where issuer = ${kept.issuer} and client_id = ${kept.clientId}
        on conflict (platform_id, scopes) do update set key_id = excluded.key_id, token = excluded.token,
          created_at = excluded.created_at, expires_at = excluded.expires_at`,
  )
}

const tokenContext = (of: TokenOf): string => `lti token ${of.issuer} ${of.clientId} ${of.scopes}`

/** Marks a nonce as used; false when it already was. Of any number at the same moment, one gets true. */
export async function spendNonce(
  db: Db,
  nonce: { value: string; expiresAt: Date },
): Promise<boolean> {
  const hash = createHash('sha256').update(nonce.value).digest()
  const made = await execute(
    db,
    sql`insert into lti_nonce (nonce_hash, expires_at) values (${hash}, ${nonce.expiresAt}) on conflict do nothing`,
  )
  return made === 1
}

// A used code or link is still known for a day, so that its page can say "used" instead of "unknown".
const REMEMBERED_MS = 24 * 3_600_000

/** Deletes what is over: for a scheduled job, every minute or so. Answers how many rows went. */
export async function purgeLti(db: Db, now: Date): Promise<number> {
  const remembered = new Date(now.getTime() - REMEMBERED_MS)
  const gone = [
    await execute(db, sql`delete from lti_nonce where expires_at <= ${now}`),
    await execute(db, sql`delete from lti_access_token where expires_at <= ${now}`),
    await execute(db, sql`delete from deep_link where expires_at <= ${now}`),
    await execute(db, sql`delete from login where expires_at <= ${now}`),
    await execute(db, sql`delete from login_code where expires_at <= ${remembered}`),
    await execute(
      db,
      sql`delete from registration_link where expires_at <= ${remembered} and platform_id is null`,
    ),
  ]
  return gone.reduce((sum, count) => sum + count, 0)
}
