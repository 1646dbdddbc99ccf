/** What the record says of a course's submissions that are kept, for the commands that keep them elsewhere and bring them back. */
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
