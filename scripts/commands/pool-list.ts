import type { Command } from '../command.ts'
import { openness, type Pool } from '../pools.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'List the pools with how many machines and seats they have',
  async run({ api, json, print }) {
    const { pools } = await api.get<{ pools: Pool[] }>('/api/pools')
    if (json) return void print(JSON.stringify({ pools }))
    if (pools.length === 0) return void print('No pool yet: import one (examples/pools.yaml).')
    const rows = pools.map((pool) => [
      ...[pool.key, openness(pool), pool.nodes.length],
      pool.nodes.filter(({ state }) => ['ready', 'joined', 'up'].includes(state)).length,
      pool.nodes.reduce((sum, { load }) => sum + (load?.seats ?? 0), 0),
      pool.troubles.map(({ message, cause }) => cause?.text.en[0] ?? message).join(' · ') || '-',
    ])
    print(table(['POOL', 'STATE', 'MACHINES', 'IN USE', 'SEATS', 'TROUBLE'], rows))
  },
}
