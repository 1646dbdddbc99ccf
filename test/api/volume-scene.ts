/** A student at a seat with volumes of a real storage agent: files with a limit, mounted. */
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { volumeKeeper } from '../../workers/jobs/keep-volumes.ts'
import { turnsFor } from '../../workers/storage/turns.ts'
import { type AgentScene, agentScene, silent } from '../workers/storage/storage-scene.ts'
import { type SeatScene, seatScene, volumeOf } from './course-scene.ts'

export type VolumeScene = SeatScene &
  Omit<AgentScene, 'end'> & {
    /** What the worker does each minute: tells the agent what is wanted and records what it saw. */
    keep(): Promise<void>
    /** Made by the agent, with the folder that the seat's first start makes in it. */
    makeVolume(generation?: number): Promise<void>
    /** Where that folder is. */
    homeOf(generation?: number): string
    end(): Promise<void>
  }

export async function volumeScene(planned: Parameters<typeof seatScene>[0]): Promise<VolumeScene> {
  const seat = await seatScene(planned)
  const { site } = seat
  const storage = await agentScene(site.config.storage.socket)
  const keeper = volumeKeeper({
    ...{ pool: site.pool, agent: storage.agent, inTurn: turnsFor((name) => name), log: silent },
    now: site.now,
  })
  const homeOf = (generation = 1) =>
    join(storage.root, 'mounts', volumeOf(generation), 'home', 'lab1')
  return {
    ...{ ...seat, ...storage, homeOf, keep: () => keeper.keep() },
    async makeVolume(generation = 1) {
      const limit = { backend: 'local', limitMb: 24 } as const
      await seat.recordVolume({ generation, limit, at: site.now() })
      await keeper.keep()
      mkdirSync(homeOf(generation))
      chownSync(homeOf(generation), 1000, 1000)
    },
    async end() {
      await storage.end()
      await site.close()
    },
  }
}
