/**
 * ltijs's Database plugin on our tables. Platforms and keys are written by our own registration; ltijs only
 * reads them here. It also wants to keep each launch's identity and context for a day, in clear: nothing ever
 * reads those (a launch is handed over in the same request, see provider.ts), so they are not kept.
 *
 * Rules of the interface, met the hard way: `Get` answers false for none, never []; an undefined value in a
 * query matches nothing; a platform without a status counts as active.
 */
import type { Database, Row } from 'ltijs'
import type { Pool } from '../data/db.ts'
import type { KeyRing } from '../data/key-ring.ts'
import {
  type LtiPlatform,
  findAccessToken,
  findPrivateKey,
  keepAccessToken,
  ltiPlatformsOf,
  publicKeys,
  spendNonce,
} from '../data/lms/lti-store.ts'
import { NONCE_SECONDS } from './nonce.ts'
import { scope } from './scope.ts'

const NOT_KEPT = new Set(['idtoken', 'contexttoken', 'state'])

export type StoreParts = { pool: Pool; ring: KeyRing; now(): Date }

export class LtiStore implements Database {
  #parts: StoreParts

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  async setup(): Promise<true> {
    return true
  }

  /** The pool belongs to the server. */
  async Close(): Promise<true> {
    return true
  }

  async Get(_key: string | false, collection: string, query: Row = {}): Promise<Row[] | false> {
    if (NOT_KEPT.has(collection)) return false
    const rows = Object.values(query).includes(undefined) ? [] : await this.#rows(collection, query)
    return rows.length > 0 ? rows : false
  }

  async #rows(collection: string, query: Row): Promise<Row[]> {
    const { pool, ring, now } = this.#parts
    if (collection === 'platform') return (await this.#platforms(query)).map(platformRow)
    if (collection === 'platformStatus') return [{ id: query['id'], active: isActive() }]
    if (collection === 'publickey') return publicKeys(pool)
    if (collection === 'privatekey') {
      const key = await findPrivateKey(pool, ring, String(query['kid']))
      return key ? [{ kid: query['kid'], key }] : []
    }
    if (collection === 'accesstoken') {
      const found = await findAccessToken(pool, ring, { ...tokenOf(query), now: now() })
      return found ? [found] : []
    }
    // Unseen until Insert says otherwise: looking first would let parallel replays pass together.
    if (collection === 'nonce') return []
    throw unknownCollection(collection)
  }

  async #platforms(query: Row): Promise<LtiPlatform[]> {
    const known = scope.getStore()?.platform
    if (known) return matches(known, query) ? [known] : []
    const found = await ltiPlatformsOf(this.#parts.pool, String(query['platformUrl']))
    return found.filter((platform) => platform.state === 'active' && matches(platform, query))
  }

  async Insert(_key: string | false, collection: string, item: Row): Promise<true> {
    if (collection !== 'nonce') throw unknownCollection(collection)
    const expiresAt = new Date(this.#parts.now().getTime() + NONCE_SECONDS * 1000)
    const isFirst = await spendNonce(this.#parts.pool, { value: String(item['nonce']), expiresAt })
    if (!isFirst) throw new Error('NONCE_ALREADY_RECEIVED')
    return true
  }

  async Replace(
    _key: string | false,
    collection: string,
    query: Row,
    item: Row,
    index: Row = {},
  ): Promise<true> {
    if (NOT_KEPT.has(collection)) return true
    if (collection !== 'accesstoken') throw unknownCollection(collection)
    const { pool, ring, now } = this.#parts
    const token = item['token'] as { expires_in?: number }
    const expiresAt = new Date(now().getTime() + (token.expires_in ?? 60) * 1000)
    const of = tokenOf({ ...query, ...index })
    await keepAccessToken(pool, ring, { ...of, token, now: now(), expiresAt })
    return true
  }

  async Modify(_key: string | false, collection: string): Promise<never> {
    throw unknownCollection(collection)
  }

  async Delete(collection: string): Promise<true> {
    if (NOT_KEPT.has(collection)) return true
    throw unknownCollection(collection)
  }
}

function matches(platform: LtiPlatform, query: Row): boolean {
  const fields: Row = {
    platformUrl: platform.issuer,
    clientId: platform.client_id,
    kid: platform.kid,
  }
  return Object.entries(query).every(([name, value]) => fields[name] === value)
}

/** As ltijs reads it: endpoints, and the key its tokens are verified with. */
function platformRow(platform: LtiPlatform): Row {
  const signingKey = scope.getStore()?.signingKey
  return {
    platformName: platform.name,
    platformUrl: platform.issuer,
    clientId: platform.client_id,
    authEndpoint: platform.auth_url,
    accesstokenEndpoint: platform.token_url,
    authorizationServer: platform.token_audience,
    kid: platform.kid,
    authConfig: signingKey
      ? { method: 'RSA_KEY', key: signingKey }
      : { method: 'JWK_SET', key: platform.key_set_url },
  }
}

// Outside a request only active platforms are found at all (see #platforms).
const isActive = (): boolean => (scope.getStore()?.platform.state ?? 'active') === 'active'

const tokenOf = (query: Row) => ({
  issuer: String(query['platformUrl']),
  clientId: String(query['clientId']),
  scopes: String(query['scopes']),
})

const unknownCollection = (name: string): Error =>
  new Error(`ltijs wants to change "${name}", which is ours to write: see api/lti/registration.ts.`)
