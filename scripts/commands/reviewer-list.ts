import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Reviewer = { pseudonym: string; name: string | null; teams: string[] }

export const command: Command = {
  summary: 'List who may approve changes, and for which team of the policy',
  help: `
Administrators are in the team administrators; whoever may push to the estate is in
git, and known to the repository only.`,
  async run({ api, print, json }) {
    const answer = await api.get<{ reviewers: Reviewer[] }>('/api/reviewers')
    if (json) return void print(JSON.stringify(answer))
    if (answer.reviewers.length === 0) return void print('Nobody yet: see labplan admin invite.')
    const rows = answer.reviewers.map((one) => [
      one.pseudonym,
      one.teams.join(', '),
      one.name ?? '',
    ])
    print(table(['PERSON', 'TEAMS', 'NAME'], rows))
  },
}
