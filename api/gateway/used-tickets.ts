/** Each ticket opens once, also across a restart: its id is on disk before its bearer is let in. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { Ticket } from '../data/seats/ticket.ts'

type Used = Pick<Ticket, 'id' | 'expiresAt'>

export class UsedTickets {
  #file: string
  #expiry = new Map<string, number>()

  /** Reads what an earlier process of this machine let in; starts a new file without what has expired. */
  constructor(file: string, now: Date) {
    this.#file = file
    for (const { id, expiresAt } of readUsed(file))
      if (expiresAt > now.getTime()) this.#expiry.set(id, expiresAt)
    this.#rewrite()
  }

  /** True the first time. Throws when the disk cannot keep it: then nobody may be let in. */
  use({ id, expiresAt }: Used, now: Date): boolean {
    if (this.#expiry.has(id)) return false
    if (this.#expiry.size >= 10_000) this.#forgetExpired(now)
    appendFileSync(this.#file, line(id, expiresAt), { mode: 0o600 })
    this.#expiry.set(id, expiresAt)
    return true
  }

  #forgetExpired(now: Date): void {
    for (const [id, expiresAt] of this.#expiry)
      if (expiresAt <= now.getTime()) this.#expiry.delete(id)
    this.#rewrite()
  }

  #rewrite(): void {
    const lines = [...this.#expiry].map(([id, expiresAt]) => line(id, expiresAt))
    writeFileSync(this.#file, lines.join(''), { mode: 0o600 })
  }
}

const line = (id: string, expiresAt: number): string => `${id} ${expiresAt}\n`

function readUsed(file: string): Used[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return [] // the first start
  }
  return text
    .split('\n')
    .map((row) => row.split(' '))
    .filter((parts) => parts.length === 2)
    .map(([id, expiresAt]) => ({ id: id!, expiresAt: Number(expiresAt) }))
}
