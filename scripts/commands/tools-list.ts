import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Tools = {
  digest: string
  engine: string
  seenAt: string
  approvedAt: string | null
  by: string | null
}

export const command: Command = {
  summary: 'List the engines and providers that were seen, and which may apply plans',
  help: `
A worker applies nothing with tools that nobody approved: the engine, its providers
and their lock, the renderer, each by hash. The first that an installation uses are
approved by themselves. See docs/policy.md.`,
  async run({ api, print, json }) {
    const answer = await api.get<{ tools: Tools[] }>('/api/tools')
    if (json) return void print(JSON.stringify(answer))
    if (answer.tools.length === 0) return void print('Nothing was applied yet.')
    const time = (at: string) => at.slice(0, 16).replace('T', ' ')
    const rows = answer.tools.map(({ digest, engine, seenAt, approvedAt, by }) => [
      ...[digest.slice(0, 12), engine, time(seenAt)],
      approvedAt ? `${time(approvedAt)} by ${by ?? 'somebody'}` : 'no',
    ])
    print(table(['TOOLS', 'ENGINE', 'SEEN (UTC)', 'APPROVED'], rows))
  },
}
