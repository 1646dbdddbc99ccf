/** The key ring, held locally; read again when told to, or when something is signed by a key not known yet. */
import { type KeyRing, readKeyRing } from '../data/key-ring.ts'
import { type Pass, readPass } from '../data/seats/ticket.ts'

const REREAD_MS = 10_000
const PASSES_KEPT = 10_000

export class Keys {
  ring: KeyRing
  #file: string
  #readAt: number
  #passes = new Map<string, Pass>()

  constructor(file: string, now: Date) {
    this.ring = readKeyRing(file)
    this.#file = file
    this.#readAt = now.getTime()
  }

  /** The pass behind a cookie. Checked once: a browser repeats it with every request. */
  pass(text: string, now: Date): Pass | undefined {
    const known = this.#passes.get(text)
    if (known) return known.expiresAt > now.getTime() ? known : undefined
    const pass = readPass(this.ring, text, now)
    if (this.#passes.size >= PASSES_KEPT) this.#passes.clear()
    if (pass) this.#passes.set(text, pass)
    return pass
  }

  /** Reads the file again, unless that was done a moment ago: nonsense must not make the disk work. */
  reread(now: Date): void {
    if (now.getTime() - this.#readAt < REREAD_MS) return
    this.#readAt = now.getTime()
    try {
      this.read()
    } catch {
      // Half written, or gone: whoever changed it also says so (SIGHUP), and is then told.
    }
  }

  /** Reads the file now; throws when it is no key ring, and the old one stays. */
  read(): void {
    this.ring = readKeyRing(this.#file)
    this.#passes.clear()
  }
}
