/**
 * One process at a time does a thing: a session-level advisory lock on a connection of its own. When the
 * process dies the server sees the connection end, and the next one gets it: no time-out to wait for. When its machine loses
 * power nobody ends it: the server's keepalives do, within half a minute.
 */
import pg from 'pg'
import { ownConnection } from './db.ts'

export const LEADER_LOCK = 7_080_002

export type Leadership = { isHeld(): boolean; release(): Promise<void> }

/** Takes the lead if nobody has it; undefined when somebody does. `onLost` runs when the connection ends. */
export async function tryToLead(
  databaseUrl: string,
  onLost: () => void,
): Promise<Leadership | undefined> {
  const client = new pg.Client(ownConnection(databaseUrl, 'labplan-leader'))
  let held = false
  const lose = () => {
    if (!held) return
    held = false
    onLost()
  }
  client.on('error', lose)
  client.on('end', lose)
  await client.connect()
  const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [
    LEADER_LOCK,
  ])
  held = rows[0]?.got === true
  if (!held) {
    await client.end()
    return undefined
  }
  return {
    isHeld: () => held,
    async release() {
      held = false
      await client.end().catch(() => {})
    },
  }
}
