import { activeFreezes } from '../../api/data/runs/freeze.ts'
import type { Command } from '../command.ts'
import { withDatabase } from '../database.ts'
import { type FreezeLine, freezeText } from '../freezes.ts'

export const command: Command = {
  summary: 'List what is frozen now, why and until when; works with Labplan stopped',
  async run({ print, json, env, now }) {
    const freezes = await withDatabase(env, (db) => activeFreezes(db, now()))
    const lines = freezes.map((one): FreezeLine => ({
      ...{ pool: one.pool_key, applies: one.applies, destroys: one.destroys },
      ...{ reason: one.reason, until: one.until_at.toISOString() },
    }))
    if (json) return void print(JSON.stringify({ freezes: lines }))
    if (lines.length === 0) return void print('Nothing is frozen.')
    for (const line of lines) print(freezeText(line))
  },
}
