import { type Command, usedWrongly } from '../command.ts'
import { table } from '../table.ts'

type Change = { id: string; title: string; lane: string; state: string; stateAt: string }

export const command: Command = {
  summary: 'List the latest changes and whether they wait for approval',
  usage: '[--state STATE] [--contains TEXT]',
  help: `
--state STATE     proposed, approved or rejected only
--contains TEXT   those about it: a course's key, a kind of document`,
  options: { state: { type: 'string' }, contains: { type: 'string' } },
  async run({ api, print, json, options }) {
    const { state, contains } = options
    if (state !== undefined && !['proposed', 'approved', 'rejected'].includes(String(state)))
      throw usedWrongly('--state is proposed, approved or rejected.')
    const which = new URLSearchParams()
    if (state !== undefined) which.set('state', String(state))
    if (contains !== undefined) which.set('contains', String(contains))
    const answer = await api.get<{ changes: Change[] }>(`/api/changes?${which.toString()}`)
    if (json) return void print(JSON.stringify(answer))
    if (answer.changes.length === 0)
      return void print(which.size > 0 ? 'No change is so.' : 'No change yet.')
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
