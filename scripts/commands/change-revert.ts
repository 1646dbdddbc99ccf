import { type Command, usedWrongly } from '../command.ts'

type Answer =
  | { outcome: 'unchanged' }
  | { outcome: 'changed'; id: string; lane: string; state: string }

export const command: Command = {
  summary: 'Undo an approved change, by a new change',
  usage: 'CHANGE',
  help: `
Its documents become what was approved before it. What else was changed since
stays. Inside the allowance that is approved at once.`,
  async run({ api, print, json, args }) {
    const [id] = args
    if (!id) throw usedWrongly('Which change? See labplan change list.')
    const answer = await api.post<Answer>(`/api/changes/${encodeURIComponent(id)}/reversal`, {})
    if (json) return void print(JSON.stringify(answer))
    if (answer.outcome === 'unchanged') return void print('Nothing to undo: it is so already.')
    print(
      answer.state === 'approved'
        ? 'Undone.'
        : `Waits for approval: labplan change approve ${answer.id}`,
    )
  },
}
