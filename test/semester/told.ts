/**
 * Workspaces the data layer told of, read a moment later, when what told is committed: all of that moment in one
 * statement, as a page server would that serves them all.
 */
import { many, type Pool, sql } from '../../api/data/db.ts'
import type { VirtualClock } from './clock.ts'

export type SeenWorkspace = { id: string; state: string; held_until: Date | null }

export function toldWorkspaces(
  { pool, clock }: { pool: Pool; clock: VirtualClock },
  look: (workspace: SeenWorkspace) => void,
): (id: string) => void {
  let told = new Set<string>()
  const read = async (): Promise<void> => {
    const ids = [...told]
    told = new Set()
    const rows = await many<SeenWorkspace>(
      pool,
      sql`select id, state, held_until from workspace where id = any(${ids}::uuid[]) order by id`,
    )
    for (const row of rows) look(row)
  }
  return (id) => {
    if (told.size === 0) clock.at(clock.ms + 1, () => void read())
    told.add(id)
  }
}
