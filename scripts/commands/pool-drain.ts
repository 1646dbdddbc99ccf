import { type Command, usedWrongly } from '../command.ts'
import { openness, type Pool, withoutPlaceLines } from '../pools.ts'

export const command: Command = {
  summary: 'Empty a pool: its seats move to machines of other pools',
  usage: 'POOL [--reason TEXT]',
  help: `
Seats are stopped at once and started elsewhere, where there is room; volumes of
one machine stay on it. labplan pool open takes it back.`,
  options: { reason: { type: 'string' } },
  async run({ api, args, options, json, print }) {
    const [key] = args
    if (!key) throw usedWrongly('Which pool? labplan pool drain cloud')
    const body = { closed: 'drained', reason: options['reason'] ?? null }
    const pool = await api.post<Pool>(`/api/pools/${encodeURIComponent(key)}/closing`, body)
    if (json) return void print(JSON.stringify(pool))
    print(`${key}: ${openness(pool)}.`)
    for (const line of withoutPlaceLines(pool)) print(line)
  },
}
