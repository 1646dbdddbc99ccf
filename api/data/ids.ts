/** Ids and secrets: where randomness enters the record. */
import { createHash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'

/**
 * A uuid v7 (RFC 9562): sorts after every one that this process made before, also in the same millisecond.
 * Node's own are in random order there, and lists that say "newest first" would be, too.
 */
export const newId = (): string => v7()

export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** `length` characters of RFC 4648 base32 in lower case: 5 random bits each, fit for host names. */
export function randomLabel(length: number): string {
  return Array.from(randomBytes(length), (byte) => BASE32[byte & 31]).join('')
}

/** An unguessable token for links and cookies: 256 bits, base64url. */
export const newToken = (): string => randomBytes(32).toString('base64url')

/** What is stored of a token: a stolen database opens no door. */
export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest()
