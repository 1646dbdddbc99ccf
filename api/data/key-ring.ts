/**
 * The key ring: AES-256-GCM under keys that can rotate, and keys derived from them.
 * A sealed value is iv (12 bytes) | tag (16) | ciphertext; the id of its key is kept beside it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const ringFile = z.object({ current: z.string(), keys: z.record(z.string(), z.base64()) })

export type Sealed = { keyId: string; bytes: Buffer }
export type KeyRing = {
  /** `context` binds the value to its place: it must be the same at `open`. */
  seal(plain: string | Buffer, context: string): Sealed
  /** Throws when the key is unknown, or the value was changed or moved. */
  open(sealed: Sealed, context: string): Buffer
  /** 32 bytes for one purpose (HKDF-SHA-256, RFC 5869); changes only when the named key does. */
  derive(purpose: string, keyId?: string): Buffer
  current: string
}

export function readKeyRing(file: string): KeyRing {
  const parsed = ringFile.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success)
    throw new Error(`The key ring ${file} is not of the form { current, keys }: run scripts/up.`)
  return keyRing(parsed.data)
}

export function keyRing(ring: z.infer<typeof ringFile>): KeyRing {
  const key = (id: string): Buffer => {
    const found = ring.keys[id]
    if (!found)
      throw new Error(
        `The key ring has no key ${id}: it was removed while values sealed with it remain.`,
      )
    return Buffer.from(found, 'base64')
  }
  key(ring.current)
  return {
    current: ring.current,
    seal(plain, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key(ring.current), iv).setAAD(
        Buffer.from(context),
      )
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      return { keyId: ring.current, bytes: Buffer.concat([iv, cipher.getAuthTag(), body]) }
    },
    open({ keyId, bytes }, context) {
      const decipher = createDecipheriv('aes-256-gcm', key(keyId), bytes.subarray(0, 12))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
    },
    derive(purpose, keyId = ring.current) {
      return Buffer.from(hkdfSync('sha256', key(keyId), '', `labplan ${purpose}`, 32))
    },
  }
}
