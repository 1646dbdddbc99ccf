/** One bed for life after life; after a failure a fresh one, so that what went wrong once spoils nothing else. */
import { killableDatabase } from '../chaos/database.ts'
import { cephfsWorld } from './cephfs.ts'
import { type Backend, livesOf } from './harm.ts'
import { manilaWorld } from './manila.ts'
import { live, type Telling } from './life.ts'
import { localWorld } from './local.ts'
import { nfsWorld } from './nfs.ts'
import type { Ground, World } from './world.ts'

const MAKERS: Record<Backend, (ground: Ground) => Promise<World>> = {
  local: localWorld,
  nfs: nfsWorld,
  cephfs: cephfsWorld,
  manila: manilaWorld,
}

export async function runLives(
  options: Telling & { backend: Backend; seeds: number[] },
): Promise<void> {
  const { backend, seeds, say, isOver } = options
  let world: World | undefined
  try {
    for (const harms of livesOf(seeds, backend)) {
      if (isOver()) return
      world ??= await worldWithDatabase(backend, say)
      if (await live(world, harms, options)) continue
      await world.close()
      world = undefined
    }
  } finally {
    await world?.close()
  }
}

async function worldWithDatabase(backend: Backend, say: Ground['say']): Promise<World> {
  const database = await killableDatabase()
  try {
    await database.start()
    const databaseUrl = `postgres://labplan:test@127.0.0.1:${database.port}/postgres`
    const world = await MAKERS[backend]({ databaseUrl, ...(say && { say }) })
    return {
      ...world,
      async close() {
        await world.close()
        await database.remove()
      },
    }
  } catch (error) {
    await database.remove()
    throw error
  }
}
