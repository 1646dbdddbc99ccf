// The platform's signing key, and a second one that is in no key set, for the bad-behaviour switches.
import { createPrivateKey, createPublicKey, generateKeyPair, sign } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import { promisify } from 'node:util'
import type { JWK } from 'jose'
import type { JsonWebKeyInput, KeyObject } from 'node:crypto'

const generate = promisify(generateKeyPair)
const signAsync = promisify(sign)

export type SigningKey = {
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  /** As the key set shows it. */
  publicJwk: JWK
}

/** 2048 bits, as Moodle makes; about 100 ms, off the event loop. */
export async function makePrivateJwk(): Promise<JWK> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 })
  return exportJWK(privateKey)
}

export async function signingKey(privateJwk: JWK): Promise<SigningKey> {
  const privateKey = createPrivateKey({ key: privateJwk as JsonWebKeyInput['key'], format: 'jwk' })
  const publicKey = createPublicKey(privateKey)
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, privateKey, publicKey, publicJwk: { ...jwk, kid, alg: 'RS256', use: 'sig' } }
}

/** Signs in libuv's pool: load tests sign thousands, and the event loop must keep serving meanwhile. */
export async function signRs256(
  key: SigningKey,
  payload: Record<string, unknown>,
  kid = key.kid,
): Promise<string> {
  const input = signingInput({ typ: 'JWT', alg: 'RS256', kid }, payload)
  const signature = await signAsync('sha256', Buffer.from(input), key.privateKey)
  return `${input}.${signature.toString('base64url')}`
}

export function signingInput(header: object, payload: object): string {
  return `${encodePart(header)}.${encodePart(payload)}`
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
