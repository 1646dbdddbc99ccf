/** GitLab's REST API, version 4: merge requests, notes, commit statuses. See docs.gitlab.com, *REST API resources*. */
import { z } from 'zod'
import { type Forge, STATUS } from './forge.ts'

const mergeRequest = z.looseObject({
  iid: z.int(),
  state: z.enum(['opened', 'locked', 'merged', 'closed']),
  source_branch: z.string(),
  source_project_id: z.int().nullable(),
  target_project_id: z.int(),
  sha: z.string().nullable(),
  web_url: z.string(),
})

const states = { opened: 'open', locked: 'open', merged: 'merged', closed: 'closed' } as const
const statusStates = { pending: 'pending', success: 'success', failure: 'failed' } as const

export function gitlab(api: string): Forge {
  const at = (number: number, rest = '') => `/merge_requests/${number}${rest}`
  return {
    ...{ api, pageSize: 100 },
    listOpen: (page) => ({
      method: 'GET',
      path: `/merge_requests?state=opened&target_branch=main&per_page=100&page=${page}`,
    }),
    find: (number) => ({ method: 'GET', path: at(number) }),
    open: ({ branch, title, body }) => ({
      ...{ method: 'POST', path: '/merge_requests' },
      json: {
        ...{ source_branch: branch, target_branch: 'main', title, description: body },
        // Squashed it would be another commit than the one that was offered.
        ...{ squash: false, remove_source_branch: false },
      },
    }),
    amend: (number, { title, body }) => ({
      ...{ method: 'PUT', path: at(number), json: { title, description: body } },
    }),
    comment: (number, text) => ({
      method: 'POST',
      path: at(number, '/notes'),
      json: { body: text },
    }),
    close: (number) => ({ method: 'PUT', path: at(number), json: { state_event: 'close' } }),
    setStatus: ({ commit, state, description, address }) => ({
      ...{ method: 'POST', path: `/statuses/${commit}` },
      json: {
        ...{ state: statusStates[state], name: STATUS, description },
        ...(address && { target_url: address }),
      },
    }),
    read(answer) {
      const one = mergeRequest.parse(answer)
      if (one.source_project_id !== one.target_project_id) return undefined
      return {
        ...{ number: one.iid, state: states[one.state], branch: one.source_branch },
        ...{ commit: one.sha ?? '', address: one.web_url },
      }
    },
    // A pending status cannot become pending again.
    isAlreadySo: (status, answer) => status === 400 && answer.includes('Cannot transition status'),
  }
}
