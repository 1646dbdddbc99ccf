/** The key ring, held locally; read again when told to, or when something is signed by a key not known yet. */
import { type KeyRing, readKeyRing } from '../data/key-ring.ts'

const REREAD_MS = 10_000

export class Keys {
  ring: KeyRing
  #file: string
  #readAt: number

  constructor(file: string, now: Date) {
    this.ring = readKeyRing(file)
    this.#file = file
    this.#readAt = now.getTime()
  }

  /** Reads the file again, unless that was done a moment ago: nonsense must not make the disk work. */
  reread(now: Date): void {
    if (now.getTime() - this.#readAt < REREAD_MS) return
    this.#readAt = now.getTime()
    this.read()
  }

  /** Reads the file now; throws when it is no key ring, and the old one stays. */
  read(): void {
    this.ring = readKeyRing(this.#file)
  }
}
