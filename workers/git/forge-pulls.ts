/**
 * Pull requests as GitHub has them, and Gitea and Forgejo after it: pulls, issue comments, commit statuses. See
 * docs.github.com, *REST API*, and a Gitea's own /api/swagger.
 */
import { z } from 'zod'
import { type Forge, STATUS } from './forge.ts'

const side = z.looseObject({
  ref: z.string(),
  sha: z.string(),
  repo: z.looseObject({ id: z.int() }).nullable(),
})
const pull = z.looseObject({
  number: z.int(),
  state: z.enum(['open', 'closed']),
  merged_at: z.string().nullish(),
  head: side,
  base: side,
  html_url: z.string(),
})

/** @param page the parameter that says how many a page has */
export function pulls(of: { api: string; page: 'per_page' | 'limit'; pageSize: number }): Forge {
  const at = (number: number) => `/pulls/${number}`
  return {
    ...{ api: of.api, pageSize: of.pageSize },
    listOpen: (page) => ({
      method: 'GET',
      path: `/pulls?state=open&base=main&${of.page}=${of.pageSize}&page=${page}`,
    }),
    find: (number) => ({ method: 'GET', path: at(number) }),
    open: ({ branch, title, body }) => ({
      ...{ method: 'POST', path: '/pulls', json: { head: branch, base: 'main', title, body } },
    }),
    amend: (number, { title, body }) => ({
      ...{ method: 'PATCH', path: at(number), json: { title, body } },
    }),
    comment: (number, text) => ({
      ...{ method: 'POST', path: `/issues/${number}/comments`, json: { body: text } },
    }),
    close: (number) => ({ method: 'PATCH', path: at(number), json: { state: 'closed' } }),
    setStatus: ({ commit, state, description, address }) => ({
      ...{ method: 'POST', path: `/statuses/${commit}` },
      json: { state, context: STATUS, description, ...(address && { target_url: address }) },
    }),
    read(answer) {
      const { number, state, merged_at: merged, head, base, html_url: address } = pull.parse(answer)
      // Of a fork that is gone nothing is said, and neither of a branch that is.
      if (base.ref !== 'main' || (head.repo && head.repo.id !== base.repo?.id)) return undefined
      if (!head.repo && state === 'open') return undefined
      const was = merged ? 'merged' : 'closed'
      const now = state === 'open' ? 'open' : was
      return { number, state: now, branch: head.ref, commit: head.sha, address }
    },
    isAlreadySo: () => false,
  }
}
