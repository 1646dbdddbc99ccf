import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Change = { id: string; title: string; lane: string; state: string; stateAt: string }

export const command: Command = {
  summary: 'List the latest changes and whether they wait for approval',
  async run({ api, print, json }) {
    const answer = await api.get<{ changes: Change[] }>('/api/changes')
    if (json) return void print(JSON.stringify(answer))
    if (answer.changes.length === 0) return void print('No change yet.')
    const rows = answer.changes.map((one) => [
      one.id,
      one.state,
      one.lane,
      one.stateAt.slice(0, 16).replace('T', ' '),
      one.title,
    ])
    print(table(['CHANGE', 'STATE', 'LANE', 'SINCE (UTC)', 'WHAT'], rows))
  },
}
