import { withTransaction } from '../../api/data/db.ts'
import { activeFreezes, unfreeze } from '../../api/data/runs/freeze.ts'
import { type Command, CommandFailure } from '../command.ts'
import { withDatabase } from '../database.ts'
import { OPERATOR, poolOf } from '../freezes.ts'

export const command: Command = {
  summary: 'Take back what is frozen in a pool, or everything; works with Labplan stopped',
  usage: 'POOL|all',
  async run({ args, print, json, env, now }) {
    const poolKey = poolOf(args)
    await withDatabase(env, async (db) => {
      const wish = { poolKey, actor: OPERATOR, now: now() }
      const ended = await withTransaction(db, (tx) => unfreeze(tx, wish))
      const left = (await activeFreezes(db, now())).some((one) => one.pool_key === null)
      if (ended === 0 && left)
        throw new CommandFailure(
          `${poolKey} is frozen with every other pool: labplan unfreeze all.`,
        )
      if (ended === 0) throw new CommandFailure('Nothing is frozen there. See labplan freeze list.')
      const count = `${ended} freeze${ended === 1 ? '' : 's'} ended.`
      const more = left ? ' All pools are frozen still: labplan unfreeze all.' : ''
      print(json ? JSON.stringify({ ended }) : `${count}${more}`)
    })
  },
}
