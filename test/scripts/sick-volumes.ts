/** Volumes that the doctor should name, for a while. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Pool, execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { beginOutage, endOutage } from '../../api/data/volumes/storage-outage.ts'
import { openLog } from '../../api/log.ts'
import { localBackend } from '../../workers/storage/local.ts'
import { type Served, serveAgent } from '../../workers/storage/server.ts'
import { oldAgent } from '../workers/storage/old-agent.ts'

type Sickness = { sicken: () => unknown; heal: () => unknown }

/** The blueprint in force says nothing of storage. */
export function unlimited(pool: Pool): Sickness {
  let before: { digest: string; bytes: Buffer }
  const head = sql`(select digest from blueprint_head)`
  const put = (bytes: Buffer) =>
    execute(pool, sql`update blueprint set bytes = ${bytes} where digest = ${head}`)
  return {
    async sicken() {
      before = await one(pool, sql`select digest, bytes from blueprint where digest = ${head}`)
      const text = before.bytes.toString().replace(/,"storage":\{[^}]*\}/, '')
      await put(Buffer.from(text))
    },
    heal: () => put(before.bytes),
  }
}

/** One volume that a pool has on a server, and an agent that keeps files of this machine. */
export function otherAgent(pool: Pool, home: string): Sickness {
  const volume = keptVolume(pool, 'wanted', 'nfs')
  const root = join(home, 'other-storage')
  let agent: Served
  return {
    async sicken() {
      const backend = localBackend({ root })
      await backend.start()
      mkdirSync(join(home, 'run'), { recursive: true })
      const log = openLog('storage', 'silent')
      agent = await serveAgent(backend, { socket: join(home, 'run', 'storage.sock'), root, log })
      await volume.sicken()
    },
    async heal() {
      await volume.heal()
      await agent.close()
      rmSync(root, { recursive: true })
    },
  }
}

/** One volume, its agent of an earlier version, and a course whose students have personal folders, or none. */
export function olderAgent(pool: Pool, home: string, hasPersonal: boolean): Sickness {
  const volume = keptVolume(pool, 'ready')
  const head = sql`(select digest from blueprint_head)`
  const put = (bytes: Buffer) =>
    execute(pool, sql`update blueprint set bytes = ${bytes} where digest = ${head}`)
  let before: { bytes: Buffer }
  let agent: { close(): Promise<void> }
  return {
    async sicken() {
      before = await one(pool, sql`select bytes from blueprint where digest = ${head}`)
      const personal = '"personal":{"backend":"local","quotaMb":8,"until":null}'
      if (hasPersonal)
        await put(
          Buffer.from(before.bytes.toString().replace('"sessions":', `${personal},"sessions":`)),
        )
      agent = await oldAgent(join(home, 'run', 'storage.sock'), 'local')
      await volume.sicken()
    },
    async heal() {
      await volume.heal()
      await agent.close()
      await put(before.bytes)
    },
  }
}

/** What keeps volumes does not answer. */
export function away(pool: Pool): Sickness {
  const now = new Date()
  return {
    sicken: () =>
      withTransaction(pool, (tx) =>
        beginOutage(tx, { backend: 'nfs', since: now, reason: 'silence', now }),
      ),
    heal: () => withTransaction(pool, (tx) => endOutage(tx, { backend: 'nfs', now: new Date() })),
  }
}

/** One volume that the agent should keep, in this state. */
export function keptVolume(pool: Pool, state: string, backend = 'local'): Sickness {
  return {
    sicken: () =>
      execute(
        pool,
        sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, state, state_at, created_at)
            select ${newId()}, id, 1, 'lp-x', ${backend}, 8, ${state}, ${new Date()}, ${new Date()} from seat limit 1`,
      ),
    heal: () => execute(pool, sql`delete from volume where name = 'lp-x'`),
  }
}
