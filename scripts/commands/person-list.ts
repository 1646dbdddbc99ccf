import type { Command } from '../command.ts'
import { usedWrongly } from '../command.ts'
import { table } from '../table.ts'

type Person = { pseudonym: string; name: string | null; seenAt: string; workspaces: number }

export const command: Command = {
  summary: 'Find people by a part of their name, or by pseudonym',
  usage: 'NAME',
  help: `
Names are those the LMS sent, if it sent any. At most 50, who came last first. The
pseudonym is what infrastructure, Git, logs and the audit call a person.`,
  async run({ api, args, json, print }) {
    if (args.length !== 1) throw usedWrongly('A part of a name, or a pseudonym.')
    const { people } = await api.get<{ people: Person[] }>(
      `/api/people?find=${encodeURIComponent(args[0] ?? '')}`,
    )
    if (json) return void print(JSON.stringify({ people }))
    if (people.length === 0) return void print('Nobody of that name or pseudonym.')
    const lines = people.map(({ pseudonym, name, seenAt, workspaces }) => [
      ...[pseudonym, name ?? '-', seenAt.slice(0, 16).replace('T', ' '), workspaces],
    ])
    print(table(['PSEUDONYM', 'NAME', 'LAST SEEN (UTC)', 'WORKSPACES'], lines))
  },
}
