import { type Command, CommandFailure, usedWrongly } from '../command.ts'

type Change = { id: string; title: string; state: string; digest: string }

export const command: Command = {
  summary: 'Approve a change that waits for it',
  usage: 'CHANGE',
  help: `
Approves what the change compiles to now. When something else was approved
meanwhile and the outcome differs, it is refused, to be read again.`,
  async run({ api, print, json, args }) {
    const [id] = args
    if (!id) throw usedWrongly('Which change? See labplan change list.')
    const { changes } = await api.get<{ changes: Change[] }>('/api/changes')
    const change = changes.find((one) => one.id === id)
    if (!change) throw new CommandFailure(`There is no change ${id}. See labplan change list.`)
    const path = `/api/changes/${id}/approval`
    const answer = await api.post(path, { digest: change.digest })
    print(json ? JSON.stringify(answer) : `${change.title}: approved.`)
  },
}
