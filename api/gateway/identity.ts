/**
 * Who is at the other end. A task's ports are its own for its whole life: if the expected task answers a
 * question asked after a connection to its port was made, that connection reached it, whoever had the port
 * before or will have it next. So one answer proves all connections made before its question.
 */
import { randomBytes } from 'node:crypto'
import { Agent, get } from 'node:http'
import { z } from 'zod'
import { identityProofHolds } from '../data/seats/seat-secret.ts'

const ANSWER_MS = 3_000
const ANSWER_BYTES = 4_096

const answer = z.object({ task: z.string(), proof: z.string() })

export type Identity = { taskId: string; address: string; port: number; key: Buffer }

export class Prover {
  #identity: Identity
  #agent = new Agent({ keepAlive: true, maxSockets: 4, timeout: 10_000 })
  #asked: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined

  constructor(identity: Identity) {
    this.#identity = identity
  }

  /** Whether the expected task lives now: asked after this call, so never with an answer under way. */
  async lives(): Promise<boolean> {
    if (!this.#asked) return this.#ask()
    this.#next ??= this.#asked.then(() => {
      this.#next = undefined
      return this.#ask()
    })
    return this.#next
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(): Promise<boolean> {
    const asked = askIdentity(this.#identity, this.#agent).finally(() => {
      if (this.#asked === asked) this.#asked = undefined
    })
    this.#asked = asked
    return asked
  }
}

/** `GET /identity?nonce=` → `{ task, proof }`. Anything but the right answer in time is a no. */
async function askIdentity(identity: Identity, agent: Agent): Promise<boolean> {
  const nonce = randomBytes(24).toString('base64url')
  const text = await fetchText(identity, agent, `/identity?nonce=${nonce}`)
  if (text === undefined) return false
  const parsed = answer.safeParse(jsonOrNothing(text))
  if (!parsed.success || parsed.data.task !== identity.taskId) return false
  return identityProofHolds(identity.key, { ...parsed.data, nonce })
}

function fetchText(identity: Identity, agent: Agent, path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const { address: host, port } = identity
  const signal = AbortSignal.timeout(ANSWER_MS)
  const question = get({ host, port, family: 4, path, agent, signal }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.length > ANSWER_BYTES) question.destroy()
    })
    response.on('end', () => resolve(response.statusCode === 200 ? text : undefined))
    response.on('error', () => resolve(undefined))
  })
  question.on('error', () => resolve(undefined))
  question.on('close', () => resolve(undefined))
  return promise
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
