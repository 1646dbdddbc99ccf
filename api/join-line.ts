/** Whether a machine that stands idle may join a pool by a pasted line, or why not. Pure. */
import type { Config } from './config.ts'

export type JoinLine = {
  /** For a shell on the machine. */
  command: string
  expiresAt: Date
  /** Over plain HTTP: who is on the way between could read the ticket, and change what the machine runs as root. */
  isInClear: boolean
}

export type WhyNot = { code: string; params: Record<string, string> }

const isLoopback = (host: string): boolean =>
  /^(127\.|\[?::1|localhost$)/.test(host) || host.endsWith('.localhost')

/** What another machine could not reach, or must not share; undefined when a line may be made. */
export function whyNotJoin(
  { publicUrl, registry }: Pick<Config, 'publicUrl' | 'registry'>,
  pool: { isOfOneMachine: boolean },
): WhyNot | undefined {
  if (pool.isOfOneMachine) return { code: 'problem.join-local-storage', params: {} }
  if (isLoopback(new URL(publicUrl).hostname))
    return { code: 'problem.join-public-url', params: { url: publicUrl } }
  if (isLoopback(registry.replace(/:\d+$/, '')))
    return { code: 'problem.join-registry', params: { registry } }
  return undefined
}
