import { type Command, usedWrongly } from '../command.ts'
import { openness, type Pool } from '../pools.ts'

export const command: Command = {
  summary: 'Open a pool again that was closed or emptied',
  usage: 'POOL',
  help: `
Only machines that Labplan has closed are opened.`,
  async run({ api, args, json, print }) {
    const [key] = args
    if (!key) throw usedWrongly('Which pool? labplan pool open cloud')
    const body = { closed: null }
    const pool = await api.post<Pool>(`/api/pools/${encodeURIComponent(key)}/closing`, body)
    print(json ? JSON.stringify(pool) : `${key}: ${openness(pool)}.`)
  },
}
