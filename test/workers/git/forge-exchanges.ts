/**
 * What GitLab and GitHub are asked for a change's life, and what they answer. NOT recorded from a server of theirs: written
 * from their public documentation (GitLab REST API v4: *Merge requests*, *Notes*, *Commits › commit status*; GitHub REST API
 * 2022-11-28: *Pulls*, *Issues › comments*, *Commits › statuses*), cut to the fields that are read and their neighbours. A real
 * forge is asked in forge-gitea.real.test.ts.
 */
export type Exchange = {
  method: string
  path: string
  /** What must be in the body. */
  sends?: Record<string, unknown>
  status: number
  answer: unknown
  headers?: Record<string, string>
}

type About = { branch: string; commit: string }

export const gitlabAt = '/api/v4/projects/infra%2Fteaching%2Festate'
const gitlabRequest = ({ branch, commit }: About, state: string) => ({
  ...{ id: 84_120, iid: 7, project_id: 42, state, draft: false, squash: false },
  ...{ title: 'Labplan: Course networks-101', target_branch: 'main', source_branch: branch },
  ...{ source_project_id: 42, target_project_id: 42, sha: commit, merge_commit_sha: null },
  ...{ detailed_merge_status: 'mergeable', user_notes_count: 0, labels: [] },
  web_url: 'https://git.example.edu/infra/teaching/estate/-/merge_requests/7',
})
export const gitlab = {
  listed: (about: About[], fork?: About): Exchange => ({
    ...{ method: 'GET', status: 200 },
    path: `${gitlabAt}/merge_requests?state=opened&target_branch=main&per_page=100&page=1`,
    answer: [
      ...(fork ? [{ ...gitlabRequest(fork, 'opened'), iid: 9, source_project_id: 77 }] : []),
      ...about.map((one) => gitlabRequest(one, 'opened')),
    ],
  }),
  opened: (about: About): Exchange => ({
    ...{ method: 'POST', path: `${gitlabAt}/merge_requests`, status: 201 },
    sends: { source_branch: about.branch, target_branch: 'main', squash: false },
    answer: gitlabRequest(about, 'opened'),
  }),
  amended: (about: About): Exchange => ({
    ...{ method: 'PUT', path: `${gitlabAt}/merge_requests/7`, status: 200 },
    answer: gitlabRequest(about, 'opened'),
  }),
  found: (about: About, state: string): Exchange => ({
    ...{ method: 'GET', path: `${gitlabAt}/merge_requests/7`, status: 200 },
    answer: gitlabRequest(about, state),
  }),
  closed: (about: About): Exchange => ({
    ...{ method: 'PUT', path: `${gitlabAt}/merge_requests/7`, status: 200 },
    ...{ sends: { state_event: 'close' }, answer: gitlabRequest(about, 'closed') },
  }),
  commented: (text: RegExp): Exchange => ({
    ...{ method: 'POST', path: `${gitlabAt}/merge_requests/7/notes`, status: 201 },
    ...{ sends: { body: text }, answer: { id: 301, system: false, noteable_iid: 7 } },
  }),
  status: (commit: string, state: string): Exchange => ({
    ...{ method: 'POST', path: `${gitlabAt}/statuses/${commit}`, status: 201 },
    ...{ sends: { state, name: 'labplan' }, answer: { id: 93, sha: commit, status: state } },
  }),
}

export const githubAt = '/api/v3/repos/infra/estate'
const githubRequest = ({ branch, commit }: About, state: string, merged: string | null = null) => ({
  ...{ id: 1, number: 12, state, title: 'Labplan: Course networks-101', draft: false },
  ...{ merged_at: merged, merge_commit_sha: null, locked: false },
  head: { label: `infra:${branch}`, ref: branch, sha: commit, repo: { id: 1296 } },
  base: { label: 'infra:main', ref: 'main', sha: '0'.repeat(40), repo: { id: 1296 } },
  html_url: 'https://github.example.edu/infra/estate/pull/12',
})
export const github = {
  listed: (about: About[], fork?: About): Exchange => ({
    ...{ method: 'GET', status: 200 },
    path: `${githubAt}/pulls?state=open&base=main&per_page=100&page=1`,
    answer: [
      ...(fork
        ? [fork].map((one) => {
            const made = githubRequest(one, 'open')
            return { ...made, number: 13, head: { ...made.head, repo: { id: 4711 } } }
          })
        : []),
      ...about.map((one) => githubRequest(one, 'open')),
    ],
  }),
  opened: (about: About): Exchange => ({
    ...{ method: 'POST', path: `${githubAt}/pulls`, status: 201 },
    ...{ sends: { head: about.branch, base: 'main' }, answer: githubRequest(about, 'open') },
  }),
  amended: (about: About): Exchange => ({
    ...{ method: 'PATCH', path: `${githubAt}/pulls/12`, status: 200 },
    answer: githubRequest(about, 'open'),
  }),
  found: (about: About, state: string): Exchange => ({
    ...{ method: 'GET', path: `${githubAt}/pulls/12`, status: 200 },
    answer:
      state === 'merged'
        ? githubRequest(about, 'closed', '2026-11-20T10:20:00Z')
        : githubRequest(about, state === 'opened' ? 'open' : state),
  }),
  closed: (about: About): Exchange => ({
    ...{ method: 'PATCH', path: `${githubAt}/pulls/12`, status: 200 },
    ...{ sends: { state: 'closed' }, answer: githubRequest(about, 'closed') },
  }),
  commented: (text: RegExp): Exchange => ({
    ...{ method: 'POST', path: `${githubAt}/issues/12/comments`, status: 201 },
    ...{ sends: { body: text }, answer: { id: 1, user: { login: 'labplan-bot' } } },
  }),
  status: (commit: string, state: string): Exchange => ({
    ...{ method: 'POST', path: `${githubAt}/statuses/${commit}`, status: 201 },
    sends: { state: state === 'failed' ? 'failure' : state, context: 'labplan' },
    answer: { id: 1, state, context: 'labplan' },
  }),
}
