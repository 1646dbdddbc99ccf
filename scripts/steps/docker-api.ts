/** What scripts/up asks of Docker Engine, with answers checked and refusals as sentences. */
import { z } from 'zod'
import { type EngineAnswer, callEngine, messageOf } from './engine-api.ts'
import { CannotGoOn } from './step.ts'

export type Docker = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
) => Promise<EngineAnswer>

/** `host` as in DOCKER_HOST: unix:///path or tcp://name:port. */
export function dockerApi(host: string): Docker {
  if (!/^(unix:\/\/\/|(tcp|http):\/\/[^:/]+(:\d+)?\/?$)/.test(host))
    throw new CannotGoOn(
      `DOCKER_HOST=${host} is not unix:///PATH, tcp://NAME:PORT or ssh://NAME, which is what Labplan speaks.`,
    )
  return (method, path, body) => callEngine(host, method, path, body, 60_000)
}

/** The answer's body, checked; an error of the engine becomes a sentence that begins with `problem`. */
export async function ask<T>(
  answer: Promise<EngineAnswer>,
  problem: string,
  schema: z.ZodType<T>,
): Promise<T> {
  const { status, body } = await answer
  if (status >= 400) throw new CannotGoOn(`${problem} (Docker Engine: ${messageOf(body)}).`)
  return schema.parse(body)
}

/** Of a greeting: the status, 0 when nobody answers, and the words of an answer that is a refusal. */
export async function codeAndWords(docker: Docker): Promise<{ status: number; words: string }> {
  try {
    const { status, body } = await docker('GET', '/_ping')
    return { status, words: messageOf(body) }
  } catch (error) {
    return { status: 0, words: String(error) }
  }
}

/** What answers at DOCKER_HOST: an engine, nothing, or one that this user may not speak to. */
export async function reach(docker: Docker): Promise<'answers' | 'nothing' | 'forbidden'> {
  try {
    return (await docker('GET', '/_ping')).status === 200 ? 'answers' : 'nothing'
  } catch (error) {
    return codeOf(error) === 'EACCES' ? 'forbidden' : 'nothing'
  }
}

function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined
  return 'code' in error ? error.code : codeOf(error.cause)
}
