import type { Receipt } from '../../api/data/sessions/receipt.ts'
import type { Command } from '../command.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'List the newest receipts of sessions',
  help: `
Labplan receipt SESSION shows one whole. Times are UTC.`,
  async run({ api, json, print }) {
    const answer = await api.get<{ receipts: Receipt[] }>('/api/receipts')
    if (json) return void print(JSON.stringify(answer))
    if (answer.receipts.length === 0)
      return void print('No receipt yet: one is written when a session closes.')
    const rows = answer.receipts.map(({ body, hash }) => [
      body.number,
      body.session.key,
      body.times.closedAt.slice(0, 16).replace('T', ' '),
      body.created.services.length,
      body.destroyed.services.length,
      body.kept.volumes.length,
      hash.slice(0, 12),
    ])
    const heads = ['NO.', 'SESSION', 'CLOSED (UTC)', 'CREATED', 'DESTROYED', 'VOLUMES KEPT', 'SEAL']
    print(table(heads, rows))
  },
}
