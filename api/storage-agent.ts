/** The storage agent as api and workers see it: the volumes of a machine, over its socket. */
import { request } from 'node:http'
import { z } from 'zod'

const volume = z.object({
  name: z.string(),
  state: z.enum(['ready', 'missing', 'damaged']),
  limitBytes: z.number().nullable(),
  usedBytes: z.number().nullable(),
  problem: z.string().optional(),
})
const listed = z.object({ volumes: z.array(volume), freeBytes: z.number() })
const ensured = z.object({ volume })
const refused = z.object({
  code: z.enum(['below-use', 'in-use', 'missing', 'damaged']),
  volume,
})

export type AgentVolume = z.infer<typeof volume>
export type AgentRefusal = z.infer<typeof refused>['code']

export type StorageAgent = {
  /** All that it keeps, and free bytes on its disk. Throws when it does not answer. */
  list(): Promise<z.infer<typeof listed>>
  /** `code`: why it is not as asked. */
  ensure(wish: {
    name: string
    limitMb: number
    isNew: boolean
  }): Promise<{ volume: AgentVolume; code?: AgentRefusal }>
}

const LIMIT_MS = 120_000

/** Connects anew for each call: an agent that was started again is simply there. */
export function storageAgent(options: { socket: string }): StorageAgent {
  const call = (method: string, path: string, body?: unknown) =>
    ask(options.socket, method, path, body)
  return {
    async list() {
      const { status, body } = await call('GET', '/volumes')
      if (status !== 200) throw unexpected(status, body)
      return listed.parse(body)
    },
    async ensure({ name, ...wish }) {
      const { status, body } = await call('PUT', `/volumes/${name}`, wish)
      if (status === 200) return ensured.parse(body)
      if (status === 409) return refused.parse(body)
      throw unexpected(status, body)
    },
  }
}

const unexpected = (status: number, body: unknown): Error =>
  new Error(`The storage agent answered ${status}: ${JSON.stringify(body).slice(0, 300)}`)

function ask(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, timeout: LIMIT_MS, agent: false },
      (answer) => {
        let read = ''
        answer.setEncoding('utf8').on('data', (part: string) => (read += part))
        answer.on('error', reject)
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(read) }))
      },
    )
    call.on('timeout', () => call.destroy(new Error('The storage agent took too long.')))
    call.on('error', reject)
    call.end(text)
  })
}

/** Undefined for what is no JSON, which no answer of the agent is: the schemas refuse it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
