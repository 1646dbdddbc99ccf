import { withTransaction } from '../../api/data/db.ts'
import { type ScratchRefusal, chooseScratch, undoScratch } from '../../api/data/seats/scratch.ts'
import { findSession } from '../../api/data/sessions/session.ts'
import { type Command, CommandFailure, usedWrongly } from '../command.ts'
import { withDatabase } from '../database.ts'
import { OPERATOR } from '../freezes.ts'

const REFUSED: Record<ScratchRefusal, string> = {
  'not-away': 'What keeps its volumes answers: its seats start with their files.',
  'not-under-way': 'It is neither prepared nor under way.',
  'has-begun': 'Somebody has begun on a scratch home already.',
}

export const command: Command = {
  summary: 'Start the waiting seats of a class whose storage is away on scratch homes',
  usage: 'SESSION [--undo]',
  help: `
SESSION is its key, as labplan session list shows it. Seats that have not
started begin with an empty home of their node; who is at work is left alone.
When the storage is back and a seat has stopped, its files come into a new
folder of its real home, from-scratch-DATE; nothing there is overwritten, and
the next start waits for that. What does not fit stays where it is, and the
pages of the course and of the student say so.

--undo takes it back, as long as no seat has begun. Works with Labplan stopped;
seats begin when its worker runs.`,
  options: { undo: { type: 'boolean' } },
  async run({ args, options, print, json, env, now }) {
    const [key] = args
    if (!key) throw usedWrongly('Which session? See labplan session list.')
    await withDatabase(env, async (db) => {
      const session = await findSession(db, key)
      if (!session)
        throw new CommandFailure(`There is no session ${key}. See labplan session list.`)
      const wish = { sessionId: session.id, actor: OPERATOR, now: now() }
      const isUndo = options['undo'] === true
      const refused = await withTransaction(db, (tx) =>
        isUndo ? undoScratch(tx, wish) : chooseScratch(tx, wish),
      )
      if (refused) throw new CommandFailure(REFUSED[refused])
      if (json) return void print(JSON.stringify({ session: key, scratch: !isUndo }))
      print(
        isUndo
          ? `Seats of ${key} wait for the storage.`
          : `Seats of ${key} that have not started begin on a scratch home.`,
      )
    })
  },
}
