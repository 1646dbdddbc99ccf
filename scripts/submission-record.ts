/** What the record says of a course's submissions that are kept, for the commands that keep them elsewhere and bring them back. */
import { createHash } from 'node:crypto'
import type { StorageAgent } from '../api/storage/storage-agent.ts'
import type { Api } from './api-client.ts'

export type KeptSubmission = {
  id: string
  bytes: number
  files: number
  leftOut: number
  sha256: string
}

export async function recordOf(api: Api, course: string): Promise<KeptSubmission[]> {
  const path = `/api/courses/${encodeURIComponent(course)}/submissions`
  return (await api.get<{ submissions: KeptSubmission[] }>(path)).submissions
}

export const memberOf = ({ id }: KeptSubmission): string => `${id}.zip`

/** What is wrong with it on disk, by its digest; undefined where it is as it was handed in. */
export async function lookAt(
  agent: StorageAgent,
  { id, bytes, sha256 }: KeptSubmission,
): Promise<'missing' | 'damaged' | undefined> {
  const archive = await agent.kept(id)
  if (!archive) return 'missing'
  const hash = createHash('sha256')
  let length = 0
  try {
    for await (const part of archive.stream as AsyncIterable<Buffer>) {
      hash.update(part)
      length += part.length
    }
  } catch {
    // A disk that refuses to read it; of an agent that went meanwhile the next call hears.
    return 'damaged'
  }
  return length === bytes && hash.digest('hex') === sha256 ? undefined : 'damaged'
}
