import { defaultTimeZone } from '../../api/data/courses/course.ts'
import { withTransaction } from '../../api/data/db.ts'
import { freeze } from '../../api/data/runs/freeze.ts'
import { type Command, CommandFailure, usedWrongly } from '../command.ts'
import { withDatabase } from '../database.ts'
import { OPERATOR, freezeText, instantOf, poolOf } from '../freezes.ts'

export const command: Command = {
  summary: 'Let Terraform apply or destroy nothing for a while; works with Labplan stopped',
  usage: 'POOL|all [--applies] [--destroys] --reason TEXT --until TIME',
  help: `
TIME is 90m, 4h or 2d from now, or 2026-11-30T18:00 in the zone's time. Without
--applies or --destroys both are frozen. Stacks that would change are shown as
held, with the reason; the freeze ends by itself.

Seats that exist are still turned on and off, so launches into them go on. A
run that has begun is not interrupted (labplan run cancel does). While destroys
are frozen no seat is removed; while applies are, a stack whose seats become
fewer waits too.`,
  options: {
    applies: { type: 'boolean' },
    destroys: { type: 'boolean' },
    reason: { type: 'string' },
    until: { type: 'string' },
  },
  async run({ args, options, print, json, env, now }) {
    const pool = poolOf(args)
    const reason = String(options['reason'] ?? '').trim()
    if (!reason) throw usedWrongly('Why? People who wait read it: --reason TEXT.')
    if (!options['until']) throw usedWrongly('Until when? --until 4h, or --until 2026-11-30T18:00.')
    const both = !options['applies'] && !options['destroys']
    const what = {
      applies: both || options['applies'] === true,
      destroys: both || options['destroys'] === true,
    }
    await withDatabase(env, async (db) => {
      const at = now()
      const timeZone = await defaultTimeZone(db)
      const until = instantOf(String(options['until']), { now: at, timeZone })
      if (until <= at) throw usedWrongly('--until is in the past.')
      const wish = { poolKey: pool, ...what, reason, until, actor: OPERATOR, now: at }
      if (!(await withTransaction(db, (tx) => freeze(tx, wish))))
        throw new CommandFailure(`There is no pool ${pool}. See labplan status.`)
      const line = { pool, ...what, reason, until: until.toISOString() }
      print(json ? JSON.stringify(line) : `Now ${freezeText(line)}`)
    })
  },
}
