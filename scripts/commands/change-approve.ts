import { ApiRefusal } from '../api-client.ts'
import { type Command, CommandFailure, usedWrongly } from '../command.ts'

type Change = { id: string; title: string; state: string; digest: string }

type Answer = { solo?: boolean; missing?: { rule: string; count: number; by: string[] }[] }

export const command: Command = {
  summary: 'Approve a change that waits for it',
  usage: 'CHANGE',
  help: `
Approves what the change compiles to now. When something else was approved
meanwhile and the outcome differs, it is refused, to be read again. Answers 1 when
it counts and the policy asks for more approvals.`,
  async run({ api, print, json, args }) {
    const [id] = args
    if (!id) throw usedWrongly('Which change? See labplan change list.')
    const path = `/api/changes/${encodeURIComponent(id)}`
    const change = await api.get<Change>(path).catch((error: unknown) => {
      if (!(error instanceof ApiRefusal) || error.status !== 404) throw error
      throw new CommandFailure(`There is no change ${id}. See labplan change list.`)
    })
    const answer = await api.post<Answer>(`${path}/approval`, { digest: change.digest })
    const missing = answer.missing ?? []
    if (json) print(JSON.stringify(answer))
    else if (missing.length === 0)
      print(`${change.title}: approved${answer.solo ? ', by who proposed it' : ''}.`)
    else
      for (const { rule, count, by } of missing)
        print(`It counts. ${rule}: ${count} more of ${by.join(', ')}.`)
    return missing.length === 0 ? 0 : 1
  },
}
