import { type Command, usedWrongly } from '../command.ts'
import { openness, type Pool, withoutPlaceLines } from '../pools.ts'

export const command: Command = {
  summary: 'Take no new seats on the machines of a pool',
  usage: 'POOL [--reason TEXT]',
  help: `
Seats that run there go on. labplan pool open takes it back. What somebody did
with docker node update stays as it is.`,
  options: { reason: { type: 'string' } },
  async run({ api, args, options, json, print }) {
    const [key] = args
    if (!key) throw usedWrongly('Which pool? labplan pool close cloud')
    const body = { closed: 'closed', reason: options['reason'] ?? null }
    const pool = await api.post<Pool>(`/api/pools/${encodeURIComponent(key)}/closing`, body)
    if (json) return void print(JSON.stringify(pool))
    print(`${key}: ${openness(pool)}.`)
    for (const line of withoutPlaceLines(pool)) print(line)
  },
}
